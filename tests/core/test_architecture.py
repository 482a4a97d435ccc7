"""Which way knowledge flows, read from the imports."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def imports(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def all_imports(folder) -> set[str]:
    return set().union(*(imports(path) for path in (ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize(
    ("who", "never"),
    [
        ("autograder", "course"),
        ("autograder/observe", "autograder.judge"),
        ("autograder/observe", "autograder.misconceptions"),
        ("autograder/observe", "autograder.show"),
        ("autograder/judge", "autograder.observe."),
        ("autograder/judge", "autograder.show"),
        ("autograder/judge", "autograder.notebook"),
        ("autograder/show", "autograder.judge"),
        ("autograder/show", "autograder.observe"),
        ("autograder/observe", "matplotlib"),
        ("autograder/judge", "matplotlib"),
        ("autograder/judge", "autograder.grading"),
        ("autograder/observe", "autograder.grading"),
        ("autograder/grading", "autograder.classroom"),
        ("autograder/grading", "nbgrader"),
        ("autograder/grading", "nbformat"),
    ],
)
def test_no_import_goes_the_wrong_way(who, never):
    guilty = {name for name in all_imports(who) if (name + ".").startswith(never.rstrip(".") + ".")}
    assert not guilty


def test_only_what_runs_behind_the_wall_imports_what_runs_students_code():
    # The courier is behind a wall, too, and imports pickle to take it away.
    inside = ("cells.py", "warm.py", "courier.py")
    outside = [p for p in (ROOT / "autograder" / "grading").glob("*.py") if p.name not in inside]
    for path in outside:
        found = imports(path)
        assert not found & {
            "autograder.observe",
            "autograder.grading.cells",
            "autograder.grading.warm",
            "pickle",
        }, path


def test_the_core_loads_without_jupyter_nbgrader_keras_and_scikit_learn():
    program = (
        "import sys, autograder\n"
        "never = 'IPython nbformat nbclient nbgrader jupyter_client keras tensorflow sklearn'\n"
        "print([m for m in never.split() if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="No class can be graded on Windows.")
@pytest.mark.parametrize("module", ["autograder.grading.grade", "autograder.classroom.__main__"])
def test_whoever_hands_out_work_is_spared_what_judges_and_draws(module):
    """They take a second to load, in each of several processes; the judge's desk alone needs them."""
    never = ("scipy", "matplotlib", "autograder.judge")
    program = f"import sys, {module}; print([m for m in {never} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


#: What a reader finds at the top, by what it is for.
FOLDERS = {"autograder", "benchmarks", "course", "docs", "exercises", "solutions", "tests", "tools"}
READ_FIRST = {"README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "Makefile"}
LOOKED_FOR_HERE_BY_A_TOOL = {
    "pyproject.toml", "requirements.lock", "environment.yml", "apt.txt", "nbgrader_config.py", ".gitignore",
    ".gitattributes", ".ci", ".github", ".binder", ".devcontainer", ".pre-commit-config.yaml",
}  # fmt: skip


def test_the_top_level_holds_folders_by_subject_what_one_reads_first_and_what_a_tool_looks_for_there():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("This is no git checkout, so there is no list of tracked files.")
    top = {name.split("/")[0] for name in tracked.stdout.splitlines()}
    assert top <= FOLDERS | READ_FIRST | LOOKED_FOR_HERE_BY_A_TOOL
    assert top >= FOLDERS | READ_FIRST


@pytest.mark.parametrize("command", [["check", "."], ["format", "--check", "autograder", "course", "tools"]])
def test_ruff_has_nothing_to_say(command):
    done = subprocess.run([sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
