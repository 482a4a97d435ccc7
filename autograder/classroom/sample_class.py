"""A throw-away course, in which the sample class has handed in its work."""

import importlib
import shutil

from autograder.classroom.course import Course
from autograder.classroom.release import release


def make_sample_class(course: Course) -> Course:
    """Make the sample class's course anew, in a folder of the real one. Raises CannotGoOn when nbgrader refuses."""
    made = course.sample
    shutil.rmtree(made.root, ignore_errors=True)
    made.root.mkdir(parents=True)
    shutil.copy(course.configuration, made.root)
    shutil.copytree(course.solutions, made.solutions)
    release(made)
    # Imported when asked for: nbformat takes three seconds to load.
    sample = importlib.import_module("autograder.classroom.sample")
    sample.write_submissions(made.exercises, made.submitted)
    return made
