"""Grading on a Dask cluster: a scheduler and workers that are processes of their own."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from autograder.classroom.sample import STUDENTS
from autograder.grading import batch, cluster
from autograder.grading.batch import Task, run_all
from autograder.grading.cluster import ClusterUnusable
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.store import Store, key_of
from autograder.grading.template import Submission, load_template
from tests.conftest import ROOT

isolated = pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}")
pytest.importorskip("distributed")

SECRET = bytes(range(32))
ADA = next(student for student in STUDENTS if student.name == "ada")


def tasks(count: int) -> list[Task]:
    """Different submissions of 01_mask; every third is wrong."""
    asked, limits = load_template(ROOT / "solutions" / "01_mask" / "01_mask.ipynb"), Limits()
    made = []
    for number in range(count):
        text = ADA.answers["mask"].source + f"\n# {number}"
        handed = Submission({"solution-mask": text.replace(">= rate", "< rate") if number % 3 == 2 else text})
        key = key_of(handed, asked, SECRET, limits, True)
        made.append(Task(key, handed, asked, SECRET, limits, True))
    return made


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.json")}


@contextmanager
def process(*arguments: str, folder: Path, packages: Path = ROOT):
    """A process of Dask's, ended at the end."""
    environment = {**os.environ, "PYTHONPATH": str(packages), "DASK_LOGGING__DISTRIBUTED": "error"}
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def address(tmp_path):
    """The address of a scheduler without workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = f"tcp://127.0.0.1:{port}"
    with process("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", folder=tmp_path):
        yield there


def worker(address: str, folder: Path, packages: Path = ROOT):
    return process(
        "dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", folder=folder, packages=packages
    )


@pytest.mark.slow
@isolated
def test_a_worker_is_killed_half_way_and_all_is_graded_once_and_as_here(tmp_path, address):
    asked, finished = tasks(8), []
    with ExitStack() as running:
        first, _ = (running.enter_context(worker(address, tmp_path)) for _ in range(2))

        def done(task, result):
            finished.append(task.key)
            if len(finished) == 3:
                first.send_signal(signal.SIGKILL)

        failed = run_all(asked, Store(tmp_path / "there"), 1, address, done)
        assert first.wait(10) == -signal.SIGKILL
    assert failed == {}
    assert sorted(finished) == sorted(task.key for task in asked), "each exactly once"
    assert run_all(asked, Store(tmp_path / "here"), 2) == {}
    there = stored(tmp_path / "there")
    assert len(there) == 8 and there == stored(tmp_path / "here")
    points = [json.loads(data)["result"]["summary"]["points"] for data in there.values()]
    assert points.count(10.0) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "tcp://",
        "http://127.0.0.1:1",
        "127.0.0.1:1",
        "tcp://nowhere.invalid:1",
        "tcp://127.0.0.1:99999999",
    ],
)
def test_an_address_where_nobody_answers_is_one_sentence(tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(cluster, "CONNECT_LIMIT", 1)
    with pytest.raises(ClusterUnusable, match=r"^No Dask scheduler answers at .*Say its address as"):
        run_all(tasks(1), Store(tmp_path), 1, wrong)


@pytest.mark.slow
@isolated
def test_a_cluster_that_cannot_grade_says_why_and_nothing_is_stored(tmp_path, address, monkeypatch):
    monkeypatch.setattr(cluster, "WORKER_LIMIT", 3)
    asked, store = tasks(2), Store(tmp_path / "grades")
    with pytest.raises(ClusterUnusable, match=r"has no workers.*dask worker tcp://127"):
        run_all(asked, store, 1, address)
    monkeypatch.setattr(cluster, "WORKER_LIMIT", 30)
    (tmp_path / "without" / "autograder").mkdir(parents=True)
    (tmp_path / "without" / "autograder" / "__init__.py").write_text("raise ImportError('no grader here')\n")
    with worker(address, tmp_path, tmp_path / "without"), pytest.raises(ClusterUnusable, match="cannot run this"):
        run_all(asked, store, 1, address)
    shutil.copytree(ROOT / "autograder", tmp_path / "other" / "autograder")
    with (tmp_path / "other" / "autograder" / "judge" / "mask.py").open("a") as file:
        file.write("# another version\n")
    with worker(address, tmp_path, tmp_path / "other"), pytest.raises(ClusterUnusable, match="another version of"):
        run_all(asked, store, 1, address)
    assert stored(tmp_path) == {}


@pytest.mark.slow
@isolated
def test_when_the_last_worker_goes_the_rest_is_named(tmp_path, address, monkeypatch):
    monkeypatch.setattr(cluster, "WORKER_LIMIT", 30)
    asked = tasks(3)
    with worker(address, tmp_path) as only:

        def done(task, result):
            only.kill()
            monkeypatch.setattr(cluster, "WORKER_LIMIT", 2)

        failed = run_all(asked, Store(tmp_path / "grades"), 1, address, done)
    assert len(stored(tmp_path / "grades")) == 1 and len(failed) == 2
    assert set(failed.values()) == {"All workers of the cluster have gone. Start some and grade again."}
