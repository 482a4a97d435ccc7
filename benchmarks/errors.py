"""How often a correct implementation is refused, and how often a mistake escapes or goes without its name.

`python -m benchmarks.errors [CORRECT [EACH]]`: CORRECT examinations of correct implementations of the NumPy
exercises in all (default 100,000), and EACH of every catalogued mistake (default 1,000), every one with
another seed. Mistakes are spread evenly over the bank's implementations, correct runs so that every
implementation gets as much time: a Python loop over all entries takes ten times as long as the rest.
The defaults take one and a half hours on two cores.
"""

import collections
import itertools
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tqdm import tqdm

from autograder import examine
from tests.bank import CORRECT, MISTAKEN

CHUNK = 250
UNLISTED = "(no name)"


def run_correct(job: tuple[list[int], int]) -> list[tuple[int, int, bool]]:
    """Examine correct entries by index and seed; returns those refused: index, seed, whether by an error."""
    indices, first_seed = job
    warnings.simplefilter("ignore")
    found = []
    for offset, index in enumerate(indices):
        entry, seed = CORRECT[index], first_seed + offset
        report = examine(entry.exercise, *entry.objects(), seed=seed)
        if not report.passed:
            found.append((index, seed, any(v.status == "error" for v in report.verdicts)))
    return found


def run_mistaken(job: tuple[list[int], int]) -> list[tuple[int, int, bool, bool]]:
    """Examine mistaken entries; returns index, seed, caught, named for each."""
    indices, first_seed = job
    warnings.simplefilter("ignore")
    found = []
    for offset, index in enumerate(indices):
        entry, seed = MISTAKEN[index], first_seed + offset
        report = examine(entry.exercise, *entry.objects(), seed=seed)
        found.append((index, seed, not report.passed, entry.mistake in report.misconceptions))
    return found


def shares(total: int) -> list[int]:
    """`total` examinations as indices of correct entries, each as often as one of it is quick, well mixed."""
    seconds = []
    for entry in CORRECT:
        start = time.perf_counter()
        examine(entry.exercise, *entry.objects(), seed=0)
        seconds.append(time.perf_counter() - start)
    speed = 1 / np.array(seconds)
    # Equally spaced points in time for each entry, sorted, so that any stretch of the order is a fair sample.
    turns = [
        (turn / pace, index) for index, pace in enumerate(speed) for turn in range(int(total * pace / speed.sum()))
    ]
    order = [index for _, index in sorted(turns)]
    return order + [int(speed.argmax())] * (total - len(order))


def chunks(indices: list[int]) -> list[tuple[list[int], int]]:
    """Jobs of CHUNK examinations each, with seeds that never repeat."""
    return [(indices[start : start + CHUNK], 1 + start) for start in range(0, len(indices), CHUNK)]


def main() -> None:
    """Run both studies and print their tables."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    total, each = (numbers + [100_000, 1_000][len(numbers) :])[:2]
    start = time.monotonic()
    with ProcessPoolExecutor() as pool:
        order = shares(total)
        refused = []
        jobs = chunks(order)
        for done, found in enumerate(tqdm(pool.map(run_correct, jobs), total=len(jobs), disable=None)):
            refused += found
            if done % 40 == 39:
                print(f"  {(done + 1) * CHUNK:,} correct, {len(refused)} refused", flush=True)
        minutes = (time.monotonic() - start) / 60
        rarest = min(collections.Counter(order).values())
        print(f"correct: {total:,} examinations of {len(CORRECT)} implementations (at least {rarest} of each), "
              f"{len(refused)} refused, {minutes:.0f} minutes", flush=True)  # fmt: skip
        for index, seed, error in refused:
            print(f"  refused: {CORRECT[index].name} with seed {seed}{' (grader error)' if error else ''}")
        by_mistake = collections.defaultdict(list)
        for index, entry in enumerate(MISTAKEN):
            by_mistake[entry.mistake or UNLISTED].append(index)
        jobs = {
            name: chunks(list(itertools.islice(itertools.cycle(indices), each)))
            for name, indices in sorted(by_mistake.items())
        }
        print(f"{'mistake':28} {'written':>7} {'runs':>6} {'escaped':>7} {'unnamed':>7}", flush=True)
        pending = {name: [pool.submit(run_mistaken, job) for job in found] for name, found in jobs.items()}
        for name, futures in pending.items():
            results = list(itertools.chain.from_iterable(future.result() for future in futures))
            escaped = [(index, seed) for index, seed, caught, _ in results if not caught]
            unnamed = [(index, seed) for index, seed, caught, named in results if caught and not named]
            shown = "-" if name == UNLISTED else len(unnamed)
            ways = len(by_mistake[name])
            print(f"{name:28} {ways:7} {len(results):6} {len(escaped):7} {shown:>7}", flush=True)
            for index, seed in escaped[:5] + (unnamed[:5] if name != UNLISTED else []):
                print(f"  look at {MISTAKEN[index].name} with seed {seed}", flush=True)
    print(f"{(time.monotonic() - start) / 60:.0f} minutes in all")


if __name__ == "__main__":
    main()
