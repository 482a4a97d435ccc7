"""Read what the layers of a model were given and gave: the steps that lead from images to answers.

What a step does is told from its numbers, not from its name: an activation is the same step as an argument of
Dense, as a layer, or as a function between two layers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from scipy.special import erf, expit, softmax

from autograder.kits.models.cases import LAYER_CALL

#: Keras's relatives of Dropout: they are told by their names, because some of them do nothing at rate 0.
NOISE = (
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda z: np.maximum(z, 0),
    "softmax": lambda z: softmax(z, axis=-1),
    "sigmoid": expit,
    "tanh": np.tanh,
    "relu6": lambda z: np.clip(z, 0, 6),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: 1.05070099 * np.where(z > 0, z, 1.67326324 * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: 0.5 * z * (1 + erf(z / np.sqrt(2))),
    "silu": lambda z: z * expit(z),
    "softplus": lambda z: np.logaddexp(z, 0),
}


@dataclass(frozen=True)
class Step:
    """One thing that happens to the numbers on their way.

    kind: "flatten", "dense", "dropout", "noise" (a relative of Dropout), a key of ACTIVATIONS, "leaky relu", "base"
    (one that was handed over, or a layer of it), or "other". name: the layer's class, or what else is known of it.
    units: of a dense step. layer, rate: of one that drops. given, gave: what went into one that drops and came out
    of it, (images, units). used: whether anything downstream was given what it gave.
    """

    kind: str
    name: str = ""
    units: int = 0
    layer: int = -1
    rate: float = np.nan
    given: np.ndarray | None = None
    gave: np.ndarray | None = None
    used: bool = True

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """What went into a step that drops, and what came out of it. Raises LookupError for any other step."""
        if self.given is None or self.gave is None:
            raise LookupError(f"Nothing is kept of what went through a step {self.kind!r}.")
        return self.given, self.gave

    @property
    def is_activation(self) -> bool:
        """Whether it works on each number by itself, or on those of one image."""
        return self.kind in ACTIVATIONS or self.kind == "leaky relu"

    @property
    def text(self) -> str:
        """The step as a report says it."""
        if self.kind == "dense":
            return f"Dense {self.units}"
        if self.kind in ("dropout", "noise"):
            return f"{self.name} {self.rate:.4g}" + ("" if self.used else ", unused")
        return {"flatten": "Flatten", "other": self.name}.get(self.kind, self.kind)


#: Multiplications in one Dense layer at most: as many as the largest that is recorded takes.
_PRODUCTS = 1_000_000_000

#: One call of a layer: its row of LAYER_CALL, and the arrays that it was given and gave, or None.
Call = tuple[np.void, np.ndarray | None, np.ndarray | None]


def read_calls(calls: np.ndarray | None, numbers: np.ndarray | None) -> list[Call]:
    """All calls of one recording, in the order in which they ended. Raises ValueError if it is damaged."""
    if calls is None or numbers is None or calls.dtype != LAYER_CALL or numbers.ndim != 1:
        raise ValueError("The recording of a model's layers is damaged.")
    return [
        (call, *(_array(numbers, call[part], call[f"{part}_shape"]) for part in ("given", "gave")))
        for call in calls
    ]


def read_steps(x: np.ndarray, calls: list[Call], numbers: np.ndarray) -> list[Step]:
    """The steps of one call of a model with the images x."""
    reader = _Reader(x)
    for call, given, gave in calls:
        reader.take(given)
        reader.step(call, given, gave, numbers)
    return reader.steps


def _array(numbers: np.ndarray, place: int, shape: np.ndarray) -> np.ndarray | None:
    if place < 0:
        return None
    sizes = tuple(int(size) for size in shape if size >= 0)
    return numbers[place : place + int(np.prod(sizes))].reshape(sizes)


class _Reader:
    """Follows the numbers from layer to layer. steps: found so far."""

    def __init__(self, x: np.ndarray):
        self.steps: list[Step] = []
        # What was there at some time, and after how many steps; and the last place of each state by its numbers.
        self._states: list[tuple[np.ndarray, int]] = []
        self._places: dict[tuple, int] = {}
        self._note(x)

    def _note(self, state: np.ndarray, number: int = 0) -> None:
        """Something is there now, after so many steps."""
        self._states.append((state, number))
        self._places[_numbers_of(state)] = len(self._states) - 1

    def take(self, given: np.ndarray | None) -> None:
        """What happened between what was there last and what a layer was given."""
        now, _ = self._states[-1]
        if given is None or self._passed_on(now, given):
            return
        place = self._places.get(_numbers_of(given))
        if place is not None:
            state, number = self._states[place]
            self.steps[number:] = [replace(step, used=False) for step in self.steps[number:]]
            self._note(state, number)
            self._passed_on(state, given)
            return
        self._change(now, given, "code outside any layer")

    def step(self, call: np.void, given: np.ndarray | None, gave: np.ndarray | None, numbers: np.ndarray) -> None:
        """What a layer did with what it was given."""
        kind, rate = str(call["kind"]), float(call["rate"])
        if kind == "output":
            return
        if kind == "base" and gave is not None:
            self.steps.append(Step("base"))
            self._note(gave, len(self.steps))
            return
        if given is None or gave is None:
            self.steps.append(Step("other", kind))
        elif kind == "Dense":
            self._dense(call, given, gave, numbers)
        elif kind == "Dropout" or kind in NOISE:
            step = Step("dropout" if kind == "Dropout" else "noise", kind, layer=int(call["layer"]), rate=rate)
            self.steps.append(replace(step, given=given, gave=gave))
        elif not self._passed_on(given, gave):
            self._change(given, gave, kind)
        if gave is not None:
            self._note(gave, len(self.steps))

    def _dense(self, call: np.void, given: np.ndarray, gave: np.ndarray, numbers: np.ndarray) -> None:
        units = gave.shape[-1]
        self.steps.append(Step("dense", "Dense", units=units))
        kernel = _array(numbers, call["kernel"], np.array([given.shape[-1], units]))
        bias = _array(numbers, call["bias"], np.array([units]))
        if kernel is None or given.shape[:-1] != gave.shape[:-1] or given.size * units > _PRODUCTS:
            raise ValueError("The recording of a Dense layer is damaged.")
        linear = given.astype(float) @ kernel.astype(float) + (0 if bias is None else bias)
        if not near(linear, gave):
            self._change(linear, gave, "another activation")

    def _passed_on(self, before: np.ndarray, after: np.ndarray) -> bool:
        """Whether the numbers are the same ones; notes down if that made them one row for each image."""
        if not _alike(before, after):
            return False
        if before.ndim > 2 and after.ndim == 2:
            self.steps.append(Step("flatten"))
        return True

    def _change(self, before: np.ndarray, after: np.ndarray, name: str) -> None:
        self.steps.append(Step(_activation(before, after) or "other", name))


def _numbers_of(array: np.ndarray) -> tuple:
    """The same for arrays that are alike, and for no others: how many images and numbers, and a digest."""
    plain = np.where(np.isnan(array), np.float32(np.nan), array) + np.float32(0)  # one NaN, and no negative zero
    return (
        len(array) if array.ndim else -1,
        array.size,
        blake2b(np.ascontiguousarray(plain, np.float32).data).digest(),
    )


def _alike(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two arrays hold the same numbers for each image, in whatever shape."""
    return (
        before.size == after.size
        and before.shape[:1] == after.shape[:1]
        and np.array_equal(before.ravel(), after.ravel(), equal_nan=True)
    )


def near(expected: np.ndarray, found: np.ndarray) -> bool:
    """Whether two arrays agree up to the rounding of float32 in sums of hundreds of terms."""
    if expected.shape != found.shape or not np.isfinite(expected).all():
        return False
    return bool(np.allclose(found, expected, rtol=1e-4, atol=1e-3 + 1e-5 * float(np.abs(expected).max(initial=0))))


def _activation(before: np.ndarray, after: np.ndarray) -> str | None:
    """Which activation turns one array into the other, None if no known one does."""
    if before.shape != after.shape or not np.isfinite(before).all():
        return None
    before = before.astype(float)
    for name, function in ACTIVATIONS.items():
        if near(function(before), after):
            return name
    negative = before < -1
    slope = float(np.median(after[negative] / before[negative])) if negative.any() else 1.0
    return "leaky relu" if slope < 1 and near(np.where(before < 0, slope * before, before), after) else None
