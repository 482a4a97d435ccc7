"""Whether a network is as often right as it is sure."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in equal ranges of confidence.

    edges: of the ranges, float64 (bins + 1,), from 0 to 1. confidence, accuracy: their means in each range,
    (bins,), NaN where a range is empty. count: examples in each range. error: the expected calibration error,
    the mean distance between the two, weighted by count (Naeini, Cooper & Hauskrecht 2015; Guo and others 2017).
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """Sort examples by the probability of the class they are given, and see how often it is right.

    probabilities: (examples, classes), rows that sum to 1. labels: integers (examples,).
    Raises ValueError when there is no example or the lengths differ.
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise ValueError(f"There are {len(probabilities)} rows of probabilities and {len(labels)} labels.")
    edges = np.linspace(0, 1, bins + 1)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    # A confidence of exactly 1 belongs to the last range.
    place = np.minimum((sure * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, sure, bins) / count
        accuracy = np.bincount(place, right, bins) / count
    full = count > 0
    error = float((count[full] * np.abs(confidence - accuracy)[full]).sum() / len(labels))
    return Reliability(edges, confidence, accuracy, count, error)
