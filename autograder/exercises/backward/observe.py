"""How exercise backward is called: a forward pass, sometimes others in between, and its backward pass."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.observe import Draw, Parts, record_twice
from autograder.observations import Record
from autograder.observe.calls import Student, Unusable, Watch, type_name

#: The step of the numeric gradient. Dropout is linear in x once its mask is drawn, so any step is exact but
#: for rounding, and a large one rounds least.
STEP = 0.5


def record(objects: tuple[Student, ...], case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case; see `MaskCase.mode` for the order in which passes are made."""
    forward, backward = objects
    return record_twice(case, lambda rng, watch: _begin(forward, backward, case, rng, watch))


def _begin(forward: Student, backward: Student, case: MaskCase, rng: np.random.Generator, watch: Watch) -> Draw:
    if case.mode == "training":
        return lambda x: _pair(forward(x, case.rate, rng))[0]
    grad_out = watch(case.grad_out())

    def draw(x):
        state = rng.bit_generator.state
        out, cache = _pair(forward(x, case.rate, rng))
        out = np.array(out, copy=True) if type(out) is np.ndarray else out
        if case.mode in ("overlap-first", "overlap-last"):
            # Another forward pass before this one's backward: whatever is kept in a global gets lost.
            other_rate = 1 - case.rate
            _, other_cache = _pair(forward(x, other_rate, np.random.default_rng(case.seed + 1)))
            if case.mode == "overlap-last":
                backward(grad_out.copy(), other_cache)
        grad = backward(grad_out, cache)
        grad = np.array(grad, copy=True) if type(grad) is np.ndarray else grad
        after = rng.bit_generator.state
        parts = Parts({"out": out, "grad": grad})
        if case.mode == "backward":
            parts["slope"] = _numeric_slope(forward, x, case, rng, state)
            rng.bit_generator.state = after
        return parts

    return draw


def _pair(result: Student) -> tuple[Student, Student]:
    """The two values that a forward pass returns. Raises Unusable for anything else."""
    if result is None:
        raise Unusable("none", "")
    if type(result) not in (tuple, list) or len(result) != 2:
        raise Unusable("not-a-pair", type_name(type(result)))
    return result[0], result[1]


def _numeric_slope(
    forward: Student, x: np.ndarray, case: MaskCase, rng: np.random.Generator, state: Mapping[str, Any]
) -> np.ndarray:
    """The slope of every output in its own input, by central differences with the same mask: shape of x.

    NaN where the forward pass cannot be repeated like that.
    """
    ends = []
    for step in (STEP, -STEP):
        rng.bit_generator.state = state
        moved = (x + np.asarray(step, x.dtype)).astype(x.dtype)
        out = _pair(forward(moved, case.rate, rng))[0]
        if type(out) is not np.ndarray or out.shape != x.shape or out.dtype.kind != "f":
            return np.full(x.shape, np.nan)
        ends.append(np.array(out, dtype=np.float64))
    return (ends[0] - ends[1]) / (2 * STEP)
