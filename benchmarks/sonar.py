"""The Sonar study, per trained network: fold by fold with `fit` as published, and as a stack, in one run.

`python -m benchmarks.sonar [FOLDS]`: FOLDS networks of each design with `fit` (default 2), then all 300 of
10x10-fold as one call. Both train the same designs for 300 epochs of batches of 16.
"""

import resource
import sys
import time

from course.networks.sonar_networks import BATCH_SIZE, EPOCHS, PUBLISHED, keras_model
from course.sources import sonar
from course.studies.sonar_study import cross_validated


def main() -> None:
    """Time both, and print the ratio for each design."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    count = numbers[0] if numbers else 2
    x, y = sonar.load()
    alone = {}
    for name, design in PUBLISHED.items():
        start = time.perf_counter()
        for train, test in sonar.folds(y, 0)[:count]:
            scaled = sonar.standardised(x, train)
            model = keras_model(design)
            model.fit(scaled[train], y[train], epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0)
            model.evaluate(scaled[test], y[test], verbose=0)
        alone[name] = (time.perf_counter() - start) / count
    start = time.perf_counter()
    found = cross_validated(tuple(PUBLISHED.values()), 10)
    stacked = (time.perf_counter() - start) / found.size
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux counts kilobytes
    print(f"{'design':28} {'fit, s/network':>14} {'stack, s/network':>16} {'ratio':>6}  accuracy in the stack")
    for row, (name, seconds) in enumerate(alone.items()):
        print(f"{name:28} {seconds:14.2f} {stacked:16.3f} {seconds / stacked:6.0f}  {found[row].mean():.3f}")
    print(
        f"{found.size} networks in the stack, {stacked * found.size:.0f} s with set-up; peak memory {memory:.2f} GB"
    )


if __name__ == "__main__":
    main()
