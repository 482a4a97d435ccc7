"""What is replaced in nbgrader's API. Importing this is all there is to do.

Dates of submissions are read as grading reads them. As soon as formgrader lists submissions, nbgrader opens each
one's timestamp.txt in the process of JupyterLab: a pipe of that name would stop it for ever, and a text that is no
date the whole list. It also compares what it reads with what grading wrote, and would call a submission ungraded if
both did not read the same.

Each press has a course directory of its own. nbgrader notes in a shared one whose work it grades, so of several
threads that press at once all would grade the last one's.
"""

from datetime import datetime
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log

from autograder.classroom.dates import moment_in


def copy_of(course: CourseDirectory, **changed) -> CourseDirectory:
    """Another one with the same settings, but for what is changed."""
    other = CourseDirectory(parent=course.parent)
    for name in course.trait_names(config=True):
        setattr(other, name, changed.get(name, getattr(course, name)))
    return other


def _existing_timestamp(course: CourseDirectory, dest_path: str) -> datetime | None:
    """What the folder's timestamp.txt says, without a time zone, as nbgrader keeps it."""
    moment = moment_in(Path(dest_path))
    return moment.replace(tzinfo=None) if moment else None


def _submitted_timestamp(api: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    course = api.coursedir
    return _existing_timestamp(course, course.format_path(course.submitted_directory, student_id, assignment_id))


def _autograde(
    api: NbGraderAPI, assignment_id: str, student_id: str, force: bool = True, create: bool = True
) -> dict:
    """Run `nbgrader autograde` for an assignment and a student, as nbgrader's own function of this name does."""
    course = copy_of(api.coursedir, assignment_id=assignment_id, student_id=student_id)
    converter = Autograde(coursedir=course, parent=api)
    converter.force, converter.create_student = force, create
    return capture_log(converter)


CourseDirectory.get_existing_timestamp = _existing_timestamp
NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
NbGraderAPI.autograde = _autograde
