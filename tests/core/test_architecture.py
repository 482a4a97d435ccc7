"""Which way knowledge flows, read from the imports."""

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from autograder import catalogue
from tests.conftest import ROOT


@cache
def imports(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def all_imports(folder) -> set[str]:
    modules = list((ROOT / folder).rglob("*.py"))
    assert modules, f"there is nothing in {folder}, so this would say nothing"
    return set().union(*(imports(path) for path in modules))


PACKAGE = ROOT / "autograder"
#: The packages that hold parts of exercises; see `autograder.exercise`.
EXERCISES = sorted(path.parent for path in (PACKAGE / "exercises").glob("*/exercise.py"))
KITS = sorted(path.parent for path in (PACKAGE / "kits").glob("*/__init__.py"))


def files_of(*parts: str) -> list:
    """The files of these parts, of all exercises and kits and of the core's own folders of that name."""
    found = []
    for part in parts:
        for package in (PACKAGE, *EXERCISES, *KITS):
            folder, module = package / part, package / f"{part}.py"
            found += [*folder.rglob("*.py")] if folder.is_dir() else [module] if module.exists() else []
    return found


def parts_of(name: str) -> set[str]:
    """The parts of a module's name, if it is one of this package's."""
    return set(name.split(".")[1:]) if name.startswith("autograder.") else set()


OBSERVING = files_of("exercise", "cases", "observe")


@pytest.mark.parametrize(
    ("half", "never"),
    [
        (OBSERVING, {"judge", "show", "drawings", "notebook", "grading", "classroom"}),
        (files_of("judge"), {"observe", "show", "drawings", "notebook", "grading", "classroom"}),
        (files_of("drawings"), {"observe", "judge", "grading", "classroom"}),
        ([*(PACKAGE / "show").glob("*.py")], {"observe", "judge", "grading", "classroom"}),
    ],
    ids=["observe", "judge", "drawings", "show"],
)
def test_the_halves_of_an_examination_meet_only_in_data(half, never):
    assert half
    for path in half:
        guilty = {name for name in imports(path) if parts_of(name) & never}
        assert not guilty, path


def test_only_drawings_load_matplotlib():
    for path in (*OBSERVING, *files_of("judge")):
        assert not {name for name in imports(path) if name.split(".")[0] in ("matplotlib", "PIL")}, path


def test_what_an_exercise_says_needs_no_numpy():
    for path in files_of("exercise"):
        assert not {name for name in imports(path) if name.split(".")[0] == "numpy"}, path


#: What is neither an exercise nor a kit. Whoever makes up a class as a sample has to name exercises.
CORE = [
    path
    for path in PACKAGE.rglob("*.py")
    if not {"exercises", "kits"} & set(path.relative_to(PACKAGE).parts) and path.name != "sample.py"
]


def test_the_core_imports_no_exercise_and_no_kit():
    for path in CORE:
        parts = ("autograder.exercises.", "autograder.kits.")
        assert not {name for name in imports(path) if name.startswith(parts)}, path


def test_the_core_names_no_exercise_and_no_kit():
    names = {path.name for path in (*EXERCISES, *KITS)}
    for path in CORE:
        constants = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
        told = {value for value in constants if isinstance(value, str)}
        # Words that are also those of ordinary life name no exercise: "mask", "layer", "gap".
        modules = {word for text in told for word in text.split(".") if text.startswith("autograder.")}
        long = {name for name in names if "_" in name} & told
        assert not (modules & names | long), path


@pytest.mark.parametrize("package", EXERCISES, ids=lambda path: path.name)
def test_an_exercise_imports_no_other_and_is_whole(package):
    for path in package.rglob("*.py"):
        others = [name for name in imports(path) if name.startswith("autograder.exercises.")]
        assert all(name.split(".")[2] == package.name for name in others), path
    assert all(catalogue.part(package.name, part) for part in ("exercise", "cases", "judge"))
    assert catalogue.find(package.name).name == package.name


def test_a_kit_imports_no_exercise():
    for path in (PACKAGE / "kits").rglob("*.py"):
        assert not {name for name in imports(path) if name.startswith("autograder.exercises.")}, path


def test_a_chart_of_one_kind_is_drawn_in_one_way():
    tables = [
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)).DRAWINGS
        for path in files_of("drawings")
    ]
    kinds = [kind for table in tables for kind in table]
    assert len(set(kinds)) == len(kinds) == len(catalogue.drawings())


@pytest.mark.parametrize("package", EXERCISES, ids=lambda path: path.name)
def test_an_exercise_needs_what_it_says(package):
    """Where a class is graded, what an exercise needs is imported once, before the first submission."""
    needs = catalogue.find(package.name).needs
    heavy = {name.split(".")[0] for path in OBSERVING if package in path.parents for name in imports(path)}
    brought_along = {"tensorflow"} if "keras" in needs else set()
    assert set(needs) == heavy & {"keras", "tensorflow", "sklearn"} - brought_along


@pytest.mark.parametrize(
    ("who", "never"),
    [
        ("autograder", "course"),
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
@pytest.mark.parametrize("module", ["autograder.grading.grade", "autograder.classroom.commands"])
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


def test_ruff_reads_the_exercises_of_the_package_and_not_those_that_are_generated():
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    read = {Path(file).relative_to(ROOT) for file in files}
    assert Path("autograder/exercises/mask/judge.py") in read and not any(
        file.parts[0] == "exercises" for file in read
    )


@pytest.mark.parametrize("command", [["check", "."], ["format", "--check", "autograder", "course", "tools"]])
def test_ruff_has_nothing_to_say(command):
    done = subprocess.run([sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
