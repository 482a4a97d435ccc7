"""nbgrader's autograde in a program that lives on, as in formgrader, and in a terminal: any number of times."""

import contextlib
import csv
import errno
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from autograder import cli
from autograder.classroom import dates, press
from autograder.classroom.course import Course, settings
from autograder.classroom.grade_class import grade_class
from autograder.classroom.lock import course_lock
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.classroom.release import release
from autograder.classroom.results import collect_results
from autograder.classroom.sample import STUDENTS
from autograder.grading import kept, template
from autograder.grading.sandbox import why_not
from autograder.grading.stored import Failed
from tests.classroom.odd_files import BESIDE, INSTEAD
from tests.conftest import ROOT

isolated = pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}")

ANSWERS = {student.name: student.answers["mask"].source for student in STUDENTS if "mask" in student.answers}
WRONG = next(student for student in STUDENTS if student.name == "dmitri")
#: Tries what a submission must not do, says what came of it, and is right otherwise.
ATTACK = (
    ANSWERS["ada"]
    + """
import os, socket
tried = []
for name in ("gradebook.db", "solutions/01_mask/01_mask.ipynb", ".course_secret"):
    try:
        tried.append(open(os.path.join({root!r}, name), "rb").read(10))
    except OSError as error:
        tried.append(type(error).__name__)
for folder in ({root!r}, "/var/tmp", os.path.expanduser("~")):
    try:
        open(os.path.join(folder, "written-by-a-submission"), "w").write("x")
    except OSError:
        pass
print("tried", tried, os.getuid())
"""
)


@pytest.fixture(scope="module")
def new_course(tmp_path_factory) -> Path:
    """A course folder with 01_mask, as `make release` leaves it."""
    folder = tmp_path_factory.mktemp("new")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / "01_mask", folder / "solutions" / "01_mask")
    release(Course(folder))
    return folder


@pytest.fixture
def course(new_course, tmp_path):
    """A copy of it, in which six have handed in: three of them right, each in their own words, one wrong."""
    folder = tmp_path / "course"
    shutil.copytree(new_course, folder)
    for number in range(3):
        hand_in(folder, f"right{number}", ANSWERS["ada"] + f"\n# {number}")
    hand_in(folder, "wrong", ANSWERS["dmitri"])
    hand_in(folder, "attack", ATTACK.format(root=str(folder)))
    hand_in(folder, "broken", None)
    yield Course(folder)
    kept.end_all()


RIGHT = {f"right{number}": 10.0 for number in range(3)}
EXPECTED = RIGHT | {"wrong": WRONG.expected("01_mask"), "attack": 10.0, "broken": 0.0}


def hand_in(root: Path, student: str, text: str | None) -> Path:
    """Hand in 01_mask with a text in its solution cell, or what is no notebook; returns the folder."""
    raw = json.loads((ROOT / "exercises" / "01_mask" / "01_mask.ipynb").read_bytes())
    for cell in raw["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "solution-mask":
            cell["source"] = text
    folder = root / "submitted" / student / "01_mask"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "01_mask.ipynb").write_text("Dear all" if text is None else json.dumps(raw))
    return folder


def opened(course: Course, **changed) -> NbGraderAPI:
    """nbgrader's API as formgrader opens it for each press. changed: settings of SubmissionExporter."""
    config = settings(course.root)
    config.SubmissionExporter.update(changed)
    return NbGraderAPI(config=config)


def pressed(course: Course, student: str, **changed) -> str:
    """Press the button; returns what nbgrader logged."""
    done = opened(course, **changed).autograde("01_mask", student)
    assert done["success"], done["log"] + done["error"]
    return done.get("log", "")


def scores(course: Course) -> dict[str, float]:
    """What stands in the gradebook of those who have been graded."""
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "dropout") as gradebook:
        return {each.student_id: each.score for each in gradebook.assignment_submissions("01_mask")}


def results(course: Course) -> list[dict]:
    return [json.loads(path.read_bytes())["result"] for path in (course.root / "build" / "grades").rglob("*.json")]


