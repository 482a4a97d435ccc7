"""One run of nbgrader's `autograde`, whoever starts it: formgrader's button, nbgrader's API or its command.

What was handed in is graded first, behind the wall, and nbgrader then writes it from sound copies, as it does under
`autograder grade`. Nothing is held afterwards but warm processes, which know nothing of anybody.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Application

from autograder.classroom.api_patches import copy_of
from autograder.classroom.collected import Conditions, HandedIn, NotHandedIn, read_handed_in
from autograder.classroom.course import Course
from autograder.classroom.graded import unjudged
from autograder.classroom.lock import NotLocked, course_lock
from autograder.classroom.notes import Notes
from autograder.classroom.staging import stage, staging
from autograder.classroom.telling import CannotGoOn
from autograder.classroom.waiting import await_gradebook
from autograder.grading.batch import Task
from autograder.grading.kept import perform_kept
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.stored import Failed, StoredResult
from autograder.grading.template import UnusableTemplate, load_template
from autograder.printable import printable


@dataclass(frozen=True)
class _Work:
    """What one student handed in. folder: where nbgrader is given it. source: the instructor's notebooks."""

    student: str
    assignment: str
    folder: Path
    source: Path
    notebooks: list[HandedIn]


class Choices(Protocol):
    """What nbgrader_config.py can say.

    unprotected: whether to grade where there is no wall. patience, idle: seconds to wait for others, and to stay
    warm.
    """

    unprotected: bool
    patience: float
    idle: float


