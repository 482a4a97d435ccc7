"""Which calls an examination of cross_validation makes. Both halves read this; it knows inputs, and no answers.

Sizes are chosen so that no mistake can hide. Neither the rows nor the members of a class can be shared out
evenly, so that a remainder that is forgotten shows. Classes are so large that a correct shuffle practically never
leaves the rows in file order, and that two seeds practically never give the same folds: both have a probability
below 1e-11 (tests compute them for each case).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtri


@dataclass(frozen=True)
class FoldCase:
    """One call of `cross_validate`.

    name: unique in an examination. sizes, labels: of the classes, in the order in which they stand in a sorted
    file. columns: of x. n_splits, seed: handed over. data_seed: chooses the values of x and the order of the rows.
    sorted_by_class: whether all rows of a class stand together. dtype: of x. changed: "" or what one entry
    of x is, "nan", "infinity" or "minus-infinity", or "x-longer" by a row, or "y-longer" by three labels.
    changed_column: of x, where that entry stands.
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
    changed: str = ""
    changed_column: int = 0

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


def fold_cases(rng: np.random.Generator) -> dict[str, FoldCase]:
    """The calls that examine cross_validation, by name. rng: chooses everything that is left to chance."""

    def seeds() -> dict[str, int]:
        return {"seed": int(rng.integers(2**31)), "data_seed": int(rng.integers(2**62))}

    def sizes(n_splits: int, *about: int) -> tuple[int, ...]:
        """Class sizes within 3 of those named; neither they nor their sum are divisible by n_splits.

        For 2 splits that takes an odd number of classes.
        """
        while True:
            found = tuple(int(size + rng.integers(-3, 4)) for size in about)
            if all(size % n_splits for size in (*found, sum(found))):
                return found

    def odd_labels(number: int) -> tuple[int, ...]:
        return tuple(int(label) for label in rng.choice(np.arange(3, 40), number, replace=False))

    planned = [
        FoldCase("five", sizes(5, 44, 29), odd_labels(2), 5, 5, **seeds()),
        FoldCase("ten", sizes(10, 46, 64), ("rock", "rose"), 4, 10, **seeds(), sorted_by_class=True),
        FoldCase("two", sizes(2, 53, 45, 49), odd_labels(3), 6, 2, **seeds()),
        FoldCase("halves", sizes(2, 46, 49, 52), odd_labels(3), 4, 2, **seeds()),
        FoldCase("three", sizes(3, 47, 38), (1, -1), 5, 3, **seeds(), sorted_by_class=True),
        FoldCase("four", sizes(4, 38, 31), (0, 1), 4, 4, **seeds(), dtype="float32"),
        FoldCase("seven", sizes(7, 33, 46, 24), ("ca", "ab", "aa"), 5, 7, **seeds()),
        FoldCase("repeat", sizes(3, 41, 37), odd_labels(2), 4, 3, **seeds()),
        FoldCase("zero", sizes(3, 39, 36), odd_labels(2), 5, 3, **seeds() | {"seed": 0}),
        FoldCase("tight", (6, 31), odd_labels(2), 4, 6, **seeds()),  # one class just large enough
    ]
    named = {case.name: case for case in planned}
    # Whoever rounds or shortens the seed takes neighbours for the same, and some settings may have no seed at all.
    for name in ("two", "halves", "four", "seven", "ten", "repeat", "zero"):
        case = named[name]
        other = case.seed ^ 0x5DEECE6 if name == "repeat" else case.seed + 1
        named[f"{name}-same"] = replace(case, name=f"{name}-same")
        named[f"{name}-other"] = replace(case, name=f"{name}-other", seed=other)
    # Others, each of which differs from "five" in one thing.
    others = [
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
        named[f"other-{number}"] = replace(named["five"], name=f"other-{number}", **seeds(), **changed)
    return named
