"""`autograder report ASSIGNMENT`: what the class got wrong, as a page and as tables in build/reports/.

ASSIGNMENT.html and ASSIGNMENT.csv name nobody and can be shown to the class. ASSIGNMENT_look_at.csv names the
students whose work needs a person; it is for the instructor alone.
"""

from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.class_page import as_html, as_table, attention_title
from autograder.classroom.course import Course
from autograder.classroom.results import collect_results
from autograder.classroom.spreadsheet import as_csv
from autograder.grading.store import write_whole


@dataclass(frozen=True)
class Written:
    """The files of a report. attention: how many submissions need a person, in words."""

    page: Path
    table: Path
    look_at: Path
    attention: str


def write_report(course: Course, assignment: str) -> Written:
    """Write the report on an assignment.

    Raises CannotGoOn when there is nothing to report on or not all of it can be read, UnusableTemplate, OSError.
    """
    results = collect_results(course, assignment)
    look_at = [["student", "kind", "what"], *([each.student, each.kind, each.what] for each in results.look_at)]
    written = Written(
        page=course.reports / f"{assignment}.html",
        table=course.reports / f"{assignment}.csv",
        look_at=course.reports / f"{assignment}_look_at.csv",
        attention=attention_title(results),
    )
    write_whole(written.page, as_html(results).encode("utf-8", "replace"))
    write_whole(written.table, as_csv(as_table(results)))
    write_whole(written.look_at, as_csv(look_at))
    return written
