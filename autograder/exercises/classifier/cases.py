"""Which classifiers an examination builds. Both halves read this; it knows inputs, and no answers.

Widths are neither round nor alike, except where two alike show whether layers are shared by mistake; rates avoid
round tenths and 0.5, so that swapping keep and drop shows.
"""

from dataclasses import dataclass

import numpy as np

CLASSES = 10
SIDE = 28  # pixels


@dataclass(frozen=True)
class ClassifierCase:
    """One call of `build_classifier`, and what is done with the model.

    name: unique in an examination. hidden, rate: handed over, hidden as a new list. seed: chooses the images.
    images: how many. fitted: whether the model is trained, too. classes: how many there are.
    """

    name: str
    hidden: tuple[int, ...]
    rate: float
    seed: int
    images: int = 48
    fitted: bool = False
    classes: int = CLASSES

    @property
    def call(self) -> str:
        """How the function is called, as the student would write it."""
        return f"build_classifier({list(self.hidden)}, {self.rate:.4g})"

    def x(self) -> np.ndarray:
        """Images, (images, 28, 28) of float32: half of them with values from 0 to 1, half from 0 to 30.

        The large ones tell a ReLU from what only looks like one near zero.
        """
        x = np.random.default_rng([self.seed, 1]).uniform(0, 1, (self.images, SIDE, SIDE))
        x[::2] *= 30
        return x.astype(np.float32)

    def lesson(self) -> tuple[np.ndarray, np.ndarray]:
        """Images that can be learned, (128, 28, 28) of float32 from 0 to 1, and their classes, (128,) of int64."""
        rng = np.random.default_rng([self.seed, 2])
        patterns = rng.uniform(0, 1, (CLASSES, SIDE, SIDE))
        y = rng.permutation(np.arange(128) % CLASSES)
        x = 0.8 * patterns[y] + 0.2 * rng.uniform(0, 1, (128, SIDE, SIDE))
        return x.astype(np.float32), y


def classifier_cases(rng: np.random.Generator) -> dict[str, ClassifierCase]:
    """The calls that examine classifier, by name. rng: chooses what is left to chance."""

    def seed() -> int:
        return int(rng.integers(2**62))

    def widths(*about: int) -> tuple[int, ...]:
        """Widths within 4 of those named, none of them 10 or a multiple of it."""
        return tuple(int(rng.choice([w for w in range(width - 4, width + 5) if w % 10])) for width in about)

    def awkward(low: float, high: float) -> float:
        return float(round(rng.integers(round(10 * low), round(10 * high)) / 10 + rng.uniform(0.021, 0.079), 4))

    (pair,) = widths(36)
    planned = [
        ClassifierCase("three", widths(44, 63, 27), awkward(0.2, 0.4), seed(), fitted=True),
        ClassifierCase("one", widths(54), awkward(0.6, 0.8), seed()),
        ClassifierCase("two", (pair, pair), float(round(rng.uniform(0.065, 0.095), 4)), seed(), images=120),
        ClassifierCase("rate-0", widths(25, 41), 0.0, seed()),
    ]
    return {case.name: case for case in planned}
