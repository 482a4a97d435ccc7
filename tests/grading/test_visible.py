"""What a submission can see of this project where it runs: exactly what runs beside it, and no right answer."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder import catalogue, unjudged
from autograder.catalogue import exercises
from autograder.classroom.sample import Answer, fill_in
from autograder.grading import places, sandbox
from autograder.grading.grade import grade
from autograder.grading.sandbox import Sandbox
from autograder.grading.template import Template, load_template, parse_submission
from tests.conftest import ROOT
from tests.grading.runs import ROOMY, cell, isolated

#: What is started or imported by name behind the wall; all else is imported from these.
STARTED = {"autograder.grading.warm", "autograder.grading.cells", "autograder.unjudged", "autograder.hints"}
#: Parts of the grader that know right answers, or how they are told.
KNOWING = ("judge", "show", "drawings", "examination", "notebook", "runner", "cli", "doctor", "classroom")


def imported(module: str) -> set[str]:
    """The modules of this project that a module imports when it runs, those imported late and packages included."""
    tree = ast.parse(path_of(module).read_text())
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    for_types = [branch for branch in branches if ast.unparse(branch.test) == "TYPE_CHECKING"]
    never = {id(node) for branch in for_types for node in ast.walk(branch)}
    found = set()
    for node in (node for node in ast.walk(tree) if id(node) not in never):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found | packages_of(found) if is_module(name)}


def packages_of(modules: set[str]) -> set[str]:
    """All packages that these modules lie in."""
    return {name.rsplit(".", depth)[0] for name in modules for depth in range(1, name.count(".") + 1)}


def path_of(module: str) -> Path:
    (path,) = places.files_of(module).values()
    return path


def is_module(name: str) -> bool:
    return name.split(".")[0] == "autograder" and path_of(name).is_file()


#: The modules of this package that can be seen.
VISIBLE = [
    name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for name in places.shown()
    if name.startswith("autograder/")
]


def closure(modules: set[str]) -> set[str]:
    """These modules, and all that they import."""
    reached, waiting = set(), set(modules)
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting |= imported(module) - reached
    return reached


@pytest.mark.slow
def test_what_is_visible_is_what_runs_beside_the_students_code_and_nothing_else():
    parts = [(name, part) for name in exercises() for part in ("exercise", "cases", "observe")]
    late = {catalogue.part(name, part).__name__ for name, part in parts}
    late |= packages_of(late)
    warmed = {name for names in sandbox._WARM.values() for name in names if is_module(name)}
    assert closure(STARTED | late | warmed) == set(VISIBLE)


@pytest.mark.parametrize("module", VISIBLE)
def test_nothing_visible_imports_what_knows_right_answers(module):
    assert not {name for name in imported(module) if set(name.split(".")[1:]) & set(KNOWING)}


def test_of_data_only_what_the_course_hands_out_is_visible():
    names = [Path(name).name for name in places.COURSE_DATA]
    program = "from course.sources.datasets import FILES; print(*FILES)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(names)


def test_where_the_project_is_installed_it_is_hidden_whole(tmp_path, monkeypatch):
    """In the environment that grades, and in any other that lies in a place that is shown."""
    folder = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("autograder/judge", "course", "numpy"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(places.sys, "base_prefix", str(tmp_path))
    arguments = places.mounts("/home/student")
    hidden = {arguments[place + 1] for place, part in enumerate(arguments) if part == "--tmpfs"}
    assert {str(folder / "autograder"), str(folder / "course")} <= hidden
    assert not any(path.startswith(str(folder / "numpy")) for path in hidden)


# ---------------------------------------------------------------- behind the real wall


def said(box: Sandbox, *lines: str) -> str:
    """What a cell of these lines prints behind the wall."""
    run = box.run(cell(*lines))
    assert run.ending == ""
    outputs = run.heard.outputs.get(0, [])
    assert not [output for output in outputs if output["output_type"] == "error"], outputs
    return "".join(output.get("text", "") for output in outputs)


@pytest.fixture(scope="module")
def seen(roomy) -> dict:
    """What one look around finds: all files in the project's place, and its modules anywhere else."""
    return json.loads(
        said(
            roomy,
            "import json, os, sys",
            "from pathlib import Path",
            f"app = sorted(str(path.relative_to('{places.APP}')) for path in Path('{places.APP}').rglob('*')",
            "             if not path.is_dir())",
            "others, notebooks = [], []",
            "for folder, folders, files in os.walk('/'):",
            f"    if folder.startswith(('/proc', '/sys', '{places.APP}')):",
            "        folders.clear()",
            "        continue",
            "    if folder.endswith('/autograder') and files or folder.endswith('/autograder/judge'):",
            "        others.append(folder)",
            "    notebooks += [name for name in files if name in ('05_keras_layer.ipynb', 'test_judge_keras.py')]",
            "kept = {}",
            f"for name in {['autograder.' + name for name in KNOWING]!r}:",
            "    try:",
            "        __import__(name)",
            "        kept[name] = 'imported'",
            "    except ModuleNotFoundError as error:",
            "        kept[name] = str(error)",
            "print(json.dumps({'app': app, 'others': others, 'notebooks': notebooks, 'kept': kept,",
            "                  'loaded': [name for name in sys.modules if name.startswith('autograder')]}))",
        )
    )


