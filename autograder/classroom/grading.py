"""Grade a class: all submissions in parallel into the store, then nbgrader writes its gradebook from there."""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from dateutil.parser import parse as parse_date

from autograder.classroom.handover import ENDED, NOTES, STAGED
from autograder.classroom.notes import Notes
from autograder.classroom.stock import Course
from autograder.grading.batch import Task, run_all
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.store import Store, course_secret, key_of, write_whole
from autograder.grading.template import Template, load_template, read_regular, read_submission

#: Student names that nbgrader and every file system can do something with.
_NAME = re.compile(r"\w[\w .@+-]{0,80}")


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
    writing: Callable[[int, int], None] = lambda written, total: None,
) -> list[str]:
    """Grade what was handed in for an assignment; returns a sentence for everything that a person should look at.

    nbgrader writes its gradebook meanwhile, one step behind. started: told how many submissions there are and how
    many of them are graded already. done: called after each. writing: told, when all are graded, how many nbgrader
    has begun to write, and of how many. The caller holds the course's lock. Raises Unprotected, UnusableTemplate
    and GradingStopped.
    """
    source = course.root / "solutions" / assignment / f"{assignment}.ipynb"
    template = load_template(source)
    handed, problems = collect(course, assignment, template, options)
    store = Store(course.root / "build" / "grades")
    tasks = list({each.task.key: each.task for each in handed}.values())
    started(len(tasks), sum(store.get(task.key) is not None for task in tasks))
    notes = _notes(course, assignment)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    due = _prepare(course, assignment, handed, notes)
    ended = course.root / ENDED
    ended.unlink(missing_ok=True)
    with ThreadPoolExecutor(1) as beside:
        nbgrader = beside.submit(course.record, assignment, STAGED, notes.released != digest) if due else None
        try:
            workers = options.workers or os.cpu_count() or 1
            failed = run_all(tasks, store, workers, options.scheduler, lambda task, result: done(), problems.append)
        finally:
            write_whole(ended, b"")
        while nbgrader and not wait([nbgrader], timeout=0.2).done:
            writing(sum(_graded(course, assignment, each.student).exists() for each in due), len(due))
        if nbgrader:
            nbgrader.result()
            notes.released = digest
    for each in handed:
        where = f"{each.student}'s {assignment}"
        if each.task.key in failed:
            problems.append(f"{where} could not be graded, and nobody's work is to blame: {failed[each.task.key]}")
        problems += [
            f"{where}: {note}" for note in (each.task.submission.problem, *each.task.submission.notes) if note
        ]
        problems += [
            f"{where}: the judge failed on {exercise}, by a fault of its own or by what the code did to what it "
            "recorded; look at it, and set its points by hand."
            for exercise in _unjudged(store.get(each.task.key))
        ]
    due = [each for each in due if each.task.key not in failed]
    return problems + _conclude(course, assignment, due, notes)


def _unjudged(result: dict | None) -> list[str]:
    """The exercises of a result of which the judge could make nothing."""
    exercises = result["summary"]["exercises"] if result else []
    return [e["exercise"] for e in exercises if any(verdict["status"] == "error" for verdict in e["verdicts"])]


def _notes(course: Course, assignment: str) -> Notes:
    """What has been written of an assignment, without what the gradebook has no longer."""
    try:
        notes = Notes.read(course.root, assignment)
    except (OSError, ValueError):
        notes = Notes()
    recorded = course.recorded(assignment)
    if recorded is None:
        return Notes()
    return Notes(notes.released, {name: key for name, key in notes.students.items() if name in recorded})


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


def _prepare(course: Course, assignment: str, handed: list[Handed], notes: Notes) -> list[Handed]:
    """Make ready for nbgrader what it has not written yet, and return that.

    What is written is noted only when nbgrader has ended: interrupted, it is done again from the store.
    """
    shutil.rmtree(course.root / STAGED, ignore_errors=True)
    due = [
        each
        for each in handed
        if notes.students.get(each.student) != each.task.key
        or not _graded(course, assignment, each.student).exists()
    ]
    for each in due:
        notes.students.pop(each.student, None)
        for folder in ("autograded", "feedback"):
            shutil.rmtree(course.root / folder / each.student / assignment, ignore_errors=True)
        _stage(course, assignment, each)
    notes.write(course.root, assignment)
    return due


def _graded(course: Course, assignment: str, student: str) -> Path:
    return course.root / "autograded" / student / assignment / f"{assignment}.ipynb"


def _conclude(course: Course, assignment: str, due: list[Handed], notes: Notes) -> list[str]:
    """Note what nbgrader has written; returns a sentence for each that it could not write."""
    problems = []
    for each in due:
        if _graded(course, assignment, each.student).exists():
            notes.students[each.student] = each.task.key
        else:
            problems.append(f"{each.student}'s {assignment}: nbgrader could not write it; see {course.log()}.")
    if due:
        notes.write(course.root, assignment)
    return problems


def _stage(course: Course, assignment: str, each: Handed) -> None:
    folder = course.root / STAGED / each.student / assignment
    notebook = each.task.template.rebuilt(each.task.submission)
    notebook["metadata"][NOTES] = {"key": each.task.key}
    write_whole(folder / f"{assignment}.ipynb", json.dumps(notebook).encode())
    handed = course.root / "submitted" / each.student / assignment
    for name, sound in (("timestamp.txt", _is_date), ("submission_secret.txt", _SECRET.fullmatch)):
        text = _line(handed / name)
        if text and sound(text):
            (folder / name).write_text(text)


#: What nbgrader's exchange writes beside a submission, and asks for when feedback goes back through it.
_SECRET = re.compile(r"\w{1,200}")


def _line(path: Path) -> str:
    """The line that a small file holds; "" if it holds none."""
    with contextlib.suppress(OSError, ValueError):
        return read_regular(path, 300).decode("utf-8").strip()
    return ""


def _is_date(text: str) -> bool:
    """Whether nbgrader can read this as a date."""
    with contextlib.suppress(ValueError, OverflowError):
        parse_date(text).astimezone(UTC)  # as nbgrader does
        return True
    return False
