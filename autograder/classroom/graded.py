"""Collected submissions, graded: each different one once, into the store."""

import os
from dataclasses import dataclass

from autograder.classroom.collected import Collected, HandedIn
from autograder.classroom.options import Options
from autograder.classroom.progress import Progress
from autograder.grading.batch import run_all
from autograder.grading.stored import StoredResult


@dataclass(frozen=True)
class Graded:
    """What was collected, and whose result is in the store now: everybody's but those that failed.

    failed: why the grader itself failed on a submission, by the key of its result. notices: sentences on the
    workers of a cluster that a person should read.
    """

    collected: Collected
    failed: dict[str, str]
    notices: tuple[str, ...]

    def problems(self, each: HandedIn) -> list[str]:
        """What a person should know of one submission, in sentences."""
        key, named = each.task.key, f"{each.student}'s {each.name}"
        found = [f"{named}: {sentence}" for sentence in each.problems()]
        if key in self.failed:
            return [f"{named} could not be graded, and nobody's work is to blame: {self.failed[key]}", *found]
        store = self.collected.assignment.course.store
        return found + [f"{named}: {sentence}" for sentence in unjudged(store.get(key))]


def grade(collected: Collected, options: Options, progress: Progress) -> Graded:
    """Grade all whose result is not in the store yet. Raises ClusterUnusable."""
    store = collected.assignment.course.store
    notices: list[str] = []
    workers = options.workers or os.cpu_count() or 1
    failed = run_all(collected.tasks, store, workers, options.scheduler, lambda *_: progress.step(), notices.append)
    return Graded(collected, failed, tuple(notices))


def unjudged(result: StoredResult | None) -> list[str]:
    """A sentence for each exercise of a result on which the judge failed."""
    return [
        f"the judge failed on {each.exercise}, through its own fault or because of what the code did to the "
        "recording; look at it, and set its points by hand."
        for each in (result.exercises if result else ())
        if each.broken
    ]
