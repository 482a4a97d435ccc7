"""The experiments of notebook 04, at any size, and the file that keeps the numbers of the full one.

`python -m course.fashion_study [NAME ...]` runs all of them, or those named, at full size and saves
course/data/fashion_study.json, which takes half an hour on two cores. The notebook runs them at a smaller size,
and shows both.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from course import fashion, record
from course.stacked import Stack, StackedSGD

FILE = Path(__file__).parent / "data" / "fashion_study.json"
BATCH_SIZE = 32
#: Images held out of the training images, to choose by; the test images are for the end.
VALIDATION = np.arange(50_000, 60_000)
TRAINING = np.arange(50_000)
#: Networks trained at the same time; more do not make it faster and take more memory.
LARGEST_STACK = 9


@dataclass(frozen=True)
class Images:
    """Fashion-MNIST as rows. x: float32 (n, 784), from 0 (black) to 1. y: int64 (n,), classes 0 to 9."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load() -> Images:
    """All 60,000 training and 10,000 test images. Raises datasets.DataError where they cannot be had."""
    fashion.prepare()
    (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()

    def rows(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1).astype(np.float32) / 255

    return Images(rows(x), y.astype(np.int64), rows(x_test), y_test.astype(np.int64))


@dataclass(frozen=True)
class Design:
    """A network and how it is trained. momentum and SGD where sgd is True, else Adam, both with learning_rate.

    Rates are probabilities of dropping. weight_decay: Adam's, decoupled (Loshchilov & Hutter 2019). one_order:
    whether every epoch goes through the images in the same order, as `fit` does once a seed is set.
    """

    hidden: tuple[int, ...] = (256, 128, 64)
    input_rate: float = 0.0
    hidden_rate: float = 0.0
    learning_rate: float = 0.001
    sgd: bool = False
    max_norm: float = np.inf
    weight_decay: float = 0.0
    one_order: bool = False

    @property
    def together(self) -> tuple:
        """What networks must share to be trained in one stack."""
        return self.hidden, self.learning_rate, self.sgd, self.weight_decay, self.one_order


@dataclass(frozen=True)
class Curves:
    """What happened in training, float64 arrays of shape (designs, seeds, epochs).

    reported_loss, reported_accuracy: as `fit` reports them, in training mode while the weights move.
    The others are measured after each epoch, in evaluation mode: on training images (the first 10,000 of those
    learned from, or as many as `train` was told), on validation images, on test images.
    """

    reported_loss: np.ndarray
    reported_accuracy: np.ndarray
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """Training minus validation accuracy, both in evaluation mode."""
        return self.train_accuracy - self.validation_accuracy


def train(
    designs: Sequence[Design],
    seeds: Sequence[int],
    images: Images,
    rows: np.ndarray,
    epochs: int,
    *,
    validation: np.ndarray = VALIDATION,
    every: int = 1,
    watched: int = 10_000,
    title: str | None = None,
) -> tuple[Curves, list[Stack]]:
    """Train every design once for each seed, in as few stacks as possible.

    rows: the training images' positions to learn from. validation: positions of the validation images. every:
    how many epochs lie between measurements; only epochs that were measured are in the curves. watched: how many
    of the images learned from are measured on, the first of `rows`.
    Returns the curves, and one stack for each group of designs that could share one, in the order of designs.
    """
    moments = sorted({*range(every, epochs + 1, every), epochs})
    shape = (len(designs), len(seeds), len(moments))
    found = {name: np.zeros(shape) for name in Curves.__dataclass_fields__}
    parts = {
        "train": (images.x[rows[:watched]], images.y[rows[:watched]]),
        "validation": (images.x[validation], images.y[validation]),
        "test": (images.x_test, images.y_test),
    }
    stacks = []
    for group in _groups(designs, len(seeds)):
        places = [(design, seed) for design in group for seed in range(len(seeds))]
        own = [designs[design] for design, _ in places]
        stack = Stack(
            images.x.shape[1],
            own[0].hidden,
            10,
            [seeds[seed] for _, seed in places],
            input_rate=[design.input_rate for design in own],
            hidden_rate=[design.hidden_rate for design in own],
            max_norm=[design.max_norm for design in own],
        )

        def note(name: str, epoch: int, values: np.ndarray, places=places) -> None:
            for (design, seed), value in zip(places, values, strict=True):
                found[name][design, seed, moments.index(epoch)] = value

        def measure(epoch: int, stack=stack, note=note) -> None:
            for part, (x, y) in parts.items():
                loss, accuracy = stack.evaluate(x, y)
                note(f"{part}_loss", epoch, loss)
                note(f"{part}_accuracy", epoch, accuracy)

        history = stack.train(
            _optimizer(own[0]),
            images.x,
            images.y,
            [rows] * len(places),
            epochs=epochs,
            batch_size=BATCH_SIZE,
            after=measure,
            every=every,
            one_order=own[0].one_order,
            title=title and f"{title}: {len(places)} networks",
        )
        for epoch in moments:
            note("reported_loss", epoch, history["loss"][epoch - 1])
            note("reported_accuracy", epoch, history["accuracy"][epoch - 1])
        stacks.append(stack)
    return Curves(**found), stacks


def _groups(designs: Sequence[Design], seeds: int) -> list[list[int]]:
    """Positions of designs that are trained together."""
    groups = []
    for kind in dict.fromkeys(design.together for design in designs):
        own = [position for position, design in enumerate(designs) if design.together == kind]
        size = max(1, LARGEST_STACK // seeds)
        groups += [own[start : start + size] for start in range(0, len(own), size)]
    return groups


def _optimizer(design: Design) -> keras.optimizers.Optimizer:
    if design.sgd:
        return StackedSGD(design.learning_rate, 0.0)
    return keras.optimizers.Adam(design.learning_rate, weight_decay=design.weight_decay or None)


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


def as_array(curves: Curves) -> np.ndarray:
    """All curves in the order of the fields of Curves; float64 (8, designs, seeds, epochs)."""
    return np.stack([getattr(curves, name) for name in Curves.__dataclass_fields__])


def as_curves(array: np.ndarray) -> Curves:
    """The curves out of such an array."""
    return Curves(*array)


SEEDS, EPOCHS = (1, 2, 3), 20


def _experiments() -> dict:
    images = load()
    everything = np.arange(60_000)

    def curves(designs, epochs, rows, validation, title) -> np.ndarray:
        return as_array(train(designs, SEEDS, images, rows, epochs, validation=validation, title=title)[0])

    return {
        "published": lambda: curves([PLAIN, DROPOUT], EPOCHS, everything, VALIDATION, "published"),
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
