"""The digits' splits and scores that notebook 01 rests on."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.metrics import log_loss as reference_log_loss

from course import digits


def test_splits_have_one_leading_entry_per_seed_and_use_every_image_once():
    splits = digits.split_digits(150, seeds=[3, 4])
    assert splits.train_images.shape == (2, 150, 64)
    assert splits.test_images.shape == (2, 1647, 64)
    assert splits.train_images.dtype == np.float32
    pixels, labels = load_digits(return_X_y=True)
    expected = sorted(map(tuple, np.column_stack([pixels, labels])))
    for network in range(2):
        images = np.concatenate([splits.train_images[network], splits.test_images[network]]) * 16
        digit = np.concatenate([splits.train_labels[network], splits.test_labels[network]])
        assert sorted(map(tuple, np.column_stack([images, digit]))) == expected


def test_a_split_depends_on_its_seed_alone():
    one, both = digits.split_digits(100, seeds=[4]), digits.split_digits(100, seeds=[3, 4])
    np.testing.assert_array_equal(one.train_labels[0], both.train_labels[1])
    assert (both.train_labels[0] != both.train_labels[1]).any()


@pytest.mark.parametrize("n_train", [0, -1, 1797])
def test_an_empty_part_is_refused(n_train):
    with pytest.raises(ValueError, match="n_train"):
        digits.split_digits(n_train, seeds=[0])


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), size=(3, 40)), rng.integers(0, 10, (3, 40))
    for network in range(3):
        expected = reference_log_loss(labels[network], probabilities[network], labels=range(10))
        assert digits.log_loss(probabilities, labels)[network] == pytest.approx(expected, rel=1e-12)
        expected = accuracy_score(labels[network], probabilities[network].argmax(axis=1))
        assert digits.accuracy(probabilities, labels)[network] == pytest.approx(expected)


def test_a_right_class_with_probability_zero_costs_a_finite_loss():
    assert digits.log_loss(np.array([[[1.0, 0.0]]]), np.array([[1]]))[0] == pytest.approx(-np.log(1e-12))


def test_mean_interval_is_students():
    values = np.random.default_rng(1).normal(size=(12, 3))
    mean, low, high = digits.mean_interval(values, level=0.9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose([low, high], [expected.low, expected.high])
