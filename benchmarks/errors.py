"""How often a correct implementation is refused, and how often a mistake escapes or goes without its name.

`python -m benchmarks.errors [CORRECT [EACH]]`: CORRECT examinations of correct implementations of the NumPy
exercises in all (default 100,000), and EACH of every catalogued mistake (default 1,000), every one with
another seed. Implementations get equal time: a Python loop over all entries takes ten times as long as the
rest, so it is run a tenth as often.

The defaults take three hours on two cores. So every hundred examinations are written down in
benchmarks/results/errors.json; started again, it goes on from there, and prints the table. Delete the file to
begin anew, as you must when the judge has changed.
"""

import collections
import itertools
import json
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autograder import examine
from tests.banks.masks import CORRECT, MISTAKEN, Entry

FILE = Path(__file__).parent / "results" / "errors.json"
CHUNK = 100
UNLISTED = "(no name)"


def examine_all(job: tuple[str, int, list[int]]) -> dict:
    """Examine entries of the bank by index, with rising seeds; what went wrong, as lists of names and seeds."""
    kind, first_seed, indices = job
    warnings.simplefilter("ignore")
    bank = CORRECT if kind == "correct" else MISTAKEN
    found = {"runs": len(indices), "refused": [], "escaped": [], "unnamed": []}
    for seed, index in enumerate(indices, first_seed):
        entry = bank[index]
        report = examine(entry.exercise, *entry.objects(), seed=seed)
        if kind == "correct" and not report.passed:
            found["refused"].append([entry.name, seed])
        elif kind != "correct" and report.passed:
            found["escaped"].append([entry.name, seed])
        elif entry.mistake and entry.mistake not in report.misconceptions:
            found["unnamed"].append([entry.name, seed])
    return found


def speeds(entries: list[Entry]) -> list[float]:
    """Examinations a second of each entry, from one."""
    found = []
    for entry in entries:
        start = time.perf_counter()
        examine(entry.exercise, *entry.objects(), seed=0)
        found.append(round(1 / (time.perf_counter() - start), 2))
    return found


def shares(indices: list[int], speed: list[float], total: int) -> list[int]:
    """`total` turns of `indices`, each as often as it is quick, so mixed that any stretch is a fair sample."""
    pace = np.array([speed[index] for index in indices])
    counts = np.maximum(1, total * pace / pace.sum()).astype(int)
    turns = [(turn / count, index) for index, count in zip(indices, counts, strict=True) for turn in range(count)]
    order = [index for _, index in sorted(turns)]
    return list(itertools.islice(itertools.cycle(order), total))


def plan(state: dict, total: int, each: int) -> dict[str, tuple[str, int, list[int]]]:
    """All jobs by a name that says what they are, correct and mistaken ones in turn."""
    orders = {"correct": shares(list(range(len(CORRECT))), state["speeds"]["correct"], total)}
    by_mistake = collections.defaultdict(list)
    for index, entry in enumerate(MISTAKEN):
        by_mistake[entry.mistake or UNLISTED].append(index)
    for name, indices in sorted(by_mistake.items()):
        orders[name] = shares(indices, state["speeds"]["mistaken"], each)
    jobs = {
        f"{name} {start}": (start / len(order), (name, 1 + start, order[start : start + CHUNK]))
        for name, order in orders.items()
        for start in range(0, len(order), CHUNK)
    }
    return {key: job for key, (_, job) in sorted(jobs.items(), key=lambda item: item[1][0])}


def load() -> dict:
    """What was found so far, or a new record."""
    if FILE.exists():
        return json.loads(FILE.read_text(encoding="utf-8"))
    warnings.simplefilter("ignore")
    return {"speeds": {"correct": speeds(CORRECT), "mistaken": speeds(MISTAKEN)}, "done": {}}


def save(state: dict) -> None:
    """Write the record in one step, so that an interruption loses nothing."""
    FILE.parent.mkdir(exist_ok=True)
    draft = FILE.with_suffix(".part")
    draft.write_text(json.dumps(state) + "\n", encoding="utf-8")
    os.replace(draft, FILE)


def print_table(state: dict, jobs: dict) -> None:
    """What was found, by mistake."""
    totals = collections.defaultdict(lambda: collections.defaultdict(list))
    for key, found in state["done"].items():
        if key in jobs:
            for name, value in found.items():
                totals[jobs[key][0]][name].append(value)
    ways = collections.Counter(entry.mistake or UNLISTED for entry in MISTAKEN) | {"correct": len(CORRECT)}
    print(f"{'':28} {'written':>7} {'runs':>7} {'refused':>7} {'escaped':>7} {'unnamed':>7}")
    for name in sorted(totals, key=lambda name: (name != "correct", name)):
        lists = {what: list(itertools.chain.from_iterable(totals[name][what])) for what in
                 ("refused", "escaped", "unnamed")}  # fmt: skip
        shown = {what: str(len(found)) for what, found in lists.items()}
        shown |= {"escaped": "-", "unnamed": "-"} if name == "correct" else {"refused": "-"}
        shown |= {"unnamed": "-"} if name == UNLISTED else {}
        print(f"{name:28} {ways[name]:7} {sum(totals[name]['runs']):7,} {shown['refused']:>7} "
              f"{shown['escaped']:>7} {shown['unnamed']:>7}")  # fmt: skip
        for what, found in lists.items():
            for entry, seed in found[:5]:
                print(f"  {what}: {entry} with seed {seed}")


def main() -> None:
    """Run what has not been run yet, and print the table."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    total, each = (numbers + [100_000, 1_000][len(numbers) :])[:2]
    state = load()
    jobs = plan(state, total, each)
    open_jobs = {key: job for key, job in jobs.items() if key not in state["done"]}
    try:
        with ProcessPoolExecutor() as pool:
            futures = {pool.submit(examine_all, job): key for key, job in open_jobs.items()}
            for future in tqdm(as_completed(futures), total=len(futures), unit="00 runs", disable=None):
                state["done"][futures[future]] = future.result()
                save(state)
    except KeyboardInterrupt:
        print("Stopped; run it again to go on.")
    print_table(state, jobs)


if __name__ == "__main__":
    main()
