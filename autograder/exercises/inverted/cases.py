"""Which calls examine exercise inverted."""

from autograder.forms import Form
from autograder.kits.masks.cases import Plan, mask_forms, plan_masks, worded


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    return worded(
        plan_masks("inverted", seed, again),
        lambda case: f"inverted_dropout(x, {case.rate:.4g}, rng), {case.x_in_words}",
    )


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like."""
    return mask_forms(planned)
