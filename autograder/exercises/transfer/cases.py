"""Which bases and models an examination of transfer learning builds. Both halves read this; it knows no answers.

Bases are small, so that nothing need be downloaded, and made as pretrained ones are: convolutions and batch
normalisation whose moving statistics are neither 0 and 1 nor those of the images here, some with layers that drop
or add noise. Their sizes, widths and rates are neither round nor alike.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from autograder.forms import Form, at_most, exactly
from autograder.kits.models.cases import LAYER_CALL, MODEL_NUMBERS, contradiction, model_forms

__all__ = ["TABLES", "contradiction", "forms", "plan"]

#: The structured arrays of a recording.
TABLES = (LAYER_CALL,)

#: How far batch normalisation stays from dividing by zero: Keras's default.
EPSILON = 1e-3
#: The size of images whose weights this course downloads, typed in by whoever has just done so.
USUAL_SIZE = (150, 150, 3)


@dataclass(frozen=True)
class Block:
    """A convolution without padding and bias, and batch normalisation behind it.

    kernel: (height, width, channels, filters). gamma, beta, mean, variance: (filters,). All float32. stride: in
    pixels.
    """

    kernel: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    stride: int = 1

    def kernels(self) -> list[np.ndarray]:
        """What training would change."""
        return [self.kernel, self.gamma, self.beta]

    def statistics(self) -> list[np.ndarray]:
        """What running in training mode would change."""
        return [self.mean, self.variance]


@dataclass(frozen=True)
class TransferCase:
    """One call of `make_model`, and what is done with the model.

    name: unique in an examination. form: of the base: "functional", "sequential", or "nested", with a model in it.
    size: of its images, (height, width, channels). filters: of its two blocks. window, stride: of the first block,
    in pixels. noise: whether it drops and adds noise when it is told that it is training. n_classes, size_inner,
    rate: handed over, by name or positional; not at all if bare. seed: chooses weights and images. images: how
    many. fitted: whether the model is trained, too.
    """

    name: str
    form: Literal["functional", "sequential", "nested"]
    size: tuple[int, int, int]
    filters: tuple[int, int]
    n_classes: int
    size_inner: int
    rate: float
    seed: int
    window: int = 3
    stride: int = 2
    noise: bool = False
    images: int = 64
    positional: bool = False
    bare: bool = False
    fitted: bool = False

    @property
    def hidden(self) -> tuple[int, ...]:
        """The widths of the hidden Dense layers."""
        return (self.size_inner,)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.n_classes

    @property
    def call(self) -> str:
        """How the function is called, as the student would write it."""
        given = f"{self.n_classes}, {self.size_inner}, {self.rate:.4g}"
        if not self.positional:
            given = f"n_classes={self.n_classes}, size_inner={self.size_inner}, droprate={self.rate:.4g}"
        return f"make_model(base{'' if self.bare else ', ' + given}), base for images of {self.size}"

    def blocks(self) -> tuple[Block, Block]:
        """The base: a first block, ReLU, and a second block."""
        rng = np.random.default_rng([self.seed, 1])
        sizes = ((self.window, self.size[-1], self.filters[0]), (2, *self.filters))
        first, second = (
            Block(
                rng.normal(0, 1 / np.sqrt(width * width * channels), (width, width, channels, filters)).astype(
                    "f4"
                ),
                rng.uniform(1, 3, filters).astype("f4"),
                rng.uniform(-1, 1, filters).astype("f4"),
                rng.uniform(-1, 1, filters).astype("f4"),
                rng.uniform(0.3, 3, filters).astype("f4"),
                stride,
            )
            for (width, channels, filters), stride in zip(sizes, (self.stride, 1), strict=True)
        )
        return first, second

    def x(self) -> np.ndarray:
        """Images, (images, height, width, channels) of float32, each with colours of its own, half with large ones.

        The large ones tell a ReLU from what only looks like one near zero.
        """
        rng = np.random.default_rng([self.seed, 2])
        x = rng.uniform(-0.7, 0.7, (self.images, *self.size))
        x += rng.uniform(-1, 1, (self.images, 1, 1, self.size[-1]))
        x[::2] *= 10
        return x.astype(np.float32)


def plan(seed: int, again: bool = False) -> dict[str, TransferCase]:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`."""
    rng = np.random.default_rng([seed, zlib.crc32(b"transfer"), again])

    def new_seed() -> int:
        return int(rng.integers(2**62))

    def about(number: int) -> int:
        """A number within 4 of this one, neither 10 nor a multiple of it."""
        return int(rng.choice([n for n in range(number - 4, number + 5) if n % 10]))

    def awkward(low: float, high: float) -> float:
        return float(round(rng.integers(round(10 * low), round(10 * high)) / 10 + rng.uniform(0.021, 0.079), 4))

    def filters() -> tuple[int, int]:
        return int(rng.integers(7, 10)), int(rng.integers(16, 20))

    height, width = int(rng.integers(11, 14)), int(rng.integers(14, 17))
    few, many = int(rng.integers(5, 9)), int(rng.integers(12, 16))
    planned = [
        TransferCase("nested", "nested", (height, width, 3), filters(), few, about(44), awkward(0.2, 0.4),
                     new_seed(), noise=True, fitted=True),
        TransferCase("functional", "functional", (width, height - 2, 1), filters(), many, about(64),
                     awkward(0.6, 0.8), new_seed(), positional=True),
        TransferCase("rate-0", "sequential", USUAL_SIZE, filters(), few + 1, about(34), 0.0, new_seed(), window=5,
                     stride=25, images=4),
        TransferCase("defaults", "functional", (height, height, 2), filters(), 10, 100, 0.5, new_seed(), images=8,
                     bare=True),
    ]  # fmt: skip
    return {case.name: case for case in planned}


def forms(planned: Mapping[str, TransferCase]) -> dict[str, Form]:
    """What a recording of these may look like; see `observe.record` for its parts."""
    found: dict[str, Form] = {}
    for name in planned:
        found |= dict(model_forms(name))
        found |= {
            f"{name}.fit": exactly((2,), "iuf"),
            f"{name}.kernels": at_most(MODEL_NUMBERS, "f"),
            f"{name}.statistics": at_most(MODEL_NUMBERS, "f"),
            f"{name}.counts": exactly((3,), "iu"),
        }
    return found
