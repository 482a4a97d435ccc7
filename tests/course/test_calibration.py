"""The reliability of probabilities, where it is known."""

import numpy as np
import pytest

from course.calibration import reliability


def test_counts_and_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.7, 0.3], [0.45, 0.55]])
    found = reliability(probabilities, np.array([0, 0, 1, 1]), bins=10)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 1, 0, 2, 0, 1]
    assert found.accuracy[7] == 0.5 and found.confidence[7] == pytest.approx(0.7)
    assert found.error == pytest.approx((0.1 + 2 * 0.2 + 0.45) / 4)


def test_honest_probabilities_are_calibrated_and_boasting_is_not():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(5), 50_000)
    labels = (rng.random((50_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    assert reliability(probabilities, labels).error < 0.01
    boast = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    assert reliability(boast, labels).error > 0.15


def test_certainty_belongs_to_the_last_range_and_nothing_is_refused():
    assert reliability(np.array([[1.0, 0.0]]), np.array([0])).count[-1] == 1
    with pytest.raises(ValueError, match="0 rows"):
        reliability(np.zeros((0, 2)), np.zeros(0, int))
