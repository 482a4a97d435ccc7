"""One examination in one process: observe, judge, and confirm what rests on chance."""

import secrets

from autograder import catalogue
from autograder.confirmation import confirmed
from autograder.judge import decide
from autograder.observe import observe
from autograder.report import Report


def examine(exercise: str, *objects: object, seed: int | None = None) -> Report:
    """Examine what a student wrote and return the report; shows nothing.

    exercise: a name of `autograder.catalogue.exercises`. objects: what the student wrote, as many as the exercise
    asks for, of any kind at all. seed: a non-negative integer below 2**63 that chooses the inputs; by
    default a new one each time. The same code and seed give the same report.

    Never raises for anything the objects do. Raises ValueError for an unknown exercise or a bad seed and
    TypeError for the wrong number of objects.
    """
    catalogue.find(exercise).accept(objects)
    if seed is None:
        seed = secrets.randbelow(2**32)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ValueError(f"A seed is an integer from 0 to 2**63 - 1, not {seed!r}.")
    return confirmed(
        lambda again: observe(exercise, objects, seed, again),
        lambda recordings: decide(exercise, seed, recordings),
    ).report
