"""Which calls an examination of cross_validation makes. Both halves read this; it knows inputs, and no answers.

Sizes are chosen so that no mistake can hide. Neither the rows nor the members of a class can be shared out
evenly, so that a remainder that is forgotten shows. Classes are so large that a correct shuffle practically never
leaves the rows in file order, and that two seeds practically never give the same folds: both have a probability
below 1e-11 (tests compute them for each case).
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from autograder.forms import Form, at_most, exactly, list_of, records_of, table_of
from autograder.observations import Record

#: What is kept of one call of `cross_validate` at most: numbers of its features, events, scores returned.
FOLD_NUMBERS, FOLD_EVENTS, SCORES = 300_000, 2_000, 10_000

#: What happened to a model that was watched while cross_validate ran: it was fitted, or it was scored.
#: is_score: which of the two. model: its number, in the order in which models were made. fits: how often it had
#: been fitted before. fit: the number of its latest fit among all events. row, rows: where the features it was
#: given begin and how many rows they have, rows -1 if they were no table of numbers. label, labels: the same
#: for y. value: the score it returned, NaN for a fit.
EVENT = np.dtype(
    [("is_score", "?"), ("value", "f8")]
    + [(name, "i4") for name in ("model", "fits", "fit", "row", "rows", "label", "labels")]
)

#: The structured arrays of a recording.
TABLES = (EVENT,)


@dataclass(frozen=True)
class FoldCase:
    """One call of `cross_validate`.

    name: unique in an examination. sizes, labels: of the classes, in the order in which they stand in a sorted
    file. columns: of x. n_splits, seed: handed over. data_seed: chooses the values of x and the order of the rows.
    sorted_by_class: whether all rows of a class stand together. dtype: of x. changed: "" or what one entry
    of x is, "nan", "infinity" or "minus-infinity", or "x-longer" by a row, or "y-longer" by three labels.
    changed_column: of x, where that entry stands. same_as, other_than: the name of a case that differs from this
    one in nothing, or in the seed alone; "" if there is none.
    """

    name: str
    sizes: tuple[int, ...]
    labels: tuple[int | str, ...]
    columns: int
    n_splits: int
    seed: int
    data_seed: int
    sorted_by_class: bool = False
    dtype: str = "float64"
    changed: Literal["", "nan", "infinity", "minus-infinity", "x-longer", "y-longer"] = ""
    changed_column: int = 0
    same_as: str = ""
    other_than: str = ""

    def classes(self) -> np.ndarray:
        """The class of every row, as a position in `labels`: (rows,) of int; read-only."""
        return _classes(self.sizes, self.data_seed, self.sorted_by_class)

    def x(self) -> np.ndarray:
        """The features, (rows, columns): columns of very different scales and offsets; a new copy.

        Within a column no two values are nearer than a hundredth of its standard deviation.
        """
        x = _features(self.sizes, self.data_seed, self.sorted_by_class, self.columns).astype(self.dtype)
        row = self.data_seed % len(x)
        if self.changed in _ENTRIES:
            x[row, self.changed_column] = _ENTRIES[self.changed]
        return np.vstack([x, x[row]]) if self.changed == "x-longer" else x

    def y(self) -> np.ndarray:
        """The label of every row, (rows,); a new copy."""
        y = np.array(self.labels)[self.classes()]
        return np.append(y, y[:3]) if self.changed == "y-longer" else y

    @property
    def oddity(self) -> str:
        """What keeps this input from being cross-validated, as a report says it; "" if nothing does."""
        if self.changed:
            return _CHANGED[self.changed]
        if self.n_splits < 2:
            return "n_splits is below 2"
        if len(self.sizes) == 1:
            return "all rows are of one class"
        return "a class has fewer members than there are folds" if min(self.sizes) < self.n_splits else ""

    @property
    def call(self) -> str:
        """How the student's function is called, and with what."""
        classes = zip(self.sizes, self.labels, strict=True)
        counts = " and ".join(f"{size} of class {label!r}" for size, label in classes)
        dtype = f"{self.dtype} " if self.dtype != "float64" else ""
        return (
            f"cross_validate(build_model, x, y, {self.n_splits}, {self.seed}), {dtype}x of shape "
            f"{(sum(self.sizes), self.columns)}, y with {counts}{self.oddity and f'; {self.oddity}'}"
        )


