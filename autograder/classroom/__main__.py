"""`python -m autograder.classroom release|grade`: what `make release` and `make grade` run."""

import importlib
import multiprocessing
import os
import shutil
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

from autograder.classroom.grading import Options, Unprotected, grade_assignment
from autograder.classroom.lock import NotLocked, course_lock
from autograder.classroom.nbgrader_commands import FRESH, Course, Grade, GradingStopped
from autograder.classroom.telling import LEFT_AS_IT_WAS, tell, tell_now, why_stopped
from autograder.grading.cluster import ClusterUnusable
from autograder.grading.template import UnusableTemplate
from autograder.printable import printable
from autograder.show.text import points_text

ROOT = Path(__file__).resolve().parent.parent.parent


def release(course: Course) -> None:
    """Generate every assignment's release version; a changed one that is replaced is kept in build/replaced."""
    for assignment in course.assignments():
        course.release(assignment, into=f"build/{FRESH}")
        for fresh in sorted((course.root / "build" / FRESH / assignment).iterdir()):
            old = course.root / "exercises" / assignment / fresh.name
            if old.exists() and old.read_bytes() != fresh.read_bytes():
                kept = course.root / "build" / "replaced" / time.strftime("%Y%m%d-%H%M%S") / fresh.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(old, kept)
                tell(
                    f"{old.relative_to(course.root)} had changed; the old one is in {kept.relative_to(course.root)}"
                )
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(fresh, old)
        tell(f"exercises/{assignment}: released")


def grade(course: Course, options: Options | None = None, only: str = "") -> tuple[list[Grade], list[str]]:
    """Grade everything that was handed in, and export.

    only: one assignment, or "" for all. Returns the grades, and a sentence for each thing that a person should look
    at. Another grading of the same course is waited for, which is said. Raises GradingStopped, Unprotected,
    UnusableTemplate, ClusterUnusable, NotLocked.
    """
    # A process that grades imports the script that started it; waiting for the lock there would never end.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise GradingStopped(
            "This script grades whenever it is imported, and each process that grades imports it: put the call "
            'under `if __name__ == "__main__":`.'
        )
    doing = f"autograder grade {only}" if only else "grading of all assignments"
    with course_lock(course.root, doing, tell=tell_now) as lock:
        course = replace(course, lock=lock)
        problems = strays(course)
        for assignment in [only] if only else course.assignments():
            if not course.submissions(assignment):
                continue
            with Progress(assignment) as progress:
                problems += grade_assignment(
                    course, assignment, options or Options(), progress.start, progress.step, progress.writing
                )
        return course.export(), problems


def write_feedback(course: Course) -> list[str]:
    """Write the feedback pages of all that was graded; returns a sentence for each assignment where that failed."""
    return [
        f"{assignment}: not all feedback could be written; see {course.log()}."
        for assignment in course.assignments()
        if course.submissions(assignment) and not course.generate_feedback(assignment)
    ]


class Progress:
    """Bars that show the progress of one assignment: of grading, then of nbgrader's writing. A context manager."""

    def __init__(self, assignment: str):
        self._assignment, self._grading, self._writing = assignment, None, None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        for bar in (self._grading, self._writing):
            if bar is not None:
                bar.close()

    def start(self, total: int, known: int) -> None:
        """Show the bar. total: different submissions. known: those of them that are graded already."""
        told = f"{self._assignment}: {total} to grade"
        tell(f"{told}, {known} of them are graded already" if known else told)
        sys.stdout.flush()
        if total > known:
            self._grading = tqdm(total=total - known, unit="submission", desc=self._assignment)

    def step(self) -> None:
        """One more is graded."""
        if self._grading is not None:
            self._grading.update()

    def writing(self, written: int, total: int) -> None:
        """All are graded, and nbgrader has begun to write so many of them."""
        if self._writing is None:
            self._writing = tqdm(total=total, unit="submission", desc=f"{self._assignment}, gradebook")
        self._writing.update(written - self._writing.n)


def strays(course: Course) -> list[str]:
    """A sentence for everything in submitted/ that is no submission of a known assignment."""
    found = []
    known = course.assignments()
    for entry in sorted((course.root / "submitted").iterdir()):
        where = f"submitted/{printable(entry.name)}"
        if not os.path.isdir(entry):  # which a link to no possible name is not; `Path` would raise
            found.append(f"{where} belongs to no student; it was left alone.")
            continue
        try:
            inside = {path.name: os.path.isdir(path) for path in sorted(entry.iterdir())}
        except OSError as error:
            found.append(f"{where} cannot be read: {error.strerror}.")
            continue
        if not inside:
            found.append(f"{where} is empty.")
        for name, is_folder in inside.items():
            if name not in known:
                found.append(f"{where}/{printable(name)} is no assignment of this course; it was left alone.")
            elif not is_folder:
                found.append(f"{where}/{name} is no folder; put {name}.ipynb into one of that name.")
    return found


