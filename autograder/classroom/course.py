"""A course's folder: where everything in it is, as its nbgrader_config.py says, and what was handed in."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from traitlets.config.loader import Config, PyFileConfigLoader

from autograder.classroom.telling import CannotGoOn
from autograder.grading.store import Store, course_secret

CONFIGURATION = "nbgrader_config.py"

_SQLITE = "sqlite:///"


def settings(root: Path) -> Config:
    """What the configuration of nbgrader in a folder says. Raises CannotGoOn when it cannot be read."""
    try:
        return PyFileConfigLoader(CONFIGURATION, path=str(root)).load_config()
    except Exception as error:  # it is a program, which can fail in any way
        raise CannotGoOn(f"{CONFIGURATION} cannot be read: {error!r}. Correct it, and run this again.") from error


@dataclass(frozen=True)
class Course:
    """A folder with nbgrader_config.py in it, and all the places that it has.

    Folders that nbgrader reads or writes are where its configuration says; what this program keeps for itself is in
    build/. Whatever asks for one of nbgrader's raises CannotGoOn where the configuration cannot be read.
    """

    root: Path

    @cached_property
    def settings(self) -> Config:
        """What nbgrader_config.py says; nothing if there is none."""
        return settings(self.root) if self.configuration.exists() else Config()

    @property
    def configuration(self) -> Path:
        """The file with nbgrader's settings."""
        return self.root / CONFIGURATION

    @property
    def solutions(self) -> Path:
        """The instructor's notebooks, with their solutions."""
        return self._step("source")

    @property
    def exercises(self) -> Path:
        """What is given to students, generated from `solutions`."""
        return self._step("release")

    @property
    def submitted(self) -> Path:
        """What students handed in: STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb."""
        return self._step("submitted")

    @property
    def autograded(self) -> Path:
        """The graded notebooks."""
        return self._step("autograded")

    @property
    def feedback(self) -> Path:
        """The pages that go back to students."""
        return self._step("feedback")

    def _step(self, name: str) -> Path:
        """The folder of one of nbgrader's steps: of nbgrader's own name unless it is told another."""
        return self.root / str(self.settings.CourseDirectory.get(f"{name}_directory", name))

    @property
    def gradebook_url(self) -> str:
        """Where nbgrader's gradebook is, as SQLAlchemy writes it."""
        url = str(self.settings.CourseDirectory.get("db_url", f"{_SQLITE}gradebook.db"))
        # nbgrader is run in the course's folder, and takes a path from there.
        return f"{_SQLITE}{self.root.absolute() / url.removeprefix(_SQLITE)}" if url.startswith(_SQLITE) else url

    @property
    def gradebook(self) -> Path | None:
        """The file that nbgrader's gradebook is; None if it is a database that a server keeps."""
        url = self.gradebook_url
        return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None

    @property
    def grades(self) -> Path:
        """The table of all grades, which every grading writes."""
        return self.root / "grades.csv"

    @property
    def secret(self) -> bytes:
        """The course's secret, 32 bytes; made when it is first asked for."""
        return course_secret(self.root)

    @property
    def build(self) -> Path:
        """What this program keeps for itself."""
        return self.root / "build"

    @property
    def store(self) -> Store:
        """All results."""
        return Store(self.build / "grades")

    @property
    def reports(self) -> Path:
        """The pages and tables on what a class got wrong."""
        return self.build / "reports"

    @property
    def exports(self) -> Path:
        """The files for Canvas and Moodle, unless they are asked for elsewhere."""
        return self.build / "exports"

    @property
    def log(self) -> Path:
        """nbgrader's words."""
        return self.build / "nbgrader.log"

    @property
    def generated(self) -> Path:
        """Freshly generated assignments, before anything else sees them."""
        return self.build / "release"

    @property
    def replaced(self) -> Path:
        """Files of `exercises` that had changed when they were generated again, by date."""
        return self.build / "replaced"

    @property
    def staged(self) -> Path:
        """Sound copies of what was handed in, for nbgrader to read."""
        return self.build / "staged"

    @property
    def staged_ended(self) -> Path:
        """The file that says to nbgrader, which follows the grading, that no more results will come."""
        return self.build / "staged.ended"

    @property
    def sample(self) -> "Course":
        """The course of the sample class."""
        return Course(self.build / "sample_class")

    @property
    def lock_note(self) -> Path:
        """Who is grading this course, for people to read."""
        return self.build / "grading.lock"

    @property
    def lock_file(self) -> Path:
        """What is locked where the file system locks no folders."""
        return self.build / "grading.flock"

    def written(self, assignment: str) -> Path:
        """What nbgrader has written of an assignment; see `notes`."""
        return self.build / "written" / f"{assignment}.json"

    def solution(self, assignment: str) -> Path:
        """The instructor's notebook of an assignment."""
        return self.solutions / assignment / f"{assignment}.ipynb"

    def handed_in(self, student: str, assignment: str) -> Path:
        """The notebook that a student handed in."""
        return self.submitted / student / assignment / f"{assignment}.ipynb"

    def graded(self, student: str, assignment: str) -> Path:
        """A student's graded notebook."""
        return self.autograded / student / assignment / f"{assignment}.ipynb"

    def within(self, path: Path) -> str:
        """A place as messages name it: from the course's folder, if it is in there."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def assignments(self) -> list[str]:
        """The names of all assignments there are, in order."""
        return sorted(folder.name for folder in self.solutions.iterdir() if folder.is_dir())

    def submissions(self, assignment: str) -> list[str]:
        """The students who handed an assignment in, in order."""
        students = os.listdir(self.submitted) if self.submitted.is_dir() else []
        # As `os.path` asks it: a link to what no system can look up is no folder, and no error.
        return sorted(student for student in students if os.path.isdir(self.submitted / student / assignment))

    def is_graded(self, assignment: str) -> bool:
        """Whether anybody's work on an assignment is graded."""
        return any(self.graded(student, assignment).exists() for student in self.submissions(assignment))

    def require(self, assignment: str = "") -> None:
        """Raise CannotGoOn where this is not a course, or where it does not have an assignment."""
        if not self.configuration.exists() or not self.solutions.is_dir():
            raise CannotGoOn(
                f"{self.root} is not a course folder: it has no {CONFIGURATION} with a folder "
                f"{self.within(self.solutions)} beside it. Change to the folder of your course."
            )
        if assignment and assignment not in self.assignments():
            raise CannotGoOn(
                f"There is no assignment {assignment!r}. The assignments are: {', '.join(self.assignments())}."
            )
