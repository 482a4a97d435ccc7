"""Xception as a frozen base: its features in order, and the same network whole and in two halves."""

import keras
import numpy as np
import pytest

from course.networks import xception
from course.sources import clothing, clothing_features
from course.sources.datasets import DataError
from tests.course.made_up_photographs import bad_photograph

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frozen():
    """The base with weights drawn at random: all but the features' meaning is the same."""
    keras.utils.set_random_seed(0)
    model = keras.applications.Xception(weights=None, include_top=False, input_shape=(150, 150, 3))
    model.trainable = False
    return model


def test_features_have_the_order_of_the_names_and_the_unreadable_photograph_is_named(source, files, frozen):
    photographs = clothing.verified(source / clothing.ARCHIVE)
    names = photographs.names[:3]
    x = xception.extract(frozen, photographs, names, title=None)
    assert x.shape == (3, 2048) and x.dtype == np.float32
    np.testing.assert_allclose(
        xception.extract(frozen, photographs, names[2:], title=None), x[2:], atol=1e-4 * x.max()
    )
    assert np.abs(x[0] - x[2]).max() > 0.01 * x.max()
    bad_photograph(source / clothing.ARCHIVE, files)
    with pytest.raises(DataError, match="train/skirt/1.jpg .* is not a JPEG that can be read"):
        xception.extract(frozen, photographs, ["train/skirt/0.jpg", "train/skirt/1.jpg"], title=None)


def test_whole_network_and_features_with_head_are_the_same(frozen):
    import tensorflow as tf

    images = np.random.default_rng(0).uniform(-1, 1, (4, 150, 150, 3)).astype("float32")
    labels = np.array([0, 3, 9, 3])
    keras.utils.set_random_seed(1)
    top = xception.head(0.5)
    model = xception.whole(frozen, top)
    pooled = tf.reduce_mean(frozen(images, training=False), axis=(1, 2))
    short = keras.Sequential([keras.Input((2048,)), *top])
    state = top[1].seed_generator.state
    start = state.numpy()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    results = []
    for network, x in ((model, images), (short, pooled)):
        state.assign(start)  # the same mask
        with tf.GradientTape() as tape:
            value = loss(labels, network(x, training=True))
        variables = [v.value for layer in top for v in layer.trainable_variables]
        assert len(network.trainable_variables) == 4
        results.append([value, *tape.gradient(value, variables)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_weights_that_do_not_fit_are_named(source):
    (source / clothing.WEIGHTS).write_bytes(b"others")
    with pytest.raises(DataError, match="Keras cannot load them"):
        xception.base(source / clothing.WEIGHTS)


def test_real_photographs_and_weights_give_the_shipped_features_and_the_published_accuracy(shared_data, tmp_path):
    """The real path, end to end: archive and weights, decoding, features, heads, curves.

    Features of every 27th photograph, of all classes and folders; `course.studies.compute_features` computes all.
    """
    from course.studies import transfer_study

    photographs, weights = clothing.prepare()
    known = clothing_features.load()
    assert photographs.names == known.names
    some = np.arange(0, len(known.names), 27)
    x = known.x.copy()
    x[some] = xception.extract(xception.base(weights), photographs, [known.names[row] for row in some], title=None)
    assert clothing_features.distance(known, x[some], some) <= clothing_features.AGREE
    assert set(known.y[some]) == set(known.y)
    assert all(np.isin(known.rows(split), some).any() for split in clothing.SPLITS)
    images, rows = transfer_study.material(known, x)
    training, validation, test = transfer_study.published(images, rows, 0.5, tmp_path, epochs=10)
    assert training > 0.85 and validation > 0.78 and test > 0.72
