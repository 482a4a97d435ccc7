"""Warm parents that tests of one process share: each takes seconds to start, and runs leave nothing in it."""

import pytest

from autograder.grading.sandbox import Sandbox
from tests.grading.runs import ROOMY


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
