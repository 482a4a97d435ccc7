"""A course folder for tests of grading, and warm parents that they share: each takes seconds to start."""

import shutil

import pytest

from autograder.classroom.course import Course
from autograder.classroom.release import release
from autograder.grading import batch
from autograder.grading.desk import Desk
from autograder.grading.parent import WarmParent
from autograder.grading.sandbox import Sandbox
from tests.conftest import ROOT
from tests.grading.runs import ROOMY


@pytest.fixture
def empty_class(tmp_path) -> Course:
    """A course folder with 01_mask, released, and nothing handed in yet."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions" / "01_mask", tmp_path / "solutions" / "01_mask")
    course = Course(tmp_path)
    release(course)
    return course


@pytest.fixture(scope="session")
def roomy():
    """A sandbox whose limits of time nothing meets, and that has no library of an exercise's ready."""
    with Sandbox(frozenset(), ROOMY) as box:
        yield box


@pytest.fixture(scope="session")
def roomy_keras():
    """The same with Keras."""
    with Sandbox(frozenset({"keras"}), ROOMY) as box:
        yield box


class _Lasting:
    """A warm parent that a grading may use, and that does not end with it."""

    def __init__(self, parent: WarmParent):
        self._parent = parent

    def __enter__(self) -> WarmParent:
        return self._parent

    def __exit__(self, *_) -> None:
        pass


@pytest.fixture(scope="session")
def _parents():
    """The parents that last, by what they were made of."""
    parents: dict[tuple, WarmParent] = {}
    yield parents
    for parent in parents.values():
        parent.close()


@pytest.fixture
def lasting_parents(monkeypatch, _parents):
    """A grading in this process starts no parents of its own: it is lent copies of some that last.

    So it does not hide the course's folder from what it grades.
    """

    def sandbox(imports, limits, walled, course):
        kind = (imports, limits, walled)
        return _Lasting(_parents.setdefault(kind, Sandbox(*kind)))

    monkeypatch.setattr(batch, "Sandbox", sandbox)
    monkeypatch.setattr(batch, "Desk", lambda: _Lasting(_parents.setdefault((), Desk())))
