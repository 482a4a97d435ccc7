"""What several tests need."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

if sys.platform == "win32":  # where no class can be graded, these cannot even be imported
    collect_ignore = ["grading", "classroom", "core/test_exercises.py", "core/test_printable.py"]

#: What takes longest, and shares no fixture with what stands beside it; longest first.
LONGEST = (
    "test_notebook_runs",
    "test_every_attack_costs_itself_and_nothing_else",
    "test_every_command_does_what_it_says",
    "test_an_instructor_grades_a_class_in_formgrader_and_in_a_terminal",
    "test_odd_files_cost_nobody_anything_in_a_terminal_as_in_formgrader",
    "test_unchanged_release_gets_no_points_and_a_friendly_sentence_per_exercise",
)
#: A line by which a module of tests says that all of them are slow.
ALL_SLOW = re.compile(r"^pytestmark = (\[\s*)?pytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules in which every test is slow are not imported for the quick tests.

    Importing them is what takes the time: Keras takes seconds, in each of the processes that run tests.
    """
    if config.getoption("markexpr") != "not slow" or collection_path.suffix != ".py":
        return None
    return bool(ALL_SLOW.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list) -> None:
    """Long tests first, so that no process waits for another's last.

    Each process begins with its own part of the list, and when it is through takes tests from the end of others'.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    longest = [item for name in LONGEST for item in items if getattr(item, "originalname", "") == name]
    seen = set(longest)
    rest = [item for item in items if item not in seen]
    # What needs Keras stands together and is not taken over, so that as a rule one process imports it.
    rest.sort(key=lambda item: (item.get_closest_marker("slow") is None, "tests/keras/" not in item.nodeid))
    ordered = []
    for worker in range(workers):
        own = longest[worker::workers]
        # As xdist divides them: each gets an equal share of what is left.
        room = max(0, (len(items) - len(ordered)) // (workers - worker) - len(own))
        ordered += own + rest[:room]
        del rest[:room]
    items[:] = ordered + rest


def first_is_quick(values: Iterable) -> list:
    """Values of a parameter, of which the quick tests take the first for all."""
    return [pytest.param(value, marks=[pytest.mark.slow] if number else []) for number, value in enumerate(values)]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture
def shared_data() -> Path:
    """The folder of local copies of the course's data; skips the test where there is none."""
    folder = os.environ.get("DROPOUT_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("DROPOUT_DATA names no folder with local copies of the data, so this is not tested here.")
    return Path(folder)


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory) -> Path:
    """A throw-away course folder: nbgrader's settings, the solutions, and nothing else."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    return folder