class TestBehindTheWall:
    pytestmark = [pytest.mark.slow, isolated]

    def test_every_file_of_the_project_is_one_of_the_list(self, seen):
        assert seen["app"] == sorted(places.shown())

    def test_the_project_lies_nowhere_else(self, seen):
        assert seen["others"] == [] and seen["notebooks"] == []

    def test_what_knows_right_answers_cannot_be_imported(self, seen):
        assert all(told == f"No module named '{name}'" for name, told in seen["kept"].items()), seen["kept"]

    def test_nothing_else_of_the_project_was_loaded_before_the_fork(self, seen):
        assert "autograder" in seen["loaded"] and set(seen["loaded"]) <= set(VISIBLE)

    def test_the_three_functions_of_a_notebook_work_and_judge_nothing(self, roomy):
        text = said(
            roomy,
            "from autograder import check, examine, hint",
            "import autograder",
            "def dropout_mask(shape, rate, rng):",
            "    raise SystemExit('it was called')",
            "points, report = check('mask', dropout_mask), autograder.examine('mask', dropout_mask, seed=3)",
            "hint('mask')",
            "print(type(points) is float, points, report.points, report.max_points, report.seed, report.verdicts)",
            "print(repr(report), str(report), report.misconceptions, bool(report.passed), f'{points:.1f}')",
            "for wrong in (lambda: check('mask'), lambda: check('maks', dropout_mask)):",
            "    try:",
            "        wrong()",
            "    except (TypeError, ValueError) as error:",
            "        print(type(error).__name__)",
        )
        assert text.count(unjudged.LATER) == 1 and "Hint 1 of 3" in text
        assert "True 0.0 0.0 0.0 3 ()" in text and "<Report mask: 0 of 0 points, seed 3>" in text
        assert "TypeError\nValueError" in text and "it was called" not in text


#: Looks through all that can be imported or read there for what `looks_right`, an object of the name asked for.
SEARCH = '''
import importlib, inspect, pkgutil, signal, sys
from pathlib import Path
import numpy as np

def everything():
    """All functions and classes of the grader's own modules, and those in files that could be read and run."""
    for name in WANTED:
        try:
            importlib.import_module(name)
        except BaseException:
            pass
    for path in [*Path("/app").rglob("*.py"), *Path("/app").rglob("*.pyc"), *map(Path, FILES)]:
        try:
            space = {"__name__": "found"}
            exec(compile(path.read_text(), str(path), "exec"), space)
            yield from (value for value in space.values() if callable(value))
        except BaseException:
            pass
    for module in pkgutil.walk_packages(["/app"]):
        try:
            importlib.import_module(module.name)
        except BaseException:
            pass
    ours = ("autograder", "course", "tests")
    for module in [module for name, module in list(sys.modules.items()) if name.startswith(ours)]:
        for value in list(vars(module).values()):
            if not callable(value) or not str(getattr(value, "__module__", "")).startswith(ours):
                continue
            yield value
            if isinstance(value, type):
                yield from (member for member in vars(value).values() if callable(member))

def search():
    if "searched" in globals():  # with the cells of other exercises, and each has been tried by itself before
        raise LookupError("searched already")
    globals()["searched"] = True
    sys.modules.setdefault("keras", None)  # where it is not at hand already, importing it would take seconds
    tried, seen = 0, set()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    for value in everything():
        ends_it_all = getattr(value, "__name__", "") in ("main", "serve", "run", "_run")
        if ends_it_all or id(value) in seen:
            continue
        seen.add(id(value))
        tried += 1
        signal.setitimer(signal.ITIMER_REAL, 20)  # what never returns is no answer either
        try:
            if looks_right(value):
                print("found", value)
                return value
        except BaseException:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    print("tried more than a hundred:", tried > 100)
    raise LookupError("no right answer lies here")
'''

