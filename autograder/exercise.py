"""What an exercise is: text, points and names; and what its folder has to hold.

An exercise is a package of its own (`autograder/exercises/NAME`, or anybody's: see `autograder.catalogue`) with
these modules. Where one of them outgrows a file, it is a folder of the same name.

- `exercise`: `EXERCISE`, an `Exercise`. No NumPy: it is read where only a title is wanted.
- `cases`: `plan(seed, again)`, the calls that examine it, by name, each a `Case`; and `forms(planned)`, what a
  recording of these may look like, see `autograder.forms`. It knows inputs, and no answers.
- `observe`: `record(objects, case)`, what one case's calls of the student's code gave, a dict of
  `autograder.observations.Record`. Optional: `beside(objects)`, what is recorded once beside the cases.
- `judge`: `rule(bench)`, the rulings on all properties as `autograder.judge.evidence.Findings`. It never sees the
  student's code.
- `drawings`, where it draws something of its own: `DRAWINGS`, see `autograder.show.pictures`.
"""

import json
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Property:
    """One sentence that a correct implementation satisfies, worth `points`.

    Its slug means the same in every exercise.
    """

    slug: str
    sentence: str
    points: float


@dataclass(frozen=True)
class Misconception:
    """A named mistake. what: one sentence. why: why people make it. hint: what to try, not the answer.

    It is recognised from what the code did, never from its text; the recognisers live with the judges.
    """

    slug: str
    what: str
    why: str
    hint: str


def told_as(shared: tuple[Misconception, ...], *own: Misconception) -> tuple[Misconception, ...]:
    """Mistakes that several exercises share, some of them in an exercise's own words.

    own: for mistakes of `shared`, by their slugs. Raises ValueError for one that is not among them.
    """
    words = {mistake.slug: mistake for mistake in own}
    if unknown := words.keys() - {mistake.slug for mistake in shared}:
        raise ValueError(f"{', '.join(sorted(unknown))}: not among the mistakes that are shared.")
    return tuple(words.get(mistake.slug, mistake) for mistake in shared)


class Case(Protocol):
    """One or several calls of the student's code in an examination.

    name: unique in the examination. call: how the student's code is called, as the student would write it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def call(self) -> str: ...  # noqa: D102


NOT_IMPLEMENTED = Misconception(
    "not-implemented",
    "Nothing was returned: this is still the stub, or a return is missing.",
    "The cell above the check has not been filled in, or a branch of it returns nothing. A Python function "
    "without a return statement returns None.",
    "Replace the line that raises NotImplementedError, and end with a return statement.",
)
NOT_CALLABLE = Misconception(
    "not-callable",
    "A value was handed over where a function or class is expected.",
    "It is easy to pass the result of a call instead of the function itself: f(x) is a value, f is a function. "
    "Or the name was reused for something else further up.",
    "Pass the name alone, without parentheses, and check that no later cell reuses it.",
)
MUTATES_INPUT = Misconception(
    "mutates-input",
    "The function changed an argument that it was given.",
    "x *= mask looks like x = x * mask, but it writes into the caller's array, and sort(), append() and pop() "
    "change the caller's list. Anyone who uses it next finds different values.",
    "Make a new object: x * mask instead of x *= mask, sorted(a) instead of a.sort(), [*a, 1] for a.append(1).",
)

#: The mistakes that can be made in every exercise.
ANYWHERE = (NOT_IMPLEMENTED, NOT_CALLABLE, MUTATES_INPUT)


@dataclass(frozen=True)
class Exercise:
    """One thing the student writes.

    name: what `check` is called with. assignment: the folder it belongs to. objects: the names the student
    gives what `check` is handed. signature: how they are called. kind: what they are. properties: in the order of
    the report.
    hints: three rungs, the last just short of the answer. misconceptions: those that its judge names, beside
    those `ANYWHERE`. place: among the exercises of its assignment, from 1. needs: the packages beside NumPy that
    its observing half imports.
    """

    name: str
    assignment: str
    objects: tuple[str, ...]
    signature: str
    kind: Literal["function", "class"]
    properties: tuple[Property, ...]
    hints: tuple[str, str, str]
    misconceptions: tuple[Misconception, ...] = ()
    place: int = 1
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The names of its objects, as a sentence would have them."""
        return " and ".join(self.objects)

    @property
    def call(self) -> str:
        """How the check is called in a notebook."""
        return f"check({', '.join((json.dumps(self.name), *self.objects))})"

    @property
    def max_points(self) -> float:
        """The points of all its properties."""
        return sum(p.points for p in self.properties)

    @property
    def mistakes(self) -> dict[str, Misconception]:
        """All misconceptions that a report on it may name, by slug."""
        return {known.slug: known for known in (*ANYWHERE, *self.misconceptions)}

    def accept(self, objects: tuple[object, ...]) -> None:
        """Raise TypeError, with the right call, for another number of objects than it asks for."""
        if len(objects) != len(self.objects):
            number = "one object" if len(self.objects) == 1 else f"{len(self.objects)} objects"
            raise TypeError(
                f"Exercise {self.name!r} takes {number}, {self.title}, and was given {len(objects)}: "
                f"write {self.call}."
            )
