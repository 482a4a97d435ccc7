"""The experiments of notebook 03 at full size, and the file that keeps their numbers.

`python -m course.studies.sonar_study [NAME ...]` runs all of them, or those named, ten times over and saves
course/data/sonar_study.json, which takes half an hour on two cores. The notebook shows these numbers, and
recomputes a sample of them.
"""

import itertools
import sys
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from tqdm.auto import tqdm

from course.networks import sonar_networks
from course.networks.sonar_networks import BASELINE, HIDDEN_DROPOUT, INPUT_DROPOUT, Design
from course.sources import sonar
from course.sources.datasets import FOLDER
from course.studies import record

FILE = FOLDER / "sonar_study.json"
REPEATS = 10
RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
#: The published settings learn in steps of 0.1. Where that hides what is asked, steps are a tenth of it.
GENTLE = Design(learning_rate=0.01)
#: For nested cross-validation: what a reader of the tutorial would try.
CANDIDATES = [replace(GENTLE, input_rate=i, hidden_rate=h) for i in (0.0, 0.2, 0.4) for h in (0.0, 0.2, 0.4)]
INNER_FOLDS = 5


@dataclass(frozen=True)
class Grid:
    """An experiment on two settings. rows, columns: what is varied, as text, and the values.

    designs: one for each pair, row by row. epochs: after which the networks are tested; where there are
    several, they are the columns.
    """

    rows: tuple[str, tuple]
    columns: tuple[str, tuple]
    designs: tuple[Design, ...]
    epochs: tuple[int, ...] = (sonar_networks.EPOCHS,)


def _grid(rows: tuple[str, tuple], columns: tuple[str, tuple], make) -> Grid:
    return Grid(rows, columns, tuple(make(r, c) for r, c in itertools.product(rows[1], columns[1])))


#: Each practical tip of Srivastava et al. (2014, appendix A) as an experiment.
GRIDS = {
    "rates, large steps": _grid(
        ("rate on inputs", RATES),
        ("rate on hidden layers", RATES),
        lambda i, h: Design(input_rate=i, hidden_rate=h),
    ),
    "rates, small steps": _grid(
        ("rate on inputs", RATES),
        ("rate on hidden layers", RATES),
        lambda i, h: replace(GENTLE, input_rate=i, hidden_rate=h),
    ),
    "width": _grid(
        ("rate on hidden layers", (0.0, 0.2, 0.5)),
        ("hidden units", ((60, 30), (75, 38), (120, 60))),
        lambda rate, hidden: replace(GENTLE, hidden=hidden, hidden_rate=rate),
    ),
    "learning rate and momentum": _grid(
        ("learning rate", (0.01, 0.03, 0.1, 0.3, 1.0)),
        ("momentum", (0.8, 0.9, 0.95, 0.99)),
        lambda rate, momentum: replace(INPUT_DROPOUT, learning_rate=rate, momentum=momentum),
    ),
    "max-norm": _grid(
        ("learning rate", (0.1, 0.3, 1.0)),
        ("max-norm", (1.0, 2.0, 3.0, 4.0, 5.0, np.inf)),
        lambda rate, limit: replace(INPUT_DROPOUT, learning_rate=rate, max_norm=limit),
    ),
    "decay": _grid(
        ("learning rate", (0.1, 0.3, 1.0)),
        ("decay", (0.0, 0.001, 0.01)),
        lambda rate, decay: replace(INPUT_DROPOUT, learning_rate=rate, decay=decay),
    ),
    "epochs": Grid(
        ("rate on hidden layers", (0.0, 0.2, 0.5)),
        ("epochs", (75, 150, 300, 600, 1200)),
        tuple(replace(GENTLE, hidden_rate=rate) for rate in (0.0, 0.2, 0.5)),
        (75, 150, 300, 600, 1200),
    ),
}


def network_seeds(repeat: int, parts: int = sonar.FOLDS) -> list[int]:
    """The seeds of the networks of one repeat; the same for every design, so that comparisons are paired."""
    return [1000 * repeat + part for part in range(parts)]


def cross_validated(
    designs: tuple[Design, ...],
    repeats: int,
    epochs: tuple[int, ...] = (sonar_networks.EPOCHS,),
    title=None,
    **options,
) -> np.ndarray:
    """Test accuracies, float64 (designs, repeats, folds, epochs). options: as for `sonar_networks.accuracies`."""
    _, y = sonar.load()
    parts = [fold for repeat in range(repeats) for fold in sonar.folds(y, repeat)]
    seeds = [seed for repeat in range(repeats) for seed in network_seeds(repeat)]
    found = sonar_networks.accuracies(designs, parts, seeds, epochs=epochs, title=title, **options)
    return found.reshape(len(designs), repeats, sonar.FOLDS, len(epochs))


def grid_accuracies(name: str, repeats: int, title=None) -> np.ndarray:
    """A grid's test accuracies, float64 (rows, columns, repeats, folds)."""
    grid = GRIDS[name]
    found = cross_validated(grid.designs, repeats, grid.epochs, title)
    if len(grid.epochs) > 1:
        return np.moveaxis(found, -1, 1)
    return found[..., 0].reshape(len(grid.rows[1]), len(grid.columns[1]), repeats, sonar.FOLDS)


