"""Work spread over a Dask cluster: the same function with the same code there, results back as they come.

A worker gets one call at a time for each of its threads. It refuses to work if its code or its libraries are
others than here, because the same submission could then get another grade. What comes back is text in JSON:
data, whatever a worker may have made of it.
"""

import json
import queue
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

from autograder.grading.sandbox import why_not
from autograder.grading.store import grader_digest

#: Seconds to wait for the scheduler to answer, and for a first worker, or for another after the last has gone.
CONNECT_LIMIT = 15
WORKER_LIMIT = 120


class ClusterUnusable(RuntimeError):
    """Nothing can be graded on this cluster; the message is one sentence with the way out."""


def spread(
    work: Callable[[object], dict], tasks: dict[str, object], address: str, walled: bool
) -> Iterator[tuple[str, dict]]:
    """Yield each task's key and result as they come; a lost worker's tasks are given to others.

    work: a pure function of a task, importable on the workers, whose result JSON can hold. tasks: by key. address:
    of the scheduler, such as tcp://10.0.0.1:8786. walled: whether the workers must be able to isolate students'
    code. What could not be done yields {"failed": why}. Raises ClusterUnusable, before anything is done, where
    nobody answers, no worker comes, or a worker does not fit.
    """
    from distributed import Client  # noqa: PLC0415 - an extra of its own, for those who have a cluster

    try:
        _knock(address)  # a client that fails to connect can hang when it is thrown away
        client = Client(address, timeout=CONNECT_LIMIT, set_as_default=False)
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise ClusterUnusable(
            f"No Dask scheduler answers at {address!r}. Say its address as it prints it when it starts, such as "
            "tcp://10.0.0.1:8786."
        ) from error
    with client:
        _look_at_workers(client, address, walled)
        ended: queue.SimpleQueue = queue.SimpleQueue()
        left = {}
        for key, task in tasks.items():
            left[key] = client.submit(there, work, task, grader_digest(), walled, key=f"grade-{key}", pure=True)
            left[key].add_done_callback(ended.put)
        while left:
            try:
                key = ended.get(timeout=WORKER_LIMIT).key.removeprefix("grade-")
            except queue.Empty:
                if client.scheduler_info()["workers"]:
                    continue
                break
            yield key, _result(left.pop(key))
        for key in left:
            yield key, {"failed": "All workers of the cluster have gone. Start some and grade again."}


def _knock(address: str) -> None:
    """Open a connection to an address, and close it. Raises OSError, ValueError or OverflowError."""
    kind, _, where = address.rpartition("://")
    host, _, port = where.rpartition(":")
    if kind not in ("", "tcp", "tls"):
        raise ValueError
    deadline = time.monotonic() + CONNECT_LIMIT
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)  # a scheduler that has just been started is not there at once


def there(work: Callable[[object], dict], task: object, digest: str, walled: bool) -> str:
    """What a worker does: the work's result as JSON; {"failed": why} if it does not fit."""
    unfit = _unfit("A worker", fitness(), digest, walled)
    return json.dumps({"failed": unfit} if unfit else work(task))


def fitness() -> list[str]:
    """What a worker tells of itself: which grader it has, and why it cannot isolate, "" if it can."""
    return [grader_digest(), why_not()]


def _unfit(who: str, told: list[str], digest: str, walled: bool) -> str:
    """Why a worker that told this does not fit, a sentence; "" if it does."""
    if told[0] != digest:
        return (
            f"{who} has another version of this grader, of Python or of its libraries, and would grade otherwise. "
            "Set up the same version of the project there, from its requirements.lock, and start it again."
        )
    if walled and told[1]:
        return f"{who} cannot isolate students' code: {told[1]}"
    return ""


def _look_at_workers(client, address: str, walled: bool) -> None:
    """Wait for a worker, and ask all there are. Raises ClusterUnusable for the first that does not fit."""
    try:
        client.wait_for_workers(1, timeout=WORKER_LIMIT)
    except TimeoutError as error:
        raise ClusterUnusable(
            f"The cluster at {address} has no workers, and none came within {WORKER_LIMIT} seconds. Start some: "
            f"dask worker {address}"
        ) from error
    for worker, told in client.run(fitness, on_error="return").items():
        where = f"The worker {worker}"
        if not isinstance(told, list) or len(told) != 2:
            raise ClusterUnusable(
                f"{where} cannot run this grader ({type(told).__name__}: {told}). Set up the same version of the "
                "project there, and start the worker with that Python."
            )
        unfit = _unfit(where, told, grader_digest(), walled)
        if unfit:
            raise ClusterUnusable(unfit)


def _result(future) -> dict:
    """The result of a task that has ended; {"failed": why} for whatever else a cluster gives."""
    try:
        told = future.result()
        result = json.loads(told) if type(told) is str else None
    except CancelledError:
        return {"failed": "The connection to the cluster was lost. Grade again."}
    except Exception as error:  # whatever a cluster raises for work that it could not do
        return {"failed": f"The cluster could not grade it: {type(error).__name__}: {error}"[:300]}
    finally:
        future.release()
    if not isinstance(result, dict):
        return {"failed": "The cluster sent something that is no result."}
    return result
