"""Which calls examine an exercise that draws masks. Both halves read this; it knows inputs, and no answers.

Everything follows from (exercise, seed), so the judge need not be told what was asked: it derives the same
cases again. Rates avoid round tenths (rounding a rate would be invisible), 0.5 (swapping keep and drop would
be) and each other; inputs avoid 0 and 1 where those would hide a mistake.

How many calls: detecting a kept fraction that is off by d with n entries takes about
n = (z_fail + z_miss)² · p(1-p) / d²  (normal approximation to the binomial, e.g. Cohen 1988, ch. 6).
The families of `judge.statistics` raise an alarm a little beyond z = 6; z_miss = 5 leaves a chance of 3e-7
to miss. So n = 121 · p(1-p)/d²: a rate rounded to hundredths is off by d = 0.005 at p = 0.95, which needs
230,000 entries ("large-rare" has as many), and a unit never dropped at rate 0.25 is seen in 45 calls ("units"
has 600).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from autograder.forms import Form, exactly


@dataclass(frozen=True)
class MaskCase:
    """Some calls of the student's code, one after another, with one generator.

    name: unique in an examination. shape: of the input. rate: the probability of dropping handed over.
    calls: how many. seed: of the generator handed over. dtype: of the input. zeros: how many of its entries
    are exactly 0. layout: of its memory, "C", "F" (Fortran's) or "strided" (a view that is not contiguous).
    warmup: training calls made before the first one recorded. asks: what the calls are made for: a "mask" in
    training, what comes back outside of it ("evaluation"), what a rate that is none raises ("invalid-rate"), or a
    "gradient". one_call: how one of the calls is written. returns: what has to come back. mode: where and how the
    calls are made:

    - all exercises: "training"; with a flag also "evaluation" and "default" (the flag is not given);
    - layer: "script", one layer in and out of training;
    - backward: "backward" (forward, then once backward), "overlap-first" and "overlap-last" (another
      forward pass in between, and its backward pass after or before);
    - keras_layer: "fit" (in a compiled fit), "model", "model-default" and "predict" (in a model), "loaded" (saved
      and loaded), "config" (made from its configuration), "mixed" (in mixed precision), "unseeded".
    """

    name: str
    shape: tuple[int, ...]
    rate: float
    calls: int
    seed: int
    mode: str = "training"
    dtype: str = "float32"
    zeros: int = 0
    layout: Literal["C", "F", "strided"] = "C"
    warmup: int = 0
    asks: Literal["mask", "evaluation", "invalid-rate", "gradient"] = "mask"
    one_call: str = ""
    returns: str = "NumPy array"

    @property
    def call(self) -> str:
        """How the student's code is called, as the student would write it, and how often."""
        return self.one_call if self.calls == 1 else f"{self.one_call}, {self.calls} times"

    @property
    def x_in_words(self) -> str:
        """The input, as a report speaks of it."""
        return f"{'' if self.dtype == 'float32' else self.dtype + ' '}x of shape {self.shape}"

    def generator(self) -> np.random.Generator:
        """A new generator, as it is handed to the student's code."""
        return np.random.default_rng(self.seed)

    def x(self) -> np.ndarray:
        """The input: distinct values of both signs, 0.5 to 3 in size, and `zeros` exact zeros; a new copy."""
        x = _values(self.seed, self.shape, self.zeros).astype(self.dtype)
        if self.layout == "strided":
            wide = np.zeros((*self.shape[:-1], 2 * self.shape[-1]), x.dtype)
            wide[..., ::2] = x
            return wide[..., ::2]
        return x.copy(order=self.layout)

    def grad_out(self) -> np.ndarray:
        """The gradient handed to a backward pass: like `x` and without zeros; a new copy."""
        return replace(self, seed=self.seed + 7, zeros=0).x()


#: The calls of an examination, by name.
Plan = dict[str, MaskCase]


@lru_cache(maxsize=64)  # the judge asks for the same input several times
def _values(seed: int, shape: tuple[int, ...], zeros: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    size = int(np.prod(shape))
    # Spread and shuffled, not drawn: no two are alike, and none is near enough to 0 or 1 to mislead.
    magnitude = rng.permutation(np.linspace(0.5, 3.0, size)) if size > 1 else np.array([1.7])
    magnitude[np.abs(magnitude - 1) < 1e-3] = 1.017
    x = magnitude * rng.choice([-1.0, 1.0], size)
    x[rng.permutation(size)[:zeros]] = 0.0
    return x.reshape(shape)


#: What is added to all seeds of generators in a confirmation: far beyond the range they are drawn from, and another
#: one also for whoever keeps only the last 31 bits, as Keras does.
_AGAIN = 2**63 + 2**30


def plan_masks(exercise: str, seed: int, again: bool = False) -> Plan:
    """The calls in training that every exercise has which draws masks; an exercise adds its own.

    exercise: its name. seed, again: as for `autograder.catalogue.cases`.
    """
    choose = _Chooser(np.random.default_rng([seed, zlib.crc32(exercise.encode())]))
    side = int(choose.rng.integers(5, 7)), int(choose.rng.integers(7, 10))
    # Each of these draws what it needs from one generator, so their order is part of the plan.
    planned = [
        *_rates(choose, side),
        *_shapes(choose, side),
        *_with_zeros(choose),
        MaskCase("repeat", (3 * side[0], 3 * side[1]), choose.rate(0.1, 0.3), 3, choose.seed()),
        MaskCase("rate-0", side, 0.0, 3, choose.seed(), zeros=2),
        MaskCase("rate-1", side, 1.0, 3, choose.seed(), zeros=2),
        *_invalid(choose, side),
    ]
    named = {case.name: case for case in planned}
    repeat = named["repeat"]
    named["repeat-same"] = replace(repeat, name="repeat-same")
    # Another generator. The input differs, too, but the judge compares only masks.
    named["repeat-other"] = replace(repeat, name="repeat-other", seed=repeat.seed ^ 0x5DEECE66D)
    if again:
        return {name: replace(case, seed=case.seed + _AGAIN) for name, case in named.items()}
    return named


class _Chooser:
    """Chooses what an examination leaves to chance. rng: the generator that it draws from."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def seed(self) -> int:
        """A seed for a case's generator."""
        return int(self.rng.integers(2**62))

    def rate(self, low: float, high: float) -> float:
        """A rate between low and high, at least 0.02 from every tenth, with digits nobody would type."""
        tenth = self.rng.integers(round(low * 10), round(high * 10)) / 10
        return float(tenth + self.rng.uniform(0.021, 0.079))


def _rates(choose: _Chooser, side: tuple[int, int]) -> list[MaskCase]:
    """Two axes at many rates: many calls of a few units, and a few calls of many."""
    # Their third decimal is a 5: as far from a whole hundredth as a rate can be.
    rare = float(choose.rng.choice([0.015, 0.025, 0.035, 0.045, 0.055, 0.065]))
    low, high = choose.rate(0.1, 0.4), choose.rate(0.6, 0.9)
    return [
        MaskCase("units-low", side, low, 600, choose.seed()),
        MaskCase("units-high", side, high, 600, choose.seed()),
        MaskCase("large-rare", (200, 192), rare, 6, choose.seed()),
        MaskCase("large-low", (128, 170), choose.rate(0.2, 0.5), 5, choose.seed(), dtype="float64"),
        MaskCase("large-high", (170, 128), choose.rate(0.5, 0.9), 5, choose.seed()),
        MaskCase("many", (12, 14), choose.rate(0.3, 0.7), 250, choose.seed()),
    ]


def _shapes(choose: _Chooser, side: tuple[int, int]) -> list[MaskCase]:
    """Shapes of all kinds, in many calls each."""
    rows, columns = side
    rng = choose.rng
    return [
        MaskCase("tiny", (3,), choose.rate(0.6, 0.8), 800, choose.seed()),
        MaskCase("vector", (int(rng.integers(11, 15)),), float(rng.uniform(0.065, 0.085)), 300, choose.seed()),
        MaskCase("cube", (3, 4, int(rng.integers(3, 5))), choose.rate(0.3, 0.6), 300, choose.seed(), layout="F"),
        MaskCase("images", (2, 3, 2, int(rng.integers(4, 6))), choose.rate(0.4, 0.8), 300, choose.seed(),
                 dtype="float64"),
        MaskCase("square", (6, 6), choose.rate(0.3, 0.6), 200, choose.seed(), layout="F"),
        MaskCase("one-row", (1, columns), choose.rate(0.2, 0.4), 200, choose.seed()),
        MaskCase("one-column", (rows, 1), choose.rate(0.6, 0.8), 200, choose.seed()),
        MaskCase("one-entry", (1,), choose.rate(0.3, 0.6), 200, choose.seed()),
        MaskCase("frequent", (90, 70), float(rng.uniform(0.93, 0.985)), 4, choose.seed()),
    ]  # fmt: skip


def _with_zeros(choose: _Chooser) -> list[MaskCase]:
    """Inputs with exact zeros, under which a mask cannot be seen."""
    rng = choose.rng
    return [
        MaskCase("one-axis", (int(rng.integers(380, 420)),), choose.rate(0.2, 0.4), 8, choose.seed(), zeros=5),
        MaskCase("three-axes", (8, 6, int(rng.choice([5, 7]))), choose.rate(0.5, 0.8), 8, choose.seed(), zeros=5,
                 layout="strided"),
        MaskCase("four-axes", (4, 3, 5, int(rng.integers(6, 9))), choose.rate(0.2, 0.5), 8, choose.seed(),
                 zeros=5),
    ]  # fmt: skip


def _invalid(choose: _Chooser, side: tuple[int, int]) -> Iterator[MaskCase]:
    """Rates just outside, a little outside, a percentage, and what no comparison may let through.

    NaN is left out: the contract's 0 <= rate <= 1 refuses it, and the common "rate < 0 or rate > 1" does not.
    """
    rng = choose.rng
    rates = (-1e-6, -float(rng.uniform(0.05, 0.6)), 1 + 1e-6, 1 + float(rng.uniform(0.05, 0.9)), 2,
             int(rng.integers(20, 90)), 1e6, -float("inf"), float("inf"))  # fmt: skip
    for number, rate in enumerate(rates):
        yield MaskCase(f"invalid-{number}", side, rate, 1, choose.seed(), asks="invalid-rate")


def in_evaluation(planned: Plan, names: Iterable[str]) -> Plan:
    """The same calls outside training, each after one in training."""
    return {
        f"eval-{name}": replace(
            planned[name], name=f"eval-{name}", mode="evaluation", asks="evaluation", calls=3, warmup=1
        )
        for name in names
    }


def worded(planned: Plan, write: Callable[[MaskCase], str]) -> Plan:
    """The same cases, each with how one of its calls is written."""
    return {name: replace(case, one_call=write(case)) for name, case in planned.items()}


def mask_forms(planned: Plan, *parts: str) -> dict[str, Form]:
    """The forms of what is recorded: numbers, (calls, *shape). parts: those that a case may be recorded in."""
    return {
        f"{name}.{part}" if part else name: exactly((case.calls, *case.shape), "biuf")
        for name, case in planned.items()
        for part in ("", *parts)
    }
