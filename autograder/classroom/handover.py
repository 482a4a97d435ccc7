"""What is handed over to nbgrader: sound copies of what was handed in, and nothing that was not asked for.

nbgrader copies all that lies beside a notebook, and waits for pipes and devices. So it never sees a submission's
folder, but one made here: the instructor's notebook with the student's text, and two small files of the exchange's.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.classroom.dates import date_in, line_of
from autograder.grading.batch import Task
from autograder.grading.sandbox import Limits
from autograder.grading.store import key_of, write_whole
from autograder.grading.template import Template, UnreadableFile, read_submission
from autograder.printable import printable

#: Where submissions are put that nbgrader reads, from the course's folder.
STAGED = "build/staged"

#: The file that says to nbgrader, which follows the grading, that nothing more will come.
ENDED = "build/staged.ended"

#: Where, in a notebook's metadata, stands the key of its result.
NOTES = "autograder"

#: Student names that nbgrader and every file system can do something with.
_NAME = re.compile(r"\w[\w .@+-]{0,80}")

#: What programs leave in folders, of which nobody needs to hear; and how many names of others are told.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", ".ipynb_checkpoints", "__pycache__"}
_NAMES_TOLD = 3
_NAMES_READ = 10_000


class NotHandedIn(ValueError):
    """What cannot be graded at all; the message is one sentence."""


@dataclass(frozen=True)
class Kind:
    """What decides, beside a submission, how it is graded."""

    template: Template
    secret: bytes
    limits: Limits
    walled: bool
    course: Path


@dataclass(frozen=True)
class Handed:
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
        known = {f"{self.name}.ipynb", *_SMALL, *_LITTER, *others}
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in islice(entries, _NAMES_READ) if entry.name not in known]
        except OSError:
            return ""
        if not names:
            return ""
        told = ", ".join(map(quoted, sorted(names)[:_NAMES_TOLD]))
        more = len(names) - _NAMES_TOLD
        return f"Left out, as it is no part of the exercise: {told}{f' and {more} more' if more > 0 else ''}."

    def stage(self, folder: Path) -> None:
        """Put a sound copy of it into a folder: the notebook, its date and its secret, if they are sound."""
        notebook = self.task.template.rebuilt(self.task.submission)
        notebook["metadata"][NOTES] = {"key": self.task.key}
        write_whole(folder / f"{self.name}.ipynb", json.dumps(notebook).encode())
        for name, sound in _SMALL.items():
            text = sound(self.folder)
            if text:
                (folder / name).write_text(text)

    def _undated(self) -> list[str]:
        """That there is a date which is none: whether the work came late cannot be told then."""
        if not os.path.lexists(self.folder / "timestamp.txt") or date_in(self.folder):
            return []
        return ["Its timestamp.txt holds no date; it counts as handed in without one."]


def read_handed(student: str, path: Path, kind: Kind) -> Handed:
    """Read a student's notebook STUDENT/ASSIGNMENT/NAME.ipynb, whatever lies there. Raises NotHandedIn."""
    if not _NAME.fullmatch(student):
        raise NotHandedIn(f"submitted/{printable(student)} is no name that can be graded under; rename the folder.")
    where = f"{student}'s {path.stem}"
    if not os.path.lexists(path):
        raise NotHandedIn(f"{where}: there is no {path.name}{_instead(path.parent)}.")
    try:
        submission = read_submission(path, kind.template)
    except UnreadableFile as problem:
        raise NotHandedIn(f"{where}: {problem} Nothing was graded; make it readable, and grade again.") from problem
    key = key_of(submission, kind.template, kind.secret, kind.limits, kind.walled)
    task = Task(key, submission, kind.template, kind.secret, kind.limits, kind.walled, kind.course)
    return Handed(student, path.stem, path.parent, task)


@contextlib.contextmanager
def staging(root: Path) -> Iterator[Path]:
    """The folder for sound copies, not made yet; gone afterwards. Whoever uses it holds the course's lock."""
    folder, ended = root / STAGED, root / ENDED
    try:
        shutil.rmtree(folder, ignore_errors=True)
        ended.unlink(missing_ok=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        ended.unlink(missing_ok=True)


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
_SMALL = {"timestamp.txt": date_in, "submission_secret.txt": _secret}
