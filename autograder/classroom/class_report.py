"""`autograder report ASSIGNMENT`: what the class got wrong, as a page and as tables in build/reports/.

ASSIGNMENT.html and ASSIGNMENT.csv name nobody and can be shown to the class. ASSIGNMENT_look_at.csv names the
students whose work needs a person; it is for the instructor alone.
"""

from pathlib import Path

from autograder.classroom.class_page import as_html, as_rows, attention_title
from autograder.classroom.gradebook import UnreadableGradebook
from autograder.classroom.nbgrader_commands import Course
from autograder.classroom.results import NoResults, collect_results
from autograder.classroom.spreadsheet import as_csv
from autograder.classroom.telling import tell, tell_now, why_stopped
from autograder.grading.store import write_whole
from autograder.grading.template import UnusableTemplate

REPORTS = "build/reports"


def report_one(root: Path, assignment: str) -> int:
    """Write the report of an assignment of the course in this folder; returns the exit code.

    0, or 2 for unusable input, and then nothing is written.
    """
    course = Course(root)
    if course.unusable(assignment):
        tell_now(course.unusable(assignment))
        return 2
    try:
        return _write(course, assignment)
    except (NoResults, UnreadableGradebook, UnusableTemplate) as problem:
        tell_now(str(problem))
    except OSError as error:
        tell_now(why_stopped(error))
    return 2


def _write(course: Course, assignment: str) -> int:
    """Write the report; returns 0. Raises what `collect_results` raises, and OSError."""
    results = collect_results(course, assignment)
    look_at = [["student", "kind", "what"], *([each.student, each.kind, each.what] for each in results.look_at)]
    folder = course.root / REPORTS
    files = {
        f"{assignment}.html": as_html(results).encode("utf-8", "replace"),
        f"{assignment}.csv": as_csv(as_rows(results)),
        f"{assignment}_look_at.csv": as_csv(look_at),
    }
    for name, data in files.items():
        write_whole(folder / name, data)
    page, table, people = (folder / name for name in files)
    tell(f"To show to the class, without names: {page}")
    tell(f"The same as a table: {table}")
    tell(f"{attention_title(results)}. With names, for you alone: {people}")
    return 0
