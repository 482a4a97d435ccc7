"""What the judges work with: an examination's cases beside what was recorded, and rulings on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.judge.statistics import Budget
from autograder.observations import Observations, Record
from autograder.report import Chart, Status


@dataclass(frozen=True)
class Ruling:
    """A judge's decision on one property, before points and hints are added to make a verdict.

    statistical: whether it rests on chance, and so has to be confirmed on fresh draws. advice: what to look at,
    where no mistake is named that has a hint.
    """

    status: Status
    called: str = ""
    returned: str = ""
    expected: str = ""
    misconception: str | None = None
    statistical: bool = False
    charts: tuple[Chart, ...] = ()
    advice: str = ""


PASS = Ruling("pass")

#: Rulings by the slugs of their properties.
Rulings = dict[str, Ruling]


@dataclass(frozen=True)
class Findings:
    """What a judge found in an examination: its rulings, and pictures that belong to no single one of them.

    A property without a ruling could not even be looked at, because one before it failed.
    """

    rulings: Rulings
    charts: tuple[Chart, ...] = ()


def first_failure(rulings: Iterable[Ruling]) -> Ruling:
    """The first of these, in turn, that is not a pass; a pass if all are."""
    return next((ruling for ruling in rulings if ruling.status != "pass"), PASS)


def told_apart(*numbers: float) -> tuple[str, ...]:
    """Numbers as text, with as many digits as it takes to tell them apart."""
    for digits in (4, 7, 17):
        texts = tuple(f"{number:.{digits}g}" for number in numbers)
        if len(set(texts)) == len(set(numbers)):
            return texts
    return texts


def blocked(by: str) -> Ruling:
    """The ruling on a property that means nothing because the property `by` failed."""
    return Ruling("blocked", returned=f"Not judged until '{by}' passes.")


#: The kind of cases that an exercise has.
SomeCase = TypeVar("SomeCase", bound=Case)


@dataclass
class Bench(Generic[SomeCase]):
    """One examination on the judge's desk.

    cases: by name. doubted: whether fresh draws raised no statistical alarm, so that those of these draws are not
    believed. budget: of false alarms.
    """

    exercise: Exercise
    cases: Mapping[str, SomeCase]
    observations: Observations
    doubted: bool = False
    budget: Budget = field(default_factory=Budget)

    def record(self, name: str, part: str = "") -> Record:
        """What was recorded for the case `name`, or for a part of it."""
        whole = f"{name}.{part}" if part else name
        return self.observations.records.get(whole, Record(problem="missing"))

    def recorded(self, name: str, part: str = "") -> np.ndarray:
        """The values of a case or part that is known to have some. Raises LookupError if it has none."""
        values = self.record(name, part).values
        if values is None:
            raise LookupError(f"The recording of case {name!r} is damaged.")
        return values
