"""Grade a class: all submissions in parallel into the store, then nbgrader writes its gradebook from there."""

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.handover import (
    ENDED,
    STAGED,
    Handed,
    Kind,
    NotHandedIn,
    read_handed,
    staging,
)
from autograder.classroom.nbgrader_commands import Course
from autograder.classroom.notes import Notes
from autograder.grading.batch import run_all
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.store import Store, course_secret, write_whole
from autograder.grading.stored import StoredResult
from autograder.grading.template import Template, load_template


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
    with staging(course.root) as folder, ThreadPoolExecutor(1) as beside:
        due = _prepare(course, assignment, handed, notes, folder)
        nbgrader = beside.submit(course.record, assignment, STAGED, notes.released != digest) if due else None
        try:
            workers = options.workers or os.cpu_count() or 1
            failed = run_all(tasks, store, workers, options.scheduler, lambda task, result: done(), problems.append)
        finally:
            write_whole(course.root / ENDED, b"")
        while nbgrader and not wait([nbgrader], timeout=0.2).done:
            writing(sum(_graded(course, assignment, each.student).exists() for each in due), len(due))
        if nbgrader:
            nbgrader.result()
            notes.released = digest
    _log_what_is_left_out(course, handed)
    for each in handed:
        where = f"{each.student}'s {assignment}"
        if each.task.key in failed:
            problems.append(f"{where} could not be graded, and nobody's work is to blame: {failed[each.task.key]}")
        told = [*each.problems(), *unjudged(store.get(each.task.key))]
        problems += [f"{where}: {sentence}" for sentence in told]
    due = [each for each in due if each.task.key not in failed]
    return problems + _conclude(course, assignment, due, notes)


def unjudged(result: StoredResult | None) -> list[str]:
    """A sentence for each exercise of a result on which the judge failed."""
    return [
        f"the judge failed on {each.exercise}, by a fault of its own or by what the code did to what it "
        "recorded; look at it, and set its points by hand."
        for each in (result.exercises if result else ())
        if each.broken
    ]


def _log_what_is_left_out(course: Course, handed: list[Handed]) -> None:
    """Name in the log what lies beside the notebooks: nobody has to look at it, but somebody may look for it."""
    told = [f"{each.student}'s {each.name}: {each.beside()}\n" for each in handed if each.beside()]
    if told:
        course.log().parent.mkdir(exist_ok=True)
        with course.log().open("a", encoding="utf-8") as log:
            log.writelines(told)


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
    kind = Kind(template, course_secret(course.root), options.limits, options.walled, course.root)
    for student in course.submissions(assignment):
        path = course.root / "submitted" / student / assignment / f"{assignment}.ipynb"
        try:
            handed.append(read_handed(student, path, kind))
        except NotHandedIn as problem:
            problems.append(str(problem))
    return handed, problems


def _prepare(course: Course, assignment: str, handed: list[Handed], notes: Notes, folder: Path) -> list[Handed]:
    """Make ready for nbgrader, in a folder, what it has not written yet, and return that.

    What is written is noted only when nbgrader has ended: interrupted, it is done again from the store.
    """
    due = [
        each
        for each in handed
        if notes.students.get(each.student) != each.task.key
        or not _graded(course, assignment, each.student).exists()
    ]
    for each in due:
        notes.students.pop(each.student, None)
        for old in ("autograded", "feedback"):
            shutil.rmtree(course.root / old / each.student / assignment, ignore_errors=True)
        each.stage(folder / each.student / assignment)
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
