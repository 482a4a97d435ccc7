"""`grades.csv`: what nbgrader's own export writes, as a table that a spreadsheet can be trusted with.

nbgrader writes names as they are, without quotes: one with a comma moves all columns, one with "=" runs in Excel.
"""

from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.classroom.spreadsheet import as_csv
from autograder.grading.store import write_whole

#: The columns of nbgrader's own export, in its order.
COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip


class SafeCsvExport(ExportPlugin):
    """What `nbgrader export` writes unless it is told otherwise; nbgrader_config.py names it."""

    def export(self, gradebook) -> None:
        """Write the grades of an open gradebook, whole or not at all: a line for each student and assignment."""
        assignments, students = set(map(str, self.assignment)), set(map(str, self.student))
        rows = [
            _row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for student in gradebook.students
            if not students or student.id in students
        ]
        write_whole(Path(self.to or "grades.csv"), as_csv([COLUMNS, *rows], marked=False))


def _row(gradebook, assignment, student) -> list[str]:
    """A student's line. Nothing handed in is a score of 0."""
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
        points, penalty = submission.score, submission.late_submission_penalty
        told = [submission.timestamp, points, penalty, max(0.0, points - penalty)]
    except MissingEntry:
        told = [None, 0.0, 0.0, 0.0]
    handed_in, *scores = told
    person = [student.id, student.last_name, student.first_name, student.email]
    row = [assignment.name, assignment.duedate, handed_in, *person, *scores, assignment.max_score]
    return ["" if cell is None else str(cell) for cell in row]
