"""The one process that speaks with a Dask cluster. It hands texts out and brings texts back, and judges neither.

Dask's client makes objects of what the scheduler and workers send, with pickle, in several places and whatever its
settings say: results, exceptions, the types of results, warnings. So it runs here, apart from the grader: behind a
wall, without a network, a file or a secret of the course. Connections to the scheduler are opened by the grader
and handed in as open sockets; there are none to anything else. And here, too, nothing is unpickled: the process
has no `pickle.loads`, messages are read without making objects of what they carry, and results are asked for as
msgpack, which holds plain data only.

`python -m autograder.grading.courier TALK DIAL`: two inherited sockets. On TALK lines of JSON go both ways, see
`cluster`; on DIAL a byte asks for a connection, which comes back as an open file.
"""

import pickle
import resource
import sys


class Refused(Exception):
    """Something came that would have to be unpickled."""


class _Refusing:
    """What stands where an unpickler was."""

    def __init__(self, *_, **__):
        raise Refused


# Before Dask is imported, so that it finds nothing else.
pickle.load = pickle.loads = pickle._load = pickle._loads = _Refusing  # type: ignore[attr-defined]
pickle.Unpickler = pickle._Unpickler = _Refusing  # type: ignore[assignment,misc]

import asyncio  # noqa: E402
import contextlib  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from collections import deque  # noqa: E402
from collections.abc import Awaitable  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from typing import Any, TypeVar  # noqa: E402

import dask  # noqa: E402
import msgpack  # noqa: E402
from distributed import Client, Future, protocol  # noqa: E402
from distributed.comm import tcp  # noqa: E402
from distributed.protocol.compression import decompress  # noqa: E402
from distributed.protocol.serialize import Serialized  # noqa: E402
from distributed.security import Security  # noqa: E402
from tornado.iostream import IOStream  # noqa: E402

#: What a worker is asked for, as text: to read a function that it has not got would end it, and another Python
#: could not read one that is sent along.
_THERE = "__import__('autograder.grading.worker', fromlist=['there']).there(sent, digest)"

#: Bytes of address space of this process; of one message and of one text from a worker.
MEMORY_LIMIT = 3_000_000_000
MESSAGE_LIMIT = 40_000_000
TEXT_LIMIT = 20_000_000
#: Tasks that one worker is given at once, whatever number of threads it says it has.
THREADS_LIMIT = 64
#: How often a task is handed out anew when workers go away with it, and on how many workers it is tried at all.
LOSSES = 3
TRIES = 20
#: Seconds for one request to the scheduler, and for one result to come.
REQUEST_LIMIT = 30


Given = TypeVar("Given")


class Dialled:
    """Opens connections for Dask: each is one that the grader has opened, to the scheduler, whatever is asked."""

    def __init__(self, dial: socket.socket):
        self._dial, self._turn = dial, asyncio.Lock()

    async def connect(self, host, port, max_buffer_size=None, ssl_options=None, **_) -> IOStream:
        """A stream to the scheduler. Raises OSError where the grader reaches nobody."""
        async with self._turn:
            handle = await asyncio.to_thread(self._ask)
        stream = IOStream(socket.socket(fileno=handle), max_buffer_size=max_buffer_size)
        return stream if ssl_options is None else await stream.start_tls(False, ssl_options, host)

    def _ask(self) -> int:
        self._dial.sendall(b"?")
        _, handles, _, _ = socket.recv_fds(self._dial, 1, 1)
        if not handles:
            raise OSError("the scheduler cannot be reached")
        return handles[0]


def _harmless(dial: socket.socket) -> None:
    """Have Dask connect through the grader only, read short messages only, and make no objects of them."""
    tcp.BaseTCPConnector.client = Dialled(dial)  # type: ignore[assignment]
    read, loads = tcp.read_bytes_rw, protocol.loads

    async def read_bounded(stream: IOStream, size: int) -> memoryview:
        if size > MESSAGE_LIMIT:
            raise Refused
        return await read(stream, size)

    tcp.read_bytes_rw = read_bounded  # type: ignore[assignment]
    protocol.loads = lambda frames, deserialize=True, deserializers=None: loads(frames, deserialize=False)
    dask.config.set({"distributed.scheduler.allowed-imports": [], "distributed.client.preload": []})


