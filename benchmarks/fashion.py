"""Fashion-MNIST, seconds per epoch and network: `fit` as published, and as stacks of one to six, in one run.

Both train 256-128-64 with dropout 0.2 after each hidden layer on all 60,000 images in batches of 32 with Adam,
and evaluate on the 10,000 test images after each epoch.
"""

import time

import keras
import numpy as np
from keras import layers

from course.networks.stacked import Stack
from course.studies import fashion_study

EPOCHS = 3


def published(images: fashion_study.Images) -> float:
    """Seconds per epoch of `fit`, after a first one."""
    model = keras.Sequential([keras.Input((784,))])
    for units in (256, 128, 64):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(0.2))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    options = {"batch_size": 32, "verbose": 0, "validation_data": (images.x_test, images.y_test)}
    model.fit(images.x, images.y, epochs=1, **options)
    start = time.perf_counter()
    model.fit(images.x, images.y, epochs=EPOCHS, **options)
    return (time.perf_counter() - start) / EPOCHS


def stacked(images: fashion_study.Images, networks: int) -> float:
    """Seconds per epoch and network of a stack, after a first epoch."""
    moments = []
    stack = Stack(784, (256, 128, 64), 10, range(networks), hidden_rate=0.2)

    def after(epoch: int) -> None:
        stack.evaluate(images.x_test, images.y_test)
        moments.append(time.perf_counter())

    rows = [np.arange(len(images.x))] * networks
    adam = keras.optimizers.Adam()
    stack.train(adam, images.x, images.y, rows, epochs=1 + EPOCHS, batch_size=32, after=after, every=1, title=None)
    return (moments[-1] - moments[0]) / EPOCHS / networks


def main() -> None:
    """Time all, and print the ratios."""
    images = fashion_study.load()
    alone = published(images)
    print(f"{'':12} {'s/epoch/network':>15} {'ratio':>6}")
    print(f"{'fit':12} {alone:15.2f} {1:6.1f}")
    for networks in (1, 2, 6):
        seconds = stacked(images, networks)
        print(f"{f'stack of {networks}':12} {seconds:15.2f} {alone / seconds:6.1f}", flush=True)


if __name__ == "__main__":
    main()
