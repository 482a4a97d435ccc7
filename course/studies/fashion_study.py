"""The experiments of notebook 04, at any size, and the file that keeps the numbers of the full one.

`python -m course.studies.fashion_study [NAME ...]` runs all of them, or those named, at full size and saves
course/data/fashion_study.json, which takes half an hour on two cores. The notebook runs them at a smaller size,
and shows both.
"""

import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import keras
import numpy as np

from course.networks import training
from course.networks.activations import hidden_activations, mean_correlation
from course.networks.stacked import Stack
from course.networks.training import BATCH_SIZE, Curves, Design, Images, as_array
from course.sources import fashion_mnist
from course.sources.datasets import FOLDER
from course.statistics import reliability
from course.studies import record

FILE = FOLDER / "fashion_study.json"
#: Images held out of the training images, to choose by; the test images are for the end.
VALIDATION = np.arange(50_000, 60_000)
TRAINING = np.arange(50_000)


def load() -> Images:
    """All 60,000 training and 10,000 test images. Raises datasets.DataError where they cannot be had."""
    fashion_mnist.prepare()
    (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()

    def rows(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1).astype(np.float32) / 255

    return Images(rows(x), y.astype(np.int64), rows(x_test), y_test.astype(np.int64))


def train(
    designs: Sequence[Design],
    seeds: Sequence[int],
    images: Images,
    rows: np.ndarray,
    epochs: int,
    *,
    validation: np.ndarray = VALIDATION,
    every: int = 1,
    title: str | None = None,
) -> tuple[Curves, list[Stack]]:
    """What `training.train` does, with the validation images of this study."""
    return training.train(designs, seeds, images, rows, epochs, validation=validation, every=every, title=title)


#: The published networks. The second pair is the subclassed one, whose one Dropout object sits before its first
#: layer and after each hidden one: as published it never drops, repaired it does.
PLAIN, DROPOUT = Design(), Design(hidden_rate=0.2)
NEVER_DROPS = Design(hidden=(200, 100, 60), learning_rate=0.01, sgd=True)
REPAIRED = replace(NEVER_DROPS, input_rate=0.2, hidden_rate=0.2)


def seeded(*designs: Design) -> list[Design]:
    """The same networks as `fit` trains them once a seed is set: in one order."""
    return [replace(design, one_order=True) for design in designs]


RATES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
AMOUNTS = (1_000, 2_000, 5_000, 10_000, 25_000, 50_000)
AMOUNT_RATES = (0.0, 0.2, 0.5)
#: Rate on hidden layers, and width as a multiple of 256-128-64.
WIDTHS = ((0.0, 1.0), (0.0, 1.25), (0.0, 2.0), (0.2, 1.0), (0.2, 1.25), (0.5, 1.0), (0.5, 2.0))
#: Ways to overfit less, three tries each.
RIVALS = {
    "nothing": (PLAIN,),
    "dropout": tuple(Design(hidden_rate=rate) for rate in (0.1, 0.2, 0.4)),
    "weight decay": tuple(Design(weight_decay=decay) for decay in (0.01, 0.03, 0.1)),
    "max-norm": tuple(Design(max_norm=limit) for limit in (1.0, 2.0, 3.0)),
}


def rates_designs() -> list[Design]:
    """One design for each of RATES."""
    return [Design(hidden_rate=rate) for rate in RATES]


def widths_designs() -> list[Design]:
    """One design for each of WIDTHS."""
    return [
        Design(hidden=tuple(round(units * width) for units in PLAIN.hidden), hidden_rate=rate)
        for rate, width in WIDTHS
    ]


def amounts(images: Images, seeds: Sequence[int], sizes: Sequence[int], steps: int, title=None) -> np.ndarray:
    """Final accuracies for growing amounts of training data, each trained for about the same number of steps.

    steps: of 32 images. Returns float64 (2, sizes, rates, seeds): accuracy on training and on validation images.
    """
    found = np.zeros((2, len(sizes), len(AMOUNT_RATES), len(seeds)))
    designs = [Design(hidden_rate=rate) for rate in AMOUNT_RATES]
    for number, size in enumerate(sizes):
        epochs = max(1, round(steps * BATCH_SIZE / size))
        name = title and f"{title}, {size:,} images"
        curves, _ = train(designs, seeds, images, TRAINING[:size], epochs, every=epochs, title=name)
        found[:, number] = curves.train_accuracy[..., -1], curves.validation_accuracy[..., -1]
    return found


def rivals(images: Images, seeds: Sequence[int], rows: np.ndarray, epochs: int, title=None) -> np.ndarray:
    """Curves of every try of RIVALS; float64 (4, tries, seeds, epochs).

    In this order: training accuracy, validation loss, test loss, test accuracy. The tries are in the order of
    RIVALS, so the first is the network that nothing is done to.
    """
    designs = [design for tries in RIVALS.values() for design in tries]
    curves, _ = train(designs, seeds, images, rows, epochs, title=title)
    return np.stack([curves.train_accuracy, curves.validation_loss, curves.test_loss, curves.test_accuracy])


def stopped_early(validation_loss: np.ndarray, patience: int) -> np.ndarray:
    """The epoch that early stopping keeps, counted from 0.

    validation_loss: (..., epochs). patience: epochs without a new lowest loss after which training stops.
    Returns integers (...).
    """
    flat = validation_loss.reshape(-1, validation_loss.shape[-1])
    kept = []
    for losses in flat:
        best = 0
        for epoch, loss in enumerate(losses):
            if loss < losses[best]:
                best = epoch
            elif epoch - best >= patience:
                break
        kept.append(best)
    return np.array(kept).reshape(validation_loss.shape[:-1])


@dataclass(frozen=True)
class Knowledge:
    """What the networks of a stack know of the test images, and how sure they are.

    sure_and_wrong: how many test images get a wrong answer with a confidence above 0.99, (networks,).
    calibration_error: the expected calibration error, 0 to 1, (networks,).
    active: share of a hidden layer's activations above zero, 0 to 1, (hidden layers, networks).
    together: mean absolute correlation of two units of a layer, 0 to 1, (hidden layers, networks).
    The last two are measured on the first 2,000 test images.
    """

    sure_and_wrong: np.ndarray
    calibration_error: np.ndarray
    active: np.ndarray
    together: np.ndarray


def knowledge(stack: Stack, images: Images) -> Knowledge:
    """Measure what the networks of a trained stack know; in evaluation."""
    probabilities = stack.predict(images.x_test)
    wrong = probabilities.argmax(axis=2) != images.y_test  # (networks, images)
    hidden = hidden_activations(stack, images.x_test[:2_000])
    return Knowledge(
        (wrong & (probabilities.max(axis=2) > 0.99)).sum(axis=1),
        np.array([reliability(own, images.y_test).error for own in probabilities]),
        np.array([[(own > 0).mean() for own in layer] for layer in hidden]),
        np.array([[mean_correlation(own) for own in layer] for layer in hidden]),
    )


def saved_knowledge() -> Knowledge:
    """What the published networks of the last full run knew; arrays of (..., designs, seeds)."""
    sure, error, *layers = record.read(FILE)[0]["knowledge"]
    half = len(layers) // 2
    return Knowledge(sure, error, np.array(layers[:half]), np.array(layers[half:]))


SEEDS, EPOCHS = (1, 2, 3), 20


def _experiments() -> dict:
    images = load()
    everything = np.arange(60_000)

    def curves(designs, epochs, rows, validation, title) -> np.ndarray:
        return as_array(train(designs, SEEDS, images, rows, epochs, validation=validation, title=title)[0])

    def known() -> np.ndarray:
        _, (stack,) = train([PLAIN, DROPOUT], SEEDS, images, everything, EPOCHS, every=EPOCHS, title="knowledge")
        # (1 + 1 + hidden layers + hidden layers, designs, seeds)
        return np.vstack(astuple(knowledge(stack, images))).reshape(-1, 2, len(SEEDS))

    return {
        "published": lambda: curves([PLAIN, DROPOUT], EPOCHS, everything, VALIDATION, "published"),
        "knowledge": known,
        "one object": lambda: curves([NEVER_DROPS, REPAIRED], 60, everything, VALIDATION, "one object"),
        "published, seeded": lambda: curves(seeded(PLAIN, DROPOUT), EPOCHS, everything, VALIDATION, "seeded"),
        "one object, seeded": lambda: curves(seeded(NEVER_DROPS, REPAIRED), 60, everything, VALIDATION, "seeded"),
        "rates": lambda: curves(rates_designs(), EPOCHS, TRAINING, VALIDATION, "rates"),
        "amounts": lambda: amounts(images, SEEDS, AMOUNTS, 15_625, "amounts"),
        "widths": lambda: curves(widths_designs(), EPOCHS, TRAINING, VALIDATION, "widths"),
        "rivals": lambda: rivals(images, SEEDS, TRAINING, EPOCHS, "rivals"),
    }


def saved() -> tuple[dict[str, np.ndarray], str]:
    """The numbers of the last full run by name, and the date of that run."""
    return record.read(FILE)


if __name__ == "__main__":
    record.run(FILE, _experiments(), sys.argv[1:])