class Deaf(Client):
    """A client that takes of what it is told only which tasks have ended."""

    _default_event_handlers = {}

    def _handle_key_in_memory(self, key=None, type=None, workers=None):
        super()._handle_key_in_memory(key=key)

    def _handle_task_erred(self, key=None, exception=None, traceback=None):
        super()._handle_task_erred(key=key, exception=RuntimeError("It failed there."), traceback=None)

    def _handle_error(self, exception=None):
        pass


@dataclass
class Errand:
    """One task on its way. tried: workers that have not done it, and why the last one has not. lost: how often a
    worker that had it has gone.
    """

    key: str
    tried: set[str] = field(default_factory=set)
    lost: int = 0
    why: str = ""


@dataclass
class Out:
    """A task that a worker has. future: Dask's. until: of `time.monotonic`, when the worker counts as silent."""

    errand: Errand
    worker: str
    future: Future
    until: float


class Talk:
    """The conversation with the grader."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer

    async def say(self, message: dict, body: bytes = b"") -> None:
        """Send a line, and bytes of which the line says how many they are."""
        self._writer.write(json.dumps(message).encode() + b"\n" + body)
        await self._writer.drain()

    async def hear(self) -> dict:
        """The grader's next line. Raises EOFError if it has gone."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return json.loads(line)


class Round:
    """Hands out tasks until all are done. Each worker has as many at once as it has threads."""

    def __init__(self, client: Client, talk: Talk, start: dict):
        self._client, self._talk, self._start = client, talk, start
        self._waiting = deque(Errand(key) for key in start["keys"])
        self._out: list[Out] = []
        self._dropped: set[str] = set(start["dropped"])
        self._numbers = itertools.count()

    async def run(self) -> None:
        """Returns when nothing is left to do, or nobody is left to do it and that has been told."""
        since, asked, workers = time.monotonic(), 0.0, {}
        while self._waiting or self._out:
            if time.monotonic() > asked + 1:
                workers, asked = await self._workers(), time.monotonic()
                await self._talk.say({"alive": len(workers)})
                self._give_up_on_the_lost(workers)
                since = time.monotonic() if workers else since
            usable = {worker: threads for worker, threads in workers.items() if worker not in self._dropped}
            if not usable and not self._out and (workers or time.monotonic() > since + self._start["patience"]):
                await self._talk.say({"nobody": bool(workers)})
                return
            await self._hand_out(usable)
            for out in [out for out in self._out if self._ended(out)]:
                await self._take(out)
            await asyncio.sleep(0.02)

    @property
    def _scheduler(self) -> Any:
        """The connection on which the scheduler is asked; Dask makes a request of every name."""
        return self._client.scheduler

    async def _workers(self) -> dict[str, int]:
        """The threads of every worker that there is, by its address."""
        told = await _within(REQUEST_LIMIT, self._scheduler.identity(n_workers=-1))
        return {
            str(address): max(1, min(THREADS_LIMIT, int(worker["nthreads"])))
            for address, worker in told["workers"].items()
        }

    def _give_up_on_the_lost(self, workers: dict[str, int]) -> None:
        for out in [out for out in self._out if out.worker not in workers]:
            out.errand.lost += 1
            self._back(out, "the worker that had it has gone")

    async def _hand_out(self, workers: dict[str, int]) -> None:
        for worker, threads in workers.items():
            while sum(out.worker == worker for out in self._out) < threads:
                errand = next((errand for errand in self._waiting if worker not in errand.tried), None)
                if errand is None:
                    break
                self._waiting.remove(errand)
                await self._talk.say({"want": errand.key})
                text = (await self._talk.hear())["text"]
                future = self._client.submit(
                    eval,
                    _THERE,
                    {"sent": text, "digest": self._start["digest"]},
                    key=f"grade-{errand.key}-{next(self._numbers)}-{self._client.id}",
                    workers=[worker],
                    pure=False,
                )
                until = time.monotonic() + self._start["silence"]
                self._out.append(Out(errand, worker, future, until))
        for errand in [errand for errand in self._waiting if errand.tried]:
            left = errand.lost < LOSSES and len(errand.tried) < TRIES
            if not workers or (left and set(workers) - errand.tried):
                continue
            self._waiting.remove(errand)
            await self._talk.say({"failed": errand.key, "why": errand.why})

    @staticmethod
    def _ended(out: Out) -> bool:
        return out.future.status != "pending" or time.monotonic() > out.until

    async def _take(self, out: Out) -> None:
        """Take what a worker made of a task, or take the task from it."""
        if out.future.status == "pending":
            await self._drop(out, "has not answered in time; end it, and start it again")
            return
        if out.future.status in ("cancelled", "lost"):
            out.errand.lost += 1
            self._back(out, "the cluster lost it")
            return
        text = await self._fetch(out) if out.future.status == "finished" else None
        if text is None:
            known = out.future.status == "finished"
            reason = "sent something that is not a result" if known else "cannot run this grader"
            await self._drop(
                out,
                f"{reason}. Set up the same version of the project there, and start the worker with that Python; "
                "its own log says more",
            )
            return
        await self._talk.say({"result": out.errand.key, "worker": out.worker, "bytes": len(text)}, text)
        answer = await self._talk.hear()
        if answer["good"]:
            self._out.remove(out)
            out.future.release()
        else:
            await self._drop(out, answer["why"], told=answer["told"])

    async def _fetch(self, out: Out) -> bytes | None:
        """The text that a task gave; None for whatever else comes instead."""
        await self._talk.say({"fetching": out.worker})
        try:
            asked = self._scheduler.gather(keys=[out.future.key], serializers=["msgpack"])
            told = await _within(REQUEST_LIMIT, asked)
            text = _plain(told["data"][out.future.key])
            text = text.encode() if type(text) is str else b""
            return text if 0 < len(text) <= TEXT_LIMIT else None
        except Exception:  # whatever a worker may have made of it
            return None

    def _back(self, out: Out, why: str) -> None:
        """Take a task from a worker, for another one."""
        self._out.remove(out)
        out.future.release()
        out.errand.tried.add(out.worker)
        out.errand.why = why
        self._waiting.append(out.errand)

    async def _drop(self, out: Out, why: str, told: bool = False) -> None:
        """Give a worker nothing more, and its tasks to others. told: whether the grader knows."""
        if out.worker not in self._dropped and not told:
            await self._talk.say({"dropped": out.worker, "why": why})
        self._dropped.add(out.worker)
        for other in [other for other in self._out if other.worker == out.worker]:
            self._back(other, f"{other.worker} {why}")


