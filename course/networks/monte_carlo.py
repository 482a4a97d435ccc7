"""Dropout left on at prediction time: many predictions of one network, and whether the spread reveals its errors.

Gal and Ghahramani (2016, "Dropout as a Bayesian approximation") read the predictions under random masks as draws
from a posterior. Geifman and El-Yaniv (2017, "Selective classification for deep neural networks") judge a measure
of doubt by what happens when a network may abstain on the examples it doubts most.
"""

import numpy as np

from course.networks.stacked import Stack


def predictions(stack: Stack, x: np.ndarray, passes: int, seed: int) -> np.ndarray:
    """Outputs with dropout left on, each pass with new masks; float32 (passes, networks, examples, outputs).

    x: float32 (examples, features), the same for all networks.
    """
    generator = np.random.default_rng(seed)
    everyone = np.broadcast_to(np.asarray(x, np.float32), (len(stack.seeds), *x.shape))
    found = []
    for _ in range(passes):
        masks = [
            generator.random((len(stack.seeds), len(x), place.units), np.float32)
            >= place.rates[:, None, None].astype(np.float32)
            for place in stack.masked
        ]
        found.append(np.asarray(stack(everyone, masks)))
    return np.stack(found)


def mean_and_spread(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean prediction, and how much the passes vary for the class that it predicts.

    probabilities: (passes, ..., classes). Returns (..., classes), and the standard deviation over passes of that
    class's probability, (...).
    """
    mean = probabilities.mean(axis=0)
    named = mean.argmax(axis=-1)[None, ..., None]
    return mean, np.take_along_axis(probabilities, named, axis=-1)[..., 0].std(axis=0)


def risk_coverage(wrong: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """The share of errors among the least doubted examples: the first, the first two, and so on to all of them.

    wrong: booleans (examples,). doubt: numbers (examples,); what is doubted more is left out earlier. Examples
    doubted alike share their errors evenly.
    """
    order = np.argsort(doubt, kind="stable")
    _, start, size = np.unique(doubt[order], return_index=True, return_counts=True)
    shares = np.add.reduceat(wrong[order].astype(float), start) / size
    return np.cumsum(np.repeat(shares, size)) / np.arange(1, len(wrong) + 1)
