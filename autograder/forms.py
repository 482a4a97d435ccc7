"""Which records a recording of an exercise may have, and what their values may look like.

The inputs follow from exercise and seed, so it is known which cases there are and how much an observer ever writes
down of one. What is outside that was not written by an observer; what is inside costs the judge seconds at most.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from autograder.exercises.classifier.cases import ClassifierCase
from autograder.exercises.cross_validation.cases import FoldCase
from autograder.exercises.transfer.cases import TransferCase
from autograder.kits.histories.cases import HistoryCase
from autograder.kits.masks.cases import Case, Cases, cases
from autograder.observations import (
    EVENT,
    FOLD_EVENTS,
    FOLD_NUMBERS,
    LAYER_CALL,
    LAYER_CALLS,
    LAYER_NUMBERS,
    MODEL_NUMBERS,
    SCORES,
    WEIGHTS,
    BadRecording,
    Observations,
)

#: Weights of Dense layers that are read for one call of a model, layers that are called again counted again: ten
#: times as many as can be recorded with it.
_WEIGHTS_READ = 10 * MODEL_NUMBERS

#: Whether values may be those of a record.
Form = Callable[[np.ndarray], bool]


def expect(observations: Observations, exercise: str, seed: int, again: bool = False) -> None:
    """Raise BadRecording unless this may be a recording of an exercise, observed with that seed.

    exercise, seed, again: as for `cases`.
    """
    planned = cases(exercise, seed, again)
    forms = dict(_forms(exercise, planned))
    for name, record in observations.records.items():
        if name not in forms:
            raise BadRecording("It has records of calls that nobody made.")
        if record.values is not None and not forms[name](record.values):
            raise BadRecording("It has values that no call could have given.")
    for name, case in planned.items():
        if isinstance(case, FoldCase):
            parts = [observations.records.get(f"{name}.{part}") for part in ("events", "rows", "labels")]
            values = [part and part.values for part in parts]
            if all(part is not None for part in values) and not _share_out(*values):
                raise BadRecording("It has events that point to other rows than it has.")
        if isinstance(case, ClassifierCase | TransferCase):
            calls = [observations.records.get(f"{name}.{part}") for part in ("eval", "train-0", "train-1")]
            numbers = observations.records.get(f"{name}.numbers")
            if any(part and not _are_there(part.values, numbers and numbers.values) for part in calls):
                raise BadRecording(
                    "It has calls of layers that point to other numbers than were recorded with them."
                )


def _forms(exercise: str, planned: Cases) -> Iterator[tuple[str, Form]]:
    """The form of each record there may be, by its name."""
    for name, case in planned.items():
        for part, form in _parts(case):
            yield (f"{name}.{part}" if part else name), form
    if exercise == "keras_layer":
        yield "signature", _exactly((1,), "b")
        for name in ("origin", *(f"{name}.origin" for name in planned)):
            yield name, _signs


def _parts(case: object) -> Iterator[tuple[str, Form]]:
    """The parts that a case is recorded in, and their forms."""
    match case:
        case Case():
            for part in ("", "out", "grad", "slope", "before", "train", "after"):
                yield part, _exactly((case.calls, *case.shape), "biuf")
        case HistoryCase():
            yield "", _exactly((), "iuf")
        case FoldCase():
            yield "", _at_most(SCORES, "f")
            yield "events", _rows_of(EVENT, FOLD_EVENTS)
            yield "rows", _table(case.columns, FOLD_NUMBERS)
            yield "labels", _list(FOLD_NUMBERS, "i")
            yield "unreadable", _exactly((), "U")
        case ClassifierCase() | TransferCase():
            for part in ("", "again", "default", "lesson"):
                yield part, _at_most(MODEL_NUMBERS, "f")
            for part in ("eval", "train-0", "train-1"):
                yield part, _rows_of(LAYER_CALL, LAYER_CALLS)
            yield "numbers", _list(MODEL_NUMBERS, "f")
            yield "losses", _exactly((4,), "f")
            yield "loss", _exactly((), "U")
            yield "fit", _exactly((2,), "iuf")
            yield "moved", _list(WEIGHTS, "b")
            # Names in one of the exercises, a base's weights at several times in the other.
            yield "kernels", _either(_list(WEIGHTS, "U"), _at_most(MODEL_NUMBERS, "f"))
            yield "statistics", _at_most(MODEL_NUMBERS, "f")
            yield "counts", _exactly((3,), "iu")


def _signs(values: np.ndarray) -> bool:
    """Whether these are signs of whose work a layer does: pairs of words, of which an observer finds a few."""
    return values.ndim == 2 and values.shape[1] == 2 and len(values) <= 100 and values.dtype.kind == "U"


def _exactly(shape: tuple[int, ...], kinds: str) -> Form:
    return lambda values: values.shape == shape and values.dtype.kind in kinds


def _at_most(numbers: int, kinds: str) -> Form:
    return lambda values: values.size <= numbers and values.dtype.kind in kinds


def _either(*forms: Form) -> Form:
    return lambda values: any(form(values) for form in forms)


def _list(numbers: int, kinds: str) -> Form:
    return lambda values: values.ndim == 1 and _at_most(numbers, kinds)(values)


def _table(columns: int, numbers: int) -> Form:
    return lambda values: values.ndim == 2 and values.shape[1] == columns and _at_most(numbers, "f")(values)


def _rows_of(dtype: np.dtype, rows: int) -> Form:
    return lambda values: values.ndim == 1 and len(values) <= rows and values.dtype == dtype


def _share_out(events: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> bool:
    """Whether each row and each label belongs to one event: to read all events then costs no more than to read all
    rows.
    """
    for first, number, there in (("row", "rows", rows), ("label", "labels", labels)):
        begin, size = events[first].astype(np.int64), np.maximum(events[number].astype(np.int64), 0)
        if size.sum() != len(there) or (begin < 0).any() or (begin + size > len(there)).any():
            return False
    return bool(np.isin(events["fit"], np.flatnonzero(~events["is_score"])).all())


def _are_there(calls: np.ndarray | None, numbers: np.ndarray | None) -> bool:
    """Whether all that calls of layers point to is there, and not so much that to read it would take long."""
    if calls is None:
        return True
    total, there = 0, 0 if numbers is None else len(numbers)
    weights = 0
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
