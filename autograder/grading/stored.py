"""A result as it is kept: what came out of grading one submission, in plain types.

Only this module knows how it is written as JSON. It is read strictly: whatever has another form is refused, so
nobody who has a `StoredResult` need look again. The form may change at any time, because a result's key contains
the digest of the grader's code: what an older grader stored is not found any more, and is graded anew.
"""

import math
from dataclasses import dataclass
from typing import Any, get_args

from autograder.report import Report, Status


class NotAResult(ValueError):
    """JSON that does not have the form of a result; the message says which part does not."""


@dataclass(frozen=True)
class StoredVerdict:
    """What was decided of one property. misconception: the slug of the mistake recognised, or None."""

    property: str
    status: Status
    points: float
    misconception: str | None


@dataclass(frozen=True)
class StoredExercise:
    """What was decided of one exercise. seed: what its inputs were drawn with. verdicts: one per property."""

    exercise: str
    seed: int
    verdicts: tuple[StoredVerdict, ...]

    @classmethod
    def of(cls, report: Report) -> "StoredExercise":
        """What is kept of a report."""
        verdicts = (StoredVerdict(v.property, v.status, v.points, v.misconception) for v in report.verdicts)
        return cls(report.exercise, report.seed, tuple(verdicts))

    @property
    def points(self) -> float:
        """The points that it earned."""
        return float(sum(verdict.points for verdict in self.verdicts))

    @property
    def broken(self) -> bool:
        """Whether the judge failed on one of its properties, so that a person has to look."""
        return any(verdict.status == "error" for verdict in self.verdicts)


@dataclass(frozen=True)
class StoredResult:
    """What came out of grading one submission.

    notebook: the executed notebook, as JSON has it. problem: why nothing could be graded, one sentence, "" if it
    could. notes: what else a person should know, sentences. isolated: whether the student's code ran behind the
    wall. max_points: what there was to earn. exercises: in the order of their checks.
    """

    notebook: dict[str, Any]
    problem: str
    notes: tuple[str, ...]
    isolated: bool
    max_points: float
    exercises: tuple[StoredExercise, ...]

    @property
    def points(self) -> float:
        """The points that it earned."""
        return float(sum(exercise.points for exercise in self.exercises))

    def as_json(self) -> dict[str, Any]:
        """This as JSON has it."""
        summary = {
            "problem": self.problem,
            "notes": list(self.notes),
            "isolated": self.isolated,
            "points": self.points,
            "max_points": self.max_points,
            "exercises": [
                {
                    "exercise": exercise.exercise,
                    "seed": exercise.seed,
                    "points": exercise.points,
                    "verdicts": [
                        {
                            "property": verdict.property,
                            "status": verdict.status,
                            "points": verdict.points,
                            "misconception": verdict.misconception,
                        }
                        for verdict in exercise.verdicts
                    ],
                }
                for exercise in self.exercises
            ],
        }
        return {"notebook": self.notebook, "summary": summary}

    @classmethod
    def from_json(cls, raw: object) -> "StoredResult":
        """What `as_json` gave. Raises NotAResult for anything else, also for points that do not add up."""
        whole = _parts(raw, "result", notebook=dict, summary=dict)
        said = _parts(
            whole["summary"], "summary",
            problem=str, notes=list, isolated=bool, points=float, max_points=float, exercises=list,
        )  # fmt: skip
        if not all(type(note) is str for note in said["notes"]):
            raise NotAResult("a note is not text")
        exercises = tuple(map(_exercise, said["exercises"]))
        result = cls(
            _notebook(whole["notebook"]),
            said["problem"],
            tuple(said["notes"]),
            said["isolated"],
            _finite(said["max_points"]),
            exercises,
        )
        if said["points"] != result.points:
            raise NotAResult("its points do not add up")
        return result


@dataclass(frozen=True)
class Failed:
    """The grader itself failed on a submission, and nothing is kept. why: one sentence."""

    why: str

    def as_json(self) -> dict[str, Any]:
        """This as JSON has it."""
        return {"failed": self.why}


#: What comes of grading a submission.
Outcome = StoredResult | Failed


def _exercise(raw: object) -> StoredExercise:
    said = _parts(raw, "exercise", exercise=str, seed=int, points=float, verdicts=list)
    exercise = StoredExercise(said["exercise"], said["seed"], tuple(map(_verdict, said["verdicts"])))
    if said["points"] != exercise.points:
        raise NotAResult("the points of an exercise do not add up")
    return exercise


def _verdict(raw: object) -> StoredVerdict:
    said = _parts(raw, "verdict", property=str, status=str, points=float, misconception=(str, type(None)))
    if said["status"] not in get_args(Status):
        raise NotAResult(f"there is no status {said['status']!r}")
    return StoredVerdict(said["property"], said["status"], _finite(said["points"]), said["misconception"])


def _notebook(raw: dict[str, Any]) -> dict[str, Any]:
    """A notebook of which all that is read of one later is there."""
    _parts(raw, "notebook", cells=list, metadata=dict, nbformat=int, nbformat_minor=int)
    text: dict[str, _Kind] = {"cell_type": str, "id": str, "metadata": dict, "source": str}
    code: dict[str, _Kind] = text | {"outputs": list, "execution_count": (int, type(None))}
    for cell in raw["cells"]:
        is_code = type(cell) is dict and cell.get("cell_type") == "code"
        _parts(cell, "cell", **(code if is_code else text))
        if type(cell["metadata"].get("nbgrader", {})) is not dict:
            raise NotAResult("nbgrader's settings of a cell are not what they are elsewhere")
    return raw


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise NotAResult("points are not a finite number")
    return number


#: A type, or several.
_Kind = type | tuple[type, ...]


def _parts(raw: object, what: str, **kinds: _Kind) -> dict[str, Any]:
    """A JSON object that has exactly these parts, of these types; True is not an int. Raises NotAResult."""
    if type(raw) is not dict or raw.keys() != kinds.keys():
        raise NotAResult(f"the parts of a {what} are others than they should be")
    for name, kind in kinds.items():
        if type(raw[name]) not in (kind if isinstance(kind, tuple) else (kind,)):
            raise NotAResult(f"{name} of a {what} is of another type than it should be")
    return raw
