"""`python -m autograder.classroom release|grade`: what `make release` and `make grade` run."""

import shutil
import sys
from pathlib import Path

from autograder.classroom.sample import STUDENTS, write_submissions
from autograder.classroom.stock import Course, Grade, GradingStopped
from autograder.show.text import points_text

ROOT = Path(__file__).resolve().parent.parent.parent


def release(course: Course) -> None:
    """Generate every assignment's release version."""
    for assignment in course.assignments():
        course.release(assignment)
        print(f"exercises/{assignment}: released")


def grade(course: Course) -> tuple[list[Grade], list[str]]:
    """Grade everything that was handed in, write feedback and export.

    Returns the grades, and a sentence for each thing that could not be graded.
    """
    problems = []
    for assignment in course.assignments():
        students = course.submissions(assignment)
        if not students:
            continue
        print(f"{assignment}: grading {len(students)} submissions ...", flush=True)
        course.autograde(assignment)
        for student in students:
            if not (course.root / "autograded" / student / assignment).is_dir():
                problems.append(f"{student}'s {assignment} could not be graded: is it a notebook?")
        if not course.generate_feedback(assignment):
            problems.append(f"{assignment}: not all feedback could be written.")
    return course.export(), problems


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
    for g in grades:
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
        if not any(course.submissions(assignment) for assignment in course.assignments()):
            print(
                f"submitted/ is empty, so this grades a sample class of {len(STUDENTS)} in build/sample_class. "
                "Put work to grade into submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb and run it again."
            )
            course = sample_course(ROOT)
        else:
            release(course)
        report(course, *grade(course))
    except GradingStopped as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
