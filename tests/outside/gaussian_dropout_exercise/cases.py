"""Which calls examine exercise gaussian_dropout. It knows inputs, and no answers."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from autograder.forms import Form, exactly


@dataclass(frozen=True)
class NoiseCase:
    """One call. name: unique. shape: of x. rate: handed over. seed: of the generator and of x. refused: whether the
    rate is none. same_as: the name of the case that this one repeats, "" if of none.
    """

    name: str
    shape: tuple[int, ...]
    rate: float
    seed: int
    refused: bool = False
    same_as: str = ""

    @property
    def call(self) -> str:
        """How the student's function is called."""
        return f"gaussian_dropout(x, {self.rate:.4g}, rng), x of shape {self.shape}"

    def x(self) -> np.ndarray:
        """The input, float32 between 0.5 and 3; a new copy."""
        return np.random.default_rng([self.seed, 1]).uniform(0.5, 3, self.shape).astype(np.float32)


def plan(seed: int, again: bool = False) -> dict[str, NoiseCase]:
    """The calls by name. again: those that confirm an alarm, which differ in their generators."""
    rng = np.random.default_rng([seed, zlib.crc32(b"gaussian_dropout"), again])

    def case(name: str, shape: tuple[int, ...], rate: float, refused: bool = False) -> NoiseCase:
        return NoiseCase(name, shape, rate, int(rng.integers(2**62)), refused)

    found = [
        case("matrix", (90, 70), float(rng.uniform(0.12, 0.18))),
        case("images", (20, 8, 9, 3), float(rng.uniform(0.62, 0.68))),
        case("vector", (5000,), float(rng.uniform(0.32, 0.38))),
        case("negative", (4, 5), -0.1, refused=True),
        case("one", (4, 5), 1.0, refused=True),
    ]
    found.append(replace(found[0], name="same", same_as=found[0].name))
    return {case.name: case for case in found}


def forms(planned: dict[str, NoiseCase]) -> dict[str, Form]:
    """What a recording may look like: for each case numbers of its shape."""
    return {name: exactly(case.shape, "f") for name, case in planned.items()}
