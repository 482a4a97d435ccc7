"""What nbgrader_config.py puts into nbgrader's `autograde`: submissions read safely, graded behind the wall.

`SubmissionExporter` takes the place of the reading: whatever was handed in becomes the instructor's notebook with
the text of the student's solution cells. `GradeSubmission` takes the place of `Execute`.
"""

import json
import os
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Int

from autograder.classroom.handover import ENDED, NOTES
from autograder.grading.sandbox import Limits, Sandbox, why_not
from autograder.grading.store import Store, course_lock, course_secret, key_of
from autograder.grading.template import Submission, Template, load_template, read_submission


class NotIsolated(RuntimeError):
    """There is no wall here, and nobody asked to grade without one. The message is one sentence."""


def carried(submission: Submission, template: Template) -> dict:
    """The notebook that stands for a submission on its way through nbgrader."""
    notebook = template.rebuilt(submission)
    missing = sorted(set(template.solutions) - set(submission.texts))
    told = {"problem": submission.problem, "notes": list(submission.notes), "missing": missing}
    notebook["metadata"][NOTES] = told
    return notebook


def submission_of(notebook: dict, template: Template) -> Submission:
    """The submission that such a notebook stands for."""
    told = notebook["metadata"][NOTES]
    texts = {
        grade_id: notebook["cells"][place]["source"]
        for grade_id, place in template.solutions.items()
        if grade_id not in told["missing"]
    }
    return Submission(texts, told["problem"], tuple(told["notes"]))


@dataclass
class Grader:
    """Grades one after another for a process of nbgrader's: looks into the store first."""

    root: Path
    limits: Limits = field(default_factory=Limits)
    walled: bool = True
    _box: Sandbox | None = None

    def awaited(self, key: str, followed: int) -> dict:
        """A result that a process puts into the store which this one follows.

        Raises KeyError if it has ended without it.
        """
        store = Store(self.root / "build" / "grades")
        while True:
            ended = (self.root / ENDED).exists() or os.getppid() != followed
            result = store.get(key)
            if result is not None:
                return result
            if ended:
                raise KeyError(key)
            time.sleep(0.05)

    def result(self, submission: Submission, template: Template) -> dict:
        """The result for a submission, from the store, or made and put there.

        Raises NotIsolated where there is no wall and none was waived, SandboxBroken when the wall fails.
        """
        secret = course_secret(self.root)
        key = key_of(submission, template, secret, self.limits, self.walled)
        store = Store(self.root / "build" / "grades")
        result = store.get(key)
        if result is None:
            # Whoever only follows `autograder grade` is spared the judge, SciPy and Matplotlib.
            from autograder.grading.grade import grade  # noqa: PLC0415

            result = grade(submission, template, secret, self._sandbox(template)).result(submission, self.walled)
            store.put(key, result)
        return result

    def _sandbox(self, template: Template) -> Sandbox:
        if self.walled and why_not():
            raise NotIsolated(f"Students' code cannot be isolated here: {why_not()}")
        if self._box is None:
            self._box = Sandbox(template.imports, self.limits, self.walled, self.root)
        return self._box


class SubmissionExporter(NotebookExporter):
    """Reads what was handed in, whatever it is, as the notebook that is graded; lives as long as nbgrader runs."""

    unprotected = Bool(
        False, help="Run students' code with your own rights where it cannot be isolated. It can reach everything."
    ).tag(config=True)

    followed = Int(
        0, help="The process of `autograder grade` that started this one and made its files; 0 if none did."
    ).tag(config=True)

    _grader: Grader | None = None
    _lock = ExitStack()

    def grader(self) -> Grader:
        """What grades for this run of nbgrader."""
        if self._grader is None:
            root = Path(self.parent.coursedir.root)
            self._lock.enter_context(course_lock(root))  # until this process ends
            self._grader = Grader(root, walled=not (self.unprotected and why_not()))
        return self._grader

    def template(self, resources: dict) -> Template:
        """The instructor's notebook of the one at hand. Raises UnusableTemplate if there is none."""
        course, at = self.parent.coursedir, resources["nbgrader"]
        folder = course.format_path(course.source_directory, ".", at["assignment"])
        return load_template(Path(folder) / f"{at['notebook']}.ipynb")

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs):
        """Read a file: what was handed in on nbgrader's first pass, the notebook made of it on the second."""
        if not self.parent._sanitizing:
            return super().from_filename(filename, resources=resources, **kwargs)
        self.grader()
        template = self.template(resources)
        resources["metadata"] = {"name": Path(filename).stem, "path": str(Path(filename).parent)}
        if self.followed:
            notebook = nbformat.from_dict(json.loads(Path(filename).read_bytes()))
            return self.from_notebook_node(notebook, resources=resources, **kwargs)
        submission = read_submission(Path(filename), template)
        at = resources["nbgrader"]
        self._drop_links(Path(filename).parent, at)
        for sentence in (submission.problem, *submission.notes):
            if sentence:
                self.log.warning("%s's %s: %s", at["student"], at["notebook"], sentence)
        notebook = nbformat.from_dict(carried(submission, template))
        return self.from_notebook_node(notebook, resources=resources, **kwargs)

    def _drop_links(self, handed: Path, at: dict) -> None:
        """Take away what nbgrader has copied from behind links: it goes back to students, and may be anybody's."""
        course = self.parent.coursedir
        copied = Path(course.format_path(course.autograded_directory, at["student"], at["assignment"]))
        for link in [path for path in handed.rglob("*") if path.is_symlink()]:
            copy = copied / link.relative_to(handed)
            if copy.is_dir():
                shutil.rmtree(copy)
            else:
                copy.unlink(missing_ok=True)


class GradeSubmission(NbGraderPreprocessor):
    """Fills in the outputs of all cells: the student's from behind the wall, the checks' from the judge."""

    def preprocess(self, nb, resources):
        """Grade the notebook at hand."""
        template = self.parent.template(resources)
        grader = self.parent.grader()
        if self.parent.followed:
            result = grader.awaited(nb.metadata[NOTES]["key"], self.parent.followed)
        else:
            result = grader.result(submission_of(nb, template), template)
        for cell, done in zip(nb.cells, result["notebook"]["cells"], strict=True):
            if cell.cell_type == "code":
                cell.outputs = nbformat.from_dict(done["outputs"])
                cell.execution_count = done["execution_count"]
        nb.metadata.pop(NOTES, None)
        return nb, resources