#: By exercise, when an attacker would believe that something found is the answer.
LOOKS_RIGHT = {
    "mask": (
        "set(np.unique(made := np.asarray(f((40, 50), 0.3, np.random.default_rng(1))))) == {0, 1}"
        " and made.ndim == 2"
    ),
    "inverted": "set(np.round(np.unique(f(np.ones((40, 50)), 0.2, np.random.default_rng(1))), 2)) == {0, 1.25}",
    "classic": "np.allclose(f(np.ones((4, 5)), 0.2, np.random.default_rng(1), False), 0.8)",
    "layer": "isinstance(f, type) and not f(0.3, np.random.default_rng(1))(np.ones((9, 9)), training=True).all()",
    "backward": "len(f(np.ones((4, 5)), 0.2, np.random.default_rng(1))) == 2",
    "keras_layer": "isinstance(f, type) and not np.all(f(0.3, seed=1)(np.ones((9, 9)), training=True))",
    "cross_validation": (
        "np.shape(made := f(lambda: __import__('sklearn.dummy').dummy.DummyClassifier(), np.random.rand(40, 3),"
        " np.arange(40) % 2, 4, 1)) == (4,) and 0 <= np.min(made) <= np.max(made) <= 1"
    ),
    "gap": "abs(f({'accuracy': [0.1, 0.9], 'val_accuracy': [0.3, 0.6]}) - 0.3) < 1e-6",
    "best_epoch": "f({'val_loss': [3.0, 1.0, 2.0]}) == 2",
    "classifier": "f([20, 30], 0.3).output_shape == (None, 10)",
    "transfer": "f(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.ReLU()])).output_shape == (None, 10)",
}


def by_name(exercise: str) -> str:
    """For an exercise that is not listed: whatever has the name of the answer."""
    return f"getattr(f, '__name__', '') in {exercises()[exercise].objects!r}"


WANTED = [
    *(f"autograder.{name}" for name in KNOWING),
    *(name.removesuffix(".py").replace("/", ".") for name in catalogue.sources() if "judge" in name),
    *(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "tests").rglob("*.py")),
    "autograder.grading.grade", "autograder.classroom.sample", "course.networks.xception", "solutions",
    "benchmarks",
]  # fmt: skip
FILES = [str(path) for folder in ("autograder", "tests") for path in (ROOT / folder).rglob("*.py")]


def without_examples(template: Template) -> Template:
    """A template without the cells that are examples: those that train networks take most of the time."""
    needed = {*template.solutions.values(), *(check.cell for check in template.checks)}
    cells = [
        cell if place in needed or cell["source"].startswith(("import ", "from ")) else {**cell, "source": ""}
        for place, cell in enumerate(template.cells)
    ]
    return replace(template, cells=tuple(cells))


@pytest.mark.parametrize("assignment", sorted({exercise.assignment for exercise in exercises().values()}))
class TestASearchForAnswers:
    pytestmark = [pytest.mark.slow, isolated]

    def test_finds_none_and_earns_nothing(self, assignment):
        template = without_examples(load_template(ROOT / "solutions" / assignment / f"{assignment}.ipynb"))
        released = nbformat.read(ROOT / "exercises" / assignment / f"{assignment}.ipynb", as_version=4)
        answers = {}
        for check in template.checks:
            looks_right = LOOKS_RIGHT.get(check.exercise, by_name(check.exercise))
            goal = f"def looks_right(f):\n    return bool({looks_right})\n"
            found = " = ".join(exercises()[check.exercise].objects)
            answers[check.exercise] = Answer(
                f"WANTED, FILES = {WANTED!r}, {FILES!r}\n{goal}{SEARCH}\n{found} = search()"
            )
        submission = parse_submission(nbformat.writes(fill_in(released, answers)).encode(), template)
        with Sandbox(template.imports, ROOMY, course=ROOT) as box:
            graded = grade(submission, template, bytes(range(32)), box)
        shown = json.dumps(graded.notebook)
        assert [report.points for report in graded.reports.values()] == [0.0] * len(template.checks)
        assert shown.count("tried more than a hundred: True") >= len(template.checks), "something was found"
