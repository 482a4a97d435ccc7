"""A class's submissions, graded in parallel into the store: by processes here, or by a Dask cluster's workers."""

import atexit
import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from socket import socket

from threadpoolctl import threadpool_limits

from autograder.grading.cluster import spread
from autograder.grading.sandbox import Limits, Sandbox, SandboxBroken
from autograder.grading.store import Store
from autograder.grading.template import Submission, Template

#: How often work is handed out anew when the processes that do it die.
ATTEMPTS = 3


@dataclass(frozen=True)
class Task:
    """One submission to grade, with everything that decides its grade.

    course: the course's folder, which students' code must not see.
    """

    key: str
    submission: Submission
    template: Template
    secret: bytes
    limits: Limits
    walled: bool
    course: Path | None = None


def perform(task: Task) -> dict:
    """Grade one submission: the result as the store keeps it, or {"failed": why} when the grader itself failed.

    The same task gives the same result, on whatever machine.
    """
    # Whoever only hands out work is spared the judge, SciPy and Matplotlib.
    from autograder.grading.grade import grade  # noqa: PLC0415

    try:
        graded = grade(task.submission, task.template, task.secret, _box(kind_of(task)))
    except SandboxBroken as problem:
        return {"failed": str(problem)}
    return graded.result(task.submission, task.walled)


#: The sandbox that each thread of this process keeps warm; one at a time.
_warm = threading.local()


def kind_of(task: Task) -> tuple:
    """What decides which sandbox a task needs: the arguments of `Sandbox`."""
    return task.template.imports, task.limits, task.walled, task.course


def _box(wanted: tuple) -> Sandbox:
    """This thread's sandbox, a new one when another kind is asked for."""
    if getattr(_warm, "kind", None) != wanted:
        close_box()
        _warm.kind, _warm.box = wanted, Sandbox(*wanted)
        atexit.register(_warm.box.close)
    return _warm.box


def close_box() -> None:
    """End the sandbox that this thread keeps warm, if it does."""
    if hasattr(_warm, "box"):
        _warm.box.close()
        atexit.unregister(_warm.box.close)
        del _warm.kind, _warm.box


def run_all(
    tasks: list[Task],
    store: Store,
    workers: int,
    scheduler: str = "",
    done: Callable[[Task, dict], None] = lambda task, result: None,
) -> dict[str, str]:
    """Grade every task whose result is not in the store yet; returns the failed ones: why, by key.

    workers: processes to use here. scheduler: a Dask scheduler's address to use instead. done: called after each.
    This process alone writes to the store. Raises ClusterUnusable where a cluster is no use.
    """
    failed: dict[str, str] = {}
    waiting = {task.key: task for task in tasks if store.get(task.key) is None}
    results = _on_cluster(waiting, scheduler) if scheduler else _here(waiting, workers)
    for key, result in results:
        if "failed" in result:
            failed[key] = result["failed"]
        else:
            store.put(key, result)
        done(waiting[key], result)
    return failed


def _here(waiting: dict[str, Task], workers: int) -> Iterator[tuple[str, dict]]:
    """Results of processes on this machine, as they come."""
    left = dict(waiting)
    for _ in range(ATTEMPTS):
        if not left:
            return
        try:
            yield from _round(left, min(workers, len(left)))
        except BrokenProcessPool:
            continue  # a worker was killed: what it had begun, and all the rest, is handed out again
    for key in left:
        yield key, {"failed": f"The process that graded it was killed {ATTEMPTS} times."}


def _round(left: dict[str, Task], workers: int) -> Iterator[tuple[str, dict]]:
    """Results of `workers` new processes, as they come; takes the finished tasks out of `left`.

    Raises BrokenProcessPool when one of the processes is killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.grade"])
    kind = kind_of(next(iter(left.values())))
    with Sandbox(*kind) as box:
        arguments = (kind, _lent(box, workers), context.Value("i", 0))
        with ProcessPoolExecutor(workers, context, initializer=_begin_worker, initargs=arguments) as pool:
            futures = {pool.submit(perform, task): key for key, task in left.items()}
            for future in as_completed(futures):
                result = future.result()
                key = futures.pop(future)  # or all results would stay in memory
                left.pop(key)
                yield key, result


def _lent(box: Sandbox, workers: int) -> list[socket]:
    """Copies of one warm parent, whose imports take as long as grading a dozen submissions.

    None where it cannot be started: then each process tries on its own, and says what is wrong.
    """
    try:
        return [box.lend() for _ in range(workers)]
    except SandboxBroken:
        return []


def _begin_worker(kind: tuple, lent: list[socket], begun: Synchronized) -> None:
    """Have this process use one core, as there are others like it, and end when its parent does, even if that is
    killed and cannot say so. Of the sandboxes that are `lent` it takes the next.
    """
    threadpool_limits(1)
    # Pictures leave small cycles, and looking for them among all that is imported took a tenth of the time here.
    gc.freeze()
    gc.set_threshold(50_000)
    with begun.get_lock():
        number = begun.value
        begun.value += 1
    for place, connection in enumerate(lent):
        if place == number:
            _box(kind).borrow(connection)
        else:
            connection.close()

    def watch() -> None:
        wait_for([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(waiting: dict[str, Task], address: str) -> Iterator[tuple[str, dict]]:
    """Results of a Dask cluster's workers, as they come; only what has a result's form."""
    if not waiting:
        return
    walled = any(task.walled for task in waiting.values())
    for key, result in spread(perform, waiting, address, walled):
        formed = _is_result(result, waiting[key].template)
        yield key, result if formed else {"failed": "The cluster sent something that is no result."}


def _is_result(result: dict, template: Template) -> bool:
    """Whether this has the form of what `perform` returns; it may come from another machine."""
    if "failed" in result:
        return isinstance(result["failed"], str)
    try:
        kinds = [cell["cell_type"] for cell in result["notebook"]["cells"]]
        outputs = [cell["outputs"] for cell in result["notebook"]["cells"] if cell["cell_type"] == "code"]
        checks = [entry["exercise"] for entry in result["summary"]["exercises"]]
    except (KeyError, TypeError):
        return False
    return (
        kinds == [cell["cell_type"] for cell in template.cells]
        and all(isinstance(output, list) for output in outputs)
        and checks == [check.exercise for check in template.checks]
    )
