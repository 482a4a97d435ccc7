"""The digits' splits that notebook 01 rests on."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from course.sources import digits


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
