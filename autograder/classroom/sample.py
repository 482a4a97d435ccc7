"""A sample class: twelve invented students, to try the whole flow before a real class depends on it.

Each entry says what a student wrote in the solution cells, and which properties that costs. It is written
against the exercises' contracts, not against the grader, so it can contradict the grader.
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.catalogue import exercises, find


@dataclass(frozen=True)
class Answer:
    """What a student made of one exercise. source: of the solution cell, None if it was left alone.

    loses: the properties that fail or mean nothing, "*" for all of them.
    """

    source: str | None
    loses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Student:
    """An invented student. answers: by exercise. not_a_notebook: assignments handed in as something else."""

    name: str
    story: str
    answers: dict[str, Answer] = field(default_factory=dict)
    not_a_notebook: tuple[str, ...] = ()

    def assignments(self) -> list[str]:
        """The assignments this student hands in."""
        return sorted({find(exercise).assignment for exercise in self.answers} | set(self.not_a_notebook))

    def expected(self, assignment: str) -> float:
        """The points this student has to get."""
        total = 0.0
        for exercise in exercises().values():
            if exercise.assignment == assignment and exercise.name in self.answers:
                lost = self.answers[exercise.name].loses
                total += sum(p.points for p in exercise.properties if lost != ("*",) and p.slug not in lost)
        return total


UNTOUCHED = Answer(None, ("*",))

_CHECK = '    if not 0 <= rate <= 1:\n        raise ValueError("rate must be between 0 and 1")\n'


def _mask(body: str) -> str:
    return f"def dropout_mask(shape, rate, rng):\n{_CHECK}{body}"


def _inverted(body: str) -> str:
    return f"def inverted_dropout(x, rate, rng):\n{_CHECK}{body}"


def _classic(body: str) -> str:
    return f"def classic_dropout(x, rate, rng, training):\n{_CHECK}{body}"


def _layer(body: str, default: str = "False") -> str:
    return f"""class Dropout:
    def __init__(self, rate, rng):
        if rate < 0 or rate > 1:
            raise ValueError("rate must be between 0 and 1")
        self.rate, self.rng = rate, rng

    def drop(self, x):
        if self.rate == 1:
            return np.zeros_like(x)
        keep = self.rng.random(x.shape) >= self.rate
        return (x * keep / (1 - self.rate)).astype(x.dtype)

    def __call__(self, x, training={default}):
{body}"""


_GOOD_INVERTED = _inverted("""    if rate == 1:
        return np.zeros_like(x)
    keep = rng.binomial(1, 1 - rate, size=x.shape)
    return (x * keep / (1 - rate)).astype(x.dtype)
""")
_GOOD_CLASSIC = _classic("""    if training:
        return x * rng.choice([0, 1], size=x.shape, p=[rate, 1 - rate]).astype(x.dtype)
    return x * x.dtype.type(1 - rate)
