"""Which calls examine exercise backward: forward passes, and passes forward and backward in several orders."""

from dataclasses import replace

from autograder.forms import Form
from autograder.kits.masks.cases import MaskCase, Plan, mask_forms, plan_masks, worded

#: Which forward passes are followed by a backward pass, and in which order; see `MaskCase.mode`.
_BACKWARD = (
    ("units-low", "backward"),
    ("units-high", "backward"),
    ("three-axes", "backward"),
    ("four-axes", "backward"),
    ("repeat", "overlap-first"),
    ("repeat", "overlap-last"),
    ("one-axis", "backward"),
    ("large-low", "backward"),
    ("rate-0", "backward"),
    ("rate-1", "backward"),
)


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    planned = plan_masks("backward", seed, again)
    for number, (name, mode) in enumerate(_BACKWARD):
        # Many exact zeros and many calls in one of them, for what can only be counted.
        zeros, calls = (20, 12) if name == "one-axis" else (max(planned[name].zeros, 3), 4)
        new = f"grad-{number}-{name}"
        planned[new] = replace(planned[name], name=new, mode=mode, asks="gradient", calls=calls, zeros=zeros)
    return worded(planned, _written)


#: What a report adds to a call, by the case's mode.
_ORDER = {
    "overlap-first": ", with another forward pass before this backward pass",
    "overlap-last": ", with another forward and backward pass before this backward pass",
}


def _written(case: MaskCase) -> str:
    forward = f"out, cache = dropout_forward(x, {case.rate:.4g}, rng)"
    backward = "; dropout_backward(grad_out, cache)" if case.asks == "gradient" else ""
    return f"{forward}{backward}, {case.x_in_words}{_ORDER.get(case.mode, '')}"


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like."""
    return mask_forms(planned, "out", "grad", "slope")
