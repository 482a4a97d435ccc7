"""What a student sees in the course's folder, and which way imports go there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

COURSE = ROOT / "course"


def parts_imported(path: Path) -> set[str]:
    """The folders and modules of the course from which a file imports, such as "sources" and "statistics"."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}".split(".") for node in imports for alias in node.names]
    return {name[1] for name in names if name[0] == "course"}


def test_a_student_sees_notebooks_data_and_folders_by_subject():
    found = {path.name for path in COURSE.iterdir() if not path.name.startswith((".", "__pycache__"))}
    notebooks = {path.name for path in COURSE.glob("0[0-7]_*.ipynb")}
    folders = {"sources", "networks", "studies", "figures", "data"}
    assert found == notebooks | folders | {"__init__.py", "statistics.py", "LICENSE"}


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("sources", set()),
        ("networks", {"sources"}),
        ("studies", {"sources", "networks", "statistics"}),
        ("figures", {"sources", "networks", "studies", "statistics"}),
    ],
)
def test_a_folder_imports_what_it_stands_on_and_nothing_above(folder, below):
    found = set().union(*(parts_imported(path) for path in (COURSE / folder).glob("*.py")))
    assert folder in found and found <= {folder} | below


def test_statistics_stand_alone():
    assert parts_imported(COURSE / "statistics.py") == set()


@pytest.mark.slow
def test_data_are_loaded_without_tensorflow():
    modules = "clothing, clothing_features, datasets, digits, fashion_mnist, sonar"
    program = f"import sys; from course.sources import {modules}; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
