"""Grading on a Dask cluster: a scheduler and workers that are processes of their own, honest and hostile."""

import json
import os
import pickle
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from autograder.classroom.sample import STUDENTS
from autograder.grading import batch, cluster
from autograder.grading.batch import Task, run_all, sent
from autograder.grading.cluster import ClusterUnusable
from autograder.grading.sent import Sent
from autograder.grading.store import Store, key_of, seed_of
from autograder.grading.template import Submission, load_template
from autograder.grading.worker import there
from tests.conftest import ROOT
from tests.grading.runs import LONG, ROOMY, isolated

pytest.importorskip("distributed")
from tests.grading.hostile_worker import KINDS, _bytes

SECRET = bytes(range(32))
#: What hostile workers do, half of it at a time: each worker is a process that takes memory.
GROUPS = [tuple(sorted(KINDS)[start::2]) for start in range(2)]
ADA = next(student for student in STUDENTS if student.name == "ada")


def tasks(count: int) -> list[Task]:
    """Different submissions of 01_mask; every third is wrong."""
    asked, limits = load_template(ROOT / "solutions" / "01_mask" / "01_mask.ipynb"), ROOMY
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
def process(*arguments: str, folder: Path, packages: Path = ROOT, **variables: str):
    """A process of Dask's, ended at the end."""
    environment = {**os.environ, "PYTHONPATH": str(packages), "DASK_LOGGING__DISTRIBUTED": "critical", **variables}
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Whoever is expected is waited for as long as it takes; a test in which nobody comes waits shortly."""
    monkeypatch.setattr(cluster, "CONNECT_LIMIT", LONG)
    monkeypatch.setattr(cluster, "WORKER_LIMIT", LONG)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def address(tmp_path):
    """The address of a scheduler without workers."""
    port = free_port()
    with process("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", folder=tmp_path):
        yield f"tcp://127.0.0.1:{port}"


def worker(address: str, folder: Path, packages: Path = ROOT, **variables: str):
    arguments = ("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    return process(*arguments, folder=folder, packages=packages, **variables)


@contextmanager
def hostile(address: str, folder: Path, kind: str):
    """A worker that means harm; yields the file in which its code writes where it was run."""
    package = folder / "hostile" / "autograder" / "grading"
    package.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "grading" / "hostile_worker.py", package / "worker.py")
    for folder_of in (package, package.parent):
        (folder_of / "__init__.py").touch()
    marker = folder / "harm"
    with worker(address, folder, folder / "hostile", HOSTILE=kind, MARKER=str(marker)):
        yield marker


def harmed(marker: Path) -> list[str]:
    """The command lines of processes that ran what was sent; Dask's own run what a worker sends."""
    lines = marker.read_text().splitlines() if marker.exists() else []
    return [line for line in lines if "distributed.cli.dask_" not in line]


@pytest.fixture
def without_the_wall(monkeypatch):
    """The courier can write where it likes: then it is not the wall that holds what is tested."""
    behind = cluster._courier
    monkeypatch.setattr(cluster, "_courier", lambda place, course, walled: behind(place, course, walled=False))


