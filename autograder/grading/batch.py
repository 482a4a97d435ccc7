"""A class's submissions, graded in parallel into the store: by processes here, or by a Dask cluster's workers."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait as wait_for
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from socket import socket

from autograder.grading.cluster import spread
from autograder.grading.desk import Desk, desk
from autograder.grading.grade import grade_seeded
from autograder.grading.parent import START_LIMIT, OneForEachThread, ParentBroken, WarmParent
from autograder.grading.received import Wrong, received
from autograder.grading.sandbox import GRACE, Limits, Sandbox
from autograder.grading.sent import Sent
from autograder.grading.store import Store, seeds_of
from autograder.grading.stored import Failed, Outcome
from autograder.grading.template import Submission, Template
from autograder.printable import showable

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


def perform(task: Task) -> Outcome:
    """Grade one submission: the result as the store keeps it, or why the grader itself failed.

    The same task gives the same result, on whatever machine.
    """
    return perform_sent(sent(task))


def sent(task: Task) -> Sent:
    """What is needed of it to perform a task."""
    seeds = seeds_of(task.submission, task.template, task.secret)
    return Sent(task.submission, task.template, seeds, task.limits, task.walled, task.course)


def perform_sent(task: Sent) -> Outcome:
    """What `perform` does, with what was sent of a task."""
    try:
        graded = grade_seeded(task.submission, task.template, task.seeds, _box(kind_of(task)))
        return graded.result(task.submission, task.walled)
    except ParentBroken as problem:
        return Failed(str(problem))
    except Exception as problem:  # a fault of the grader's own costs this task, and no other
        return Failed(_fault(problem))


def _fault(problem: Exception) -> str:
    """A sentence on a fault of the grader's own."""
    return f"The grader itself failed on it ({showable(f'{type(problem).__name__}: {problem}', 200)})."


#: The sandbox that each thread of this process keeps warm; one at a time.
_boxes = OneForEachThread(Sandbox)


def kind_of(task: Task | Sent) -> tuple:
    """What decides which sandbox a task needs: the arguments of `Sandbox`."""
    return task.template.imports, task.limits, task.walled, task.course


def _box(wanted: tuple) -> Sandbox:
    """This thread's sandbox, a new one when another kind is asked for."""
    return _boxes.get(*wanted)


def close_box() -> None:
    """End the sandbox that this thread keeps warm, if it does."""
    _boxes.close()


def run_all(
    tasks: list[Task],
    store: Store,
    workers: int,
    scheduler: str = "",
    done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> dict[str, str]:
    """Grade every task whose result is not in the store yet; returns the failed ones: why, by key.

    workers: processes to use here. scheduler: a Dask scheduler's address to use instead. done: called after each.
    tell: called with a sentence on each worker of a cluster that gets nothing more.
    This process alone writes to the store. Raises ClusterUnusable where a cluster is no use.
    """
    failed: dict[str, str] = {}
    waiting = {task.key: task for task in tasks if store.get(task.key) is None}
    outcomes = _on_cluster(waiting, scheduler, tell) if scheduler else _here(waiting, workers)
    for key, outcome in outcomes:
        if isinstance(outcome, Failed):
            failed[key] = outcome.why
        else:
            try:
                store.put(key, outcome)
            except OSError as problem:
                where = f"The result could not be written to {store.folder} ({problem.strerror or problem})"
                failed[key] = f"{where}. Make room there, or see that it can be written to, and grade again."
        done(waiting[key], outcome)
    return failed


def _here(waiting: dict[str, Task], workers: int) -> Iterator[tuple[str, Outcome]]:
    """Outcomes of processes on this machine, as they come."""
    left = dict(waiting)
    for _ in range(ATTEMPTS):
        if not left:
            return
        try:
            yield from _round(left, min(workers, len(left)))
        except BrokenProcessPool:
            continue  # a worker was killed: what it had begun, and all the rest, is handed out again
    for key in left:
        yield key, Failed(f"The process that graded it was killed {ATTEMPTS} times.")


def _round(left: dict[str, Task], workers: int) -> Iterator[tuple[str, Outcome]]:
    """Outcomes of `workers` new processes, as they come; takes the finished tasks out of `left`.

    Raises BrokenProcessPool when one of the processes is killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.grade"])
    _start_quietly()
    kind = kind_of(next(iter(left.values())))
    with Sandbox(*kind) as box, Desk() as judge:
        arguments = (kind, _lent(box, workers), _lent(judge, workers), context.Value("i", 0))
        with ProcessPoolExecutor(workers, context, initializer=_begin_worker, initargs=arguments) as pool:
            futures = {pool.submit(perform, task): key for key, task in left.items()}
            for future in as_completed(futures):
                key = futures.pop(future)  # or all results would stay in memory
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    raise
                except Exception as problem:  # what cannot be sent, for one
                    outcome = Failed(_fault(problem))
                left.pop(key)
                yield key, outcome


def _start_quietly() -> None:
    """Start the process that forks the others, unless it runs; Ctrl-C while it imports gets no traceback of it."""
    resource_tracker.ensure_running()  # which would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lent(parent: WarmParent, workers: int) -> list[socket]:
    """Copies of one warm parent, whose imports take as long as grading a dozen submissions.

    None where it cannot be started: then each process tries on its own, and says what is wrong.
    """
    try:
        return [parent.lend() for _ in range(workers)]
    except ParentBroken:
        return []


def _begin_worker(kind: tuple, lent: list[socket], desks: list[socket], begun: Synchronized) -> None:
    """Have this process end when its parent does, even if that is killed and cannot say so.

    Of the sandboxes that are `lent` it takes the next, and of the `desks`. Ctrl-C, which a terminal sends to every
    process, ends it without a word: its parent says it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with begun.get_lock():
        number = begun.value
        begun.value += 1
    for connections, user in ((lent, _box(kind)), (desks, desk())):
        for place, connection in enumerate(connections):
            if place == number:
                user.borrow(connection)
            else:
                connection.close()

    parent = multiprocessing.parent_process()
    assert parent is not None, "this process is one of a pool's"

    def watch() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(
    waiting: dict[str, Task], address: str, tell: Callable[[str], None]
) -> Iterator[tuple[str, Outcome]]:
    """Outcomes of a Dask cluster's workers, as they come; only what has a result's form."""
    if not waiting:
        return

    def problem(key: str, answer: dict) -> str:
        try:
            sound[key] = received(answer, sent(waiting[key]))
        except Wrong as wrong:
            return str(wrong)
        return ""

    sound: dict[str, Outcome] = {}
    asked: dict[str, Callable[[], Sent]] = {key: partial(sent, task) for key, task in waiting.items()}
    first = next(iter(waiting.values()))
    silence = max(map(_longest, waiting.values()))
    for key, answer in spread(asked, address, silence, problem, tell, first.course):
        yield key, sound.pop(key) if key in sound else Failed(answer["failed"])


def _longest(task: Task) -> float:
    """Seconds in which a worker has certainly graded a task: each exercise is run four times at most."""
    return START_LIMIT + 4 * len(task.template.checks) * (task.limits.wall + GRACE)
