"""What nbgrader_config.py puts into nbgrader's `autograde`: submissions read safely, graded behind the wall.

nbgrader copies and reads whatever was handed in before it asks anybody. `SubmissionExporter` is made before that,
for one run of its converter, and sees to it that everything is graded first and nbgrader is given sound copies only
(see `press`). `GradeSubmission` takes the place of `Execute` and fills in what came out.
"""

import os
import time
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Int

from autograder.classroom.course import Course
from autograder.classroom.press import Press
from autograder.classroom.staging import NOTES
from autograder.grading.kept import IDLE
from autograder.grading.stored import StoredResult


class SubmissionExporter(NotebookExporter):
    """Has submissions graded and nbgrader read sound copies of them; lives as long as one run of nbgrader's."""

    unprotected = Bool(
        False, help="Run students' code with your own rights where it cannot be isolated. It can reach everything."
    ).tag(config=True)

    patience = Float(
        5.0,
        help="Seconds that a press of formgrader's button waits while somebody else grades this course. JupyterLab "
        "does nothing else meanwhile. In a terminal, nbgrader waits as long as it takes.",
    ).tag(config=True)

    idle = Float(
        IDLE,
        help="Seconds for which a program that lives on, such as JupyterLab, keeps processes warm between presses.",
    ).tag(config=True)

    followed = Int(
        0, help="The process of `autograder grade` that started this one and made its files; 0 if none did."
    ).tag(config=True)

    def __init__(self, **options):
        super().__init__(**options)
        if isinstance(self.parent, Autograde) and not self.followed:
            # nbgrader has no hook before its first look into a submission. Its converter is made for one run, so
            # what is replaced here is replaced for this run only.
            self.parent.convert_notebooks = Press(self.parent, self).run


class GradeSubmission(NbGraderPreprocessor):
    """Fills in the outputs of all cells: the student's from behind the wall, the checks' from the judge."""

    def preprocess(self, nb, resources):
        """Fill in those of the notebook at hand. Raises KeyError if there is no result for it."""
        course = Course(Path(self.parent.parent.coursedir.root))
        result = _awaited(course, nb.metadata.pop(NOTES)["key"], self.parent.followed)
        for cell, done in zip(nb.cells, result.notebook["cells"], strict=True):
            if cell.cell_type == "code":
                cell.outputs = nbformat.from_dict(done["outputs"])
                cell.execution_count = done["execution_count"]
        return nb, resources


def _awaited(course: Course, key: str, followed: int) -> StoredResult:
    """A result that a process puts into the store which this one follows; 0: it has to be there.

    Raises KeyError if it is not, and nobody will put it there.
    """
    store = course.store
    while True:
        ended = not followed or course.staged_ended.exists() or os.getppid() != followed
        result = store.get(key)
        if result is not None:
            return result
        if ended:
            raise KeyError(key)
        time.sleep(0.05)
