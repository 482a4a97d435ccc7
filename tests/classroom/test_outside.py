"""An exercise of somebody else's package goes all the way: checked, handed out, graded behind the wall, given back.

What the package has to hold says CONTRIBUTING.md, whose words and commands are tried here, too.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder.grading.sandbox import why_not
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}"),
]

ASSIGNMENT = "20_gaussian"
RIGHT = """
def gaussian_dropout(x, rate, rng):
    if not 0 <= rate < 1:
        raise ValueError("rate is a probability below 1")
    return x * rng.normal(1, np.sqrt(rate / (1 - rate)), x.shape)
"""
WRONG = RIGHT.replace("np.sqrt(rate / (1 - rate))", "rate / (1 - rate)")
#: Looks for what judges, and would have all points if it were there.
CURIOUS = """
import gaussian_dropout_exercise.observe as watching
try:
    import gaussian_dropout_exercise.judge
    print("the judge is here")
except ImportError:
    print("the judge is elsewhere")
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """A folder of packages in which the exercise is installed: built, and unpacked as pip would."""
    folder = tmp_path_factory.mktemp("outside")
    shutil.copytree(ROOT / "tests" / "outside", folder / "source")
    build = "import setuptools.build_meta as backend, sys; print(backend.build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", build, str(folder)]
    done = subprocess.run(command, cwd=folder / "source", capture_output=True, text=True, check=True)
    place = folder / "site-packages"
    zipfile.ZipFile(folder / done.stdout.split()[-1]).extractall(place)
    return place


@pytest.fixture(scope="module")
def course(packages, tmp_path_factory) -> Path:
    """A course whose one assignment has that exercise, released, and handed in by three students."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    source = folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "outside" / source.name, source)
    run(packages, folder, "release", ASSIGNMENT)
    released = folder / "exercises" / ASSIGNMENT / source.name
    for student, answer in (("ada", RIGHT + CURIOUS), ("bob", WRONG), ("eve", "")):
        handed_in = nbformat.read(released, as_version=4)
        assert "ValueError" not in handed_in.cells[2].source
        handed_in.cells[2].source = answer or handed_in.cells[2].source
        path = folder / "submitted" / student / ASSIGNMENT / source.name
        path.parent.mkdir(parents=True)
        nbformat.write(handed_in, path)
    return folder


def environment(packages: Path) -> dict[str, str]:
    places = [str(packages), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places)}


def run(packages: Path, folder: Path, *arguments: str) -> str:
    """What a command of the grader's prints. Fails with it if the command does."""
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", *arguments],
        cwd=folder,
        env=environment(packages),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def points(course: Path) -> dict[str, float]:
    rows = csv.DictReader((course / "grades.csv").read_text().splitlines())
    return {row["student_id"]: float(row["score"]) for row in rows}


def digest(packages: Path) -> str:
    program = "from autograder.grading.store import grader_digest; print(grader_digest())"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(packages), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_it_is_graded_behind_the_wall_and_given_back(packages, course):
    run(packages, course, "grade", ASSIGNMENT)
    assert points(course) == {"ada": 7, "bob": 3, "eve": 0}
    graded = (course / "autograded" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text()
    assert "the judge is elsewhere" in graded and "image/png" in graded
    run(packages, course, "feedback", ASSIGNMENT)
    page = (course / "feedback" / "bob" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    assert "variance-as-deviation" in page and "Your noise" in page
    run(packages, course, "report", ASSIGNMENT)
    (report,) = (course / "build" / "reports").glob(f"{ASSIGNMENT}*.html")
    assert "variance-as-deviation" in report.read_text()


def test_a_change_of_it_is_noticed_and_graded_anew(packages, course):
    before, kept = digest(packages), run(packages, course, "grade", ASSIGNMENT)
    judge = packages / "gaussian_dropout_exercise" / "judge.py"
    judge.write_text(judge.read_text() + "# another judge\n")
    assert digest(packages) != before
    assert run(packages, course, "grade", ASSIGNMENT) != kept


def test_a_package_that_cannot_be_loaded_is_named_and_harms_no_other_exercise(packages, tmp_path):
    broken = tmp_path / "site-packages"
    shutil.copytree(packages, broken)
    (broken / "gaussian_dropout_exercise" / "exercise.py").write_text("import nothing_of_this_name\n")
    own = "from autograder import examine; print(examine('mask', lambda shape, rate, rng: 1, seed=1).points)"
    other = "from autograder import examine; examine('gaussian_dropout', 1)"
    told = [
        subprocess.run([sys.executable, "-c", program], env=environment(broken), capture_output=True, text=True)
        for program in (own, other)
    ]
    assert told[0].stdout.strip() == "0.0"
    assert "cannot be loaded from the package gaussian_dropout_exercise" in told[1].stderr.splitlines()[-1]


# ---------------------------------------------------------------- what CONTRIBUTING.md says


def walk_through() -> str:
    """The part of CONTRIBUTING.md that adds this exercise."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("### In a package of your own")[2].partition("### In this repository")[0]


def blocks(language: str) -> list[str]:
    """The pieces of code in it, without what they are indented by."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", walk_through(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def test_what_the_walk_through_shows_stands_in_the_example():
    files = [path.read_text() for path in (ROOT / "tests" / "outside").rglob("*.py")]
    files.append((ROOT / "tests" / "outside" / "pyproject.toml").read_text())
    shown = [*blocks("python"), *blocks("toml")]
    assert len(shown) >= 5
    for code in shown:
        assert any(code in file for file in files), code


def test_the_commands_of_the_walk_through_do_what_it_says(tmp_path):
    """In a copy of the folder, whose environment is a new one beside this one."""
    for name in ("autograder", "tests/outside"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    venv.create(tmp_path / ".venv", with_pip=False)
    (packages,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    (packages / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    programs = tmp_path / ".venv" / "bin"
    if not (Path(sys.executable).parent / "uv").exists():
        pytest.skip("This .venv was made without uv, with which the walk-through installs.")
    (programs / "uv").symlink_to(Path(sys.executable).parent / "uv")
    starts = "import sys; from autograder.cli import main; sys.exit(main())"
    (programs / "autograder").write_text(f"#!/bin/sh\nexec {programs}/python -c '{starts}' \"$@\"\n")
    (programs / "autograder").chmod(0o755)
    said = [
        subprocess.run(
            ["sh", "-ec", commands],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        for commands in blocks("sh")
    ]
    assert [done.returncode for done in said] == [0, 0], [done.stdout + done.stderr for done in said]
    assert "standard deviation" in said[0].stdout
    assert "7 of 7 points" in said[1].stdout
    released = (tmp_path / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text()
    assert "NotImplementedError" in released and "np.sqrt" not in released
