"""Judge by which statistics the parts of every fold were standardised, and name what else was used."""

from dataclasses import replace

import numpy as np

from autograder.exercises.cross_validation.cases import FoldCase
from autograder.exercises.cross_validation.judge.folds import Fold, Run, fail, unchanged
from autograder.exercises.cross_validation.judge.recognising import Found
from autograder.judge.evidence import PASS, Bench, Ruling

#: How far a mean may be off, in standard deviations, and a standard deviation, as a share of itself. Rounding in
#: float32 is a hundred times smaller, and what a leak does to a column's mean ten times larger on average.
_TOLERANCE = 4e-3


def judge_scaled(runs: list[Run]) -> Ruling:
    """Both parts of every fold are standardised by the statistics of its training part."""
    described = [(run, fold, _Statistics(run.case.x(), fold)) for run in runs for fold in run.folds]
    for run, fold, statistics in described:
        if statistics.right:
            continue
        everywhere = [s for _, _, s in described]
        return replace(statistics.ruling(run.case, fold), misconception=_scaling_misconception(everywhere))
    return PASS


class _Statistics:
    """By what the two parts of a fold were shifted and scaled, beside what they might have been."""

    def __init__(self, x: np.ndarray, fold: Fold):
        self.x, self.train, self.test = x.astype(np.float64), fold.train.found, fold.test.found
        self.due = _mean_and_deviations(self.x[fold.train.rows])
        self.train_right = _is_by(self.train, self.due)
        self.right = self.train_right and _same(self.train, self.test)

    def fit_by(self, rows: np.ndarray | slice, axis: int | None = 0) -> bool:
        """Whether the training part was standardised by the statistics of these rows."""
        return _is_by(self.train, _mean_and_deviations(self.x[rows], axis))

    def test_by(self, rows: np.ndarray | slice) -> bool:
        """Whether the test part was standardised by the statistics of these rows."""
        return _is_by(self.test, _mean_and_deviations(self.x[rows]))

    def ruling(self, case: FoldCase, fold: Fold) -> Ruling:
        """The column that is furthest off, in words."""
        which, found = ("fit", self.train) if not self.train_right else ("score", self.test)
        mean, deviation = self.due[0], self.due[1]
        off = np.maximum(np.abs(found.shift - mean) / deviation, np.abs(found.scale / deviation - 1))
        column = int(np.argmax(off))
        shift = found.shift[column] if abs(found.shift[column]) > 1e-6 * deviation[column] else 0.0
        told = f"with {shift:.5g} subtracted, divided by {found.scale[column]:.5g}"
        return fail(
            case,
            f"{which} was given column {column} {'as it is in x' if _is_raw(found) else told}",
            f"with {mean[column]:.5g} subtracted, divided by {deviation[column]:.5g}: the statistics of the "
            "training part",
        )


def _mean_and_deviations(x: np.ndarray, axis: int | None = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean, and the deviation with n and with n - 1 in it. axis: None for one number for all columns."""
    columns = np.ones(x.shape[1])
    return x.mean(axis=axis) * columns, x.std(axis=axis) * columns, x.std(axis=axis, ddof=1) * columns


def _is_by(found: Found, statistics: tuple[np.ndarray, np.ndarray, np.ndarray]) -> bool:
    """Whether these statistics were used, up to rounding; either deviation will do."""
    mean, *deviations = statistics
    return bool((np.abs(found.shift - mean) < _TOLERANCE * deviations[0]).all()) and any(
        (np.abs(found.scale / deviation - 1) < _TOLERANCE).all() for deviation in deviations
    )


def _same(one: Found, other: Found) -> bool:
    return bool(
        (np.abs(one.shift - other.shift) < _TOLERANCE * np.abs(one.scale)).all()
        and (np.abs(one.scale / other.scale - 1) < _TOLERANCE).all()
    )


def _is_raw(found: Found) -> bool:
    return _same(unchanged(len(found.scale)), found)


def _scaling_misconception(everywhere: list[_Statistics]) -> str | None:
    """The mistake that explains the statistics of every fold of every call, or None."""

    def all_of(question) -> bool:
        return all(question(s) for s in everywhere)

    everyone = slice(None)
    if all_of(lambda s: _is_raw(s.train) and _is_raw(s.test)):
        return "not-standardised"
    if all_of(lambda s: s.train_right and _is_raw(s.test)):
        return "test-not-scaled"
    if all_of(lambda s: s.fit_by(everyone)) and all_of(lambda s: s.test_by(everyone)):
        return "leak-scaler"
    if all_of(lambda s: s.test_by(s.test.rows)) and not all_of(lambda s: _same(s.train, s.test)):
        return "scaler-refitted"
    if all_of(lambda s: s.fit_by(s.train.rows, None)) or all_of(lambda s: s.fit_by(everyone, None)):
        return "axis-forgotten"
    return None


def judge_unreadable(bench: Bench[FoldCase], runs: dict[str, Run]) -> Ruling:
    """The ruling where rows cannot be recognised."""
    run = next(run for run in runs.values() if run.unreadable)
    by_row = all(_rows_are_standardised(bench.recorded(name, "rows")) for name in runs)
    return fail(
        run.case,
        f"fit or score was given {'rows of mean 0 and standard deviation 1' if by_row else run.unreadable}",
        f"rows of x, {run.case.columns} columns, each shifted and scaled by its own mean and standard deviation",
        "axis-forgotten" if by_row else None,
    )


def _rows_are_standardised(rows: np.ndarray) -> bool:
    """Whether every row, not every column, has mean 0 and deviation 1; either deviation will do."""
    return bool(
        len(rows)
        and (np.abs(rows.mean(axis=1)) < _TOLERANCE).all()
        and any((np.abs(rows.std(axis=1, ddof=ddof) - 1) < _TOLERANCE).all() for ddof in (0, 1))
    )


def deviations(run: Run) -> dict[str, np.ndarray]:
    """How far the statistics used for each part are from the training part's: (2 parts, folds · columns) each."""
    x = run.case.x()
    means, deviations, right = [], [], []
    for fold in run.folds:
        mean, deviation, sample = _mean_and_deviations(x[fold.train.rows])
        for found in (fold.train.found, fold.test.found):
            means.append((found.shift - mean) / deviation)
            deviations.append(found.scale / deviation)
            close = np.minimum(np.abs(found.scale / deviation - 1), np.abs(found.scale / sample - 1))
            right.append((np.abs(means[-1]) < _TOLERANCE) & (close < _TOLERANCE))
    shape = (len(run.folds), 2, -1)
    arrays = {"means": means, "deviations": deviations, "right": right}
    return {name: np.reshape(a, shape).swapaxes(0, 1).reshape(2, -1) for name, a in arrays.items()}
