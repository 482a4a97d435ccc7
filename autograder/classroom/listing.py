"""Has nbgrader read the dates of submissions as grading does. Importing this is all there is to do.

As soon as formgrader lists submissions, nbgrader opens each one's timestamp.txt in the process of JupyterLab: a
pipe of that name would stop it for ever, and a text that is no date the whole list. It also compares what it reads
with what grading wrote, and would call a submission ungraded if both did not read the same.
"""

from datetime import datetime
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder.classroom.dates import moment_in


def _existing_timestamp(course: CourseDirectory, dest_path: str) -> datetime | None:
    """What the folder's timestamp.txt says, without a time zone, as nbgrader keeps it."""
    moment = moment_in(Path(dest_path))
    return moment.replace(tzinfo=None) if moment else None


def _submitted_timestamp(api: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    course = api.coursedir
    return _existing_timestamp(course, course.format_path(course.submitted_directory, student_id, assignment_id))


CourseDirectory.get_existing_timestamp = _existing_timestamp
NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
