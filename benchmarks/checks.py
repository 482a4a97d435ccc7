"""How long one check takes, from the call to the finished report with its picture."""

import contextlib
import io
import statistics
import time

from autograder import check
from autograder.notebook import Shown, examine
from tests.banks.masks import CORRECT, MISTAKEN

ROUNDS = 15
ENTRIES = ("uniform", "loops", "swapped")


def seconds(action) -> list[float]:
    """Times of ROUNDS calls after one that warms up, in seconds."""
    action()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Print a table: median and longest of each exercise with a fast, a slow and a mistaken answer."""
    print(f"{'exercise':10} {'answer':9} {'examine':>9} {'+ report':>9} {'longest':>9}   seconds, {ROUNDS} rounds")
    for exercise in ("mask", "inverted", "classic", "layer", "backward"):
        for name in ENTRIES:
            (entry,) = [e for e in CORRECT + MISTAKEN if e.name == f"{exercise}-{name}"]
            bare = seconds(lambda e=entry: examine(e.exercise, *e.objects()))
            whole = seconds(lambda e=entry: Shown(examine(e.exercise, *e.objects()))._repr_mimebundle_())
            print(
                f"{exercise:10} {name:9} {statistics.median(bare):9.3f} {statistics.median(whole):9.3f} "
                f"{max(whole):9.3f}"
            )
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        check("mask", lambda shape, rate, rng: rng.random(shape) >= rate)
        first = time.perf_counter() - start
    print(f"as text, without picture: {first:.3f} s")


if __name__ == "__main__":
    main()
