"""Dropout left on at prediction time, and the curve that judges its spread."""

import numpy as np
import pytest

from course.networks.monte_carlo import mean_and_spread, predictions, risk_coverage
from course.networks.stacked import Stack

pytestmark = pytest.mark.slow


def test_passes_differ_where_a_network_drops_and_average_to_its_expectation():
    x = np.random.default_rng(0).random((6, 5)).astype("float32")
    stack = Stack(5, (40,), 3, [1, 2], hidden_rate=[0.0, 0.5])
    passes = predictions(stack, x, 400, seed=3)
    assert passes.shape == (400, 2, 6, 3)
    np.testing.assert_allclose(passes.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(passes[:, 0], np.broadcast_to(stack.predict(x)[0], (400, 6, 3)), atol=1e-6)
    assert passes[:, 1].std(axis=0).min() > 0.01
    # Masks are new in each pass, for each example.
    assert len(np.unique(passes[:, 1, 0, 0])) > 390 and not np.allclose(passes[0, 1, 0], passes[0, 1, 1])
    again = predictions(stack, x, 2, seed=3)
    np.testing.assert_allclose(again, passes[:2], atol=1e-6)


def test_mean_and_spread_of_two_passes():
    passes = np.array([[[0.6, 0.4], [0.1, 0.9]], [[0.2, 0.8], [0.1, 0.9]]])
    mean, spread = mean_and_spread(passes)
    np.testing.assert_allclose(mean, [[0.4, 0.6], [0.1, 0.9]])
    np.testing.assert_allclose(spread, [0.2, 0.0], atol=1e-12)


def test_risk_grows_with_coverage_where_doubt_finds_the_errors():
    wrong = np.array([True, False, False, True])
    np.testing.assert_allclose(risk_coverage(wrong, np.array([0.9, 0.1, 0.2, 0.8])), [0, 0, 1 / 3, 1 / 2])
    np.testing.assert_allclose(risk_coverage(wrong, np.array([0.1, 0.9, 0.8, 0.2])), [1, 1, 2 / 3, 1 / 2])
    np.testing.assert_allclose(risk_coverage(wrong, np.zeros(4)), np.full(4, 0.5))
