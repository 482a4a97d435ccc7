"""What was graded, recorded: nbgrader writes it to its gradebook, and what it has written is noted.

nbgrader begins while the class is still being graded, and follows one step behind: it waits for each result.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from autograder.classroom.assignment import Assignment
from autograder.classroom.collected import Collected, HandedIn
from autograder.classroom.graded import Graded
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.classroom.notes import Notes
from autograder.classroom.progress import Progress
from autograder.classroom.staging import stage, staging
from autograder.grading.store import write_whole


@dataclass(frozen=True)
class Recorded:
    """What was graded, and what nbgrader had to write of it.

    due: whose grades it had not written yet. notes: what was noted of the assignment before it wrote them.
    """

    graded: Graded
    due: tuple[HandedIn, ...]
    notes: Notes


class Recorder:
    """nbgrader, writing what was collected. writing: its run, None if it has nothing to write."""

    def __init__(self, collected: Collected, due: tuple[HandedIn, ...], notes: Notes, writing: Future[None] | None):
        self._assignment = collected.assignment
        self._due, self._notes, self._writing = due, notes, writing

    def end(self) -> None:
        """Say to nbgrader that no more results will come."""
        write_whole(self._assignment.course.staged_ended, b"")

    def finish(self, graded: Graded, progress: Progress) -> Recorded:
        """Wait until nbgrader has written everything. Raises CannotGoOn when it refuses."""
        self.end()
        notes = self._notes
        if self._writing is not None:
            while not wait([self._writing], timeout=0.2).done:
                written = sum(self._assignment.graded(each.student).exists() for each in self._due)
                progress.writing(written, len(self._due))
            self._writing.result()
            notes = notes.knowing(self._assignment.digest)
        return Recorded(graded, self._due, notes)


@contextmanager
def recording(collected: Collected, nbgrader: Nbgrader) -> Iterator[Recorder]:
    """Have nbgrader write, meanwhile, what it has not written yet of what was collected. Raises CannotGoOn."""
    assignment = collected.assignment
    with staging(assignment.course), ThreadPoolExecutor(1) as beside:
        noted = _noted(assignment, nbgrader)
        due = tuple(each for each in collected.handed_in if not _is_written(each, assignment, noted))
        notes = noted.without(each.student for each in due)
        _make_ready(due, assignment)
        # What is written is noted only when nbgrader has ended: interrupted, it is done again from the store.
        notes.write(assignment.course.written(assignment.name))
        anew = notes.released != assignment.digest
        writing = beside.submit(nbgrader.record, assignment.name, anew) if due else None
        recorder = Recorder(collected, due, notes, writing)
        try:
            yield recorder
        finally:
            recorder.end()


def _noted(assignment: Assignment, nbgrader: Nbgrader) -> Notes:
    """What is noted of an assignment, without what the gradebook has no longer."""
    notes = Notes.read_or_none(assignment.course.written(assignment.name))
    recorded = nbgrader.recorded(assignment.name)
    if recorded is None:
        return Notes()
    return notes.without(name for name in notes.students if name not in recorded)


def _is_written(each: HandedIn, assignment: Assignment, notes: Notes) -> bool:
    return notes.students.get(each.student) == each.task.key and assignment.graded(each.student).exists()


def _make_ready(due: tuple[HandedIn, ...], assignment: Assignment) -> None:
    """Take away what is out of date, and put sound copies where nbgrader will read."""
    course = assignment.course
    for each in due:
        for old in (course.autograded, course.feedback):
            shutil.rmtree(old / each.student / assignment.name, ignore_errors=True)
        stage(each, course.staged / each.student / assignment.name)


def conclude(recorded: Recorded) -> list[str]:
    """Note what nbgrader has written; returns a sentence for everything that a person should look at."""
    graded = recorded.graded
    collected = graded.collected
    assignment = collected.assignment
    course = assignment.course
    _log_what_is_left_out(collected)
    due = [each for each in recorded.due if each.task.key not in graded.failed]
    written = {each.student: each.task.key for each in due if assignment.graded(each.student).exists()}
    if due:
        recorded.notes.having(written).write(course.written(assignment.name))
    return [
        *collected.problems,
        *graded.notices,
        *(sentence for each in collected.handed_in for sentence in graded.problems(each)),
        *(
            f"{each.student}'s {each.name}: nbgrader could not write it; see {course.log}."
            for each in due
            if each.student not in written
        ),
    ]


def _log_what_is_left_out(collected: Collected) -> None:
    """Name in the log what lies beside the notebooks: nobody has to look at it, but somebody may look for it."""
    told = [f"{each.student}'s {each.name}: {each.beside()}\n" for each in collected.handed_in if each.beside()]
    if told:
        log = collected.assignment.course.log
        log.parent.mkdir(exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.writelines(told)
