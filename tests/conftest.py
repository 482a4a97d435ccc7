"""What several tests need."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

if sys.platform == "win32":  # where no class can be graded, these cannot even be imported
    collect_ignore = ["grading", "classroom", "core/test_exercises.py", "core/test_printable.py"]

#: What takes minutes, longest first.
LONGEST = (
    "test_notebook_runs",
    "test_every_attack_costs_itself_and_nothing_else",
    "test_every_command_does_what_it_says",
)


def pytest_collection_modifyitems(items: list) -> None:
    """The longest tests first, or one process would wait for the other's last."""

    def place(item) -> int:
        name = getattr(item, "originalname", "")
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


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
