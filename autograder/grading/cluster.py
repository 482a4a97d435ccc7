"""Work spread over a Dask cluster: the same function with the same code there, results back as they come.

The grader's process never speaks with the cluster. A process of its own does, behind a wall (`courier`): it gets
texts, and hands back bytes, which are data, whatever a worker may have made of them. Connections are opened here,
to the scheduler alone, and handed in; behind that wall there is no network.

A worker refuses to work if its code or its libraries are others than here, because the same submission could then
get another grade. One that sends no result, or is silent, gets nothing more, and its work goes to others.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from autograder.grading.places import APP, files_of, interpreter, mounts, package_folders
from autograder.grading.sandbox import why_not
from autograder.grading.sent import Sent
from autograder.grading.store import grader_digest
from autograder.grading.wall import behind, bubblewrap
from autograder.printable import printable

#: Seconds to wait for the scheduler to answer, and for a first worker, or for another after the last has gone.
CONNECT_LIMIT = 15
WORKER_LIMIT = 120
#: Seconds without a word from the courier after which it counts as broken, and how often another is started.
SILENCE_LIMIT = 120
ATTEMPTS = 3
#: Bytes of a line and of a result; of a sentence that a worker has a say in, characters.
LINE_LIMIT = 10_000
RESULT_LIMIT = 20_000_000
SENTENCE_LIMIT = 500
#: Commas, colons and brackets in a result: what makes JSON cost more memory than its text.
PARTS_LIMIT = 1_000_000
#: Connections to the scheduler that one courier is given.
CONNECTIONS = 1_000


class ClusterUnusable(RuntimeError):
    """Nothing can be graded on this cluster; the message is one sentence with the way out."""


class _Broken(Exception):
    """The courier does not do its work; it is replaced."""


def spread(
    tasks: Mapping[str, Callable[[], Sent]],
    address: str,
    silence: float,
    problem: Callable[[str, dict], str],
    tell: Callable[[str], None],
    course: Path | None = None,
    walled: bool = True,
) -> Iterator[tuple[str, dict]]:
    """Yield each task's key and result as they come; what a worker loses or spoils is given to others.

    tasks: by key, what makes the text that is sent. address: of the scheduler, such as tcp://10.0.0.1:8786.
    silence: seconds after which a worker that has a task counts as silent. problem: what is wrong with a result of
    a key, the rest of a sentence, "" if it is sound. tell: called with a sentence on each worker that gets nothing
    more. course: a folder that the courier must not see. walled: whether the courier has to be behind its wall.
    What could not be done yields {"failed": why}. Raises ClusterUnusable, before anything is done, where nobody
    answers, no worker comes, or none fits.
    """
    if walled and why_not():
        raise ClusterUnusable(f"Grading on a cluster needs isolation here as well: {why_not()}")
    place = _knock(address)
    left, round_ = dict(tasks), _Round(dict(tasks), address, problem, tell)
    broken, why = 0, ""
    while left and broken < ATTEMPTS:
        before = len(round_.dropped), len(left)
        try:
            with _courier(place, course, walled) as said:
                said.send(_start(address, list(left), silence, list(round_.dropped)))
                for key, result in round_.hear(said):
                    yield key, result
                    del left[key]
                return
        except _Broken:
            why = _BROKEN
            round_.blame()
            broken = 0 if before != (len(round_.dropped), len(left)) else broken + 1
        except _Nobody as nobody:
            why = next(iter(round_.dropped.values()), str(nobody))
            if len(left) == len(tasks):
                raise ClusterUnusable(why) from nobody
            break
    for key in left:
        yield key, {"failed": why}


class _Nobody(Exception):
    """There is no worker that can be used. The message says so, with the way out."""


def _knock(address: str) -> tuple[str, int]:
    """Where a scheduler listens: host and port; somebody does. Raises ClusterUnusable."""
    try:
        kind, _, where = address.rpartition("://")
        host, _, port = where.rpartition(":")
        place = host.strip("[]"), int(port)
        if kind not in ("", "tcp", "tls") or not place[0]:
            raise ValueError
        deadline = time.monotonic() + CONNECT_LIMIT
        while True:
            try:
                socket.create_connection(place, CONNECT_LIMIT).close()
                return place
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)  # a scheduler that has just been started is not there at once
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable(address) from error


def _unreachable(address: str) -> ClusterUnusable:
    return ClusterUnusable(
        f"No Dask scheduler answers at {address!r}. Say its address as it prints it when it starts, such as "
        "tcp://10.0.0.1:8786."
    )


def _start(address: str, keys: list[str], silence: float, dropped: list[str]) -> dict:
    """The first line to the courier."""
    return {
        "address": address,
        "keys": keys,
        "dropped": dropped,
        "digest": grader_digest(),
        "comm": _settings(),
        "connect": CONNECT_LIMIT,
        "patience": WORKER_LIMIT,
        "silence": silence,
    }


def _settings() -> dict:
    """What Dask's configuration says of connections, with the text of the files that it names for TLS.

    Raises ClusterUnusable where one of these cannot be read.
    """
    # An extra of its own, for those who have a cluster.
    import dask  # noqa: PLC0415

    tls = {
        "tls.ca-file": dask.config.get("distributed.comm.tls.ca-file", None),
        "tls.client.cert": dask.config.get("distributed.comm.tls.client.cert", None),
        "tls.client.key": dask.config.get("distributed.comm.tls.client.key", None),
    }
    try:
        texts = {name: Path(file).read_text() for name, file in tls.items() if file and "\n" not in file}
    except (OSError, ValueError) as error:
        raise ClusterUnusable(f"Dask's configuration names a file for TLS that cannot be read: {error}.") from error
    names = ("require-encryption", "tls.ciphers", "tls.min-version", "tls.max-version")
    others = {name: dask.config.get(f"distributed.comm.{name}", None) for name in names}
    return {name: value for name, value in {**tls, **others, **texts}.items() if value is not None}


class _Line:
    """The conversation with the courier, bounded in size and time."""

    def __init__(self, talk: socket.socket):
        self._talk, self._data = talk, bytearray()

    def send(self, message: dict) -> None:
        """Send one line. Raises _Broken."""
        try:
            self._talk.settimeout(SILENCE_LIMIT)
            self._talk.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise _Broken from error

    def hear(self) -> dict:
        """The next line. Raises _Broken for anything else."""
        while b"\n" not in self._data:
            if len(self._data) > LINE_LIMIT:
                raise _Broken
            self._more()
        line, _, rest = bytes(self._data).partition(b"\n")
        self._data = bytearray(rest)
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _Broken from error
        if not isinstance(message, dict):
            raise _Broken
        return message

    def bytes(self, size: object) -> bytes:
        """So many bytes. Raises _Broken."""
        if type(size) is not int or not 0 <= size <= RESULT_LIMIT:
            raise _Broken
        while len(self._data) < size:
            self._more()
        body = bytes(self._data[:size])
        del self._data[:size]
        return body

    def _more(self) -> None:
        try:
            self._talk.settimeout(SILENCE_LIMIT)
            piece = self._talk.recv(1 << 20)
        except OSError as error:
            raise _Broken from error
        if not piece:
            raise _Broken
        self._data += piece


#: Why a task failed whose couriers broke, again and again.
_BROKEN = "The connection to the cluster broke off. Grade again."


class _Round:
    """What the couriers of one call of `spread` bring. dropped: by worker, why it gets nothing more, a sentence."""

    def __init__(
        self,
        left: dict[str, Callable[[], Sent]],
        address: str,
        problem: Callable[[str, dict], str],
        tell: Callable[[str], None],
    ):
        self._left, self._address, self._problem, self._tell = left, address, problem, tell
        self._begun, self._fetching = False, ""
        self.dropped: dict[str, str] = {}

    def hear(self, said: _Line) -> Iterator[tuple[str, dict]]:
        """What a courier brings, until it says that this is all. Raises _Broken, _Nobody and ClusterUnusable."""
        while True:
            message = said.hear()
            kind = next(iter(message), "")
            if kind == "end" and not self._left:
                return
            if kind == "unreachable":
                raise _unreachable(self._address)
            if kind == "nobody":
                raise _Nobody(self._nobody())
            if kind == "fetching":
                self._fetching = _sentence(message[kind])
            if kind == "dropped":
                self._drop(_sentence(message[kind]), _sentence(message.get("why")))
            if kind in ("want", "result", "failed"):
                yield from self._about(message[kind], kind, message, said)

    def _about(self, key: object, kind: str, message: dict, said: _Line) -> Iterator[tuple[str, dict]]:
        """Answer what a courier says of a task; yields its result, if that is it."""
        if type(key) is not str or key not in self._left:
            raise _Broken
        result = None
        if kind == "want":
            said.send({"text": self._left[key]().as_text()})
        elif kind == "failed":
            result = {"failed": f"The cluster could not grade it: {_sentence(message.get('why'))}."}
        else:
            result, why = _read(said.bytes(message.get("bytes")), lambda result: self._problem(key, result))
            if why:
                self._drop(_sentence(message.get("worker")), why)
            said.send({"good": not why, "why": why, "told": True})
        self._fetching = ""
        if result is not None:
            del self._left[key]
            self._begun = True
            yield key, result

    def blame(self) -> None:
        """The courier broke. If it was fetching a worker's result, that is to blame."""
        if self._fetching:
            self._drop(
                self._fetching, "sent something that is not a result, and ended the connection to the cluster"
            )
        self._fetching = ""

    def _drop(self, worker: str, why: str) -> None:
        if worker not in self.dropped:
            self.dropped[worker] = f"The worker {worker} {why}".rstrip(".") + "."
            self._tell(f"{self.dropped[worker]} It gets no more work.")

    def _nobody(self) -> str:
        if self._begun:
            return "All workers of the cluster have gone. Start some and grade again."
        return (
            f"The cluster at {self._address} has no workers, and none came within {WORKER_LIMIT} seconds. Start "
            f"some: dask worker {self._address}"
        )


