"""Grade a class: all submissions in parallel into the store, then nbgrader writes its gradebook from there."""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dateutil.parser import parse as parse_date

from autograder.classroom.plugin import NOTES
from autograder.classroom.stock import Course
from autograder.grading.batch import Task, run_all
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.store import Store, course_secret, key_of, write_whole
from autograder.grading.template import Template, load_template, read_regular, read_submission

#: Student names that nbgrader and every file system can do something with.
_NAME = re.compile(r"\w[\w .@+-]{0,80}")

#: Where submissions are put that nbgrader reads: made from what was handed in, each one a sound notebook.
STAGED = "build/staged"


class Unprotected(RuntimeError):
    """Students' code cannot be isolated here, and nobody has accepted that. The message is one sentence."""


@dataclass(frozen=True)
class Options:
    """How to grade. workers: processes. scheduler: a Dask scheduler's address, "" to grade here.

    unprotected: whether to grade where students' code cannot be isolated.
    """

    workers: int = 0
    scheduler: str = ""
    unprotected: bool = False
    limits: Limits = Limits()

    @property
    def walled(self) -> bool:
        """Whether there will be a wall. Raises Unprotected where there is none and none was waived."""
        reason = why_not()
        if reason and not self.unprotected:
            raise Unprotected(
                f"Students' code cannot be isolated here: {reason} To run it with your own rights all the same, "
                "in reach of everything you can reach, say --unprotected."
            )
        return not reason


@dataclass(frozen=True)
class Handed:
    """One student's submission of an assignment, read."""

    student: str
    task: Task


def grade_assignment(
    course: Course,
    assignment: str,
    options: Options,
    started: Callable[[int, int], None] = lambda total, known: None,
    done: Callable[[], None] = lambda: None,
) -> list[str]:
    """Grade what was handed in for an assignment; returns a sentence for everything that a person should look at.

    started: told how many submissions there are and how many of them are graded already. done: called after each.
    The caller holds the course's lock. Raises Unprotected and UnusableTemplate.
    """
    template = load_template(course.root / "solutions" / assignment / f"{assignment}.ipynb")
    handed, problems = collect(course, assignment, template, options)
    store = Store(course.root / "build" / "grades")
    tasks = list({each.task.key: each.task for each in handed}.values())
    started(len(tasks), sum(store.get(task.key) is not None for task in tasks))
    workers = options.workers or os.cpu_count() or 1
    failed = run_all(tasks, store, workers, options.scheduler, lambda task, result: done())
    for each in handed:
        where = f"{each.student}'s {assignment}"
        if each.task.key in failed:
            problems.append(f"{where} could not be graded, and nobody's work is to blame: {failed[each.task.key]}")
        problems += [
            f"{where}: {note}" for note in (each.task.submission.problem, *each.task.submission.notes) if note
        ]
    problems += _write(course, assignment, [each for each in handed if each.task.key not in failed], options)
    return problems


def collect(
    course: Course, assignment: str, template: Template, options: Options
) -> tuple[list[Handed], list[str]]:
    """Read all submissions of an assignment; returns them, and a sentence for what is none."""
    handed, problems = [], []
    secret, walled = course_secret(course.root), options.walled
    for student in course.submissions(assignment):
        if not _NAME.fullmatch(student):
            problems.append(f"submitted/{student!r} is no name that can be graded under; rename the folder.")
            continue
        path = course.root / "submitted" / student / assignment / f"{assignment}.ipynb"
        if not os.path.lexists(path):
            problems.append(f"{student}'s {assignment}: there is no {path.name}{_instead(path.parent)}.")
            continue
        submission = read_submission(path, template)
        key = key_of(submission, template, secret, options.limits, walled)
        handed.append(Handed(student, Task(key, submission, template, secret, options.limits, walled, course.root)))
    return handed, problems


def _instead(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())[:3]
    return f", only {', '.join(map(repr, names))}" if names else "; the folder is empty"


def _write(course: Course, assignment: str, handed: list[Handed], options: Options) -> list[str]:
    """Have nbgrader write what is not written yet; returns a sentence for each that it could not write.

    What is written is noted only when nbgrader has ended: interrupted, it is done again from the store.
    """
    notes = course.root / "build" / "written" / f"{assignment}.json"
    try:
        written = json.loads(notes.read_bytes())
    except (OSError, ValueError):
        written = {}
    shutil.rmtree(course.root / STAGED, ignore_errors=True)
    due = []
    for each in handed:
        graded = course.root / "autograded" / each.student / assignment
        if written.get(each.student) == each.task.key and graded.is_dir():
            continue
        for folder in ("autograded", "feedback"):
            shutil.rmtree(course.root / folder / each.student / assignment, ignore_errors=True)
        _stage(course, assignment, each)
        due.append(each)
    if not due:
        return []
    course.autograde(assignment, STAGED)
    problems = []
    for each in due:
        if (course.root / "autograded" / each.student / assignment / f"{assignment}.ipynb").exists():
            written[each.student] = each.task.key
        else:
            problems.append(f"{each.student}'s {assignment}: nbgrader could not write it; see {course.log()}.")
    write_whole(notes, json.dumps(written, indent=1).encode())
    return problems


def _stage(course: Course, assignment: str, each: Handed) -> None:
    folder = course.root / STAGED / each.student / assignment
    notebook = each.task.template.rebuilt(each.task.submission)
    notebook["metadata"][NOTES] = {"key": each.task.key}
    write_whole(folder / f"{assignment}.ipynb", json.dumps(notebook).encode())
    time = _timestamp(course.root / "submitted" / each.student / assignment / "timestamp.txt")
    if time:
        (folder / "timestamp.txt").write_text(time)


def _timestamp(path: Path) -> str:
    """When it was handed in, as nbgrader's collecting wrote it; "" if that is not a date."""
    with contextlib.suppress(OSError, ValueError, OverflowError):
        text = read_regular(path, 100).decode("utf-8").strip()
        parse_date(text)
        return text
    return ""