_CHANGED = {
    "nan": "one entry of x is NaN",
    "infinity": "one entry of x is infinite",
    "minus-infinity": "one entry of x is minus infinity",
    "x-longer": "x has one more row than y has labels",
    "y-longer": "y has three more labels than x has rows",
}
_ENTRIES = {"nan": np.nan, "infinity": np.inf, "minus-infinity": -np.inf}


@lru_cache(maxsize=64)  # the judge asks for the same input several times
def _classes(sizes: tuple[int, ...], data_seed: int, sorted_by_class: bool) -> np.ndarray:
    classes = np.repeat(np.arange(len(sizes)), sizes)
    if not sorted_by_class:
        np.random.default_rng([data_seed, 1]).shuffle(classes)
    classes.setflags(write=False)
    return classes


@lru_cache(maxsize=64)
def _features(sizes: tuple[int, ...], data_seed: int, sorted_by_class: bool, columns: int) -> np.ndarray:
    rng = np.random.default_rng([data_seed, 2])
    classes = _classes(sizes, data_seed, sorted_by_class)
    shape = (classes.size, columns)
    raw = rng.normal(size=shape) + 0.8 * rng.normal(size=(len(sizes), columns))[classes]
    # Normal quantiles of the ranks instead of the numbers themselves: no two rows are near each other.
    ranks = raw.argsort(axis=0).argsort(axis=0)
    u = ndtri((ranks + rng.uniform(0.3, 0.7, shape)) / classes.size)
    scale = np.exp(rng.permutation(np.linspace(np.log(0.6), np.log(2000), columns)))
    return u * scale + scale * rng.uniform(2, 20, columns) * rng.choice([-1, 1], columns)


#: How often sizes are drawn before it is given up; a few draws are enough.
_TRIES = 1_000


class _Chooser:
    """Chooses what an examination leaves to chance. rng: the generator that it draws from."""

    def __init__(self, rng: np.random.Generator):
        self._rng = rng

    def seeds(self) -> tuple[int, int]:
        """The seed that is handed over, and the one that chooses the data."""
        return int(self._rng.integers(2**31)), int(self._rng.integers(2**62))

    def sizes(self, n_splits: int, *about: int) -> tuple[int, ...]:
        """Class sizes within 3 of those named; neither they nor their sum are divisible by n_splits.

        For 2 splits that takes an odd number of classes. Raises ValueError where it cannot be done.
        """
        for _ in range(_TRIES):
            found = tuple(int(size + self._rng.integers(-3, 4)) for size in about)
            if all(size % n_splits for size in (*found, sum(found))):
                return found
        raise ValueError(f"There are no such sizes near {about}.")

    def odd_labels(self, number: int) -> tuple[int, ...]:
        """So many different labels from 3 to 39."""
        return tuple(int(label) for label in self._rng.choice(np.arange(3, 40), number, replace=False))


def plan(seed: int, again: bool = False) -> dict[str, FoldCase]:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    choose = _Chooser(np.random.default_rng([seed, zlib.crc32(b"cross_validation"), again]))
    # Each of these draws what it needs from one generator, so their order is part of the plan.
    named = {case.name: case for case in _different(choose)}
    named |= {case.name: case for case in _repeated(named)}
    return named | {case.name: case for case in _refused(choose, named["five"])}


