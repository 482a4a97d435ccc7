"""Read what the models of a cross-validation were given: who was trained on, who was tested, with what labels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.exercises.cross_validation.cases import EVENT, FoldCase
from autograder.exercises.cross_validation.judge.recognising import Found, Table
from autograder.judge.evidence import Bench, Ruling
from autograder.judge.words import with_article


@dataclass(frozen=True)
class Part:
    """What one call of fit or score was given. found: its rows; labels: their codes, None if unreadable."""

    found: Found
    labels: np.ndarray | None

    @property
    def rows(self) -> np.ndarray:
        """The positions of its rows in x."""
        return self.found.rows

    @cached_property
    def who(self) -> frozenset[int]:
        """The rows that occur in it."""
        return frozenset(np.unique(self.rows).tolist())


@dataclass(frozen=True)
class Fold:
    """A model's training and the score that was made of it.

    model: its number. fits: how often it had been fitted before. order: the places of the score among all events
    and of the model among all models. pieces: how many scores of other rows than those of the training were made.
    """

    train: Part
    test: Part
    model: int
    fits: int
    order: tuple[int, int]
    pieces: int

    @property
    def scored_on_train(self) -> bool:
        """Whether the score is that of the training part."""
        return self.train.who == self.test.who


@dataclass(frozen=True)
class Run:
    """One call of cross_validate, read.

    folds: in the order of the returned scores where that can be told. partial_fits: how many fits there were to
    fewer rows than x has.
    """

    case: FoldCase
    folds: tuple[Fold, ...]
    unreadable: str = ""
    partial_fits: int = 0

    @property
    def rows(self) -> int:
        """How many rows x has."""
        return sum(self.case.sizes)

    def tested(self) -> list[np.ndarray]:
        """The rows held out in each fold: those scored, or those not trained on where training was scored."""
        everyone = np.arange(self.rows)
        return [
            np.setdiff1d(everyone, fold.train.rows) if fold.scored_on_train else np.sort(fold.test.rows)
            for fold in self.folds
        ]

    def shares_out(self) -> bool:
        """Whether every row is held out exactly once."""
        held_out = np.concatenate([np.empty(0, int), *self.tested()])
        return np.array_equal(np.bincount(held_out, minlength=self.rows), np.ones(self.rows, int))

    def membership(self) -> np.ndarray:
        """The fold that every row is held out in, (rows,)."""
        found = np.empty(self.rows, int)
        for number, rows in enumerate(self.tested()):
            found[rows] = number
        return found


def read(bench: Bench[FoldCase], case: FoldCase) -> Run:
    """One call, read: its folds, or what its models were given instead of rows of x."""
    events, rows, labels, unreadable = (
        bench.record(f"{case.name}.{part}").values for part in ("events", "rows", "labels", "unreadable")
    )
    if events is None or rows is None or labels is None or not _fit_together(events, rows, labels, case.columns):
        raise ValueError(f"The recording of case {case.name!r} is damaged.")
    table = Table(case.x())
    parts: dict[int, Part | None] = {}

    def part(number: int) -> Part | None:
        if number not in parts:
            parts[number] = _part(table, events, number, rows, labels, part)
        return parts[number]

    chosen = _chosen(events, bench.record(case.name).values, case.n_splits, part)
    folds: list[Fold] = []
    for number in chosen:
        train, test = part(int(events["fit"][number])), part(number)
        if train is None or test is None:
            kind = str(unreadable)
            unknown = "rows that are not rows of x with each column shifted and scaled"
            return Run(case, tuple(folds), with_article(kind) if kind else unknown)
        fit = events[events["fit"][number]]
        order = (int(number), int(fit["model"]))
        scores = np.flatnonzero(events["is_score"] & (events["fit"] == events["fit"][number]))
        pieces = sum(_is_news(part, int(events["fit"][number]), int(score)) for score in scores)
        folds.append(Fold(train, test, int(fit["model"]), int(fit["fits"]), order, pieces))
    partial_fits = int((~events["is_score"] & (events["rows"] < len(table.original))).sum())
    return Run(case, tuple(folds), partial_fits=partial_fits)


def _fit_together(events: np.ndarray, rows: np.ndarray, labels: np.ndarray, columns: int) -> bool:
    """Whether these are events, rows of so many columns and labels, and the events point to nothing else."""
    tables = events.dtype == EVENT and rows.ndim == 2 and rows.shape[1] == columns
    return tables and _in_range(events, rows, labels)


def _in_range(events: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> bool:
    """Whether all that the events point to is there; a forged recording may say anything."""
    fits = np.flatnonzero(~events["is_score"])
    row, number, label, labelled = (events[name].astype(np.int64) for name in ("row", "rows", "label", "labels"))
    inside = (row >= 0) & (row + number <= len(rows)) & (label >= 0) & (label + labelled <= len(labels))
    return bool(inside.all() and np.isin(events["fit"], fits).all())


def _part(table: Table, events: np.ndarray, number: int, rows: np.ndarray, labels: np.ndarray, part) -> Part | None:
    """What event `number` was given, None if its rows cannot be recognised. part: reads another event."""
    event = events[number]
    if event["rows"] < 0:
        return None
    guesses = [unchanged(table.original.shape[1])]
    if event["is_score"]:
        train = part(int(event["fit"]))
        guesses = [train.found, *guesses] if train is not None else guesses
    found = table.find(rows[event["row"] :][: event["rows"]], tuple(guesses))
    if found is None:
        return None
    return Part(found, labels[event["label"] :][: event["labels"]] if event["labels"] >= 0 else None)


def unchanged(columns: int) -> Found:
    """Columns as they are: no shift, scale 1."""
    return Found(np.empty(0, int), np.zeros(columns), np.ones(columns))


def _chosen(events: np.ndarray, returned: np.ndarray | None, n_splits: int, part) -> list[int]:
    """The scores that are judged, as numbers of events: those returned, else for each fit the most telling."""
    scored = np.flatnonzero(events["is_score"])
    if returned is not None and returned.shape == (n_splits,):
        same = np.isclose(returned[:, None], events["value"][scored], rtol=1e-5, atol=0)
        if same.any(axis=1).all() and len(set(same.argmax(axis=1))) == n_splits:
            return [int(number) for number in scored[same.argmax(axis=1)]]
    by_fit: dict[int, list[int]] = {}
    for number in scored:
        by_fit.setdefault(int(events["fit"][number]), []).append(int(number))
    if len(by_fit) == 1 and len(scored) == n_splits:  # one fit for all folds
        return [int(number) for number in scored]
    return [next((n for n in found if _is_news(part, fit, n)), found[-1]) for fit, found in by_fit.items()]


def _is_news(part, fit: int, score: int) -> bool:
    """Whether a score was made on other rows than those that were fitted."""
    train, test = part(fit), part(score)
    return train is not None and test is not None and train.who != test.who


def fail(case: FoldCase, returned: str, expected: str, misconception: str | None = None) -> Ruling:
    """The ruling on a call that went wrong: what came back, what was expected, and the mistake's name."""
    return Ruling("fail", called=case.call, returned=returned, expected=expected, misconception=misconception)