def nothing_is_held(course: Course) -> None:
    handle = os.open(course.root, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if it is held
    os.close(handle)
    files = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
    assert not [name for name in files if name.startswith(str(course.root))]
    left = {path.name for path in (course.root / "build").iterdir()}
    assert left <= {"grades", "nbgrader.log", "release", "written"}


def warm() -> set[int]:
    """The process ids of all sandboxes that this process keeps."""
    found = set()
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one that has ended meanwhile
            if "autograder.grading.warm" in " ".join(each.cmdline()):
                found.add(each.pid)
    return found


def start(course: Course, *command: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [sys.executable, *command], cwd=course.root, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


GRADE = ("-m", "autograder.cli", "grade", "01_mask", "--workers", "2")
AUTOGRADE = ("-m", "nbgrader", "autograde", "01_mask")


@pytest.mark.slow
@isolated
def test_one_after_another_is_graded_isolated_and_nothing_is_held(course):
    kept_warm = set()
    for student, points in EXPECTED.items():
        log = pressed(course, student)
        assert scores(course)[student] == points
        nothing_is_held(course)
        kept_warm |= warm()
    assert "broken's 01_mask: It is not a notebook" in log
    assert len(results(course)) == 6 and all(result["summary"]["isolated"] for result in results(course))
    told = (course.root / "autograded" / "attack" / "01_mask" / "01_mask.ipynb").read_text()
    assert "tried ['FileNotFoundError', 'FileNotFoundError', 'FileNotFoundError'] 1000" in told
    assert not list(course.root.rglob("written-by-*")) and not Path("/var/tmp/written-by-a-submission").exists()
    assert kept_warm == warm() and kept_warm, "all were forked from the same warm parent"
    kept.end_all()
    assert not warm()


@pytest.mark.slow
@isolated
def test_between_presses_a_terminal_grades_and_what_was_pressed_is_not_done_again(course):
    pressed(course, "right0")
    pressed(course, "wrong")
    graded = course.root / "autograded" / "right0" / "01_mask" / "01_mask.ipynb"
    before = graded.stat().st_mtime_ns
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "dropout") as gradebook:
        (grade,) = gradebook.find_submission("01_mask", "wrong").notebooks[0].grades
        grade.manual_score = 8
        gradebook.db.commit()
    terminal = start(course, *GRADE)
    said, _ = terminal.communicate(timeout=300)
    assert terminal.returncode == 1 and "6 to grade, 2 of them are graded already" in said, said
    assert "broken's 01_mask: It is not a notebook" in said and "5 graded" not in said
    assert graded.stat().st_mtime_ns == before
    assert scores(course) == EXPECTED | {"wrong": 8.0}
    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "dropout") as gradebook:
        assert not gradebook.find_submission("01_mask", "wrong").needs_manual_grade
    pressed(course, "attack")
    done = start(course, *AUTOGRADE)  # what formgrader's page names for all of them
    said, _ = done.communicate(timeout=300)
    assert done.returncode == 0 and said.count("Skipping existing assignment") == 6, said
    done = start(course, *AUTOGRADE, "--force")
    said, _ = done.communicate(timeout=300)
    assert done.returncode == 0 and "ERROR" not in said
    assert scores(course) == EXPECTED | {"wrong": 8.0} and len(results(course)) == 6
    nothing_is_held(course)


@pytest.mark.slow
@isolated
def test_the_report_on_a_class_knows_what_was_pressed(course, monkeypatch):
    for student in ("right0", "wrong"):
        pressed(course, student)
    monkeypatch.chdir(course.root)
    assert cli.main(["report", "01_mask"]) == 0
    assert collect_results(course, "01_mask").graded == 2


