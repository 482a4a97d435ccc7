"""The sweep of four rates on Xception, from images to curves: as published, and with features computed once.

As published, `fit` sends every photograph through the frozen base in every epoch. One epoch is timed, after a first
step, and counted 120 times: four rates, 30 epochs each. Here, the features of all photographs (the test folder too)
are computed, and four heads are trained for 30 epochs and measured after each. Both read the same archive.
It takes photographs and weights: see `python -m course.sources.clothing`.
"""

import resource
import time

import keras
import numpy as np
import tensorflow as tf

from course.networks import xception
from course.sources import clothing, clothing_features
from course.studies import transfer_study


def published(base: keras.Model, photographs: clothing.Photographs) -> float:
    """Seconds of one epoch of `fit` on the whole network, with validation."""
    model = xception.whole(base, xception.head(0.5))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.001), loss, metrics=["accuracy"])
    with photographs.opened() as read:

        def batches(names: list[str]) -> tf.data.Dataset:
            labels = [clothing.label(name) for name in names]
            count = tf.data.Dataset.from_tensor_slices(labels).batch(xception.BATCH_SIZE)
            return tf.data.Dataset.zip(xception.images(read, names), count)

        train, held = ([n for n in photographs.names if n.startswith(part)] for part in ("train/", "validation/"))
        shuffled = np.random.default_rng(0).permutation(train).tolist()
        first = batches(train[: xception.BATCH_SIZE])
        model.fit(first, validation_data=first, shuffle=False, verbose=0)
        start = time.perf_counter()
        model.fit(batches(shuffled), validation_data=batches(held), shuffle=False, verbose=0)
        return time.perf_counter() - start


def once(base: keras.Model, photographs: clothing.Photographs) -> tuple[float, float]:
    """Seconds for the features of all photographs, and for four heads with their curves."""
    start = time.perf_counter()
    x = xception.extract(base, photographs, photographs.names, title=None)
    between = time.perf_counter()
    images, rows = transfer_study.material(clothing_features.Features(x, photographs.names, {}))
    transfer_study.curves([transfer_study.head(rate) for rate in transfer_study.PUBLISHED], [1], images, rows)
    return between - start, time.perf_counter() - between


def main() -> None:
    """Time both, and print the ratio."""
    photographs, weights = clothing.prepare()
    base = xception.base(weights)
    features, heads = once(base, photographs)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux counts kilobytes
    epoch = published(base, photographs)
    epochs = len(transfer_study.PUBLISHED) * transfer_study.EPOCHS
    print(f"as published     {epoch:7.1f} s an epoch, {epochs} epochs: {epochs * epoch / 3600:.2f} hours")
    print(f"features once    {features:7.1f} s, four heads {heads:.1f} s: {features + heads:.1f} s")
    print(f"ratio            {epochs * epoch / (features + heads):7.1f}")
    print(f"peak memory of features and heads: {memory:.2f} GB")


if __name__ == "__main__":
    main()
