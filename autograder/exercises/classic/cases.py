"""Which calls examine exercise classic: those in training, and some outside of it."""

from dataclasses import replace

from autograder.forms import Form
from autograder.kits.masks.cases import MaskCase, Plan, in_evaluation, mask_forms, plan_masks, worded


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    planned = plan_masks("classic", seed, again)
    outside = in_evaluation(planned, ("units-low", "large-high", "three-axes", "large-low"))
    outside["eval-rate-1"] = replace(planned["rate-1"], name="eval-rate-1", mode="evaluation", asks="evaluation")
    for name, case in planned.items():
        if case.asks == "invalid-rate":
            outside[f"eval-{name}"] = replace(case, name=f"eval-{name}", mode="evaluation")
    return worded(planned | outside, _written)


def _written(case: MaskCase) -> str:
    training = case.mode == "training"
    return f"classic_dropout(x, {case.rate:.4g}, rng, training={training}), {case.x_in_words}"


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like."""
    return mask_forms(planned)
