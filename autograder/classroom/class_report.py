"""`autograder report ASSIGNMENT`: what the class got wrong, as a page and as tables in build/reports/.

ASSIGNMENT.html and ASSIGNMENT.csv name nobody and can be shown to the class. ASSIGNMENT_look_at.csv names the
students whose work needs a person; it is for the instructor alone.
"""

import sys
from pathlib import Path

from autograder.classroom.class_page import as_html, as_rows, attention_title
from autograder.classroom.gradebook import UnreadableGradebook
from autograder.classroom.results import NoResults, collect_results
from autograder.classroom.spreadsheet import as_csv
from autograder.classroom.stock import Course
from autograder.grading.store import write_whole
from autograder.grading.template import UnusableTemplate

REPORTS = "build/reports"


def report_one(root: Path, assignment: str) -> int:
    """Write the report of an assignment of the course in this folder; returns the exit code.

    0, or 2 for unusable input, and then nothing is written.
    """
    course = Course(root)
    if course.unusable(assignment):
        print(course.unusable(assignment), file=sys.stderr)
        return 2
    try:
        results = collect_results(course, assignment)
    except (NoResults, UnreadableGradebook, UnusableTemplate) as problem:
        print(problem, file=sys.stderr)
        return 2
    look_at = [["student", "kind", "what"], *([each.student, each.kind, each.what] for each in results.look_at)]
    folder = root / REPORTS
    files = {
        f"{assignment}.html": as_html(results).encode("utf-8", "replace"),
        f"{assignment}.csv": as_csv(as_rows(results)),
        f"{assignment}_look_at.csv": as_csv(look_at),
    }
    for name, data in files.items():
        write_whole(folder / name, data)
    page, table, people = (folder / name for name in files)
    print(f"To show to the class, without names: {page}\nThe same as a table: {table}")
    print(f"{attention_title(results)}. With names, for you alone: {people}")
    return 0