def await_workers(address: str, number: int) -> None:
    """Wait until a scheduler has so many workers; a process of its own asks."""
    program = (
        "import sys; from distributed import Client\n"
        "with Client(sys.argv[1]) as client: client.wait_for_workers(int(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, address, str(number)]
    subprocess.run(command, check=True, capture_output=True)


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
        assert first.wait() == -signal.SIGKILL
    assert failed == {}
    assert sorted(finished) == sorted(task.key for task in asked), "each exactly once"
    assert run_all(asked, Store(tmp_path / "here"), 2) == {}
    there = stored(tmp_path / "there")
    assert len(there) == 8 and there == stored(tmp_path / "here")
    points = [json.loads(data)["result"]["summary"]["points"] for data in there.values()]
    assert points.count(10.0) == 6


def test_a_worker_refuses_what_comes_from_another_grader():
    told = json.loads(there("this is not even read", "another digest"))
    assert list(told) == ["unfit"] and "another version of this grader" in told["unfit"]


def test_what_is_sent_is_the_task_without_the_secret():
    (task,) = tasks(1)
    text = sent(task).as_text()
    assert Sent.from_text(text) == sent(task) and Sent.from_text(text).template.digest() == task.template.digest()
    assert sent(task).seeds == {"mask": seed_of(SECRET, task.submission, "mask")}
    for secret in (SECRET.hex(), json.dumps(list(SECRET)), SECRET.decode("latin-1"), "secret"):
        assert secret not in text


@pytest.mark.slow
@isolated
@pytest.mark.parametrize("kinds", GROUPS, ids=" ".join)
def test_hostile_workers_harm_nobody_and_the_others_are_graded(
    tmp_path, address, monkeypatch, without_the_wall, kinds
):
    """Their code runs nowhere here, not even in a courier without its wall; their work goes to an honest worker."""
    asked, told = tasks(len(kinds) + 2), []  # one for each hostile worker to spoil, at least
    with ExitStack() as running:
        running.enter_context(worker(address, tmp_path))
        # So that the honest one has started what it needs before anybody's silence is measured.
        assert run_all([asked.pop()], Store(tmp_path / "grades"), 1, address) == {}
        markers = [running.enter_context(hostile(address, tmp_path / kind, kind)) for kind in kinds]
        await_workers(address, len(kinds) + 1)
        if "silent" in kinds:
            monkeypatch.setattr(batch, "_longest", lambda task: 30)
        failed = run_all(asked, Store(tmp_path / "grades"), 1, address, tell=told.append)
        assert [harmed(marker) for marker in markers] == [[]] * len(kinds)
    assert failed == {} and len(stored(tmp_path / "grades")) == len(kinds) + 2
    gone = sum(kind in ("dies", "events") for kind in kinds)  # a worker that has gone is nothing to look at
    assert len(kinds) - gone <= len(told) <= len(kinds), told
    for sentence in told:
        assert re.match(r"The worker tcp://[\d.:]+ \w.+ It gets no more work\.$", sentence), sentence
        assert sentence.isprintable() and len(sentence) < 800


def test_what_the_hostile_workers_send_does_its_harm_where_it_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.setenv("MARKER", str(tmp_path / "harm"))
    pickle.loads(_bytes())
    assert len(harmed(tmp_path / "harm")) == 1


@pytest.mark.slow
@isolated
def test_with_hostile_workers_only_the_cluster_is_refused_in_a_sentence(tmp_path, address):
    with hostile(address, tmp_path, "pickled") as marker:
        with pytest.raises(ClusterUnusable, match=r"^The worker tcp://\S+ sent something that is not a result"):
            run_all(tasks(2), Store(tmp_path / "grades"), 1, address)
        assert harmed(marker) == []


#: A scheduler's preload: it answers every request with what does harm where it is unpickled or believed.
HOSTILE_SCHEDULER = """
import os, pickle
from pathlib import Path
from distributed.protocol.serialize import Pickled, Serialized
class Harm:
    def __reduce__(self):
        marker = os.environ["MARKER"]
        return exec, (f"import sys; open({marker!r}, 'a').write(' '.join(sys.orig_argv) + '\\\\n')",)
def dask_setup(scheduler):
    evil = pickle.dumps(Harm())
    answers = {
        "pickled": lambda: Pickled({"pickled-obj": evil}, []),
        "serialized": lambda: Serialized({"serializer": "pickle", "writeable": ()}, [evil]),
        "error": lambda: {"status": "error", "exception": evil, "traceback": evil, "text": "x"},
        "workers": lambda: {"workers": {"tcp://127.0.0.1:1": {"nthreads": 10**9, "status": "running"}}},
        "module": lambda: {"__Enum__": True, "__module__": "dask.harm", "__name__": "x", "name": "x"},
    }
    def answer(*args, **kwargs):
        return answers[Path(os.environ["HOSTILE"]).read_text()]()
    for name in ("identity", "gather", "broadcast", "who_has", "versions"):
        scheduler.handlers[name] = answer
"""


@pytest.mark.slow
def test_a_hostile_scheduler_ends_in_a_sentence(tmp_path, monkeypatch, without_the_wall):
    monkeypatch.setattr(batch, "_longest", lambda task: 3)
    monkeypatch.setattr(cluster, "WORKER_LIMIT", 3)
    (tmp_path / "preload.py").write_text(HOSTILE_SCHEDULER)
    port, marker, kind = free_port(), tmp_path / "harm", tmp_path / "kind"
    arguments = ("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    preload = ("--preload", str(tmp_path / "preload.py"))
    with process(*arguments, *preload, folder=tmp_path, HOSTILE=str(kind), MARKER=str(marker)):
        cluster._knock(f"tcp://127.0.0.1:{port}")
        monkeypatch.setattr(cluster, "CONNECT_LIMIT", 3)
        for name in ("pickled", "serialized", "error", "workers", "module"):
            kind.write_text(name)
            try:
                failed = run_all(tasks(2), Store(tmp_path / "grades"), 1, f"tcp://127.0.0.1:{port}")
                sentences = set(failed.values())
                assert len(failed) == 2
            except ClusterUnusable as unusable:
                sentences = {str(unusable)}
            for sentence in sentences:
                assert re.fullmatch(r"[A-Z][^\n]{20,600}\.", sentence), (name, sentence)
            assert harmed(marker) == [] and stored(tmp_path / "grades") == {}, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [b"", b"\xff" * 1000, struct.pack("<Q", 2**62), struct.pack("<QQQ", 24, 1, 2**40) + b"x" * 100]
)
def test_a_stranger_on_the_port_ends_in_a_sentence(tmp_path, monkeypatch, said):
    monkeypatch.setattr(cluster, "CONNECT_LIMIT", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_say, args=(server, said), daemon=True).start()
        with pytest.raises(ClusterUnusable, match=r"^No Dask scheduler answers"):
            run_all(tasks(1), Store(tmp_path), 1, f"tcp://127.0.0.1:{server.getsockname()[1]}")


def _say(server: socket.socket, said: bytes) -> None:
    """Greet everybody so, and keep the line open."""
    kept = []
    with suppress(OSError):
        while True:
            kept.append(server.accept()[0])
            kept[-1].sendall(said)


_LOOK = """
import json, os, socket, sys
def reach(address):
    try:
        socket.create_connection(address, 3).close()
        return True
    except OSError:
        return False
def written(place):
    try:
        open(place + "/x", "w").close()
        return True
    except OSError:
        return False
print(json.dumps([
    [place for place in sys.argv[2:] if os.path.exists(place)],
    reach(("127.0.0.1", int(sys.argv[1]))),
    [place for place in ("/", "/dev", "/dev/shm", "/usr", "/home", "/app") if written(place)],
    [name for name in os.listdir("/proc") if name.isdigit()],
    sorted(os.environ),
]))
"""


@isolated
def test_the_courier_sees_nothing_and_reaches_nobody(tmp_path):
    course = tmp_path / "course"
    course.mkdir()
    (course / ".course_secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = [course, ROOT / "solutions", ROOT / "build", ROOT / "nbgrader_config.py", Path.home() / ".cache"]
        command = [*cluster._wall(course), "-c", _LOOK, str(server.getsockname()[1]), *map(str, places)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen, reached, written, processes, environment = json.loads(done.stdout)
    assert seen == [] and not reached and written == [] and len(processes) <= 2
    known = {"HOME", "LANG", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE"}
    assert set(environment) <= known | {"PYTHONPATH"}


_UNPICKLE = """
import runpy, sys
sys.argv = ["courier"]
runpy.run_module("autograder.grading.courier", run_name="courier")
import io, pickle, cloudpickle
from distributed import client
from distributed.protocol import pickle as dasks
data, left = pickle.dumps(1), []
for loads in (
    pickle.loads, dasks.loads, cloudpickle.loads, client.loads, client.pickle.loads,
    lambda data: pickle.Unpickler(io.BytesIO(data)).load(),
    lambda data: pickle.load(io.BytesIO(data)),
    lambda data: cloudpickle.load(io.BytesIO(data)),
):
    try:
        loads(data)
        left.append(loads)
    except Exception as error:
        assert type(error).__name__ == "Refused", error
print(left)
"""


def test_nothing_in_the_courier_unpickles():
    command = [sys.executable, "-c", _UNPICKLE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "tcp://",
        "http://127.0.0.1:1",
        *(
            pytest.param(address, marks=pytest.mark.slow)
            for address in ("127.0.0.1:1", "tcp://nowhere.invalid:1", "tcp://127.0.0.1:99999999")
        ),
    ],
)
@isolated
def test_an_address_where_nobody_answers_is_one_sentence(tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(cluster, "CONNECT_LIMIT", 1)
    with pytest.raises(ClusterUnusable, match=r"^No Dask scheduler answers at .*Say its address as"):
        run_all(tasks(1), Store(tmp_path), 1, wrong)


@pytest.mark.slow
@isolated
def test_a_cluster_that_cannot_grade_says_why_and_nothing_is_stored(tmp_path, address, monkeypatch):
    monkeypatch.setattr(cluster, "WORKER_LIMIT", 1)
    asked, store = tasks(2), Store(tmp_path / "grades")
    with pytest.raises(ClusterUnusable, match=r"has no workers.*dask worker tcp://127"):
        run_all(asked, store, 1, address)
    monkeypatch.setattr(cluster, "WORKER_LIMIT", LONG)
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


def test_without_isolation_here_there_is_no_grading_on_a_cluster(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "why_not", lambda: "there is no wall.")
    with pytest.raises(ClusterUnusable, match="needs isolation here as well: there is no wall"):
        run_all(tasks(1), Store(tmp_path), 1, "tcp://127.0.0.1:1")


@pytest.mark.slow
@isolated
def test_when_the_last_worker_goes_the_rest_is_named(tmp_path, address, monkeypatch):
    asked = tasks(3)
    with worker(address, tmp_path) as only:
        await_workers(address, 1)
        monkeypatch.setattr(cluster, "WORKER_LIMIT", 2)

        def done(task, result):
            only.kill()

        failed = run_all(asked, Store(tmp_path / "grades"), 1, address, done)
    assert len(stored(tmp_path / "grades")) == 1 and len(failed) == 2
    assert set(failed.values()) == {"All workers of the cluster have gone. Start some and grade again."}
