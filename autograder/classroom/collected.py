"""What was handed in for an assignment, read, whatever lies there."""

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.classroom.assignment import Assignment
from autograder.classroom.dates import date_in, line_of
from autograder.classroom.options import Options
from autograder.grading.batch import Task
from autograder.grading.sandbox import Limits
from autograder.grading.store import key_of
from autograder.grading.template import Submission, Template, UnreadableFile, read_submission
from autograder.printable import printable

#: Student names that nbgrader and every file system can do something with.
_NAME = re.compile(r"\w[\w .@+-]{0,80}")

#: What programs leave in folders, of which nobody needs to hear; and how many names of others are told.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", ".ipynb_checkpoints", "__pycache__"}
_NAMES_TOLD = 3
_NAMES_READ = 10_000


class NotHandedIn(ValueError):
    """What cannot be graded at all; the message is one sentence."""


@dataclass(frozen=True)
class Conditions:
    """What decides, beside a submission, how it is graded. course: the folder that students' code must not see."""

    template: Template
    secret: bytes
    limits: Limits
    walled: bool
    course: Path

    def task(self, submission: Submission) -> Task:
        """What there is to do with a submission."""
        key = key_of(submission, self.template, self.secret, self.limits, self.walled)
        return Task(key, submission, self.template, self.secret, self.limits, self.walled, self.course)


@dataclass(frozen=True)
class HandedIn:
    """One student's notebook, read. folder: where it was handed in. name: the notebook's, without its ending."""

    student: str
    name: str
    folder: Path
    task: Task

    def problems(self) -> list[str]:
        """What is wrong with it, in sentences."""
        submission = self.task.submission
        return [note for note in (submission.problem, *submission.notes) if note] + self._undated()

    def beside(self, others: frozenset[str] = frozenset()) -> str:
        """What else lies in its folder and is left out, in a sentence; "" if nothing does. others: names of files
        that are graded as well.
        """
        if self.folder.is_symlink() or self.folder.parent.is_symlink():
            return ""  # it is somebody else's, and that is said already
        known = {f"{self.name}.ipynb", *SMALL_FILES, *_LITTER, *others}
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in islice(entries, _NAMES_READ) if entry.name not in known]
        except OSError:
            return ""
        if not names:
            return ""
        told = ", ".join(map(quoted, sorted(names)[:_NAMES_TOLD]))
        more = len(names) - _NAMES_TOLD
        return f"Left out, because it is not part of the exercise: {told}{f' and {more} more' if more > 0 else ''}."

    def _undated(self) -> list[str]:
        """That there is a date which is none: whether the work came late cannot be told then."""
        if not os.path.lexists(self.folder / "timestamp.txt") or date_in(self.folder):
            return []
        return ["Its timestamp.txt does not contain a date, so the work counts as handed in without one."]


def read_handed_in(student: str, path: Path, conditions: Conditions) -> HandedIn:
    """Read a student's notebook STUDENT/ASSIGNMENT/NAME.ipynb, whatever lies there. Raises NotHandedIn."""
    if not _NAME.fullmatch(student):
        raise NotHandedIn(
            f"submitted/{printable(student)} is not a name that nbgrader can use for a student; rename the folder."
        )
    where = f"{student}'s {path.stem}"
    if not os.path.lexists(path):
        raise NotHandedIn(f"{where}: there is no {path.name}{_instead(path.parent)}.")
    try:
        submission = read_submission(path, conditions.template)
    except UnreadableFile as problem:
        raise NotHandedIn(f"{where}: {problem} Nothing was graded; make it readable, and grade again.") from problem
    return HandedIn(student, path.stem, path.parent, conditions.task(submission))


def quoted(name: str) -> str:
    """A file's name as it can be shown in any terminal, in quotation marks: it may begin or end with spaces."""
    return repr(name) if name.isprintable() else ascii(name)


def _instead(folder: Path) -> str:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, _NAMES_READ))[:_NAMES_TOLD]
    except OSError as error:
        return f"; its folder cannot be read: {error.strerror}"
    return f", only {', '.join(map(quoted, names))}" if names else "; the folder is empty"


def _secret(folder: Path) -> str:
    """What nbgrader's exchange wrote beside a submission, and asks for when feedback goes back; "" if nothing."""
    text = line_of(folder / "submission_secret.txt")
    return text if re.fullmatch(r"\w{1,200}", text) else ""


#: The files that go along with a notebook, and what is handed over of those in a folder.
SMALL_FILES = {"timestamp.txt": date_in, "submission_secret.txt": _secret}


@dataclass(frozen=True)
class Collected:
    """All submissions of an assignment that can be graded. problems: sentences on what cannot."""

    assignment: Assignment
    handed_in: tuple[HandedIn, ...]
    problems: tuple[str, ...]

    @property
    def tasks(self) -> list[Task]:
        """What there is to grade: of submissions with the same text, one."""
        return list({each.task.key: each.task for each in self.handed_in}.values())

    def known(self) -> int:
        """How many of the tasks have a result in the store."""
        store = self.assignment.course.store
        return sum(store.get(task.key) is not None for task in self.tasks)


def collect(assignment: Assignment, options: Options) -> Collected:
    """Read all submissions of an assignment. Raises Unprotected."""
    course = assignment.course
    conditions = Conditions(assignment.template, course.secret, options.limits, options.walled, course.root)
    handed_in, problems = [], []
    for student in course.submissions(assignment.name):
        try:
            handed_in.append(read_handed_in(student, course.handed_in(student, assignment.name), conditions))
        except NotHandedIn as problem:
            problems.append(str(problem))
    return Collected(assignment, tuple(handed_in), tuple(problems))
