"""`python -m autograder.classroom release|grade`: what `make release` and `make grade` run."""

import shutil
import sys
import time
from pathlib import Path

from autograder.classroom.sample import STUDENTS, write_submissions
from autograder.classroom.stock import Course, Grade, GradingStopped
from autograder.runner import UnusableNotebook, read
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
                print(
                    f"{old.relative_to(course.root)} had changed; the old one is in {kept.relative_to(course.root)}"
                )
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(fresh, old)
        print(f"exercises/{assignment}: released")


def grade(course: Course) -> tuple[list[Grade], list[str]]:
    """Grade everything that was handed in, write feedback and export.

    Returns the grades, and a sentence for each thing that could not be graded.
    """
    problems = strays(course)
    for assignment in course.assignments():
        students = course.submissions(assignment)
        if not students:
            continue
        print(f"{assignment}: {len(students)} handed in, grading what is new or has changed ...", flush=True)
        # Into a folder of its own: exercises/ may hold somebody's work.
        course.release(assignment, into=f"build/{FRESH}")
        course.autograde(assignment)
        for student in students:
            if not (course.root / "autograded" / student / assignment).is_dir():
                problems.append(
                    f"{student}'s {assignment} could not be graded: {_why(course, student, assignment)}"
                )
        if not course.generate_feedback(assignment):
            problems.append(f"{assignment}: not all feedback could be written; see {course.log()}.")
    return course.export(), problems


#: Where freshly generated assignments are put before anything else sees them.
FRESH = "release"


def _why(course: Course, student: str, assignment: str) -> str:
    """Why a submission could not be graded, as far as its files tell."""
    folder = course.root / "submitted" / student / assignment
    wanted = folder / f"{assignment}.ipynb"
    if not any(folder.iterdir()):
        return "the folder is empty."
    if not wanted.exists():
        return f"there is no {wanted.name}, only {', '.join(sorted(p.name for p in folder.iterdir()))}."
    try:
        read(wanted)
    except UnusableNotebook as problem:
        return str(problem)
    return f"see {course.log()}."


def missing_cells(course: Course, student: str, assignment: str) -> list[str]:
    """The names of solution and grade cells that a submission has lost."""

    def names(root: Path) -> set[str]:
        cells = read(root / assignment / f"{assignment}.ipynb").cells
        settings = [cell.metadata.get("nbgrader", {}) for cell in cells]
        return {s["grade_id"] for s in settings if s.get("grade") or s.get("solution")}

    return sorted(names(course.root / "solutions") - names(course.root / "submitted" / student))


def strays(course: Course) -> list[str]:
    """A sentence for everything in submitted/ that is no submission of a known assignment."""
    found = []
    for entry in sorted((course.root / "submitted").iterdir()):
        if not entry.is_dir():
            found.append(f"submitted/{entry.name} belongs to no student; it was left alone.")
            continue
        inside = sorted(p.name for p in entry.iterdir())
        if not inside:
            found.append(f"submitted/{entry.name} is empty.")
        found += [
            f"submitted/{entry.name}/{name} is no assignment of this course; it was left alone."
            for name in inside
            if name not in course.assignments()
        ]
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
    write_submissions(folder / "exercises", folder / "submitted")
    return course


def report(course: Course, grades: list[Grade], problems: list[str]) -> None:
    """Print the grades of everyone who handed something in."""
    width = max((len(g.student) for g in grades), default=0)
    for g in sorted(grades, key=lambda g: (g.assignment, g.student)):
        if g.student in course.submissions(g.assignment):
            print(f"{g.assignment:14} {g.student:{width}} {points_text(g.score):>5} of {points_text(g.max_score)}")
    for problem in problems:
        print(f"Look at this: {problem}")
    print(f"Grades: {course.root / 'grades.csv'}\nFeedback: {course.root / 'feedback'}")


def main(arguments: list[str]) -> int:
    """Run a command; returns the process's exit code."""
    course = Course(ROOT)
    try:
        if arguments == ["release"]:
            release(course)
            return 0
        if arguments != ["grade"]:
            print("Say release or grade: python -m autograder.classroom grade", file=sys.stderr)
            return 2
        submitted = course.root / "submitted"
        if submitted.exists() and not submitted.is_dir():
            raise GradingStopped("submitted is a file; it has to be a folder with one folder per student.")
        if not submitted.is_dir() or not any(submitted.iterdir()):
            print(
                f"submitted/ is empty, so this grades a sample class of {len(STUDENTS)} in build/sample_class. "
                "Put work to grade into submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb and run it again."
            )
            course = sample_course(ROOT)
        grades, problems = grade(course)
        report(course, grades, problems)
        return int(bool(problems) and course.root == ROOT)  # the sample class has its problem on purpose
    except GradingStopped as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