def _different(choose: _Chooser) -> list[FoldCase]:
    """Data sets and numbers of folds of all kinds."""
    sizes, odd_labels, seeds = choose.sizes, choose.odd_labels, choose.seeds
    return [
        FoldCase("five", sizes(5, 44, 29), odd_labels(2), 5, 5, *seeds()),
        FoldCase("ten", sizes(10, 46, 64), ("rock", "rose"), 4, 10, *seeds(), sorted_by_class=True),
        FoldCase("two", sizes(2, 53, 45, 49), odd_labels(3), 6, 2, *seeds()),
        FoldCase("halves", sizes(2, 46, 49, 52), odd_labels(3), 4, 2, *seeds()),
        FoldCase("three", sizes(3, 47, 38), (1, -1), 5, 3, *seeds(), sorted_by_class=True),
        FoldCase("four", sizes(4, 38, 31), (0, 1), 4, 4, *seeds(), dtype="float32"),
        FoldCase("seven", sizes(7, 33, 46, 24), ("ca", "ab", "aa"), 5, 7, *seeds()),
        FoldCase("repeat", sizes(3, 41, 37), odd_labels(2), 4, 3, *seeds()),
        replace(FoldCase("zero", sizes(3, 39, 36), odd_labels(2), 5, 3, *seeds()), seed=0),
        FoldCase("tight", (6, 31), odd_labels(2), 4, 6, *seeds()),  # one class just large enough
    ]


def _repeated(named: Mapping[str, FoldCase]) -> Iterator[FoldCase]:
    """Some of the calls once more, and once more with another seed."""
    # Whoever rounds or shortens the seed takes neighbours for the same, and some settings may have no seed at all.
    for name in ("two", "halves", "four", "seven", "ten", "repeat", "zero"):
        case = named[name]
        other = case.seed ^ 0x5DEECE6 if name == "repeat" else case.seed + 1
        yield replace(case, name=f"{name}-same", same_as=name)
        yield replace(case, name=f"{name}-other", seed=other, other_than=name)


def _refused(choose: _Chooser, ordinary: FoldCase) -> Iterator[FoldCase]:
    """Inputs that cannot be cross-validated; each differs from an ordinary one in one thing."""
    others: list[dict[str, Any]] = [
        {"sizes": (37,), "labels": (1,)},
        {"sizes": (31, 4), "labels": (0, 1)},
        {"sizes": (4, 31, 23), "labels": (0, 1, 2)},
        *({"changed": "nan", "changed_column": column} for column in (0, 4)),
        *({"changed": "infinity", "changed_column": column} for column in (0, 4)),
        {"changed": "minus-infinity", "changed_column": 2},
        {"changed": "x-longer"},
        {"changed": "y-longer"},
        *({"n_splits": n_splits} for n_splits in (1, 0, -2)),
    ]
    for number, changed in enumerate(others):
        seed, data_seed = choose.seeds()
        yield replace(ordinary, name=f"other-{number}", seed=seed, data_seed=data_seed, **changed)


def forms(planned: Mapping[str, FoldCase]) -> dict[str, Form]:
    """What a recording of these may look like; see `observe.record` for its parts."""
    found: dict[str, Form] = {}
    for name, case in planned.items():
        found |= {
            name: at_most(SCORES, "f"),
            f"{name}.events": records_of(EVENT, FOLD_EVENTS),
            f"{name}.rows": table_of(case.columns, FOLD_NUMBERS),
            f"{name}.labels": list_of(FOLD_NUMBERS, "i"),
            f"{name}.unreadable": exactly((), "U"),
        }
    return found


def contradiction(planned: Mapping[str, FoldCase], records: Mapping[str, Record]) -> str:
    """What in the recorded events no observer would have written, as a sentence; "" if nothing."""
    for name in planned:
        parts = [records.get(f"{name}.{part}") for part in ("events", "rows", "labels")]
        values = [part.values for part in parts if part is not None and part.values is not None]
        if len(values) == len(parts) and not _share_out(*values):
            return "It has events that point to other rows than it has."
    return ""


def _share_out(events: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> bool:
    """Whether each row and each label belongs to one event: to read all events then costs no more than to read all
    rows.
    """
    for first, number, there in (("row", "rows", rows), ("label", "labels", labels)):
        begin, size = events[first].astype(np.int64), np.maximum(events[number].astype(np.int64), 0)
        if size.sum() != len(there) or (begin < 0).any() or (begin + size > len(there)).any():
            return False
    return bool(np.isin(events["fit"], np.flatnonzero(~events["is_score"])).all())
