"""Train designs of networks from several seeds each, and measure them after every epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import keras
import numpy as np

from course.networks.stacked import Stack, StackedSGD

BATCH_SIZE = 32
#: Networks trained at the same time; more do not make it faster and take more memory.
LARGEST_STACK = 9


@dataclass(frozen=True)
class Images:
    """Fashion-MNIST as rows. x: float32 (n, 784), from 0 (black) to 1. y: int64 (n,), classes 0 to 9."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Design:
    """A network and how it is trained. sgd: whether to train with SGD without momentum instead of Adam.

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
    validation: np.ndarray,
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
    watched_on = {
        "train": (images.x[rows[:watched]], images.y[rows[:watched]]),
        "validation": (images.x[validation], images.y[validation]),
        "test": (images.x_test, images.y_test),
    }
    shape = (len(seeds), len(moments))
    found = {name: np.zeros((len(designs), *shape)) for name in _names()}
    stacks = []
    for group in _groups(designs, len(seeds)):
        own = [designs[position] for position in group]
        stack = _stack(own, seeds, inputs=images.x.shape[1])
        measure = _Measurements(stack, watched_on)
        history = stack.train(
            _optimizer(own[0]),
            images.x,
            images.y,
            [rows] * len(stack.seeds),
            epochs=epochs,
            batch_size=BATCH_SIZE,
            after=measure,
            every=every,
            one_order=own[0].one_order,
            title=title and f"{title}: {len(stack.seeds)} networks",
        )
        reported = {f"reported_{name}": values[np.array(moments) - 1] for name, values in history.items()}
        for name, values in (measure.found | reported).items():  # (moments, networks) each
            found[name][group] = np.transpose(values).reshape(len(group), *shape)
        stacks.append(stack)
    return Curves(**found), stacks


class _Measurements:
    """Notes the losses and accuracies of a stack, in evaluation mode, each time it is called.

    examples: by name, features and labels to measure on. found: a list for each curve, with an array (networks,)
    for each call.
    """

    def __init__(self, stack: Stack, examples: dict[str, tuple[np.ndarray, np.ndarray]]):
        self.stack, self.examples = stack, examples
        self.found: dict[str, list[np.ndarray]] = {
            f"{name}_{what}": [] for name in examples for what in ("loss", "accuracy")
        }

    def __call__(self, epoch: int) -> None:
        for name, (x, y) in self.examples.items():
            loss, accuracy = self.stack.evaluate(x, y)
            self.found[f"{name}_loss"].append(loss)
            self.found[f"{name}_accuracy"].append(accuracy)


def _stack(designs: Sequence[Design], seeds: Sequence[int], inputs: int) -> Stack:
    """All networks of these designs, which share one shape: for each design one network from each seed."""
    repeated = [design for design in designs for _ in seeds]
    return Stack(
        inputs,
        designs[0].hidden,
        10,
        [*seeds] * len(designs),
        input_rate=[design.input_rate for design in repeated],
        hidden_rate=[design.hidden_rate for design in repeated],
        max_norm=[design.max_norm for design in repeated],
    )


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


def as_array(curves: Curves) -> np.ndarray:
    """All curves in the order of the fields of Curves; float64 (8, designs, seeds, epochs)."""
    return np.stack([getattr(curves, name) for name in _names()])


def as_curves(array: np.ndarray) -> Curves:
    """The curves out of such an array."""
    return Curves(*array)


def _names() -> list[str]:
    """The names of all curves, in order."""
    return [field.name for field in fields(Curves)]
