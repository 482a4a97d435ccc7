"""What is found among the submissions and is not one."""

import os

from autograder.classroom.course import Course
from autograder.printable import printable


def strays(course: Course) -> list[str]:
    """A sentence for everything in submitted/ that is not a submission of a known assignment."""
    found = []
    known = course.assignments()
    for entry in sorted(course.submitted.iterdir()):
        where = printable(course.within(entry))
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
                found.append(f"{where}/{printable(name)} is not an assignment of this course; it was left alone.")
            elif not is_folder:
                found.append(f"{where}/{name} is not a folder: put {name}.ipynb into a folder of that name.")
    return found
