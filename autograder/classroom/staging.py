"""What is handed over to nbgrader: sound copies of what was handed in, and nothing that was not asked for.

nbgrader copies all that lies beside a notebook, and waits for pipes and devices. So it never sees a submission's
folder, but one made here: the instructor's notebook with the student's text, and two small files of the exchange's.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from autograder.classroom.collected import SMALL_FILES, HandedIn
from autograder.classroom.course import Course
from autograder.grading.store import write_whole

#: Where, in a notebook's metadata, stands the key of its result.
NOTES = "autograder"


@contextlib.contextmanager
def staging(course: Course) -> Iterator[None]:
    """See that the folder for sound copies is empty at first, and gone afterwards. The caller holds the lock."""
    try:
        _clear(course)
        yield
    finally:
        _clear(course)


def _clear(course: Course) -> None:
    shutil.rmtree(course.staged, ignore_errors=True)
    course.staged_ended.unlink(missing_ok=True)


def stage(each: HandedIn, folder: Path) -> None:
    """Put a sound copy of a submission into a folder: the notebook, its date and its secret, if they are sound."""
    notebook = each.task.template.rebuilt(each.task.submission)
    notebook["metadata"][NOTES] = {"key": each.task.key}
    write_whole(folder / f"{each.name}.ipynb", json.dumps(notebook).encode())
    for name, sound in SMALL_FILES.items():
        text = sound(each.folder)
        if text:
            (folder / name).write_text(text)
