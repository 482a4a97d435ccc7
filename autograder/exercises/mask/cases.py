"""Which calls examine exercise mask."""

from autograder.forms import Form
from autograder.kits.masks.cases import Plan, mask_forms, plan_masks, worded


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    return worded(plan_masks("mask", seed, again), lambda case: f"dropout_mask({case.shape}, {case.rate:.4g}, rng)")


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like."""
    return mask_forms(planned)