def _sentence(text: object) -> str:
    """Words that came from the cluster, as they may be shown."""
    return printable(str(text)[:SENTENCE_LIMIT]).rstrip(".")


def _read(body: bytes, problem: Callable[[dict], str]) -> tuple[dict | None, str]:
    """A result out of its bytes, or why it is none."""
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > PARTS_LIMIT:
        return None, "sent something that is not a result: it has too many parts"
    try:
        result = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None, "sent something that is not a result: it is not JSON"
    if not isinstance(result, dict):
        return None, "sent something that is not a result"
    if list(result) == ["unfit"]:
        told = _sentence(result["unfit"]) if isinstance(result["unfit"], str) else "is no worker for this"
        return None, f"says that it {told}"
    why = problem(result)
    return (None, f"sent something that is not a result of what it was asked: {why}") if why else (result, "")


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


@contextmanager
def _courier(place: tuple[str, int], course: Path | None, walled: bool) -> Iterator[_Line]:
    """A courier, ended at the end. place: the only one that it can reach. course: a folder it must not see."""
    with ExitStack() as stack:
        talk, their_talk = (stack.enter_context(end) for end in socket.socketpair())
        dial, their_dial = (stack.enter_context(end) for end in socket.socketpair())
        inherited = (their_talk.fileno(), their_dial.fileno())
        command = [
            *(_wall(course) if walled else [sys.executable]),
            "-m",
            "autograder.grading.courier",
            *map(str, inherited),
        ]
        process = subprocess.Popen(
            command,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=None if walled else {**os.environ, **_environment(str(Path(__file__).resolve().parents[2]))},
        )
        their_talk.close()
        their_dial.close()
        threading.Thread(target=_connect, args=(dial, place), daemon=True).start()
        try:
            yield _Line(talk)
        finally:
            with suppress(OSError):
                dial.shutdown(socket.SHUT_RDWR)  # ends the thread
            process.kill()
            process.wait()


