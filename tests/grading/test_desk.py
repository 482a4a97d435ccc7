"""The judge's desk: whatever happens to a judgement costs its own exercise, soon, and a person is told."""

import json
import os
import socket
import textwrap
import threading
import time

import pytest

from autograder.catalogue import find
from autograder.grading import batch
from autograder.grading import desk as desk_module
from autograder.grading.desk import Desk, DeskBroken
from autograder.grading.desk_wire import read_report, send, told_of
from autograder.grading.stored import Failed
from autograder.judge import judge
from autograder.judge.reading import read
from autograder.report import MIME, unjudged
from autograder.show.page import NO_PICTURE
from tests.grading.recordings import SEED, real
from tests.grading.runs import LONG

#: Breaks the judge of one exercise, and the drawing of another, in the way that the seed says.
BREAK = """
import os, signal
import autograder.judge, autograder.notebook, autograder.show.page, autograder.show.pictures

def broken(way):
    if way == 1:
        while True:
            pass
    if way == 2:
        found = [bytearray(10**7) for _ in range(100)]
    if way == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if way == 4:
        os._exit(0)
    if way == 5:
        import time
        time.sleep(1e6)
    if way == 6:  # garbage instead of an answer
        for place in range(3, 20):
            try:
                os.write(place, b"\\\\xff" * 100)
            except OSError:
                pass
    if way == 7:
        raise KeyError("in the judge")
    if way == 8:
        raise SystemExit

way = 0
judging = autograder.catalogue.part("best_epoch", "judge")
honest, before, drawn = autograder.judge.judge, judging.rule, autograder.show.pictures.draw

def judge(exercise, observations, seed, *more, **options):
    global way
    way = seed - 100 if exercise == "gap" else 0
    judging.rule = lambda bench: broken(seed - 100) or before(bench)
    return honest(exercise, observations, seed, *more, **options)

def draw(charts):
    broken(way)
    return drawn(charts)

autograder.judge.judge = judge
autograder.show.page.draw = draw
"""


#: The way that no limit but the one of seconds by the clock ends.
SLEEPS = 5
#: The ways of BREAK; those that only a limit of time ends take seconds.
WAYS = [pytest.param(way, marks=pytest.mark.slow if way in (1, SLEEPS) else []) for way in range(1, 9)]


@pytest.fixture(scope="module")
def breaking(tmp_path_factory):
    """A desk with little computing time and memory, whose judge can be broken."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "sitecustomize.py").write_text(textwrap.dedent(BREAK))
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), before])
    try:
        with Desk(cpu=3, memory=200_000_000, wall=LONG) as desk:
            desk.judge("gap", SEED, [real("gap")[0]])
            yield desk
    finally:
        os.environ["PYTHONPATH"] = before


def observed(exercise: str, seed: int) -> bytes:
    """A right answer's recording."""
    from autograder.observe import observe
    from tests.banks.overfitting import CORRECT

    (entry, *_) = [entry for entry in CORRECT if entry.exercise == exercise]
    return observe(exercise, entry.objects(), seed).to_bytes()


@pytest.mark.parametrize("way", WAYS)
def test_a_judge_that_fails_is_an_error_and_the_next_is_judged(breaking, way, monkeypatch):
    with monkeypatch.context() as shortly:
        if way == SLEEPS:
            shortly.setattr(breaking, "_wall", 1)
        found = breaking.judge("best_epoch", 100 + way, [observed("best_epoch", 100 + way)])
    assert {v.status for v in found.report.verdicts} == {"error"} and found.report.points == 0
    assert "the grader itself failed" in found.report.verdicts[0].returned
    assert "The grader failed here, not you" in found.shown["text/plain"]
    assert found.shown[MIME]["points"] == 0
    assert breaking.judge("best_epoch", SEED, [real("best_epoch")[0]]).report.passed


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_fails_is_left_out_and_the_verdicts_stand(breaking, way, monkeypatch):
    if way == SLEEPS:
        monkeypatch.setattr(breaking, "_wall", 10)  # the verdicts come before
    found = breaking.judge("gap", 100 + way, [observed("gap", 100 + way)])
    assert found.report.passed and found.shown[MIME]["points"] == found.report.max_points
    assert NO_PICTURE in found.shown["text/html"] and "<img" not in found.shown["text/html"]