def sample_course(root: Path) -> Course:
    """A throw-away course folder beside the real one, with the sample class's submissions."""
    folder = root / "build" / "sample_class"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(root / "nbgrader_config.py", folder)
    shutil.copytree(root / "solutions", folder / "solutions")
    course = Course(folder)
    release(course)
    # Imported when asked for: nbformat takes three seconds to load.
    sample = importlib.import_module("autograder.classroom.sample")
    sample.write_submissions(folder / "exercises", folder / "submitted")
    return course


def report(course: Course, grades: list[Grade], problems: list[str]) -> None:
    """Print the grades of everyone who handed something in."""
    # Asked once for each assignment: a look at the folder of a class of 1,000 takes 10 ms.
    by_assignment = {name: set(course.submissions(name)) for name in {g.assignment for g in grades}}
    handed = [g for g in grades if g.student in by_assignment[g.assignment]]
    width = max((len(printable(g.student)) for g in handed), default=0)
    for g in sorted(handed, key=lambda g: (g.assignment, g.student)):
        points = f"{points_text(g.score):>5} of {points_text(g.max_score)}"
        tell(f"{g.assignment:14} {printable(g.student):{width}} {points}")
    for problem in problems:
        tell(f"Look at this: {problem}")
    tell(f"{len(handed)} graded, {len(problems)} to look at.")
    tell(f"Grades: {course.root / 'grades.csv'}")


def grade_and_report(course: Course, options: Options, only: str = "") -> bool:
    """Grade, print the grades and what a person should look at; returns whether there is nothing to look at.

    only: one assignment, or "" for all. Raises what `grade` raises.
    """
    grades, problems = grade(course, options, only)
    report(course, [g for g in grades if only in ("", g.assignment)], problems)
    return not problems


def grade_one(root: Path, assignment: str, options: Options) -> int:
    """What `autograder grade` does; returns its exit code: 0, 1 for something to look at, 2 for unusable input."""
    course = Course(root)
    if os.name == "nt":
        tell_now("Grading a class needs Linux or macOS; on Windows, install WSL and grade there.")
        return 2
    if course.unusable(assignment):
        tell_now(course.unusable(assignment))
        return 2
    if not course.submissions(assignment):
        tell_now(f"Nothing was handed in: there is no submitted/STUDENT/{assignment}.")
        return 2
    if options.scheduler and find_spec("distributed") is None:
        tell_now("Grading on a cluster needs Dask here: run pip install distributed.")
        return 2
    try:
        fine = grade_and_report(course, options, assignment)
        tell(f"When you have looked at them: nbgrader generate_feedback {assignment}")
        return int(not fine)
    except (GradingStopped, Unprotected, UnusableTemplate, ClusterUnusable, NotLocked) as problem:
        tell_now(str(problem))
    except OSError as error:
        tell_now(why_stopped(error))
    return 2


def grade_everything(course: Course) -> int:
    """What `make grade` does, and the process's exit code. Raises what `grade` raises."""
    submitted = course.root / "submitted"
    if submitted.exists() and not submitted.is_dir():
        raise GradingStopped("submitted is a file; it has to be a folder with one folder per student.")
    if not submitted.is_dir() or not any(submitted.iterdir()):
        tell(
            "submitted/ is empty, so this grades a sample class in build/sample_class. "
            "Put work to grade into submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb and run it again."
        )
        course = sample_course(course.root)
    fine = grade_and_report(course, Options())
    for problem in write_feedback(course):
        tell(f"Look at this: {problem}")
    tell(f"Feedback: {course.root / 'feedback'}")
    return int(not fine and course.root == ROOT)  # the sample class has its problem on purpose


def main(arguments: list[str]) -> int:
    """Run a command; returns the process's exit code."""
    course = Course(ROOT)
    try:
        if arguments == ["release"]:
            release(course)
            return 0
        if arguments != ["grade"]:
            tell_now("Say release or grade: python -m autograder.classroom grade")
            return 2
        # Also while the sample class's folder is made: that takes away the one there was.
        with course_lock(course.root, "make grade", tell=tell_now):
            return grade_everything(course)
    except (GradingStopped, Unprotected, UnusableTemplate, NotLocked) as problem:
        tell_now(str(problem))
    except OSError as error:
        tell_now(why_stopped(error))
    except KeyboardInterrupt:
        tell_now(f"Stopped. {LEFT_AS_IT_WAS} Run this again: it goes on where it was.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
