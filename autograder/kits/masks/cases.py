"""Which calls an examination makes. Both halves read this; it knows inputs, and no answers.

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
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from autograder.exercises.classifier.cases import ClassifierCase, classifier_cases
from autograder.exercises.cross_validation.cases import FoldCase, fold_cases
from autograder.exercises.transfer.cases import TransferCase, transfer_cases
from autograder.kits.histories.cases import HistoryCase, history_cases


@dataclass(frozen=True)
class Case:
    """Some calls of the student's code, one after another, with one generator.

    name: unique in an examination. shape: of the input. rate: the probability of dropping handed over.
    calls: how many. seed: of the generator handed over. dtype: of the input. zeros: how many of its entries
    are exactly 0. layout: of its memory, "C", "F" (Fortran's) or "strided" (a view that is not contiguous).
    warmup: training calls made before the first one recorded. mode: where and how the calls are made:

    - all exercises: "training"; with a flag also "evaluation" and "default" (the flag is not given);
    - layer: "script", one layer in and out of training;
    - backward: "backward" (forward, then backward), "twice" (backward twice from one cache), "overlap-first" and
      "overlap-last" (another forward pass in between, and its backward pass after or before);
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
    layout: str = "C"
    warmup: int = 0

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


#: The exercises whose calls are of another kind than Case, and what plans those.
_OWN_CASES: dict[str, Callable[[np.random.Generator], dict]] = {
    "cross_validation": fold_cases,
    "gap": partial(history_cases, "gap"),
    "best_epoch": partial(history_cases, "best_epoch"),
    "classifier": classifier_cases,
    "transfer": transfer_cases,
}

#: The calls of one examination, by name.
Cases = (
    dict[str, Case]
    | dict[str, FoldCase]
    | dict[str, HistoryCase]
    | dict[str, ClassifierCase]
    | dict[str, TransferCase]
)


def cases(exercise: str, seed: int, again: bool = False) -> Cases:
    """The calls that examine `exercise`, by name: of a kind of their own where there is one, else of kind Case.

    seed: any non-negative integer; it chooses shapes, rates, inputs and generators. again: whether these are
    the calls that confirm an alarm, which differ in their generators (and inputs) only.
    """
    if exercise in _OWN_CASES:
        return _OWN_CASES[exercise](np.random.default_rng([seed, zlib.crc32(exercise.encode()), again]))
    planned = _planned(exercise, seed)
    if again:
        planned = {name: replace(case, seed=case.seed + _AGAIN) for name, case in planned.items()}
    return planned


#: What is added to all seeds of generators in a confirmation; far beyond the range they are drawn from.
_AGAIN = 2**63


def _planned(exercise: str, seed: int) -> dict[str, Case]:
    rng = np.random.default_rng([seed, zlib.crc32(exercise.encode())])

    def fresh_seed() -> int:
        return int(rng.integers(2**62))

    def awkward(low: float, high: float) -> float:
        """A rate between low and high, at least 0.02 from every tenth, with digits nobody would type."""
        tenth = rng.integers(round(low * 10), round(high * 10)) / 10
        return float(tenth + rng.uniform(0.021, 0.079))

    rows, columns = int(rng.integers(5, 7)), int(rng.integers(7, 10))
    # Their third decimal is a 5: as far from a whole hundredth as a rate can be.
    rare = float(rng.choice([0.015, 0.025, 0.035, 0.045, 0.055, 0.065]))
    low, high = awkward(0.1, 0.4), awkward(0.6, 0.9)
    planned = [
        Case("units-low", (rows, columns), low, 600, fresh_seed()),
        Case("units-high", (rows, columns), high, 600, fresh_seed()),
        Case("large-rare", (200, 192), rare, 6, fresh_seed()),
        Case("large-low", (128, 170), awkward(0.2, 0.5), 5, fresh_seed(), dtype="float64"),
        Case("large-high", (170, 128), awkward(0.5, 0.9), 5, fresh_seed()),
        Case("many", (12, 14), awkward(0.3, 0.7), 250, fresh_seed()),
        Case("tiny", (3,), awkward(0.6, 0.8), 800, fresh_seed()),
        Case("vector", (int(rng.integers(11, 15)),), float(rng.uniform(0.065, 0.085)), 300, fresh_seed()),
        Case("cube", (3, 4, int(rng.integers(3, 5))), awkward(0.3, 0.6), 300, fresh_seed(), layout="F"),
        Case("images", (2, 3, 2, int(rng.integers(4, 6))), awkward(0.4, 0.8), 300, fresh_seed(), dtype="float64"),
        Case("square", (6, 6), awkward(0.3, 0.6), 200, fresh_seed(), layout="F"),
        Case("one-row", (1, columns), awkward(0.2, 0.4), 200, fresh_seed()),
        Case("one-column", (rows, 1), awkward(0.6, 0.8), 200, fresh_seed()),
        Case("one-entry", (1,), awkward(0.3, 0.6), 200, fresh_seed()),
        Case("frequent", (90, 70), float(rng.uniform(0.93, 0.985)), 4, fresh_seed()),
        Case("one-axis", (int(rng.integers(380, 420)),), awkward(0.2, 0.4), 8, fresh_seed(), zeros=5),
        Case("three-axes", (8, 6, int(rng.choice([5, 7]))), awkward(0.5, 0.8), 8, fresh_seed(), zeros=5,
             layout="strided"),
        Case("four-axes", (4, 3, 5, int(rng.integers(6, 9))), awkward(0.2, 0.5), 8, fresh_seed(), zeros=5),
        Case("repeat", (3 * rows, 3 * columns), awkward(0.1, 0.3), 3, fresh_seed()),
        Case("rate-0", (rows, columns), 0.0, 3, fresh_seed(), zeros=2),
        Case("rate-1", (rows, columns), 1.0, 3, fresh_seed(), zeros=2),
    ]  # fmt: skip
    # Just outside, a little outside, a percentage, and what no comparison may let through. NaN is left out:
    # the contract's 0 <= rate <= 1 refuses it, and the common "rate < 0 or rate > 1" does not.
    invalid = (-1e-6, -float(rng.uniform(0.05, 0.6)), 1 + 1e-6, 1 + float(rng.uniform(0.05, 0.9)), 2,
               int(rng.integers(20, 90)), 1e6, -float("inf"), float("inf"))  # fmt: skip
    planned += [
        Case(f"invalid-{number}", (rows, columns), rate, 1, fresh_seed()) for number, rate in enumerate(invalid)
    ]
    named = {case.name: case for case in planned}
    named["repeat-same"] = replace(named["repeat"], name="repeat-same")
    # The same input, and another generator.
    named["repeat-other"] = _other_generator(named["repeat"], "repeat-other")
    if exercise == "backward":
        for number, (name, mode) in enumerate(
            (("units-low", "backward"), ("units-high", "twice"), ("three-axes", "backward"),
             ("four-axes", "backward"), ("repeat", "overlap-first"), ("repeat", "overlap-last"),
             ("one-axis", "backward"), ("large-low", "backward"), ("rate-0", "backward"), ("rate-1", "backward"))
        ):  # fmt: skip
            zeros = 20 if name == "one-axis" else max(named[name].zeros, 3)
            case = replace(named[name], name=f"grad-{number}-{name}", mode=mode, calls=4, zeros=zeros)
            named[case.name] = replace(case, calls=12) if name == "one-axis" else case
    if exercise == "keras_layer":
        return _for_keras(named)
    if exercise in ("classic", "layer"):
        for name in ("units-low", "large-high", "three-axes", "large-low"):
            case = replace(named[name], name=f"eval-{name}", mode="evaluation", calls=3, warmup=1)
            named[case.name] = case
        named["eval-rate-1"] = replace(named["rate-1"], name="eval-rate-1", mode="evaluation")
    if exercise == "classic":
        for name in [name for name in named if name.startswith("invalid-")]:
            named[f"eval-{name}"] = replace(named[name], name=f"eval-{name}", mode="evaluation")
    if exercise == "layer":
        named["script"] = replace(named["many"], name="script", mode="script", calls=6)
        named["default"] = replace(named["units-high"], name="default", mode="default", calls=3, warmup=1)
    return named


def _other_generator(case: Case, name: str) -> Case:
    """`case` with another generator seed. Its input differs too, but the judge compares only masks."""
    return replace(case, name=name, seed=case.seed ^ 0x5DEECE66D)


def _for_keras(named: dict[str, Case]) -> dict[str, Case]:
    """The cases of exercise keras_layer: the same inputs with a batch axis, fewer calls, and more places.

    An eager Keras call takes a millisecond, fifty times a NumPy one, so there are 24 calls instead of 600. A unit
    that is never dropped shows at the high rate, one that is never kept at the low one. A step in the loop of `fit`
    takes a twentieth of that: its 400 steps show a unit whose rate is off by less, and a pair of units that goes
    together; other dependence shows in those and in the large arrays.
    """
    found = {}
    for name, case in named.items():
        if len(case.shape) > 1 or name == "tiny":
            calls = 24 if name in ("units-low", "units-high", "tiny") else min(case.calls, 10)
            case = replace(case, dtype="float32", layout="C", calls=calls)
            found[name] = replace(case, shape=(1, 3)) if name == "tiny" else case
    low, high, large = found["units-low"], found["units-high"], found["large-high"]
    added = [
        replace(high, name="fit", mode="fit", calls=400),
        replace(found["three-axes"], name="model", mode="model"),
        replace(large, name="config", mode="config", calls=3),
        replace(found["large-low"], name="loaded", mode="loaded", calls=3),
        replace(large, name="mixed", mode="mixed", calls=3),
        replace(found["repeat"], name="unseeded-a", mode="unseeded", calls=2),
        replace(found["repeat"], name="unseeded-b", mode="unseeded", calls=2),
        replace(low, name="eval-units-low", mode="evaluation", calls=3, warmup=1),
        replace(found["four-axes"], name="eval-four-axes", mode="evaluation", calls=2),
        replace(found["rate-1"], name="eval-rate-1", mode="evaluation", calls=1),
        replace(high, name="default", mode="default", calls=3, warmup=1),
        replace(large, name="eval-model", mode="model-default", calls=2),
        replace(large, name="eval-predict", mode="predict", calls=2),
    ]
    return found | {case.name: case for case in added}
