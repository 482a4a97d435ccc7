"""Grading in a program that lives on, such as JupyterLab: what is warm stays so for a while, then ends by itself.

What is kept is one thread for each kind of sandbox, with the processes that it has started: the system ends these
with the thread that started them, so they would not outlive one that only answers one press of a button.
"""

import os
import queue
import threading
from concurrent.futures import Future

from autograder.grading.batch import Task, close_box, kind_of, perform
from autograder.grading.desk import close_desk
from autograder.grading.stored import Outcome

#: Seconds without work after which what is kept ends.
IDLE = 300.0
#: How many kinds of sandbox are kept at most: the one of a NumPy exercise and the one of a Keras exercise.
MOST = 2


class _Worker(threading.Thread):
    """A thread that performs tasks of one kind, one after another, until none comes for `idle` seconds."""

    def __init__(self, idle: float):
        super().__init__(daemon=True, name="autograder")
        self.idle = idle
        self._given: queue.SimpleQueue[tuple[Task, Future] | None] = queue.SimpleQueue()

    def give(self, task: Task) -> Future:
        """Have a task performed; returns what will be its result."""
        future: Future = Future()
        self._given.put((task, future))
        return future

    def dismiss(self) -> None:
        """Have it end when it has performed what it was given."""
        self._given.put(None)

    def run(self) -> None:
        """Perform what is given."""
        try:
            while (given := self._next()) is not None:
                task, future = given
                try:
                    future.set_result(perform(task))
                except BaseException as error:  # whoever waits for it is told
                    future.set_exception(error)
        finally:
            close_box()
            close_desk()

    def _next(self) -> tuple[Task, Future] | None:
        """What it has to do next; None if it has to end."""
        while True:
            try:
                return self._given.get(timeout=self.idle)
            except queue.Empty:
                with _one_at_a_time:
                    if self._given.empty():
                        for kind in [kind for kind, worker in _workers.items() if worker is self]:
                            del _workers[kind]
                        return None


#: The threads that there are, by the kind of sandbox, that used last at the end.
_workers: dict[tuple, _Worker] = {}
_one_at_a_time = threading.Lock()


def _forget() -> None:
    """In a process that was forked: it has none of the threads."""
    global _one_at_a_time
    _one_at_a_time = threading.Lock()
    _workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def perform_kept(task: Task, idle: float = IDLE) -> Outcome:
    """Grade one submission as `batch.perform` does, from any thread, and keep what is warm for `idle` seconds."""
    kind = kind_of(task)
    with _one_at_a_time:
        worker = _workers.pop(kind, None)
        if worker is None:
            while len(_workers) >= MOST:
                _workers.pop(next(iter(_workers))).dismiss()
            worker = _Worker(idle)
            worker.start()
        worker.idle = idle
        _workers[kind] = worker
        future = worker.give(task)
    return future.result()


def end_all() -> None:
    """End everything that is kept, and wait until it has ended."""
    with _one_at_a_time:
        ending = list(_workers.values())
        _workers.clear()
        for worker in ending:
            worker.dismiss()
    for worker in ending:
        worker.join()