def _connect(dial: socket.socket, place: tuple[str, int]) -> None:
    """Open connections to one place for those who ask on `dial`."""
    with suppress(OSError, ValueError):
        for _ in range(CONNECTIONS):
            select.select([dial], [], [])
            if not dial.recv(1):
                return
            try:
                with socket.create_connection(place, CONNECT_LIMIT) as opened:
                    opened.settimeout(None)
                    socket.send_fds(dial, [b"!"], [opened.fileno()])
            except OSError:
                dial.sendall(b"-")


def _environment(packages: str) -> dict[str, str]:
    """The variables that a courier needs."""
    return {
        "PYTHONPATH": os.pathsep.join([packages, *package_folders()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


#: The modules that can be seen behind the courier's wall.
_COURIERS = ("autograder", "autograder.grading", "autograder.grading.courier")


def _wall(course: Path | None) -> list[str]:
    """The command line up to the courier: behind a wall of its own, in which nothing of this machine's users is."""
    home = "/home/courier"
    shown = mounts(home, [course] if course else [], files_of(*_COURIERS))
    variables = {"PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8", **_environment(APP)}
    rights = ["--cap-drop", "ALL"]
    command = behind(bubblewrap() or "bwrap", shown, home, variables, rights, tmp="10000000")
    return [*command, interpreter()]
