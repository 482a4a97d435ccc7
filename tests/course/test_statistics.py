"""Scores, calibration, intervals: against their formulas, against SciPy, and against how often they are right."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score
from sklearn.metrics import log_loss as reference_log_loss

from course.statistics import (
    Estimate,
    accuracy,
    corrected,
    log_loss,
    mean_interval,
    reliability,
    uncorrected,
    variance_parts,
)


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), size=(3, 40)), rng.integers(0, 10, (3, 40))
    for network in range(3):
        expected = reference_log_loss(labels[network], probabilities[network], labels=range(10))
        assert log_loss(probabilities, labels)[network] == pytest.approx(expected, rel=1e-12)
        expected = accuracy_score(labels[network], probabilities[network].argmax(axis=1))
        assert accuracy(probabilities, labels)[network] == pytest.approx(expected)


def test_a_right_class_with_probability_zero_costs_a_finite_loss():
    assert log_loss(np.array([[[1.0, 0.0]]]), np.array([[1]]))[0] == pytest.approx(-np.log(1e-12))


def test_mean_interval_is_students():
    values = np.random.default_rng(1).normal(size=(12, 3))
    mean, low, high = mean_interval(values, level=0.9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose([low, high], [expected.low, expected.high])


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


def test_uncorrected_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 0.1, 40), rng.normal(0.83, 0.1, 40)
    found, wanted = uncorrected(a - b), stats.ttest_rel(a, b)
    assert found.p_value == pytest.approx(wanted.pvalue)
    assert found.interval == pytest.approx(tuple(wanted.confidence_interval()))


def test_corrected_is_nadeau_and_bengio():
    differences = np.array([0.02, -0.01, 0.05, 0.0, 0.01])
    found = corrected(differences, n_splits=5)
    assert found.error == pytest.approx(np.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1)))
    assert found.mean == pytest.approx(0.014) and found.n == 5


def test_repeats_cannot_make_the_corrected_interval_vanish():
    differences = np.random.default_rng(1).normal(0, 0.08, 100_000)
    assert corrected(differences, 10).error == pytest.approx(0.08 / 3, rel=0.02)
    assert uncorrected(differences).error < 0.001


def test_corrected_interval_covers_where_the_usual_one_does_not():
    """Means of parts of the same fifty numbers, again and again; their true mean is known to be 0."""
    rng, covered = np.random.default_rng(2), np.zeros(2)
    for _ in range(300):
        numbers = rng.normal(size=50)
        folds = [rng.permutation(50).reshape(10, 5) for _ in range(10)]
        scores = np.array([numbers[part].mean() for parts in folds for part in parts])
        for k, estimate in enumerate((uncorrected(scores), corrected(scores, 10))):
            covered[k] += estimate.interval[0] < 0 < estimate.interval[1]
    assert covered[0] < 200 < 280 < covered[1]


def test_posterior_adds_up():
    estimate = Estimate(0.01, 0.02, 100)
    parts = [estimate.probability(-9, -0.01), estimate.probability(-0.01, 0.01), estimate.probability(0.01, 9)]
    assert sum(parts) == pytest.approx(1) and parts[2] == pytest.approx(0.5)
    assert Estimate(0.0, 0.0, 10).probability(-0.01, 0.01) == 1 and Estimate(0.1, 0.0, 10).p_value == 0


def test_variance_is_parted_as_it_was_made():
    rng = np.random.default_rng(3)
    inside = np.zeros(3)
    truth = (2.0, 1.5, 3.0)
    for _ in range(200):
        table = rng.normal(0, 2.0, (10, 1)) + rng.normal(0, 1.5, (1, 10)) + rng.normal(0, 3.0, (10, 10))
        inside += [part.interval[0] < true < part.interval[1] for part, true in
                   zip(variance_parts(table), truth, strict=True)]  # fmt: skip
    assert (inside > 170).all()
    large = rng.normal(0, 2.0, (300, 1)) + rng.normal(0, 0.5, (1, 300)) + rng.normal(0, 1.0, (300, 300))
    assert [part.deviation for part in variance_parts(large)] == pytest.approx([2.0, 0.5, 1.0], rel=0.12)


def test_a_source_that_is_not_there_contributes_nothing():
    table = np.random.default_rng(4).normal(0, 1, (5, 40)) + np.array([[0.0], [1], [2], [3], [4]])
    assert variance_parts(table)[1].deviation < 0.5 < variance_parts(table)[0].deviation


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="two scores and two folds"):
        corrected(np.array([0.5]), 10)
