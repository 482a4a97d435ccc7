"""What is asked of every test of the core."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_quick_test_imports_keras(request):
    """Importing Keras takes seconds, in each process that runs tests."""
    before = "keras" in sys.modules
    yield
    if request.node.get_closest_marker("slow") is None:
        assert before or "keras" not in sys.modules, "mark this test as slow, or do without Keras"


@pytest.fixture(autouse=True)
def _a_busy_machine_may_take_its_time(request, monkeypatch):
    """A check in a notebook has a minute for each cell; beside other work Keras may take longer to import."""
    if request.node.get_closest_marker("slow") is not None:
        monkeypatch.setattr("autograder.runner.CELL_TIMEOUT", 600)
