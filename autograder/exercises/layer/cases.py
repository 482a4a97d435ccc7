"""Which calls examine exercise layer: those in training, some outside of it, and one layer in and out of it."""

from dataclasses import replace

from autograder.forms import Form
from autograder.kits.masks.cases import MaskCase, Plan, in_evaluation, mask_forms, plan_masks, worded


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    planned = plan_masks("layer", seed, again)
    outside = in_evaluation(planned, ("units-low", "large-high", "three-axes", "large-low"))
    outside["eval-rate-1"] = replace(planned["rate-1"], name="eval-rate-1", mode="evaluation", asks="evaluation")
    outside["script"] = replace(planned["many"], name="script", mode="script", calls=6)
    outside["default"] = replace(
        planned["units-high"], name="default", mode="default", asks="evaluation", calls=3, warmup=1
    )
    return worded(planned | outside, _written)


_FLAGS = {"training": ", training=True", "evaluation": ", training=False"}
_SCRIPT = ", in evaluation, then in training with a smaller x and with x, then in evaluation"


def _written(case: MaskCase) -> str:
    called = f"layer = Dropout({case.rate:.4g}, rng); layer(x{_FLAGS.get(case.mode, '')}), {case.x_in_words}"
    return called + (_SCRIPT if case.mode == "script" else "")


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like."""
    return mask_forms(planned, "before", "train", "after")
