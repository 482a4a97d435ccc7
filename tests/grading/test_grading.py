"""Grading: reading whatever is handed in, seeds, the store, the wall and the parents behind it."""

import ast
import copy
import dataclasses
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.classroom.assignment import load_assignment
from autograder.classroom.collected import collect
from autograder.classroom.course import Course
from autograder.classroom.grade_class import grade_assignment
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.classroom.options import Options, Unprotected
from autograder.classroom.progress import Progress
from autograder.classroom.sample import STUDENTS
from autograder.classroom.strays import strays
from autograder.grading import places, sandbox
from autograder.grading.batch import Task, run_all
from autograder.grading.grade import grade
from autograder.grading.sandbox import Limits, Sandbox, SandboxBroken, why_not
from autograder.grading.store import Store, course_secret, key_of, seed_of
from autograder.grading.stored import NotAResult, StoredExercise, StoredResult, StoredVerdict
from autograder.grading.template import (
    FILE_LIMIT,
    MISSING,
    Submission,
    UnusableTemplate,
    load_template,
    parse_submission,
    read_submission,
)
from tests.conftest import ROOT
from tests.grading.runs import LONG, ROOMY, answered, cell, environment, isolated, told

SECRET = bytes(range(32))


def template(name="02_scaling"):
    return load_template(ROOT / "solutions" / name / f"{name}.ipynb")


def released(name="02_scaling") -> bytes:
    return (ROOT / "exercises" / name / f"{name}.ipynb").read_bytes()


def test_a_template_has_no_solution_in_it():
    for folder in sorted((ROOT / "solutions").iterdir()):
        loaded = template(folder.name)
        told = json.dumps(dataclasses.asdict(loaded))
        assert "BEGIN SOLUTION" not in told and loaded.checks and loaded.solutions
        assert all(loaded.cells[place]["source"] == "" for place in loaded.solutions.values())


@pytest.mark.parametrize(
    "source", ["", "14.0", "check('mask')\n1", "check(name, f)", "assert True", "check('no', f)"]
)
def test_a_grade_cell_that_is_no_check_is_refused(tmp_path, source):
    notebook = nbformat.read(ROOT / "solutions" / "01_mask" / "01_mask.ipynb", as_version=4)
    for each in notebook.cells:
        if each.metadata.get("nbgrader", {}).get("grade"):
            each.source = source
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(UnusableTemplate, match="is to be graded but is not a check"):
        load_template(tmp_path / "a.ipynb")


def test_only_the_text_of_solution_cells_is_taken():
    raw = json.loads(released())
    for each in raw["cells"]:
        each["source"] = ["mine\n", "too"]
        each["metadata"].setdefault("nbgrader", {})["points"] = 1e6
    asked = template()
    submission = parse_submission(json.dumps(raw).encode(), asked)
    assert submission.texts == dict.fromkeys(asked.solutions, "mine\ntoo") and not submission.problem
    rebuilt = asked.rebuilt(submission)["cells"]
    for place, each in enumerate(rebuilt):
        if place not in asked.solutions.values():
            assert each == asked.cells[place]


