"""Xception as a frozen base: a photograph goes in, 2,048 features come out.

The photographs are scaled to 150×150 the way `keras.utils.image_dataset_from_directory` does it (bilinear, ignoring
their proportions), and their grey values to -1 to 1, as Xception's publishers did.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tqdm.auto import tqdm

from course.sources.clothing import CLASSES, SIDE, Photographs
from course.sources.datasets import DataError

FEATURES = 2048
BATCH_SIZE = 32
#: The units of the published head.
INNER = 100


def base(weights: Path) -> keras.Model:
    """The frozen base, float32 (n, 150, 150, 3) from -1 to 1 -> (n, 5, 5, 2048). weights: its file.

    Raises DataError when the file's weights do not fit.
    """
    try:
        model = keras.applications.Xception(
            weights=str(weights), include_top=False, input_shape=(SIDE, SIDE, 3), name="xception"
        )
    except Exception as error:  # Keras and HDF5 raise many kinds
        raise DataError(f"{weights} does not hold Xception's weights: Keras cannot load them.") from error
    model.trainable = False
    return model


def head(rate: float, inner: int = INNER) -> list[layers.Layer]:
    """The published head, to be put on pooled features: a hidden layer, dropout, one logit for each class."""
    return [layers.Dense(inner, activation="relu"), layers.Dropout(rate), layers.Dense(len(CLASSES))]


def whole(frozen: keras.Model, top: Sequence[layers.Layer]) -> keras.Model:
    """The published network: a frozen base in inference mode, global average pooling, and a head."""
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.GlobalAveragePooling2D()(frozen(image, training=False))
    for layer in top:
        x = layer(x)
    return keras.Model(image, x)


def decoded(data: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    """The bytes of a JPEG file as float32 (150, 150, 3), from -1 to 1. method: of `tf.image.resize`."""
    image = tf.image.resize(tf.io.decode_jpeg(data, channels=3), (SIDE, SIDE), method=method)
    return tf.ensure_shape(tf.cast(image, tf.float32) / 127.5 - 1, (SIDE, SIDE, 3))


def images(read: Callable[[str], bytes], names: Sequence[str], method: str = "bilinear") -> tf.data.Dataset:
    """Batches of decoded photographs in the order of the names, a few at a time in memory.

    read: gives the JPEG file of a name, as `Photographs.opened` does.
    """

    def load(name: tf.Tensor) -> tf.Tensor:
        data = tf.numpy_function(lambda raw: read(raw.decode()), [name], tf.string)
        return decoded(tf.ensure_shape(data, ()), method)

    files = tf.data.Dataset.from_tensor_slices(list(names))
    return files.map(load, num_parallel_calls=2, deterministic=True).batch(BATCH_SIZE).prefetch(1)


def extract(
    frozen: keras.Model,
    photographs: Photographs,
    names: Sequence[str],
    method: str = "bilinear",
    title: str | None = "features",
) -> np.ndarray:
    """The base's features of these photographs, averaged over the picture: float32 (names, 2048).

    title: of the progress bar; None for no bar. Raises DataError that names a photograph that cannot be read.
    """

    @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3))])
    def features(batch):
        return tf.reduce_mean(frozen(batch, training=False), axis=(1, 2))

    found: list[np.ndarray] = []
    with (
        photographs.opened() as read,
        tqdm(total=len(names), desc=title, unit="photo", disable=title is None, leave=False) as bar,
    ):
        try:
            for batch in images(read, names, method):
                found.append(features(batch).numpy())
                bar.update(len(batch))
        except tf.errors.OpError as error:  # it does not say which photograph it was
            _name_unreadable(photographs, read, names[sum(map(len, found)) :])
            raise DataError(f"The photographs in {photographs.path} cannot be read: {error.message}") from error
    return np.concatenate(found) if found else np.zeros((0, FEATURES), np.float32)


def _name_unreadable(photographs: Photographs, read: Callable[[str], bytes], names: Sequence[str]) -> None:
    for name in names:
        try:
            tf.io.decode_jpeg(read(name), channels=3)
        except tf.errors.OpError as error:
            raise DataError(
                f"The photograph {name} in {photographs.path} is not a JPEG that can be read."
            ) from error