@pytest.mark.slow
@isolated
def test_threads_that_end_with_their_press_and_a_pool_of_them_and_a_terminal_at_once(course):
    for student in ("right0", "right1"):
        thread = threading.Thread(target=pressed, args=(course, student))
        thread.start()
        thread.join()
        (alive,) = {tuple(sorted(warm()))}
    assert alive, "it outlives the thread that pressed first"
    terminal = start(course, *GRADE)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda student: pressed(course, student, patience=300), EXPECTED))
    said, _ = terminal.communicate(timeout=300)
    assert terminal.returncode == 1, said
    for path in (course.root / "autograded").iterdir():
        shutil.rmtree(path)
    shared = opened(course)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda student: shared.autograde("01_mask", student), EXPECTED))
    assert all(each["success"] for each in done), done
    assert {path.name for path in (course.root / "autograded").iterdir()} == set(EXPECTED)
    assert (shared.coursedir.student_id, shared.coursedir.assignment_id) == ("*", "")
    assert scores(course) == EXPECTED and tuple(sorted(warm())) == alive
    nothing_is_held(course)


@pytest.mark.slow
@isolated
def test_two_programs_press_at_once(course):
    code = (
        "import sys; from pathlib import Path; from autograder.classroom.course import settings\n"
        "from nbgrader.apps.api import NbGraderAPI\n"
        "config = settings(Path.cwd()); config.SubmissionExporter.patience = 300\n"
        "print([NbGraderAPI(config=config).autograde('01_mask', s)['success'] for s in sys.argv[1:]])"
    )
    both = [start(course, "-c", code, *names) for names in (list(EXPECTED), list(EXPECTED)[::-1])]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert all(text.splitlines()[-1] == str([True] * 6) for text in said), said
    assert scores(course) == EXPECTED


@pytest.mark.slow
@isolated
def test_while_somebody_else_grades_a_press_ends_soon_and_says_who_that_is(course):
    pressed(course, "right0")
    graded = course.root / "autograded" / "right0" / "01_mask" / "01_mask.ipynb"
    before = graded.read_bytes()
    code = (
        "import time; from pathlib import Path; from autograder.classroom.lock import course_lock\n"
        "with course_lock(Path.cwd(), 'autograder grade 01_mask'):\n    print('held', flush=True); time.sleep(600)"
    )
    other = start(course, "-c", code)
    try:
        assert other.stdout.readline() == "held\n"
        begun = time.monotonic()
        done = opened(course).autograde("01_mask", "right0")
        assert 4 < time.monotonic() - begun < 300 and not done["success"]
        assert f"autograder grade 01_mask, process {other.pid}, since" in done["log"]
        assert f"kill {other.pid}" in done["log"] and "Nothing was changed here" in done["error"]
        assert graded.read_bytes() == before, "what was graded before is left alone"
        waiting = start(course, *AUTOGRADE, "--student", "wrong")
        while "Waiting." not in (line := waiting.stdout.readline()):
            assert line, "it has ended"
        assert f"process {other.pid}" in line
    finally:
        other.kill()
        other.communicate()
    rest, _ = waiting.communicate(timeout=300)
    assert waiting.returncode == 0 and "Waiting." not in rest
    pressed(course, "right0")
    assert scores(course) == {name: EXPECTED[name] for name in ("right0", "wrong")}


@pytest.mark.slow
@isolated
def test_a_terminal_says_for_whom_it_waits(course):
    with course_lock(course.root, "autograde of ada's 01_mask in formgrader", server=True):
        terminal = start(course, *GRADE)
        line = terminal.stdout.readline()
        assert line.startswith("Waiting. ") and "ada's 01_mask in formgrader" in line and str(os.getpid()) in line
    said, _ = terminal.communicate(timeout=300)
    assert "Waiting" not in said and "6 graded" in said