""")

STUDENTS = (
    Student(
        "ada",
        "everything right, the usual way",
        {
            "mask": Answer(_mask("    return (rng.random(shape) >= rate).astype(int)\n")),
            "inverted": Answer(_GOOD_INVERTED),
            "classic": Answer(_GOOD_CLASSIC),
            "layer": Answer(_layer("        return self.drop(x) if training else x\n")),
        },
    ),
    Student(
        "ben",
        "everything right, with loops and assignments",
        {
            "mask": Answer(
                _mask(
                    "    mask = np.ones(shape)\n    for index in np.ndindex(*shape):\n"
                    "        if rng.random() < rate:\n            mask[index] = 0\n    return mask\n"
                )
            ),
            "inverted": Answer(
                _inverted(
                    "    out = x.copy()\n    out[rng.random(x.shape) < rate] = 0\n"
                    "    return out if rate == 1 else out / x.dtype.type(1 - rate)\n"
                )
            ),
            "classic": Answer(
                _classic(
                    "    if not training:\n        return (x * (1 - rate)).astype(x.dtype)\n"
                    "    out = np.array(x)\n    out[rng.random(x.shape) < rate] = 0\n    return out\n"
                )
            ),
            "layer": Answer(
                _layer("        if training:\n            return self.drop(x)\n        return x.copy()\n")
            ),
        },
    ),
    Student(
        "chloe",
        "a right mask from rng.choice; prints to stderr and warns on the way, which costs nothing",
        {
            "mask": Answer(
                "import sys, warnings\n\n"
                + _mask(
                    '    print("drawing", file=sys.stderr)\n    warnings.warn("careful")\n'
                    "    return rng.choice([False, True], size=shape, p=[rate, 1 - rate])\n"
                )
            ),
        },
    ),
    Student(
        "dmitri",
        "takes rate for the probability of keeping",
        {
            "mask": Answer(_mask("    return rng.random(shape) < rate\n"), ("keep-rate", "rate-0", "rate-1")),
            "inverted": Answer(
                _inverted(
                    "    keep = rng.random(x.shape) < rate\n"
                    "    return (x * keep / rate).astype(x.dtype) if rate else np.zeros_like(x)\n"
                ),
                ("scale", "keep-rate", "rate-0", "rate-1"),
            ),
            "classic": Answer(_GOOD_CLASSIC),
        },
    ),
    Student(
        "emeka",
        "drops exactly the wanted number, and divides by the fraction kept",
        {
            "mask": Answer(
                _mask(
                    "    size = int(np.prod(shape))\n    mask = np.arange(size) >= round(rate * size)\n"
                    "    return rng.permutation(mask).reshape(shape)\n"
                ),
                ("independent",),
            ),
            "inverted": Answer(
                _inverted(
                    "    keep = rng.random(x.shape) >= rate\n"
                    "    if not keep.any():\n        return np.zeros_like(x)\n"
                    "    return (x * keep / keep.mean()).astype(x.dtype)\n"
                ),
                ("scale",),
            ),
            "classic": Answer(_GOOD_CLASSIC),
        },
    ),
    Student(
        "fatima",
        "scales twice, and writes the inverted form where the classic one is asked for",
        {
            "inverted": Answer(
                _inverted(
                    "    if rate == 1:\n        return np.zeros_like(x)\n"
                    "    mask = (rng.random(x.shape) >= rate) / (1 - rate)\n"
                    "    return (x * mask / (1 - rate)).astype(x.dtype)\n"
                ),
                ("scale",),
            ),
            "classic": Answer(
                _classic(
                    "    if not training:\n        return x\n    if rate == 1:\n        return np.zeros_like(x)\n"
                    "    return (x * (rng.random(x.shape) >= rate) / (1 - rate)).astype(x.dtype)\n"
                ),
                ("scale", "eval"),
            ),
        },
    ),
    Student(
        "goran",
        "seeds inside the function, and drops in evaluation too",
        {
            "mask": Answer(_mask("    return np.random.default_rng(0).random(shape) >= rate\n"), ("fresh", "rng")),
            "layer": Answer(_layer("        return self.drop(x)\n"), ("eval",)),
        },
    ),
    Student(
        "hana",
        "half finished: one of two functions written, one assignment untouched",
        {"mask": UNTOUCHED, "inverted": Answer(_GOOD_INVERTED), "classic": UNTOUCHED},
    ),
    Student("ivan", "hands in a text file named like the notebook", not_a_notebook=("01_mask",)),
    Student(
        "june",
        "uses NumPy's global generator, and trains by default",
        {
            "mask": Answer(_mask("    return np.random.rand(*shape) >= rate\n"), ("rng",)),
            "layer": Answer(_layer("        return self.drop(x) if training else x\n", default="True"), ("eval",)),
        },
    ),
    Student(
        "kofi",
        "changes x in place and widens to float64; a layer with the flag the wrong way round",
        {
            "inverted": Answer(
                _inverted(
                    "    x *= rng.random(x.shape) >= rate\n    if rate == 1:\n        return np.zeros_like(x)\n"
                    "    return x.astype(np.float64) / (1 - rate)\n"
                ),
                ("dtype", "input-untouched"),
            ),
            "classic": Answer(_GOOD_CLASSIC),
            "layer": Answer(
                _layer("        return x if training else self.drop(x)\n"),
                ("scale", "keep-rate", "independent", "fresh", "rng", "eval", "rate-0", "rate-1"),
            ),
        },
    ),
    Student(
        "lena",
        "returns a list, and a class with a syntax error",
        {
            "mask": Answer(_mask("    return (rng.random(shape) >= rate).tolist()\n"), ("*",)),
            "layer": Answer(
                "class Dropout:\n    def __init__(self, rate, rng)\n        self.rate = rate\n", ("*",)
            ),
        },
    ),
)


def write_submissions(release: Path, submitted: Path) -> None:
    """Write every student's notebooks, made from the released ones.

    release: the folder of released assignments. submitted: where STUDENT/ASSIGNMENT/ is written.
    """
    for student in STUDENTS:
        for assignment in student.assignments():
            target = submitted / student.name / assignment / f"{assignment}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            if assignment in student.not_a_notebook:
                target.write_text("Dear all, please find my solution attached.\n", encoding="utf-8")
                continue
            notebook = nbformat.read(release / assignment / f"{assignment}.ipynb", as_version=4)
            nbformat.write(fill_in(notebook, student.answers), target)


def fill_in(notebook: nbformat.NotebookNode, answers: dict[str, Answer]) -> nbformat.NotebookNode:
    """A copy of a released notebook with these answers in its solution cells."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        exercise = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("solution-")
        answer = answers.get(exercise)
        if answer is not None and answer.source is not None:
            cell.source = answer.source
    return notebook