@pytest.mark.slow
def test_the_desk_says_what_the_judge_says_in_one_process():
    with Desk() as desk:
        for exercise in ("mask", "gap"):
            for data in real(exercise):
                found = desk.judge(exercise, SEED, [data])
                decision = judge(exercise, read(data, exercise, SEED), SEED)
                assert (found.report, found.suspected) == (decision.report, decision.suspected)
                assert found.suspected or "<img" in found.shown["text/html"] or not decision.report.charts
                desk.clear()
        refused = desk.judge("mask", SEED, [b"no recording"])
        assert "interfered" in refused.shown["text/plain"] and refused.report.verdicts[0].status == "fail"
        shown = desk.show(unjudged(find("gap"), SEED, "because"))
        assert "because" in shown["text/html"]
        desk._process.kill()
        assert desk.judge("gap", SEED, [real("gap")[0]]).report.passed, "another parent is started"


def test_a_desk_that_cannot_be_started_is_said_so(monkeypatch):
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(DeskBroken, match="could not be started"):
        Desk().judge("gap", SEED, [b""])


@pytest.mark.parametrize(
    "change",
    [
        {"exercise": "mask"}, {"seed": 4}, {"verdicts": []}, {"printed": 5}, {"verdicts": [None] * 8},
        {"verdicts": 3},
    ],
)  # fmt: skip
def test_a_report_that_is_none_is_not_believed(change):
    told = told_of(unjudged(find("gap"), 3, "x"))
    assert read_report(json.loads(json.dumps(told)), find("gap"), 3) == unjudged(find("gap"), 3, "x")
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        read_report(told | change, find("gap"), 3)


# ---------------------------------------------------------------- a class goes on


class Full:
    """A store on a full disk, for one of the keys."""

    folder = "build/grades"

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return self.kept.get(key)

    def put(self, key, result):
        if key == "b":
            raise OSError(28, "No space left on device")
        self.kept[key] = result


class Task:
    def __init__(self, key):
        self.key = key


def test_a_result_that_cannot_be_written_costs_no_other(monkeypatch):
    monkeypatch.setattr(batch, "_here", lambda waiting, workers: ((key, {"summary": key}) for key in waiting))
    store, done = Full(), []
    failed = batch.run_all([Task("a"), Task("b"), Task("c")], store, 1, done=lambda task, _: done.append(task.key))
    assert list(store.kept) == ["a", "c"] and done == ["a", "b", "c"]
    assert "No space left on device" in failed["b"] and "Make room" in failed["b"] and list(failed) == ["b"]


def test_a_fault_of_the_grader_costs_its_own_task(monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("by \x1b")

    monkeypatch.setattr(batch, "grade_seeded", fails)
    monkeypatch.setattr(batch, "kind_of", lambda task: ())
    monkeypatch.setattr(batch, "_box", lambda kind: None)
    task = type("Sent", (), {"submission": None, "template": None, "seeds": {}})
    assert batch.perform_sent(task) == Failed(
        "The grader itself failed on it (ZeroDivisionError: by \N{REPLACEMENT CHARACTER})."
    )


def test_a_report_that_waits_for_another_recording_is_all_that_is_waited_for():
    """It is not drawn: who waited for its picture waited for as long as a judgement may take."""
    ours, theirs = socket.socketpair()
    answer = json.dumps({"report": {}, "suspected": True}).encode()
    send(theirs, answer)
    found = []

    def wait() -> None:
        found.extend(desk_module._conversation(ours, [b"{}"], 2, time.monotonic() + LONG))

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(LONG)
    assert found == [answer]
