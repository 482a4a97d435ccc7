"""The Sonar data: 208 echoes of a metal cylinder or a rock, and how they are split and scaled.

97 rocks and 111 mines, 60 frequency bands each (Gorman & Sejnowski 1988).
"""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from course.sources import datasets

FOLDS = 10

Fold = tuple[np.ndarray, np.ndarray]


def load() -> tuple[np.ndarray, np.ndarray]:
    """The echoes, float32 (208, 60), from 0 to 1, and their labels, int64 (208,): 0 for a mine, 1 for a rock.

    Raises datasets.DataError when the file is damaged and has no good copy.
    """
    table = np.loadtxt(datasets.path("sonar.csv"), delimiter=",", dtype=str)
    return table[:, :-1].astype(np.float32), (table[:, -1] == "R").astype(np.int64)


def folds(y: np.ndarray, repeat: int, n_splits: int = FOLDS) -> list[Fold]:
    """Stratified shuffled folds as pairs of training and test positions. repeat: chooses the shuffle."""
    splitter = StratifiedKFold(n_splits, shuffle=True, random_state=repeat)
    return list(splitter.split(np.zeros((len(y), 1)), y))


def standardised(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """All rows of x, by mean and standard deviation of the training rows. float32, shape of x."""
    return (x - x[train].mean(axis=0)) / x[train].std(axis=0)