class Press:
    """A run of a converter of nbgrader's."""

    def __init__(self, converter: Autograde, choices: Choices):
        self._converter, self._choices, self._log = converter, choices, converter.log
        self._convert: Callable[[], None] = converter.convert_notebooks
        self._handed_in: CourseDirectory = converter.coursedir
        self._course = Course(Path(converter.coursedir.root))
        self._failed: list[str] = []
        self._terminal = isinstance(converter.parent, Application)
        self._patience = inf if self._terminal else choices.patience

    def run(self) -> None:
        """Grade what nbgrader has found, and have it write that. Takes the place of `convert_notebooks`.

        Raises NbGraderException, as that does, when something could not be graded.
        """
        doing = self._doing(self._terminal)
        lock = course_lock(self._course.root, doing, self._patience, self._log.warning, _in_server())
        try:
            with lock, staging(self._course):
                self._grade_and_write()
        except NotLocked as problem:
            self._fail(str(problem))
        except OSError as error:
            self._fail(f"Grading stopped: {error}. What is graded is kept; see to it, and grade again.")
        if self._failed:
            raise NbGraderException(" ".join(self._failed))

    def _doing(self, terminal: bool) -> str:
        """What others are told that this is."""
        student, assignment = printable(self._handed_in.student_id), printable(self._handed_in.assignment_id)
        if terminal:
            return f"nbgrader autograde {assignment}{'' if student == '*' else f' --student {student}'}"
        whose = "everybody's" if student == "*" else f"{student}'s"
        return f"autograde of {whose} {assignment}{' in formgrader' if _in_server() else ''}"

    def _fail(self, sentence: str) -> None:
        self._log.error(sentence)
        self._failed.append(sentence)

    def _grade_and_write(self) -> None:
        walled = self._walled()
        if walled is None:
            return
        # nbgrader reads where this says, and the one that it was given is its caller's.
        staged = copy_of(self._handed_in, submitted_directory=self._course.within(self._course.staged))
        ready = []
        for place, found in sorted(self._converter.assignments.items()):
            try:
                work = self._read(place, found, staged, walled)
                self._hand_over(work)
                ready.append(work)
            except (NotHandedIn, UnusableTemplate) as problem:
                self._fail(str(problem))
            except OSError as error:
                self._fail(f"{printable(place)}: {error.strerror or error}. Nothing was graded.")
        if not self._gradebook_is_free():
            return
        self._converter.coursedir = staged
        self._converter.assignments = {
            str(work.folder): [str(work.folder / f"{each.name}.ipynb") for each in work.notebooks] for work in ready
        }
        try:
            with self._noted([work for work in ready if not self._left_alone(work)]):
                self._convert()
        finally:
            self._converter.coursedir = self._handed_in

    def _gradebook_is_free(self) -> bool:
        """Wait for a gradebook that another program uses; if that takes too long, tell it.

        nbgrader would first take away what is graded and then find out.
        """
        url = self._handed_in.db_url
        patience = None if self._terminal else self._choices.patience
        if url.startswith("sqlite:///"):
            try:
                await_gradebook(Path(url.removeprefix("sqlite:///")), patience=patience, tell=self._log.warning)
            except CannotGoOn as problem:
                self._fail(str(problem))
                return False
        return True

    def _walled(self) -> bool | None:
        """Whether there will be a wall; None, with the reason told, where there is none and none was waived."""
        if why_not():
            why_not.cache_clear()  # it may be there by now: JupyterLab runs for weeks
        reason = why_not()
        if reason and not self._choices.unprotected:
            self._fail(
                f"Students' code cannot be isolated here: {reason} To run it anyway, with your own rights and so "
                "within reach of everything that you can reach, set c.SubmissionExporter.unprotected = True."
            )
            return None
        return not reason

    def _read(self, place: str, found: list[str], staged: CourseDirectory, walled: bool) -> _Work:
        """Read what lies in a student's folder. Raises NotHandedIn, UnusableTemplate."""
        names = {name: f"(?P<{name}>.*)" for name in ("student_id", "assignment_id")}
        step = self._handed_in.submitted_directory
        told = re.fullmatch(self._handed_in.format_path(step, **names, escape=True), place, re.DOTALL)
        if told is None:
            raise NotHandedIn(f"{printable(place)} is not a place for a submission.")
        student, assignment = told["student_id"], told["assignment_id"]
        source = Path(self._handed_in.format_path(self._handed_in.source_directory, ".", assignment))
        notebooks = [Path(path) for path in sorted(found) if (source / Path(path).name).is_file()]
        if not notebooks:  # says which there are instead
            notebooks = [Path(place) / f"{assignment}.ipynb"]
        handed_in = []
        for path in notebooks:
            template = load_template(source / path.name)
            conditions = Conditions(template, self._course.secret, Limits(), walled, self._course.root)
            handed_in.append(read_handed_in(student, path, conditions))
        folder = staged.format_path(staged.submitted_directory, student, assignment)
        return _Work(student, assignment, Path(folder), source, handed_in)

    def _hand_over(self, work: _Work) -> None:
        """Put sound copies where nbgrader reads, and their results into the store. Raises NotHandedIn."""
        for each in work.notebooks:
            stage(each, work.folder)
        if self._left_alone(work):
            return
        for each in work.notebooks:
            where = f"{work.student}'s {each.name}"
            result = self._result(each.task, where)
            others = frozenset(f"{other.name}.ipynb" for other in work.notebooks)
            for sentence in filter(None, (*each.problems(), each.beside(others), *unjudged(result))):
                self._log.warning("%s: %s", where, sentence)

    def _result(self, task: Task, where: str) -> StoredResult:
        """The result of a submission, out of the store or made now. Raises NotHandedIn."""
        store = self._course.store
        known = store.get(task.key)
        if known is not None:
            return known
        outcome = perform_kept(task, self._choices.idle)
        if isinstance(outcome, Failed):
            raise NotHandedIn(
                f"{where} could not be graded, and nobody's work is to blame: {outcome.why} What was graded before "
                "is left as it was."
            )
        store.put(task.key, outcome)
        return outcome

    def _left_alone(self, work: _Work) -> bool:
        """Whether nbgrader will leave what it has written of this student as it is."""
        if work.student in self._handed_in.student_id_exclude.split(","):
            return True
        old = self._written(work)
        if self._converter.force or not all((old / f"{each.name}.ipynb").exists() for each in work.notebooks):
            return False
        before, now = (self._handed_in.get_existing_timestamp(str(folder)) for folder in (old, work.folder))
        return before is None or now is None or now <= before

    def _written(self, work: _Work) -> Path:
        """The folder into which nbgrader writes what is graded."""
        course = self._handed_in
        return Path(course.format_path(course.autograded_directory, work.student, work.assignment))

    @contextmanager
    def _noted(self, due: list[_Work]) -> Iterator[None]:
        """Note what nbgrader writes meanwhile, for `autograder grade` and `autograder report`.

        Until it has ended nothing is noted of these students: interrupted, `autograder grade` writes them again.
        """
        by_assignment: dict[str, list[_Work]] = {}
        for work in due:
            by_assignment.setdefault(work.assignment, []).append(work)
        notes = {}
        for assignment, works in by_assignment.items():
            path = self._course.written(assignment)
            notes[assignment] = Notes.read_or_none(path).without(work.student for work in works)
            notes[assignment].write(path)
        try:
            yield
        finally:
            for assignment, works in by_assignment.items():
                self._note(notes[assignment], assignment, works)

    def _note(self, notes: Notes, assignment: str, written: list[_Work]) -> None:
        source = written[0].source / f"{assignment}.ipynb"
        # An assignment of other notebooks is none of `autograder grade`'s; of a gradebook that cannot be read
        # nbgrader has told already.
        with suppress(FileNotFoundError, SQLAlchemyError):
            digest = hashlib.sha256(source.read_bytes()).hexdigest()
            if notes.released != digest and not self._known(assignment, source):
                self._log.warning(
                    "nbgrader knows another version of %s than the one in %s. Run make release, and grade again.",
                    assignment, source.parent,
                )  # fmt: skip
                return
            students = {
                work.student: each.task.key
                for work in written
                for each in work.notebooks
                if each.name == assignment and (self._written(work) / source.name).exists()
            }
            notes.knowing(digest).having(students).write(self._course.written(assignment))

    def _known(self, assignment: str, source: Path) -> bool:
        """Whether nbgrader's gradebook knows an instructor's notebook as it is."""
        settings = {
            cell["metadata"]["nbgrader"]["grade_id"]: (cell, cell["metadata"]["nbgrader"])
            for cell in load_template(source).cells
            if "nbgrader" in cell["metadata"]
        }
        with Gradebook(self._handed_in.db_url, self._handed_in.course_id) as gradebook:
            try:
                notebook = gradebook.find_notebook(source.stem, assignment)
            except MissingEntry:
                return False
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
            known = {cell.name: cell for cell in notebook.source_cells}
        return settings.keys() == known.keys() and all(
            known[name].cell_type == cell["cell_type"]
            and (not told.get("locked") or known[name].source == cell["source"])
            and points.get(name, 0) == (told["points"] if told.get("grade") else 0)
            for name, (cell, told) in settings.items()
        )


def _in_server() -> bool:
    """Whether this is a running JupyterLab, or another server of Jupyter's."""
    module = sys.modules.get("jupyter_server.serverapp")
    return module is not None and module.ServerApp.initialized()
