"""The experiments of notebook 05, at any size, and the file that keeps the numbers of the full ones.

`python -m course.studies.transfer_study [NAME ...]` runs all of them, or those named, at full size and saves
course/data/transfer_study.json. All heads learn from the shipped features, except in "features", which needs
photographs and weights. The notebook runs some at a smaller size, and shows both.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from course.networks import monte_carlo, training, xception
from course.networks.training import Curves, Design, Images
from course.sources import clothing, clothing_features
from course.sources.datasets import FOLDER, DataError
from course.studies import record

FILE = FOLDER / "transfer_study.json"
EPOCHS, BATCH_SIZE = 30, 32
#: Training photographs that are measured on after each epoch, in evaluation mode.
WATCHED = 600

#: The published rates, and those of the whole sweep.
PUBLISHED = (0.0, 0.2, 0.5, 0.8)
RATES = tuple(round(0.1 * tenth, 1) for tenth in range(10))
#: Units of the hidden layer, amounts of training photographs and rates on the pooled features besides the
#: published 100, all and 0, which are in "rates".
SIZES = (50, 200, 500, 1_000)
AMOUNTS = (300, 750, 1_500)
POOLED = (0.2, 0.5, 0.8)
#: Epochs of the comparison of sizes, and of the longer training.
SIZE_EPOCHS, LONG = 15, 60
#: Predictions of each photograph with dropout left on.
PASSES = 100
#: Where two rates are compared, these.
WITHOUT_AND_WITH = (0.0, 0.5)
SEEDS = tuple(range(10))


def head(rate: float, inner: int = xception.INNER, pooled_rate: float = 0.0) -> Design:
    """The published head as a design for stacks. pooled_rate: of dropout on the pooled features."""
    return Design(hidden=(inner,), input_rate=pooled_rate, hidden_rate=rate)


def material(features: clothing_features.Features, x: np.ndarray | None = None) -> tuple[Images, np.ndarray]:
    """The data that heads learn from, and the positions of the training photographs in it, in random order.

    The photographs of the folders train and validation come first, in this order; those of test are apart.
    x: other features of the same photographs, float32 (3781, 2048).
    """
    x = features.x if x is None else x
    train, validation, test = (features.rows(split) for split in clothing.SPLITS)
    learned = np.concatenate([train, validation])
    rows = np.random.default_rng(0).permutation(len(train))
    return Images(x[learned], features.y[learned], x[test], features.y[test]), rows


def curves(
    designs: Sequence[Design],
    seeds: Sequence[int],
    images: Images,
    rows: np.ndarray,
    epochs: int = EPOCHS,
    title: str | None = None,
    every: int = 1,
) -> tuple[Curves, list]:
    """Train each design for each seed on these rows, and measure on the validation photographs.

    images, rows: of `material`, or the first of its rows. every: how many epochs lie between measurements.
    Returns what `training.train` does.
    """
    held = np.arange(clothing.COUNTS["train"], len(images.x))
    return training.train(
        designs, seeds, images, rows, epochs, validation=held, every=every, watched=WATCHED, title=title
    )


def kept(found: Curves) -> np.ndarray:
    """The epoch that a checkpoint of the best validation accuracy keeps, counted from 0: integers (..., )."""
    return found.validation_accuracy.argmax(axis=-1)  # the first of equal ones, as Keras's checkpoint keeps


def at_kept(found: Curves, values: np.ndarray) -> np.ndarray:
    """The values of such an epoch, (...,), out of a curve, (..., epochs)."""
    return np.take_along_axis(values, kept(found)[..., None], axis=-1)[..., 0]


def summary(found: Curves) -> np.ndarray:
    """Four accuracies of every network, float64 (4, designs, seeds).

    On training photographs after the last epoch, as reported in training mode and in evaluation mode; on
    validation photographs at the kept epoch; on test photographs at the kept epoch.
    """
    return np.stack(
        [
            found.reported_accuracy[..., -1],
            found.train_accuracy[..., -1],
            at_kept(found, found.validation_accuracy),
            at_kept(found, found.test_accuracy),
        ]
    )


def amounts(images: Images, rows: np.ndarray, seeds: Sequence[int], title: str | None = None) -> np.ndarray:
    """Summaries for each of AMOUNTS; float64 (amounts, 4, 2, seeds).

    All are trained for as many steps as all photographs are in EPOCHS, and measured as often.
    """
    found = []
    for amount in AMOUNTS:
        every = round(len(rows) / amount)
        designs = [head(rate) for rate in WITHOUT_AND_WITH]
        name = title and f"{title}, {amount:,} photographs"
        found.append(summary(curves(designs, seeds, images, rows[:amount], EPOCHS * every, name, every)[0]))
    return np.stack(found)


def longer(images: Images, rows: np.ndarray, seeds: Sequence[int], epochs: int, title=None) -> np.ndarray:
    """Curves of PUBLISHED over more epochs: accuracy and loss in validation, and accuracy in test.

    Float64 (3, rates, seeds, epochs).
    """
    found, _ = curves([head(rate) for rate in PUBLISHED], seeds, images, rows, epochs, title)
    return np.stack([found.validation_accuracy, found.validation_loss, found.test_accuracy])


def left_on(images: Images, rows: np.ndarray, seeds: Sequence[int], title: str | None = None) -> np.ndarray:
    """How well three measures of doubt reveal the errors of heads with rate 0.5; float64 (4, seeds).

    The error on all test photographs, and the mean error over all coverages, least doubted first, where doubt is:
    one minus the highest probability of the plain prediction; the same of the mean over PASSES; their spread.
    """
    _, (stack,) = curves([head(0.5)], seeds, images, rows, EPOCHS, title)
    plain = stack.predict(images.x_test)
    mean, spread = monte_carlo.mean_and_spread(monte_carlo.predictions(stack, images.x_test, PASSES, seed=0))
    found = []
    for network in range(len(seeds)):
        alone, averaged = (p[network].argmax(axis=-1) != images.y_test for p in (plain, mean))
        doubts = (
            (alone, 1 - plain[network].max(axis=-1)),
            (averaged, 1 - mean[network].max(axis=-1)),
            (averaged, spread[network]),
        )
        areas = [monte_carlo.risk_coverage(wrong, doubt).mean() for wrong, doubt in doubts]
        found.append([alone.mean(), *areas])
    return np.transpose(found)


def published(images: Images, rows: np.ndarray, rate: float, folder: Path, epochs: int = EPOCHS) -> np.ndarray:
    """One head as published, with Keras's `fit` and a checkpoint of the best validation accuracy.

    folder: where the checkpoint goes, as .keras. Returns three accuracies: on training photographs as reported
    for the last epoch, on validation photographs at the best epoch, on test photographs by the checkpoint.
    """
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((xception.FEATURES,)), *xception.head(rate)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.001), loss, metrics=["accuracy"])
    best = folder / f"best_{rate}.keras"
    saver = keras.callbacks.ModelCheckpoint(best, monitor="val_accuracy", mode="max", save_best_only=True)
    held = np.arange(clothing.COUNTS["train"], len(images.x))
    history = model.fit(
        images.x[rows],
        images.y[rows],
        epochs=epochs,
        batch_size=BATCH_SIZE,
        validation_data=(images.x[held], images.y[held]),
        callbacks=[saver],
        verbose=0,
    ).history
    _, tested = keras.saving.load_model(best).evaluate(images.x_test, images.y_test, verbose=0)
    return np.array([history["accuracy"][-1], max(history["val_accuracy"]), tested])


def all_published(images: Images, rows: np.ndarray) -> np.ndarray:
    """The three accuracies of `published` for each of PUBLISHED; float64 (rates, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        return np.stack([published(images, rows, rate, Path(folder)) for rate in PUBLISHED])


def features(known: clothing_features.Features) -> np.ndarray:
    """Summaries of heads on other features than the shipped ones: as computed, and of images resized otherwise.

    Float64 (2, 4, 2, seeds): exact features; exact features of images that were scaled to 150×150 by taking the
    nearest pixel, as the published generator does. Raises DataError without photographs or weights.
    """
    photographs, weights = clothing.prepare()
    base = xception.base(weights)
    found = []
    for method in ("bilinear", "nearest"):
        x = xception.extract(base, photographs, known.names, method, method)
        images, rows = material(known, x)
        found.append(
            summary(curves([head(rate) for rate in WITHOUT_AND_WITH], SEEDS, images, rows, title=method)[0])
        )
    return np.stack(found)


def _experiments() -> dict:
    known = clothing_features.load()
    images, rows = material(known)

    def of(designs: list[Design], epochs: int, title: str) -> Curves:
        return curves(designs, SEEDS, images, rows, epochs, title)[0]

    pooled = [head(rate, pooled_rate=on_pooled) for rate in WITHOUT_AND_WITH for on_pooled in POOLED]
    sizes = [head(rate, size) for size in SIZES for rate in WITHOUT_AND_WITH]
    return {
        "published": lambda: all_published(images, rows),
        "rates": lambda: training.as_array(of([head(rate) for rate in RATES], EPOCHS, "rates")),
        "pooled": lambda: summary(of(pooled, EPOCHS, "pooled")),
        "amounts": lambda: amounts(images, rows, SEEDS, "amounts"),
        "left on": lambda: left_on(images, rows, SEEDS, "left on"),
        "longer": lambda: longer(images, rows, SEEDS, LONG, "longer"),
        "sizes": lambda: summary(of(sizes, SIZE_EPOCHS, "sizes")),
        "features": lambda: features(known),
    }


def saved() -> tuple[dict[str, np.ndarray], str]:
    """The numbers of the last full run by name, and the date of that run."""
    return record.read(FILE)


if __name__ == "__main__":
    try:
        record.run(FILE, _experiments(), sys.argv[1:])
    except DataError as error:
        sys.exit(str(error))