def _plain(carried: object) -> object:
    """What a message carries as plain data, if it is msgpack. Raises whatever comes of anything else."""
    if not isinstance(carried, Serialized):
        return carried
    if carried.header["serializer"] != "msgpack":
        raise Refused
    frames = carried.frames
    if carried.header.get("compression"):
        frames = decompress(carried.header, frames)
    return msgpack.loads(b"".join(frames), raw=False)


async def _within(seconds: float, asked: Awaitable[Given]) -> Given:
    """What something gives within a time. Raises TimeoutError, also where it does not let itself be cancelled."""
    task = asyncio.ensure_future(asked)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        raise TimeoutError
    return task.result()


async def _connected(address: str, seconds: float) -> Client:
    """A client of the scheduler. Raises whatever Dask does where there is none."""
    options = {"asynchronous": True, "set_as_default": False, "direct_to_workers": False, "security": Security()}
    return await Deaf(address, timeout=seconds, **options)


async def main(talk: socket.socket, dial: socket.socket) -> None:
    """Do what the grader's first line asks for."""
    reader, writer = await asyncio.open_connection(sock=talk, limit=1 << 30)
    conversation = Talk(reader, writer)
    start = await conversation.hear()
    _harmless(dial)
    dask.config.set({f"distributed.comm.{name}": value for name, value in start["comm"].items()})
    try:
        client = await _within(start["connect"] + 5, _connected(start["address"], start["connect"]))
    except Exception as error:  # whatever a stranger on that port may have said
        await conversation.say({"unreachable": type(error).__name__})
        return
    try:
        await conversation.say({"up": True})
        await Round(client, conversation, start).run()
        await conversation.say({"end": True})
    finally:
        with contextlib.suppress(Exception):
            await _within(2, client.close(timeout=1))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # Dask would log what others sent
    try:
        asyncio.run(main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3])))
    finally:
        os._exit(0)  # whatever Dask still waits for
