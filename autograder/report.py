"""What an examination says: a verdict per property, gathered in a report. Plain data, no opinions of its own."""

import builtins
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from autograder.exercise import Exercise
from autograder.printable import showable

Status = Literal["pass", "fail", "blocked", "error"]

#: Characters of each part of a verdict, of a picture's title, its description and its labels, and of what was
#: printed. Reports hold text of the student's code, so they make it showable themselves: nobody who writes one can
#: forget to.
PART_LIMIT, TITLE_LIMIT, ALT_LIMIT, LABEL_LIMIT, PRINTED_LIMIT = 1_500, 200, 6_000, 80, 2_000


@dataclass(frozen=True)
class Chart:
    """What a picture shows, as data; `autograder.show.pictures` draws it.

    kind: which drawing fits, a key of `autograder.catalogue.drawings`.
    title: the sentence above it. alt: the same for a reader who cannot see it. data: the arrays it draws.
    """

    kind: str
    title: str
    alt: str
    data: dict[str, np.ndarray]

    def __post_init__(self):
        _make_showable(self, title=TITLE_LIMIT, alt=ALT_LIMIT)
        texts = {name: values for name, values in self.data.items() if values.dtype.kind == "U"}
        for name, values in texts.items():
            shown = [showable(str(text), LABEL_LIMIT) for text in values.ravel()]
            self.data[name] = np.array(shown, dtype=str).reshape(values.shape)


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one property.

    property: its slug. status: "pass", "fail", "blocked" (it depends on something that failed, so it means
    nothing) or "error" (the grader itself broke). points, max_points: what it earned and could earn.
    called, returned, expected: the three parts of an observation, "" where there is nothing to say.
    misconception: a slug of the exercise's `mistakes`, or None. hint: of that
    mistake, or what to look at after an exception; "" if there is none.
    """

    property: str
    sentence: str
    status: Status
    points: float
    max_points: float
    called: str = ""
    returned: str = ""
    expected: str = ""
    misconception: str | None = None
    hint: str = ""

    def __post_init__(self):
        _make_showable(self, called=PART_LIMIT, returned=PART_LIMIT, expected=PART_LIMIT)

    @builtins.property  # `property` is a field here
    def message(self) -> str:
        """The verdict in running text: what was called, what came back, what was expected."""
        parts = ((self.called, "Called"), (self.returned, "Came back"), (self.expected, "Expected"))
        told = [f"{label}: {part}" for part, label in parts if part]
        return "; ".join([self.sentence, *told]) if told else self.sentence


@dataclass(frozen=True)
class Report:
    """The outcome of one examination.

    exercise: its name. verdicts: one per property, in the exercise's order. seed: the integer that chose
    the inputs; the same seed and the same code give the same report. charts: the pictures worth drawing.
    printed: the beginning of what the student's code printed meanwhile.
    """

    exercise: str
    verdicts: tuple[Verdict, ...]
    seed: int
    charts: tuple[Chart, ...] = field(default=(), compare=False)
    printed: str = ""

    def __post_init__(self):
        _make_showable(self, printed=PRINTED_LIMIT)

    def __repr__(self) -> str:
        return f"<Report {self.exercise}: {self.points:g} of {self.max_points:g} points, seed {self.seed}>"

    def __str__(self) -> str:
        return "\n".join([repr(self), *(f"{v.status:8}{v.property:16}{v.message}" for v in self.verdicts)])

    @property
    def points(self) -> float:
        """Points earned, a plain float (nbgrader misreads NumPy's)."""
        return float(sum(verdict.points for verdict in self.verdicts))

    @property
    def max_points(self) -> float:
        """Points there are to earn, a plain float."""
        return float(sum(verdict.max_points for verdict in self.verdicts))

    @property
    def passed(self) -> bool:
        """Whether every property passed."""
        return all(verdict.status == "pass" for verdict in self.verdicts)

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The misconceptions named, each once, in order of appearance."""
        return tuple(dict.fromkeys(v.misconception for v in self.verdicts if v.misconception))


def _make_showable(holder: object, **limits: int) -> None:
    """Make these texts of a frozen object showable. limits: by name, in characters."""
    for name, limit in limits.items():
        object.__setattr__(holder, name, showable(getattr(holder, name), limit))


def broken(exercise: Exercise, seed: int, reason: str) -> Report:
    """The report where the grader itself failed: no property is judged, and a person has to look. reason: why."""
    verdicts = [
        Verdict(p.slug, p.sentence, "error", 0.0, float(p.points), returned=reason) for p in exercise.properties
    ]
    return Report(exercise.name, tuple(verdicts), seed)


def unjudged(exercise: Exercise, seed: int, reason: str) -> Report:
    """The report on an exercise that gave nothing to judge: no points, and the reason."""
    first, *others = exercise.properties
    verdicts = [Verdict(first.slug, first.sentence, "fail", 0.0, float(first.points), returned=reason)]
    for p in others:
        blocked = f"Not judged until {first.slug!r} passes."
        verdicts.append(Verdict(p.slug, p.sentence, "blocked", 0.0, float(p.points), returned=blocked))
    return Report(exercise.name, tuple(verdicts), seed)


#: Under this MIME type a report's points travel in a notebook's output, where `autograder check` finds them.
MIME = "application/vnd.autograder.report+json"


def card(report: Report) -> dict:
    """What a notebook's output has under `MIME`."""
    return {"exercise": report.exercise, "points": report.points, "max_points": report.max_points}