@pytest.mark.slow
@isolated
def test_a_server_that_is_killed_while_it_grades_holds_nothing_up(course):
    slow = hand_in(course.root, "slow", ANSWERS["ada"] + "\nimport time\ntime.sleep(40)")
    code = (
        "from pathlib import Path; from autograder.classroom.course import settings\n"
        "from nbgrader.apps.api import NbGraderAPI\n"
        "NbGraderAPI(config=settings(Path.cwd())).autograde('01_mask', 'slow')"
    )
    server = start(course, "-c", code)
    children = []
    while not children:
        assert server.poll() is None, server.communicate()
        time.sleep(0.2)
        running = psutil.Process(server.pid).children(recursive=True)
        if (course.root / "build" / "staged").exists() and len(running) > 2:
            children = running
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    psutil.wait_procs(children, timeout=300)
    assert not [each for each in children if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    shutil.rmtree(slow.parent)
    pressed(course, "right0")
    terminal = start(course, *GRADE)
    said, _ = terminal.communicate(timeout=300)
    assert "Waiting" not in said and "6 graded" in said
    nothing_is_held(course)


@pytest.mark.slow
@isolated
def test_what_is_warm_ends_when_nobody_has_pressed_for_a_while(course):
    pressed(course, "right0", idle=1.0)

    def left() -> list:
        return [*warm(), *(thread for thread in threading.enumerate() if thread.name == "autograder")]

    deadline = time.monotonic() + 300
    while left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left() == []
    pressed(course, "right1")
    assert warm() and scores(course) == {"right0": 10.0, "right1": 10.0}


def test_at_most_so_many_kinds_are_kept_warm_and_none_is_lost_meanwhile(monkeypatch):
    made, cooled = [], []
    monkeypatch.setattr(kept, "kind_of", lambda task: task[0])
    monkeypatch.setattr(kept, "close_box", lambda: cooled.append(threading.get_ident()))

    def perform(task):
        made.append((task, threading.get_ident()))
        if task[1] == "fails":
            raise ZeroDivisionError
        return {"made": task}

    monkeypatch.setattr(kept, "perform", perform)
    tasks = [("one", "a"), ("two", "b"), ("one", "c"), ("three", "d"), ("one", "e"), ("two", "f")]
    assert [kept.perform_kept(task) for task in tasks] == [{"made": task} for task in tasks]
    threads = dict(made)
    assert threads["one", "a"] == threads["one", "c"] == threads["one", "e"]
    with pytest.raises(ZeroDivisionError):
        kept.perform_kept(("two", "fails"))
    with ThreadPoolExecutor(8) as pool:
        many = [(kind, number) for number in range(50) for kind in ("one", "two", "three", "four")]
        assert list(pool.map(kept.perform_kept, many)) == [{"made": task} for task in many]
    assert len(kept._workers) <= kept.MOST
    kept.end_all()
    assert len(cooled) >= 3 and not kept._workers


@pytest.mark.slow
@isolated
def test_when_grading_fails_the_old_grade_stays_and_the_others_are_graded(course, monkeypatch):
    pressed(course, "right0")
    graded = course.root / "autograded" / "right0" / "01_mask" / "01_mask.ipynb"
    before = graded.read_bytes()
    hand_in(course.root, "right0", ANSWERS["dmitri"])
    real = press.perform_kept

    def fail(task, idle):
        wrong = ANSWERS["dmitri"] in task.submission.texts.values()
        return Failed("The sandbox has vanished.") if wrong else real(task, idle)

    monkeypatch.setattr(press, "perform_kept", fail)
    done = opened(course).autograde("01_mask", "*")
    assert not done["success"]
    assert "right0's 01_mask could not be graded, and nobody's work is to blame: The sandbox" in done["log"]
    assert graded.read_bytes() == before
    assert scores(course) == {name: points for name, points in EXPECTED.items() if name != "wrong"}
    monkeypatch.setattr(press, "why_not", lambda: "there is no wall.")
    monkeypatch.setattr(press.why_not, "cache_clear", lambda: None, raising=False)
    done = opened(course).autograde("01_mask", "wrong")
    assert not done["success"] and "cannot be isolated here: there is no wall." in done["log"]
    assert "wrong" not in scores(course)
    nothing_is_held(course)


@pytest.mark.slow
@isolated
def test_a_gradebook_of_another_version_is_named(course):
    notebook = course.root / "solutions" / "01_mask" / "01_mask.ipynb"
    raw = json.loads(notebook.read_bytes())
    (cell,) = [cell for cell in raw["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    cell["metadata"]["nbgrader"]["points"] = 20
    notebook.write_text(json.dumps(raw))
    assert "nbgrader knows another version of 01_mask" in pressed(course, "right0")
    terminal = start(course, *GRADE)
    said, _ = terminal.communicate(timeout=300)
    assert terminal.returncode == 1 and "6 to grade" in said, said
    assert "another version" not in pressed(course, "right0")


def refuse_to_open(paths: set[Path], monkeypatch) -> None:
    """Have the system refuse to open files, as it does for others than root."""
    real = os.open

    def refuse(name, *arguments, **options):
        if Path(os.fsdecode(name)) in paths:
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return real(name, *arguments, **options)

    monkeypatch.setattr(template.os, "open", refuse)


@pytest.mark.slow
@isolated
def test_work_that_the_machine_does_not_let_read_gets_no_grade_and_keeps_its_old_one(course, monkeypatch):
    pressed(course, "right0")
    graded = course.root / "autograded" / "right0" / "01_mask" / "01_mask.ipynb"
    before = graded.read_bytes()
    names = ("right0", "right1")
    refuse_to_open({course.root / "submitted" / name / "01_mask" / "01_mask.ipynb" for name in names}, monkeypatch)
    told = {f"{name}'s 01_mask: 01_mask.ipynb cannot be read: Permission denied." for name in names}
    done = opened(course).autograde("01_mask", "*")
    assert not done["success"] and all(sentence in done["log"] for sentence in told)
    _, problems = grade_class(course)
    assert {sentence for sentence in told if any(sentence in problem for problem in problems)} == told
    assert graded.read_bytes() == before
    assert scores(course) == {name: points for name, points in EXPECTED.items() if name != "right1"}


def odd_class(root: Path) -> None:
    """Everybody has something odd beside, or instead of, their notebook."""
    for name, make in BESIDE.items():
        make(hand_in(root, name, ANSWERS["ada"]))
    for name, make in INSTEAD.items():
        folder = root / "submitted" / f"instead-{name}" / "01_mask"
        folder.mkdir(parents=True)
        make(folder / "01_mask.ipynb")
    hand_in(root, os.fsdecode(b"no\xfftext"), ANSWERS["ada"])
    hand_in(root, "a\nb", ANSWERS["ada"])
    (root / "submitted" / "linked").symlink_to(root / "submitted" / "scripts")
    (root / "submitted" / "linked-inside").mkdir()
    (root / "submitted" / "linked-inside" / "01_mask").symlink_to(root / "submitted" / "scripts" / "01_mask")
    os.mkfifo(root / "submitted" / "a-pipe")
    (root / "submitted" / "pipe-inside").mkdir()
    os.mkfifo(root / "submitted" / "pipe-inside" / "01_mask")


def exported(course: Course) -> dict[str, tuple[float, str]]:
    with (course.root / "grades.csv").open(newline="", encoding="utf-8") as lines:
        return {row["student_id"]: (float(row["score"]), row["timestamp"]) for row in csv.DictReader(lines)}


@pytest.mark.slow
@isolated
def test_odd_files_cost_nobody_anything_in_a_terminal_as_in_formgrader(new_course, tmp_path):
    ways = {}
    for way in ("grade", "autograde", "press"):
        course = Course(tmp_path / way)
        shutil.copytree(new_course, course.root)
        odd_class(course.root)
        if way == "press":
            done = opened(course).autograde("01_mask", "*")
            said, fine = done["log"], done["success"]
            kept.end_all()
        else:
            process = start(course, *(GRADE if way == "grade" else AUTOGRADE))
            said, _ = process.communicate(timeout=300)
            fine = process.returncode == 0
        assert not fine, "there are names under which nothing can be graded"
        Nbgrader(course).export()
        assert Nbgrader(course).write_feedback("01_mask")
        log = said + course.log.read_text() if way == "grade" else said
        for name in BESIDE:
            if not name.endswith(("-as-timestamp", "-as-secret")):
                assert f"{name}'s 01_mask: Left out, because it is not part of the exercise: '" in log
            elif name.endswith("-as-timestamp"):
                assert f"{name}'s 01_mask: Its timestamp.txt does not contain a date" in log
        for name in INSTEAD:
            assert f"instead-{name}'s 01_mask: " in log
        assert r"submitted/no\udcfftext is not a name" in log and r"submitted/a\nb is not a name" in log
        for folder, ending in (("autograded", ".ipynb"), ("feedback", ".html")):
            files = [path for path in (course.root / folder).rglob("*") if not path.is_dir()]
            assert {path.name for path in files} == {f"01_mask{ending}"}, "nothing else goes back to them"
        ways[way] = exported(course)
    assert ways["autograde"] == ways["press"] == ways["grade"]
    for name in BESIDE:
        assert ways["press"][name] == (10.0, ""), name
    for name in (*(f"instead-{name}" for name in INSTEAD), "linked", "linked-inside"):
        assert ways["press"][name][0] == 0.0
    assert len(ways["press"]) == len(BESIDE) + len(INSTEAD) + 2


@pytest.mark.slow
@isolated
def test_formgrader_lists_odd_files_and_dates_and_knows_who_is_graded(course):
    for name, make in INSTEAD.items():
        make(hand_in(course.root, f"odd-{name}", ANSWERS["ada"]) / "timestamp.txt")
    dated = {"plus": "2026-04-01 00:30:00 +0200", "none": "yesterday", "utc": "2026-03-31 22:30:00 UTC"}
    for name, text in dated.items():
        (hand_in(course.root, name, ANSWERS["ada"]) / "timestamp.txt").write_text(text)
    api = opened(course)
    assert {each["student"] for each in api.get_submissions("01_mask") if each["autograded"]} == set()
    assert api.autograde("01_mask", "*")["success"]
    listed = {each["student"]: each for each in api.get_submissions("01_mask")}
    assert len(listed) == 6 + len(INSTEAD) + len(dated) and all(each["autograded"] for each in listed.values())
    assert listed["plus"]["timestamp"] == listed["utc"]["timestamp"] == "2026-03-31T22:30:00"
    assert listed["none"]["timestamp"] is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-03-31 23:59:00.123456 UTC", "2026-03-31 23:59:00.123456 UTC"),
        ("\ufeff2026-03-31 23:59\r\n", "2026-03-31 23:59:00.000000 UTC"),
        ("2026-04-01T00:30:00+02:00", "2026-03-31 22:30:00.000000 UTC"),
        ("2026-04-01 00:30:00 +0200", "2026-03-31 22:30:00.000000 UTC"),
        ("2026-04-01 00:30 Europe/Berlin", "2026-03-31 22:30:00.000000 UTC"),
        ("31 March 2026", "2026-03-31 00:00:00.000000 UTC"),
        ("2026-04-01 00:30 CEST", ""),
        ("2026-04-01 00:30 ../../../etc/passwd", ""),
        ("2026-04-01 00:30 /dev/zero", ""),
        ("11:30 PM", ""),
        ("April 2026", ""),
        ("9999-12-31 23:59 -1400", ""),
        ("2026-01-01 00:00:00 99999999999", ""),
        ("9" * 30 + "h", ""),
        ("2026-03-31 11:" + "9" * 30 + ".5", ""),
        ("yesterday <script>", ""),
        ("2026-04-01" + " " * 300, ""),
        ("", ""),
    ],
)
def test_a_date_is_read_or_is_none_and_never_guessed(tmp_path, text, date):
    (tmp_path / "timestamp.txt").write_text(text, newline="")
    assert dates.date_in(tmp_path) == date


@pytest.mark.slow
@isolated
def test_a_gradebook_in_use_is_waited_for_and_named_and_takes_nothing_away(course):
    pressed(course, "right0")
    graded = course.root / "autograded" / "right0" / "01_mask" / "01_mask.ipynb"
    before = graded.read_bytes()
    other = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    done = opened(course).autograde("01_mask", "right0")
    assert not done["success"] and "gradebook.db is still in use" in done["log"]
    assert graded.read_bytes() == before and "BACK UP" not in done["log"]
    other.close()
    pressed(course, "right0")