@pytest.mark.parametrize(
    "part", [b"[],", b"{},", b"[" * 900 + b"]" * 900 + b",", b'{"":' * 900 + b"0" + b"}" * 900 + b","]
)
def test_what_would_take_a_gigabyte_to_read_is_refused(part):
    """A list takes a hundred bytes of memory, and two of a file."""
    data = b'{"cells": [' + part * (19_000_000 // len(part)) + b"0]}"
    tracemalloc.start()
    try:
        problem = parse_submission(data, template()).problem
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert "more than 1,000,000 lists and objects" in problem


def test_what_is_too_large_or_missing_is_named(tmp_path):
    asked = template()
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate(FILE_LIMIT + 1)
    assert "are allowed" in read_submission(tmp_path / "large.ipynb", asked).problem
    assert "no such file" in read_submission(tmp_path / "none.ipynb", asked).problem
    raw = json.loads(released())
    raw["cells"] = [
        c for c in raw["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != "solution-classic"
    ]
    submission = parse_submission(json.dumps(raw).encode(), asked)
    assert submission.notes == ("The cell solution-classic is missing.",)
    assert asked.rebuilt(submission)["cells"][asked.solutions["solution-classic"]]["source"] == MISSING


STRANGE = [None, True, -1, 1e308, float("nan"), "", "\ud800", "\0", "x" * 1000, [], {}, [[]], {"a": 1}, 10**400]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A submission with something broken: its bytes, its JSON or its metadata."""
    way = rng.randrange(6)
    if way == 0:
        place = rng.randrange(len(data))
        return data[:place] + rng.randbytes(rng.randrange(1, 9)) + data[place + rng.randrange(9) :]
    if way == 1:
        return data[: rng.randrange(len(data))]
    raw = json.loads(data)
    for _ in range(rng.randrange(1, 6)):
        node, path = raw, []
        while isinstance(node, dict | list) and node and (not path or rng.random() < 0.8):
            path.append((node, rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))))
            node = path[-1][0][path[-1][1]]
        owner, key = path[-1]
        if way == 2:
            owner[key] = copy.deepcopy(rng.choice(STRANGE))
        elif way == 3:
            del owner[key]
        elif way == 4 and isinstance(owner, dict):
            owner[rng.choice(["grade_id", "source", "cell_type", "nbgrader", "x"])] = owner.pop(key)
        elif isinstance(owner, list):
            owner.insert(key, copy.deepcopy(rng.choice([*STRANGE, owner[key]])))
        if not raw:
            break
    return json.dumps(raw).encode()


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_a_thousand_broken_notebooks_are_read_without_a_crash(start):
    asked, data = template(), released()
    sound = 0
    for seed in range(start, start + 250):
        submission = parse_submission(mutated(data, random.Random(seed)), asked)
        assert submission.problem or submission.texts
        json.dumps(asked.rebuilt(submission)).encode("utf-8")
        nbformat.validate(nbformat.from_dict(asked.rebuilt(submission)))
        assert len(submission.digest()) == 64
        sound += not submission.problem
    assert 20 < sound < 230, "some of them have to break, and some not"


def test_seeds_depend_on_text_exercise_and_secret_and_on_nothing_else():
    one, same, other = Submission({"a": "x"}), Submission({"a": "x"}), Submission({"a": "y"})
    seed = seed_of(SECRET, one, "mask")
    assert seed == seed_of(SECRET, same, "mask") and 0 <= seed < 2**63
    others = {seed_of(SECRET, other, "mask"), seed_of(SECRET, one, "layer"), seed_of(SECRET[::-1], one, "mask")}
    assert len(others | {seed}) == 4
    limits = Limits()
    key = key_of(one, template(), SECRET, limits, True)
    assert key == key_of(same, template(), SECRET, limits, True)
    variants = [
        key_of(other, template(), SECRET, limits, True),
        key_of(one, template("01_mask"), SECRET, limits, True),
        key_of(one, template(), SECRET[::-1], limits, True),
        key_of(one, template(), SECRET, Limits(wall=1), True),
        key_of(one, template(), SECRET, limits, False),
    ]
    assert len({key, *variants}) == 6 and SECRET.hex() not in key


def test_the_secret_is_made_once_and_is_the_owners_own(tmp_path):
    program = "import sys, pathlib; from autograder.grading.store import course_secret as s\n"
    program += "print(s(pathlib.Path(sys.argv[1])).hex())"
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment())
        for _ in range(3)
    ]
    (secret,) = {process.communicate()[0].decode().strip() for process in started}
    assert course_secret(tmp_path).hex() == secret and len(secret) == 64
    assert (tmp_path / ".course_secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".course_secret"]


def a_result(points: float = 1.0) -> StoredResult:
    verdicts = (
        StoredVerdict("shape", "pass", points, None),
        StoredVerdict("keep-rate", "fail", 0.0, "keep-drop-swapped"),
    )
    return StoredResult(
        notebook=template().rebuilt(Submission()),
        problem="",
        notes=("A note.",),
        isolated=True,
        max_points=31.0,
        exercises=(StoredExercise("inverted", 7, verdicts), StoredExercise("classic", 2**62, ())),
    )


def test_a_result_is_read_as_it_was_written():
    result = a_result()
    assert StoredResult.from_json(json.loads(json.dumps(result.as_json()))) == result
    assert result.points == 1.0 and [exercise.points for exercise in result.exercises] == [1.0, 0.0]


#: What makes JSON that is not a result out of a result's: it is refused, and so the submission graded anew.
NO_RESULTS = {
    "a list": lambda raw: [raw],
    "a part more": lambda raw: raw | {"more": 1},
    "no notebook": lambda raw: {"summary": raw["summary"]},
    "no cells": lambda raw: raw | {"notebook": raw["notebook"] | {"cells": None}},
    "a cell that is text": lambda raw: raw | {"notebook": raw["notebook"] | {"cells": ["x"]}},
    "a cell without text": lambda raw: without(raw, raw["notebook"]["cells"][0], "source"),
    "a part of the summary more": lambda raw: raw | {"summary": raw["summary"] | {"more": 1}},
    "a part of the summary less": lambda raw: without(raw, raw["summary"], "isolated"),
    "isolation as a number": lambda raw: raw | {"summary": raw["summary"] | {"isolated": 1}},
    "a note that is no text": lambda raw: raw | {"summary": raw["summary"] | {"notes": [1]}},
    "points that do not add up": lambda raw: raw | {"summary": raw["summary"] | {"points": 2.0}},
    "points that are no number": lambda raw: raw | {"summary": raw["summary"] | {"max_points": float("nan")}},
    "a seed that is none": lambda raw: changed(raw, raw["summary"]["exercises"][0], seed=True),
    "points of an exercise": lambda raw: changed(raw, raw["summary"]["exercises"][1], points=1.0),
    "a status that is none": lambda raw: changed(raw, verdict_of(raw), status="passed"),
    "a mistake that is a list": lambda raw: changed(raw, verdict_of(raw), misconception=["x"]),
    "a verdict's part less": lambda raw: without(raw, verdict_of(raw), "points"),
}


def verdict_of(raw: dict) -> dict:
    return raw["summary"]["exercises"][0]["verdicts"][0]


def without(raw: dict, part: dict, name: str) -> dict:
    del part[name]
    return raw


def changed(raw: dict, part: dict, **values: object) -> dict:
    part.update(values)
    return raw


@pytest.mark.parametrize("what", NO_RESULTS)
def test_a_result_of_another_form_is_refused(what):
    with pytest.raises(NotAResult):
        StoredResult.from_json(NO_RESULTS[what](json.loads(json.dumps(a_result().as_json()))))


def test_a_result_that_is_not_whole_is_none(tmp_path):
    store = Store(tmp_path)
    result = a_result()
    store.put("ab" * 32, result)
    assert store.get("ab" * 32) == result and store.get("cd" * 32) is None
    (path,) = tmp_path.rglob("*.json")
    whole = path.read_bytes()
    for damaged in (whole[:-5], b"", whole.replace(b'"points": 1', b'"points": 9'), b"[]", b"[" * 100_000):
        assert damaged != whole
        path.write_bytes(damaged)
        assert store.get("ab" * 32) is None
    store.put("ab" * 32, result)
    assert path.read_bytes() == whole


def test_without_isolation_nothing_runs_unless_the_risk_is_named(monkeypatch):
    monkeypatch.setattr("autograder.classroom.options.why_not", lambda: "there is no wall.")
    with pytest.raises(Unprotected, match=r"there is no wall\..*--unprotected"):
        _ = Options().walled
    assert Options(unprotected=True).walled is False


def test_other_systems_are_told_why(monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert "needs Linux" in sandbox.why_not.__wrapped__()
    monkeypatch.setattr(sandbox.sys, "platform", "linux")
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: None)
    assert "apt-get install bubblewrap" in sandbox.why_not.__wrapped__()
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: "/bin/false")
    assert "forbids" in sandbox.why_not.__wrapped__()


@pytest.mark.slow
@isolated
def test_a_regrade_gives_the_same_grade_and_unprotected_ones_are_marked(roomy):
    asked = template()
    submission = read_submission(ROOT / "solutions" / "02_scaling" / "02_scaling.ipynb", asked)
    first, second = (grade(submission, asked, SECRET, roomy) for _ in range(2))
    assert first.notebook == second.notebook and first.reports == second.reports
    assert all(report.passed for report in first.reports.values())
    with Sandbox(asked.imports, ROOMY, walled=False) as box:
        marked = grade(submission, asked, SECRET, box)
    assert marked.reports == first.reports
    assert "Graded without isolation" in json.dumps(marked.notebook)
    assert "Graded without isolation" not in json.dumps(first.notebook)


@pytest.mark.slow
@isolated
def test_what_one_submission_leaves_behind_the_next_does_not_find(roomy):
    asked = template("01_mask")
    leave = (
        "import os\nfor folder, _, _ in os.walk('/'):\n    try:\n        open(f'{folder}/left', 'w').write('x')\n"
        "    except OSError:\n        pass\nimport numpy\nnumpy.left = True\nimport os; os.environ['LEFT'] = 'x'\n"
    )
    find = (
        "import os, numpy\nprint('found', [f for f, _, names in os.walk('/') if 'left' in names],"
        " hasattr(numpy, 'left'), 'LEFT' in os.environ)\n"
    )
    grade(Submission({"solution-mask": leave}), asked, SECRET, roomy)
    notebook = grade(Submission({"solution-mask": find}), asked, SECRET, roomy).notebook
    assert "found [] False False" in json.dumps(notebook)


@pytest.mark.slow
@isolated
def test_sandboxes_that_share_a_parent_do_not_share_their_limits():
    kind = frozenset(), replace(ROOMY, memory=150_000_000)
    hold = "import time, numpy; held = numpy.ones({}); time.sleep({}); print('held')"
    with Sandbox(*kind) as lender, Sandbox(*kind) as one, Sandbox(*kind) as other, ThreadPoolExecutor(2) as pool:
        for borrower in (one, other):
            borrower.borrow(lender.lend())
        modest = cell(hold.format(12_000_000, 1.5))  # 96 MB: one has room for that, both together would not
        both = [pool.submit(borrower.run, modest) for borrower in (one, other)]
        assert [run.result().ending for run in both] == ["", ""]
        assert all("held" in told(run.result()) for run in both)
        split = cell("import os; os.fork(); os.fork()", hold.format(7_500_000, LONG))  # four times 60 MB
        greedy, beside = pool.submit(one.run, split), pool.submit(other.run, modest)
        assert "memory" in greedy.result().ending and beside.result().ending == ""


@pytest.mark.slow
@isolated
def test_a_borrowed_parent_that_ends_is_replaced():
    asked = template("01_mask")
    submission = read_submission(ROOT / "solutions" / "01_mask" / "01_mask.ipynb", asked)
    with Sandbox(asked.imports, ROOMY) as lender, Sandbox(asked.imports, ROOMY) as borrower:
        borrower.borrow(lender.lend())
        before = grade(submission, asked, SECRET, borrower)
        lender.close()
        after = grade(submission, asked, SECRET, borrower)
    assert before.notebook == after.notebook and all(report.passed for report in after.reports.values())


@pytest.mark.slow
def test_without_a_wall_it_works_where_calls_of_linux_are_missing_as_on_macos(monkeypatch):
    # Libraries ask on what system they are when they are imported, the grader when it works.
    code = (
        "import signal, sys, autograder.unjudged, matplotlib.figure; from autograder.grading import cells, warm\n"
        "del signal.sigtimedwait; sys.platform = 'darwin'; warm.main()"
    )
    start = subprocess.Popen

    def start_on_macos(command, **options):
        place = command.index("-m")
        return start([*command[:place], "-c", code, *command[place + 2 :]], **options)

    monkeypatch.setattr(sandbox.subprocess, "Popen", start_on_macos)
    with Sandbox(frozenset(), replace(ROOMY, wall=10), walled=False) as box:
        run = box.run(cell("import sys; print('ran on', sys.platform)"))
        assert run.ending == "" and "ran on darwin" in told(run)
        endless = box.run(cell("import os, time; print('I am', os.getpid())", "time.sleep(1e6)"))
        assert "longer than 10 seconds" in endless.ending
        number = int(re.search(r"I am (\d+)", told(endless))[1])
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


@isolated
@pytest.mark.parametrize(
    "change",
    [
        "",
        "warm._CLONE3 = 10**6; ",
        "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); ",
    ],
)
def test_namespaces_are_made_with_clone3_and_without(change, monkeypatch):
    assert sandbox._PROBE.count("import warm\n") == 1
    monkeypatch.setattr(sandbox, "_PROBE", sandbox._PROBE.replace("import warm\n", f"import warm; {change}\n"))
    assert why_not() == ""


@pytest.mark.slow
@isolated
def test_behind_the_wall_no_function_is_made_of_an_operation_and_results_are_the_same(roomy_keras):
    lines = (
        "import numpy, tensorflow",
        "draw = tensorflow.random.stateless_uniform((3, 4), (1, 2)) + 1",
        "sums = tensorflow.reduce_sum(tensorflow.Variable(draw) @ tensorflow.transpose(draw))",
        "print('draw', numpy.asarray(draw).tolist(), float(sums))",
        "from tensorflow.python.eager import context",
        "print('made of operations:', sum('__wrapped__' in n for n in context.context().list_function_names()))",
    )
    inside = told(roomy_keras.run(cell(*lines)))
    settings = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}  # as the course has it
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True, env=settings
    )
    drawn, made = done.stdout.splitlines()
    assert drawn in inside and "made of operations: 0" in inside
    assert made != "made of operations: 0", "TensorFlow does not do this any more: the grader need not forbid it"


@pytest.mark.slow
@isolated
def test_where_no_parent_can_be_shared_each_process_has_its_own(tmp_path, monkeypatch):
    def refuse(box):
        raise SandboxBroken("The sandbox's parent process has ended.")

    monkeypatch.setattr(Sandbox, "lend", refuse)  # in this process only
    asked = template("01_mask")
    submission = read_submission(ROOT / "solutions" / "01_mask" / "01_mask.ipynb", asked)
    store = Store(tmp_path)
    key = key_of(submission, asked, SECRET, ROOMY, True)
    assert run_all([Task(key, submission, asked, SECRET, ROOMY, True)], store, workers=1) == {}
    assert store.get(key).points > 0


def test_links_that_no_system_can_look_up_are_named_and_cost_nobody_else_anything(tmp_path):
    (tmp_path / "solutions" / "01_mask").mkdir(parents=True)
    for student in ("ann", "ben"):
        (tmp_path / "submitted" / student).mkdir(parents=True)
    (tmp_path / "submitted" / "ann" / "01_mask").mkdir()
    (tmp_path / "submitted" / "ann" / "other").symlink_to("x" * 300)
    (tmp_path / "submitted" / "ben" / "01_mask").symlink_to("x" * 300)
    (tmp_path / "submitted" / "cem").symlink_to("x" * 300)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    course = Course(tmp_path)
    assert course.submissions("01_mask") == ["ann"]
    told = "\n".join(strays(course))
    assert "ann/other is not an assignment" in told and "ben/01_mask is not a folder" in told
    assert "submitted/cem" in told


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "solutions" / "01_mask").mkdir(parents=True)
    for student in ("ann", "ben"):
        (tmp_path / "submitted" / student / "01_mask").mkdir(parents=True)
    listed = Path.iterdir

    def refuse(folder):  # as for somebody who is not root
        if folder.name == "ann":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    assert strays(Course(tmp_path)) == ["submitted/ann cannot be read: Permission denied."]


@pytest.fixture
def small_class(empty_class):
    """A course folder with two different submissions of 01_mask."""
    for number in range(2):
        hand_in(empty_class, f"student{number}", answered(ANSWER + f"\n# {number}"))
    return empty_class


ANSWER = next(s for s in STUDENTS if s.name == "ada").answers["mask"].source


def hand_in(course: Course, student: str, data: bytes) -> None:
    folder = course.root / "submitted" / student / "01_mask"
    folder.mkdir(parents=True)
    (folder / "01_mask.ipynb").write_bytes(data)


def spoiled(text: str, rng: random.Random) -> str:
    """A program with a line or a few characters lost, doubled or replaced."""
    pieces = text.splitlines(keepends=True) if rng.random() < 0.5 else list(text)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(pieces))
        pieces[place : place + 1] = rng.choice(([], [pieces[place]] * 2, [rng.choice("0 \0\ud800\u2028'(")]))
    return "".join(pieces)


def broken(seed: int) -> bytes:
    """A submission of 01_mask with something broken in it: in one of eight, the student's own text."""
    rng = random.Random(seed)
    if seed % 8 == 0:
        return answered(spoiled(ANSWER, rng))
    return mutated(answered(ANSWER), rng)


@pytest.mark.slow
@isolated
def test_hundreds_of_broken_notebooks_each_get_a_grade_or_a_named_problem(empty_class):
    """All are read, and all that differ in what counts are run; nbgrader writes a sample of one in eight."""
    course, options = empty_class, Options(limits=ROOMY)
    for seed in range(320):
        hand_in(course, f"s{seed:04}", broken(seed))
    collected = collect(load_assignment(course, "01_mask"), options)
    handed, tasks = collected.handed_in, collected.tasks
    assert len(handed) == 320 and collected.problems == ()
    store = course.store
    assert run_all(tasks, store, 2) == {}
    points, named = {}, set()
    for each in handed:
        result = store.get(each.task.key)
        points[each.student] = result.points
        assert 0 <= result.points <= 10 and result.problem == each.task.submission.problem
        assert not result.problem or result.points == 0
        assert not any(exercise.broken for exercise in result.exercises)
        if each.task.submission.texts == {"solution-mask": ANSWER}:
            assert result.points == 10, "whatever else is broken, the work is there"
        if result.problem:
            named.add(each.student)
    assert 80 < len(named) < 200 and len(tasks) > 30
    assert 120 < list(points.values()).count(10) < 320 - len(named)

    sample = [each.student for each in handed][::8]
    for student in set(points) - set(sample):
        shutil.rmtree(course.root / "submitted" / student)
    known = []
    progress = Progress()
    progress.start = lambda total, done: known.append((total, done))
    problems = grade_assignment(Nbgrader(course), "01_mask", options, progress)
    ((total, done),) = known
    assert total == done, "nothing is graded twice"
    exported = {g.student: g.score for g in Nbgrader(course).export()}
    assert exported == {student: points[student] for student in sample}
    assert {student for student in sample if any(student in p for p in problems)} >= named & set(sample)


@pytest.mark.slow
@isolated
def test_plain_nbgrader_autograde_is_isolated_too(small_class):
    course = small_class
    hand_in(course, "broken", b"Dear all")
    look = course.root / "submitted" / "student0" / "01_mask" / "01_mask.ipynb"
    (look.parent / "link.txt").symlink_to(course.root / "solutions" / "01_mask" / "01_mask.ipynb")
    look.write_text(look.read_text().replace("# 0", "\\nimport os\\nprint('home', os.getcwd(), os.getuid())"))
    command = [sys.executable, "-m", "nbgrader", "autograde", "01_mask"]
    done = subprocess.run(command, cwd=course.root, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = (course.root / "autograded" / "student0" / "01_mask" / "01_mask.ipynb").read_text()
    assert "home /home/student 1000" in text
    assert not (course.root / "autograded" / "student0" / "01_mask" / "link.txt").exists(), (
        "it would go back to them"
    )
    grades = {g.student: g.score for g in Nbgrader(course).export()}
    assert grades == {"broken": 0.0, **{f"student{n}": 10.0 for n in range(2)}}


def test_no_place_behind_the_wall_contains_what_is_hidden():
    shown = mounted(places.mounts("/home/student"))
    hidden = [
        ROOT / name for name in ("solutions", "exercises", "tests", "build", "gradebook.db", ".course_secret")
    ]
    assert len(shown) > 4 and not any(path == place or path in place.parents for path in shown for place in hidden)


def mounted(arguments: list[str]) -> list[Path]:
    """What of this machine these arguments show."""
    return [Path(arguments[place + 1]) for place, part in enumerate(arguments) if part == "--ro-bind"]


def test_of_the_course_only_what_exercises_import_is_shown():
    """The other modules are for notebooks; one of them nearly answers an exercise, as the sample class does."""
    imported = set()
    for folder in (ROOT / "solutions").iterdir():
        for each in template(folder.name).cells:
            if each["cell_type"] == "code":
                imported |= set(imports_of(each["source"]))
    for module in places.COURSE_MODULES:
        imported |= set(imports_of(file_of(module).read_text()))
    of_course = {name for name in imported if name.split(".")[0] == "course"}
    assert of_course == set(places.COURSE_MODULES)
    arguments = places.mounts("/home/student")
    whole = [a.removeprefix(f"{places.APP}/") for a in arguments if a.startswith(f"{places.APP}/")]
    shown = {name for name in whole if (ROOT / name).is_file()}
    of_course = {name for name in shown if name.startswith("course")}
    assert of_course == {
        "course/__init__.py",
        "course/sources/__init__.py",
        "course/sources/datasets.py",
        *places.COURSE_DATA,
    }
    assert shown == set(places.shown())


def file_of(module: str) -> Path:
    """Where a module of this project would lie."""
    (path,) = places.files_of(module).values()
    return path


def imports_of(source: str) -> list[str]:
    """Modules that are imported, also as names of a package."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [node.module, *(name for name in names if file_of(name).exists())]
    return found


@isolated
def test_a_python_that_is_reached_through_links_is_found_behind_the_wall():
    """As where /home is a link, or the link in an environment leads through one."""
    real = Path(sys.executable).resolve()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        (folder / "env").symlink_to(sys.prefix)
        (folder / "base").symlink_to(real.parent)
        (folder / "made" / "bin").mkdir(parents=True)
        (folder / "made" / "lib").symlink_to(Path(sys.prefix) / "lib")
        (folder / "made" / "bin" / "python").symlink_to(folder / "base" / real.name)
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder / "made")
        for made in ("env", "made"):
            ask = [
                folder / made / "bin" / "python",
                "-c",
                "from autograder.grading.sandbox import why_not as w; print(w())",
            ]
            done = subprocess.run(ask, env=environment(), capture_output=True, text=True, check=True)
            assert done.stdout == "\n"


LIST = """
import os
seen = [os.path.join(folder, name) for folder, _, names in os.walk("{place}") for name in names]
for path in seen:
    open(path).close()
print("seen", sorted(seen))
for module in ("course", "course.networks.xception", "autograder.classroom.sample", "tests.grading.attacks"):
    try:
        __import__(module)
        print("has", module)
    except ImportError:
        print("has no", module)
"""


@pytest.mark.slow
@isolated
def test_a_course_inside_a_place_that_is_shown_is_hidden_but_for_its_python(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # /tmp is empty behind the wall anyway
        course = Path(folder) / "courses" / "dropout"
        for name in ("solutions/a", "submitted/b", "build/grades", ".venv/lib/python"):
            (course / name).mkdir(parents=True)
            (course / name / "file").write_text("x")
        for path in (course / ".course_secret", course / "gradebook.db", Path(folder) / "beside"):
            path.write_text("x")
        os.chmod(folder, 0o755)
        monkeypatch.setattr(places, "_SYSTEM", (*places._SYSTEM, folder, os.path.realpath(sys.prefix)))
        monkeypatch.setattr(sys, "prefix", str(course / ".venv"))
        look = Submission({"solution-mask": LIST.format(place=folder)})
        asked = template("01_mask")
        with Sandbox(asked.imports, ROOMY, course=course) as box:
            notebook = grade(look, asked, SECRET, box).notebook
        shown = json.dumps(notebook)
        python = course / ".venv" / "lib" / "python" / "file"
        assert f"seen {sorted([f'{folder}/beside', str(python)])}" in shown, shown
        hidden = ("course.networks.xception", "autograder.classroom.sample", "tests")
        assert r"\n".join(("has course", *(f"has no {module}" for module in hidden))) in shown
        with Sandbox(asked.imports, ROOMY) as box:
            assert ".course_secret" in json.dumps(grade(look, asked, SECRET, box).notebook), "it would be seen"
