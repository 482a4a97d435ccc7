"""Few digits for many small networks: scikit-learn's bundled 8×8 images, split once for each network.

The images are real handwriting (UCI, "Optical Recognition of Handwritten Digits"); nothing is downloaded.
Arrays have a leading axis of networks, so that one matrix product trains all networks at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits


@dataclass(frozen=True)
class DigitSplits:
    """One random split of the digits for each network.

    train_images: float32 (networks, n_train, 64), grey values from 0 (paper) to 1 (ink).
    train_labels: int64 (networks, n_train), the digit from 0 to 9.
    test_images, test_labels: the same for all images that the network is not trained on.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def split_digits(n_train: int, seeds: Sequence[int]) -> DigitSplits:
    """Split the 1,797 digits at random, once per seed: n_train images to learn from, the rest to test on.

    n_train: from 1 to 1,796. seeds: one per network; the same seed gives the same split.
    Raises ValueError when either part would be empty.
    """
    images, labels = load_digits(return_X_y=True)
    if not 0 < n_train < len(images):
        raise ValueError(f"n_train is {n_train}; it must lie between 1 and {len(images) - 1}.")
    images = (images / 16).astype(np.float32)  # the file counts ink in whole numbers from 0 to 16
    orders = np.stack([np.random.default_rng(seed).permutation(len(images)) for seed in seeds])
    train, test = orders[:, :n_train], orders[:, n_train:]
    return DigitSplits(images[train], labels[train], images[test], labels[test])
