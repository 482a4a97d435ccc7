"""What several tests need."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list) -> None:
    """Whole notebooks first: they take longest, and one process would end minutes before the other."""
    items.sort(key=lambda item: getattr(item, "originalname", "") != "test_notebook_runs")


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
