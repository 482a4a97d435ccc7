"""`check` and `examine` where submissions run: there is no judge there, so they say so and judge nothing.

Students leave calls of both in cells of their own. What runs in their JupyterLab has to run where it is graded, and
must not say there what is right: the verdict is made after the run, on the other side of the wall.
"""

from autograder.catalogue import find
from autograder.report import Report

#: What a cell shows that calls `check` there.
LATER = (
    "This submission is being graded. The check is made after this run, outside of it, so here it gives 0.0 points."
)


def examine(exercise: str, *objects: object, seed: int | None = None) -> Report:
    """A report without verdicts: nothing passed, nothing failed, and there were no points to earn.

    exercise, objects, seed: as for `autograder.examination.examine`, and nothing is called. Raises what that raises
    for an unknown exercise or the wrong number of objects.
    """
    find(exercise).accept(objects)
    return Report(exercise, (), 0 if seed is None else seed)


def check(exercise: str, *objects: object, seed: int | None = None) -> float:
    """Say that the check is made later, and return 0.0. Raises what `examine` raises."""
    report = examine(exercise, *objects, seed=seed)
    print(LATER)
    return report.points
