"""What is recorded of a model that a student built, and how much of it at most. It knows inputs, and no answers."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from autograder.exercise import Case
from autograder.forms import Form, at_most, list_of, records_of
from autograder.observations import Record

#: What is kept of one model at most: numbers, calls of layers, numbers that these were given and gave together, and
#: weights that are looked at one by one. A correct answer needs a tenth of it.
MODEL_NUMBERS, LAYER_CALLS, LAYER_NUMBERS, WEIGHTS = 3_000_000, 200, 3_000_000, 2_000

#: Weights of Dense layers that are read for one call of a model, layers that are called again counted again: ten
#: times as many as can be recorded with it.
_WEIGHTS_READ = 10 * MODEL_NUMBERS

#: One call of a layer while a model was called: what it was given and what it gave.
#: kind: its class's name, or that of the Keras class it derives from; "output" for the model's own, "base" for a
#: base that was handed over, and for what belongs to it.
#: layer: its number, in the order of first calls. rate: its attribute of that name, NaN if there is none.
#: given, gave: where the arrays begin in the case's array of numbers, -1 for what is no single array.
#: given_shape, gave_shape: their shapes, filled up with -1. kernel, bias: where a Dense layer's weights begin, -1
#: without them.
LAYER_CALL = np.dtype(
    [("kind", "U40"), ("layer", "i4"), ("rate", "f8"), ("given_shape", "i4", (4,)), ("gave_shape", "i4", (4,))]
    + [(name, "i8") for name in ("given", "gave", "kernel", "bias")]
)

#: The parts of a case that hold arrays of LAYER_CALL.
_CALLS = ("eval", "train-0", "train-1")


def model_forms(name: str) -> Iterator[tuple[str, Form]]:
    """The forms of the records of one model. name: of its case."""
    for part in ("", ".again", ".default"):
        yield name + part, at_most(MODEL_NUMBERS, "f")
    for part in _CALLS:
        yield f"{name}.{part}", records_of(LAYER_CALL, LAYER_CALLS)
    yield f"{name}.numbers", list_of(MODEL_NUMBERS, "f")


def contradiction(planned: Mapping[str, Case], records: Mapping[str, Record]) -> str:
    """What in the recorded calls of layers no observer would have written, as a sentence; "" if nothing."""
    for name in planned:
        numbers = records.get(f"{name}.numbers")
        there = 0 if numbers is None or numbers.values is None else len(numbers.values)
        for part in _CALLS:
            calls = records.get(f"{name}.{part}")
            if calls is not None and calls.values is not None and not _are_there(calls.values, there):
                return "It has calls of layers that point to other numbers than were recorded with them."
    return ""


def _are_there(calls: np.ndarray, there: int) -> bool:
    """Whether all that calls of layers point to is there, and not so much that to read it would take long.

    there: how many numbers were recorded.
    """
    total = weights = 0
    for call in calls:
        if call["kind"] == "Dense":  # its weights are read anew for each call, and all may point to the same ones
            weights += _last(call["given_shape"]) * _last(call["gave_shape"])
        for part in ("given", "gave"):
            size = math.prod(int(side) for side in call[f"{part}_shape"] if side >= 0)
            if call[part] >= 0:
                total += size
                if int(call[part]) + size > there:
                    return False
    return total <= LAYER_NUMBERS and weights <= _WEIGHTS_READ


def _last(shape: np.ndarray) -> int:
    """The last side of a recorded shape, 0 if it has none."""
    return next((int(side) for side in reversed(shape) if side >= 0), 0)
