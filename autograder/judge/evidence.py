"""What the judges work with: an examination's cases beside what was recorded, and rulings on them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from autograder.catalogue import Exercise
from autograder.judge.statistics import Budget
from autograder.kits.masks.cases import Case, Cases
from autograder.observations import Observations, Record
from autograder.report import Chart, Status


@dataclass(frozen=True)
class Ruling:
    """A judge's decision on one property, before points and hints are added to make a verdict.

    statistical: whether it rests on chance, and so has to be confirmed on fresh draws.
    """

    status: Status
    called: str = ""
    returned: str = ""
    expected: str = ""
    misconception: str | None = None
    statistical: bool = False
    charts: tuple[Chart, ...] = ()


PASS = Ruling("pass")


def first_failure(rulings: Iterable[Ruling]) -> Ruling:
    """The first of these that is no pass, looked at in turn; a pass if there is none."""
    return next((ruling for ruling in rulings if ruling.status != "pass"), PASS)


def told_apart(*numbers: float) -> tuple[str, ...]:
    """Numbers as text, with as many digits as it takes to tell them apart."""
    for digits in (4, 7, 17):
        texts = tuple(f"{number:.{digits}g}" for number in numbers)
        if len(set(texts)) == len(set(numbers)):
            return texts
    return texts


def blocked(by: str) -> Ruling:
    """The ruling on a property that means nothing because the property `by` failed."""
    return Ruling("blocked", returned=f"Not judged until '{by}' holds.")


@dataclass(frozen=True)
class Draws:
    """Masks recovered from one case.

    kept: boolean (calls, *shape), whether each entry was kept. x: the input they were applied to, or None
    for bare masks. Where x has exact zeros kept is flat, (calls, entries), without those.
    """

    case: Case
    kept: np.ndarray
    x: np.ndarray | None = None

    @property
    def share(self) -> float:
        """The fraction of all entries that were kept."""
        return float(self.kept.mean())


@dataclass
class Bench:
    """One examination on the judge's desk.

    doubted: whether fresh draws raised no statistical alarm, so that those of these draws are not believed.
    """

    exercise: Exercise
    cases: Cases
    observations: Observations
    doubted: bool = False
    budget: Budget = field(default_factory=Budget)

    def record(self, name: str) -> Record:
        """What was recorded for the case `name`."""
        return self.observations.records.get(name, Record(problem="missing"))

    def values(self, name: str, part: str = "") -> np.ndarray | None:
        """The values of a case, or of a part of it, (calls, *shape); None if it went wrong or was forged."""
        values, case = self.record(f"{name}.{part}" if part else name).values, self.cases[name]
        return values if values is not None and values.shape == (case.calls, *case.shape) else None

    def usable(self, mode: str = "training") -> list[Case]:
        """The cases with an ordinary rate, in the given mode, that returned proper arrays."""
        return [
            case
            for name, case in self.cases.items()
            if case.mode == mode and 0 < case.rate < 1 and self.values(name) is not None
        ]

    def call(self, case: Case) -> str:
        """How the student's code was called in a case, as the student would write it."""
        rate = f"{case.rate:.4g}"
        name, *more = self.exercise.objects
        x = f"x of shape {case.shape}" if case.dtype == "float32" else f"{case.dtype} x of shape {case.shape}"
        flag = {"training": "training=True", "evaluation": "training=False"}.get(case.mode, "")
        order = _ORDER.get(case.mode, "")
        forward = f"out, cache = {name}(x, {rate}, rng)"
        backward = f"{forward}; {''.join(more)}(grad_out, cache)"
        text = {
            "mask": f"{name}({case.shape}, {rate}, rng)",
            "inverted": f"{name}(x, {rate}, rng), {x}",
            "classic": f"{name}(x, {rate}, rng, {flag}), {x}",
            "layer": f"layer = {name}({rate}, rng); layer({', '.join(filter(None, ('x', flag)))}), {x}{order}",
            "keras_layer": f"layer = {name}({rate}, seed={case.seed % 2**31}); {_PLACES.get(case.mode, '')}, {x}",
            "backward": f"{forward if case.mode == 'training' else backward}, {x}{order}",
        }[self.exercise.name]
        return text if case.calls == 1 else f"{text}, {case.calls} times"


#: What a report adds to a call, by the case's mode.
_ORDER = {
    "script": ", in evaluation, then in training with a smaller x and with x, then in evaluation",
    "twice": ", backward called twice",
    "overlap-first": ", with another forward pass before this backward pass",
    "overlap-last": ", with another forward and backward pass before this backward pass",
}

#: How a Keras layer is called, by the case's mode.
_PLACES = {
    "training": "layer(x, training=True)",
    "unseeded": "without a seed, layer(x, training=True)",
    "mixed": "with dtype='mixed_float16', layer(x, training=True)",
    "config": "made again from its configuration, layer(x, training=True)",
    "loaded": "saved in a model and loaded, model(x, training=True)",
    "model": "in a model, model(x, training=True)",
    "fit": "in a model, compile and fit",
    "evaluation": "layer(x, training=False)",
    "default": "layer(x)",
    "model-default": "in a model, model(x)",
    "predict": "in a model, model.predict(x)",
}
