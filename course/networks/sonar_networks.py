"""The networks that the classic tutorial compares on the Sonar data, and their cross-validation as stacks.

The three designs follow the widely copied tutorial on dropout with Keras, which compares them by one 10-fold run
each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from course.networks.stacked import Stack, StackedSGD
from course.sources.sonar import Fold, load, standardised

EPOCHS, BATCH_SIZE = 300, 16
#: A larger stack no longer fits the processor's cache, and takes longer.
LARGEST_STACK = 400


@dataclass(frozen=True)
class Design:
    """A network and how it is trained. Rates are probabilities of dropping; decay is of the learning rate."""

    hidden: tuple[int, ...] = (60, 30)
    input_rate: float = 0.0
    hidden_rate: float = 0.0
    learning_rate: float = 0.1
    momentum: float = 0.9
    max_norm: float = 3.0
    decay: float = 0.0


BASELINE = Design(learning_rate=0.01, momentum=0.8, max_norm=np.inf)
INPUT_DROPOUT = Design(input_rate=0.2)
HIDDEN_DROPOUT = Design(hidden_rate=0.2)
#: The three that the tutorial ranks.
PUBLISHED = {
    "baseline": BASELINE,
    "dropout on inputs": INPUT_DROPOUT,
    "dropout on hidden layers": HIDDEN_DROPOUT,
}


def keras_model(design: Design) -> keras.Model:
    """A design as the tutorial writes it in plain Keras, compiled; float32 (batch, 60) -> (batch, 1)."""
    limit = keras.constraints.MaxNorm(design.max_norm) if np.isfinite(design.max_norm) else None
    model = keras.Sequential([keras.Input((60,))])
    if design.input_rate:
        model.add(layers.Dropout(design.input_rate))
    for units in design.hidden:
        model.add(layers.Dense(units, activation="relu", kernel_constraint=limit))
        if design.hidden_rate:
            model.add(layers.Dropout(design.hidden_rate))
    model.add(layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.SGD(design.learning_rate, momentum=design.momentum)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def accuracies(
    designs: Sequence[Design],
    parts: Sequence[Fold],
    seeds: Sequence[int],
    *,
    epochs: Sequence[int] = (EPOCHS,),
    scaled: Callable[[np.ndarray, np.ndarray], np.ndarray] = standardised,
    title: str | None = None,
) -> np.ndarray:
    """Test accuracies of every design on every fold, all trained as stacks.

    designs: what is compared; each gets the same folds and seeds, so that comparisons are paired. parts: pairs
    of training and test positions. seeds: of the networks, one per part. epochs: after which to test, rising;
    training ends with the last. scaled: given x and the training positions, x as the networks see it. title:
    of the progress bars; None for none.
    Returns float64 (designs, parts, len(epochs)), from 0 to 1.
    """
    x, y = load()
    inputs = [scaled(x, train) for train, _ in parts]
    found = np.zeros((len(designs), len(parts), len(epochs)))
    batches = _batches(designs, len(parts))
    for number, batch in enumerate(batches, 1):
        stack, optimizer = _stack(batch, designs, seeds)
        own = np.stack([inputs[part] for _, part in batch])

        def test(epoch: int, stack=stack, own=own, batch=batch) -> None:
            if epoch not in epochs:
                return
            right = (stack.predict(own)[..., 0] > 0.5) == y
            for network, (design, part) in enumerate(batch):
                found[design, part, epochs.index(epoch)] = right[network, parts[part][1]].mean()

        name = title and f"{title}, {len(batch)} networks ({number} of {len(batches)})"
        rows = [parts[part][0] for _, part in batch]
        stack.train(
            optimizer, own, y, rows, epochs=max(epochs), batch_size=BATCH_SIZE, after=test, every=1, title=name
        )
    return found


def _batches(designs: Sequence[Design], parts: int) -> list[list[tuple[int, int]]]:
    """Pairs of a design's and a part's positions, those of one shape together, in equal lots of one stack each."""
    batches = []
    for shape in sorted({design.hidden for design in designs}):
        own = [(k, part) for k, design in enumerate(designs) if design.hidden == shape for part in range(parts)]
        count = -(-len(own) // LARGEST_STACK)
        batches += [own[index::count] for index in range(count)]
    return batches


def _stack(
    batch: Sequence[tuple[int, int]], designs: Sequence[Design], seeds: Sequence[int]
) -> tuple[Stack, StackedSGD]:
    """The networks of one batch, and the optimizer that trains them."""
    chosen = [designs[design] for design, _ in batch]
    stack = Stack(
        60,
        chosen[0].hidden,
        1,
        [seeds[part] for _, part in batch],
        input_rate=[design.input_rate for design in chosen],
        hidden_rate=[design.hidden_rate for design in chosen],
        max_norm=[design.max_norm for design in chosen],
    )
    optimizer = StackedSGD(
        [design.learning_rate for design in chosen],
        [design.momentum for design in chosen],
        [design.decay for design in chosen],
    )
    return stack, optimizer