def spread(design: Design, splits: int, starts: int, title=None) -> np.ndarray:
    """Test accuracies of one design for every pair of a split into folds and a start of the networks.

    A start is all that a network's seed decides: initial weights, order of examples, masks.
    Returns float64 (splits, starts, folds).
    """
    _, y = sonar.load()
    parts = [fold for split in range(splits) for _ in range(starts) for fold in sonar.folds(y, split)]
    seeds = [500 * start + 50_000 + k for _ in range(splits) for start in range(starts) for k in range(sonar.FOLDS)]
    return sonar_networks.accuracies([design], parts, seeds, title=title)[0, :, 0].reshape(
        splits, starts, sonar.FOLDS
    )


def inner_accuracies(repeats: int, title=None) -> np.ndarray:
    """For nested cross-validation: accuracies on inner folds, made of each outer fold's training part alone.

    Returns float64 (candidates, repeats, outer folds, inner folds).
    """
    _, y = sonar.load()
    parts, seeds = [], []
    for repeat in range(repeats):
        for outer, (train, _) in enumerate(sonar.folds(y, repeat)):
            for k, (fit, held) in enumerate(sonar.folds(y[train], repeat, INNER_FOLDS)):
                parts.append((train[fit], train[held]))
                seeds.append(100_000 + 1000 * repeat + 10 * outer + k)
    found = sonar_networks.accuracies(CANDIDATES, parts, seeds, title=title)[..., 0]
    return found.reshape(len(CANDIDATES), repeats, sonar.FOLDS, INNER_FOLDS)


def sample(folds: int, title=None) -> np.ndarray:
    """Mean test accuracies of every setting of every grid on the first folds of the first repeat.

    Trained for the usual epochs, so a grid over epochs gives one number for each of its rows. float64 (settings,).
    """
    _, y = sonar.load()
    designs = [design for grid in GRIDS.values() for design in grid.designs]
    found = sonar_networks.accuracies(designs, sonar.folds(y, 0)[:folds], network_seeds(0)[:folds], title=title)
    return found[..., 0].mean(axis=1)


def sample_of(accuracies: dict[str, np.ndarray], folds: int) -> np.ndarray:
    """The same numbers out of a saved study. float64 (settings,)."""
    found = []
    for name, grid in GRIDS.items():
        values = accuracies[f"grid: {name}"]
        if len(grid.epochs) > 1:
            values = values[:, [grid.epochs.index(sonar_networks.EPOCHS)]]
        found.append(values[:, :, 0, :folds].mean(axis=-1).ravel())
    return np.concatenate(found)


def scaled_on_all(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The mistake: standardised by statistics that the test rows are part of."""
    return sonar.standardised(x, np.arange(len(x)))


def fold_by_fold() -> np.ndarray:
    """Test accuracies of one 10-fold run as the tutorial does it, `fit` after `fit`; float64 (designs, folds)."""
    x, y = sonar.load()
    found = np.zeros((len(sonar_networks.PUBLISHED), sonar.FOLDS))
    keras.utils.set_random_seed(0)
    for row, (name, design) in enumerate(sonar_networks.PUBLISHED.items()):
        for column, (train, test) in enumerate(tqdm(sonar.folds(y, 0), name)):
            model, scaled = sonar_networks.keras_model(design), sonar.standardised(x, train)
            model.fit(
                scaled[train],
                y[train],
                epochs=sonar_networks.EPOCHS,
                batch_size=sonar_networks.BATCH_SIZE,
                verbose=0,
            )
            found[row, column] = model.evaluate(scaled[test], y[test], verbose=0)[1]
    return found


def every_epoch() -> np.ndarray:
    """The mistake of choosing the epoch on the test fold; float64 (2, designs, repeats, folds).

    First the accuracies after the last epoch, then those of each fold's best epoch. Designs: baseline, and
    dropout on hidden layers.
    """
    epochs = tuple(range(1, sonar_networks.EPOCHS + 1))
    tested = cross_validated((BASELINE, HIDDEN_DROPOUT), REPEATS, epochs, "every epoch")
    return np.stack([tested[..., -1], tested.max(axis=-1)])


_PUBLISHED = tuple(sonar_networks.PUBLISHED.values())
EXPERIMENTS = {f"grid: {name}": partial(grid_accuracies, name, REPEATS, name) for name in GRIDS} | {
    "published": lambda: cross_validated(_PUBLISHED, REPEATS, title="published")[..., 0],
    "scaled on all": lambda: cross_validated(_PUBLISHED, REPEATS, title="scaled", scaled=scaled_on_all)[..., 0],
    "last epoch, best epoch": every_epoch,
    "spread": lambda: spread(BASELINE, 10, 10, "spread"),
    "candidates": lambda: cross_validated(tuple(CANDIDATES), REPEATS, title="candidates")[..., 0],
    "inner": lambda: inner_accuracies(REPEATS, "nested"),
    "fold by fold": fold_by_fold,
}


def saved() -> tuple[dict[str, np.ndarray], str]:
    """The numbers of the last full run by name, and the date of that run."""
    return record.read(FILE)


if __name__ == "__main__":
    record.run(FILE, EXPERIMENTS, sys.argv[1:])
