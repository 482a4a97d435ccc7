"""Which classifiers an examination builds. Both halves read this; it knows inputs, and no answers.

Widths are neither round nor alike, except where two alike show whether layers are shared by mistake; rates avoid
round tenths and 0.5, so that swapping keep and drop shows.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from autograder.forms import Form, at_most, exactly, list_of
from autograder.kits.models.cases import LAYER_CALL, MODEL_NUMBERS, WEIGHTS, contradiction, model_forms

__all__ = ["TABLES", "contradiction", "forms", "plan"]

#: The structured arrays of a recording.
TABLES = (LAYER_CALL,)

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


def plan(seed: int, again: bool = False) -> dict[str, ClassifierCase]:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    rng = np.random.default_rng([seed, zlib.crc32(b"classifier"), again])

    def new_seed() -> int:
        return int(rng.integers(2**62))

    def widths(*about: int) -> tuple[int, ...]:
        """Widths within 4 of those named, none of them 10 or a multiple of it."""
        return tuple(int(rng.choice([w for w in range(width - 4, width + 5) if w % 10])) for width in about)

    def awkward(low: float, high: float) -> float:
        return float(round(rng.integers(round(10 * low), round(10 * high)) / 10 + rng.uniform(0.021, 0.079), 4))

    (pair,) = widths(36)
    planned = [
        ClassifierCase("three", widths(44, 63, 27), awkward(0.2, 0.4), new_seed(), fitted=True),
        ClassifierCase("one", widths(54), awkward(0.6, 0.8), new_seed()),
        ClassifierCase("two", (pair, pair), float(round(rng.uniform(0.065, 0.095), 4)), new_seed(), images=120),
        ClassifierCase("rate-0", widths(25, 41), 0.0, new_seed()),
    ]
    return {case.name: case for case in planned}


def forms(planned: dict[str, ClassifierCase]) -> dict[str, Form]:
    """What a recording of these may look like; see `observe.record` for its parts."""
    found: dict[str, Form] = {}
    for name in planned:
        found |= dict(model_forms(name))
        found |= {
            f"{name}.lesson": at_most(MODEL_NUMBERS, "f"),
            f"{name}.losses": exactly((4,), "f"),
            f"{name}.loss": exactly((), "U"),
            f"{name}.fit": exactly((2,), "iuf"),
            f"{name}.moved": list_of(WEIGHTS, "b"),
            f"{name}.kernels": list_of(WEIGHTS, "U"),
        }
    return found
