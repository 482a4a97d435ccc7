"""Models that a student built: what came back, their hidden Dense layers, and the Dropout behind these.

The exercises that build a model share these rulings; what is particular to one is in its own module.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from autograder.judge.advice import advice
from autograder.judge.evidence import PASS, Bench, Ruling, told_apart
from autograder.judge.statistics import binomial_band
from autograder.judge.words import in_words, not_callable, with_article
from autograder.kits.models.judge.steps import Call, Step, read_calls, read_steps
from autograder.observations import Record

#: The chance that one count of kept units looks wrong in a correct model. There are below 50 counts, so that no
#: confirmation on fresh draws is needed.
_ALPHA = 1e-12


class ModelCase(Protocol):
    """What the cases of these exercises have in common.

    name: unique in an examination. call: how the student's function was called, as the student would write it.
    images: how many the model is shown. hidden: the widths of its hidden Dense layers. classes: of its last one.
    rate: of its Dropout layers.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def call(self) -> str: ...  # noqa: D102

    @property
    def images(self) -> int: ...  # noqa: D102

    @property
    def hidden(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def classes(self) -> int: ...  # noqa: D102

    @property
    def rate(self) -> float: ...  # noqa: D102

    def x(self) -> np.ndarray:
        """The images, (images, ...) of float32."""


#: The kind of cases that an exercise has.
SomeModelCase = TypeVar("SomeModelCase", bound=ModelCase)


@dataclass(frozen=True)
class SeenModel(Generic[SomeModelCase]):
    """One model, read. steps: of two calls in training."""

    case: SomeModelCase
    steps: tuple[list[Step], ...]

    def parts(self) -> list[list[Step]]:
        """The steps, cut before each Dense layer: what comes before the first, then each layer and what follows."""
        found: list[list[Step]] = [[]]
        for step in self.steps[0]:
            if step.kind == "dense":
                found.append([])
            found[-1].append(step)
        return found

    def dropouts(self, call: int = 0) -> list[Step]:
        """The Dropout steps that are used, wherever they are."""
        return [step for step in self.steps[call] if step.kind == "dropout" and step.used]

    def texts(self) -> list[str]:
        """The steps in words; a Dropout layer that stands in several places says so."""
        layers = [step.layer for step in self.dropouts()]
        return [
            f"same {step.text}" if step.kind == "dropout" and layers.count(step.layer) > 1 else step.text
            for step in self.steps[0]
        ]


def read_models(bench: Bench[Any], cases: Iterable[SomeModelCase]) -> list[SeenModel[SomeModelCase]]:
    """The models of these cases, read. Raises ValueError if a recording is damaged."""
    return [SeenModel(case, tuple(_steps(bench, case, f"train-{number}") for number in range(2))) for case in cases]


def _steps(bench: Bench[Any], case: ModelCase, name: str) -> list[Step]:
    return read_steps(case.x(), calls_of(bench, case, name), bench.recorded(case.name, "numbers"))


def calls_of(bench: Bench[Any], case: ModelCase, name: str) -> list[Call]:
    """The calls of layers recorded as a part of a case. Raises ValueError if the recording is damaged."""
    return read_calls(part(bench, case, name), part(bench, case, "numbers"))


def part(bench: Bench[Any], case: ModelCase, name: str) -> np.ndarray | None:
    """What was recorded as a part of a case."""
    return bench.record(case.name, name).values


def fail(case: ModelCase, returned: str, expected: str, name: str | None = None) -> Ruling:
    """The ruling on a property that does not hold in a case. name: of the mistake, if it has one."""
    return Ruling("fail", case.call, returned, expected, name)


def damaged(case: ModelCase) -> Ruling:
    """The ruling on a recording that cannot be read."""
    return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")


# ---------------------------------------------------------------- what came back


def judge_outputs(
    bench: Bench[Any], case: ModelCase, expected: str, mistake: Callable[[tuple[int, ...]], str | None]
) -> Ruling:
    """The call returned a model, and the model gave one number per class for each image.

    expected: what should come back, in words. mistake: the one that an array of another shape shows, if any.
    """
    record = bench.record(case.name)
    if record.problem == "not-callable":
        return not_callable(bench, record)
    if record.problem:
        first = next(iter(bench.observations.records.values()), Record())
        own = {
            "not-a-model": (with_article(record.problem_type), None),
            "too-much": ("a model with too many layers or numbers to look at", None),
        }
        told, name = in_words(record, first, own)
        return replace(fail(case, told, expected, name), advice=advice(record, bench.exercise.signature))
    if record.values is None:
        return damaged(case)
    shape = record.values.shape
    if shape != (case.images, case.classes):
        told = f"a model that turns {case.images} images into an array of shape {shape}"
        return fail(case, told, f"an array of shape {(case.images, case.classes)}", mistake(shape))
    return PASS


# ---------------------------------------------------------------- Dense layers and activations


def judge_widths(model: SeenModel) -> Ruling:
    """There is a Dense layer of each width that is asked for, in order, and a last one of one unit per class."""
    widths = [step.units for step in model.steps[0] if step.kind == "dense"]
    due = [*model.case.hidden, model.case.classes]
    if widths != due:
        told = f"Dense layers of {_listed(widths)}" if widths else "no Dense layer"
        return fail(model.case, told, f"Dense layers of {_listed(due)}", "wrong-widths")
    return PASS


def _listed(widths: list[int]) -> str:
    return ", ".join(map(str, widths))


def judge_hidden(model: SeenModel) -> Ruling:
    """Each hidden Dense layer is followed by ReLU and nothing else; Dropout is judged elsewhere."""
    hidden = model.parts()[1:-1]
    odd = [step.name for part in hidden for step in part if step.kind == "other"]
    if odd:
        return fail(model.case, something_else(odd[0]), "Dense and ReLU, then Dropout")
    for number, steps in enumerate(hidden, 1):
        activations = [step.kind for step in steps if step.is_activation]
        if activations != ["relu"]:
            return fail(
                model.case,
                f"hidden layer {number} of {len(hidden)} has "
                + (f"the activation {' and '.join(activations)}" if activations else "no activation"),
                "ReLU after each hidden Dense layer",
                "wrong-activation" if activations else "activation-missing",
            )
    return PASS


def something_else(name: str) -> str:
    """What to say of a step that has no place in the column."""
    return f"something else changes the numbers, too: {name}"


# ---------------------------------------------------------------- where Dropout stands


def judge_places(model: SeenModel, at_start: tuple[str, str]) -> Ruling:
    """After the activation of each hidden layer, and nowhere else, there is one Dropout layer.

    at_start: what Dropout before the first Dense layer is called in words, and the mistake's name.
    """
    case, (start, *dense) = model.case, model.parts()
    expected = "Dropout after the activation of each hidden layer, and nowhere else"
    for steps, place, name in (
        (dense[-1] if dense else [], "after the last Dense layer", "dropout-on-output"),
        (start, *at_start),
    ):
        dropping = [step for step in steps if step.kind in ("dropout", "noise")]
        if dropping:
            return fail(case, f"{dropping[0].name} {place}", expected, name)
    for number, steps in enumerate(dense[:-1], 1):
        place = f"after hidden layer {number} of {len(dense) - 1}"
        relatives = [step.name for step in steps if step.kind == "noise"]
        if relatives:
            return fail(case, f"{relatives[0]} {place}", "keras.layers.Dropout", "wrong-dropout-layer")
        kinds = [step.kind for step in steps if step.used or step.kind != "dropout"]
        drops = kinds.count("dropout")
        if drops > 1:
            return fail(case, f"{drops} Dropout layers {place}", expected)
        if not drops and case.rate > 0:
            others = [step.name for step in steps if step.kind == "other"]
            unused = len(kinds) < len(steps)
            told = f"no Dropout layer {place}" + (", but " + others[0] if others else "")
            told = f"the output of the Dropout layer {place} was not used" if unused else told
            return fail(case, told, expected, None if others else "dropout-missing")
        active = [kind for kind in kinds if kind == "dropout" or Step(kind).is_activation]
        if active[:1] == ["dropout"] and len(active) > 1:
            return fail(case, f"Dropout, then {active[1]} {place}", expected, "dropout-before-activation")
    return PASS


# ---------------------------------------------------------------- what is dropped, and when


def judge_rate(models: list[SeenModel]) -> Ruling:
    """In training, each unit that a Dropout layer is given is kept with probability 1 - rate, by itself."""
    dropping = [(model, step) for model in models for step in model.dropouts()]
    some = [(model, step) for model, step in dropping if model.case.rate > 0]
    if some and not any(_dropped(step) for _, step in some) and all(step.rate > 0 for _, step in some):
        case = some[0][0].case
        expected = f"in training, about {100 * case.rate:.0f}% of the hidden units dropped"
        return fail(case, "in training steps, as in fit, nothing was dropped", expected, "training-ignored")
    for model, step in dropping:
        if not np.isclose(step.rate, model.case.rate, rtol=0, atol=1e-6):
            theirs, right = told_apart(step.rate, model.case.rate)
            return fail(model.case, f"Dropout of rate {theirs}", f"rate {right}", _rate_mistake(some))
    for model, step in dropping:
        for told, expected in _odd_counts(model.case.rate, step):
            return fail(model.case, f"in training, {told}", expected)
    for model in models:
        for first, second in zip(model.dropouts(0), model.dropouts(1), strict=False):
            (given, gave), (given_again, gave_again) = first.arrays, second.arrays
            both = (given != 0) & (given_again != 0) if given.shape == given_again.shape else np.array(0)
            expected = 2 * model.case.rate * (1 - model.case.rate) * both.sum()
            if expected > 40 and ((gave == 0) == (gave_again == 0))[both].all():
                return fail(model.case, "the same units dropped in two calls", "a new mask in every call")
    return PASS


def _dropped(step: Step) -> bool:
    given, gave = step.arrays
    return bool(((gave == 0) & (given != 0)).any())


def _rate_mistake(dropping: list[tuple[SeenModel, Step]]) -> str | None:
    """Which mistake explains all rates, if one does."""
    theirs = np.array([step.rate for _, step in dropping])
    if np.allclose(theirs, [1 - model.case.rate for model, _ in dropping], atol=1e-6):
        return "keep-drop-swapped"
    return (
        "hard-coded-rate" if len({model.case.name for model, _ in dropping}) > 1 and np.ptp(theirs) == 0 else None
    )


def _odd_counts(rate: float, step: Step) -> Iterator[tuple[str, str]]:
    """What is odd about one mask: how many units it keeps, how large they are, who goes together."""
    given, gave = (array.reshape(len(step.arrays[0]), -1) for array in step.arrays)
    active = given != 0
    if rate < 1 and not np.allclose(gave[gave != 0], (given / (1 - rate))[gave != 0], rtol=1e-4):
        yield "what was kept is not x / (1 - rate)", "Keras's Dropout, as it is"
    kept = gave != 0
    counted = [("of the hidden units were kept", kept[active], 1 - rate)]
    for told, axis in (("neighbouring units of an image differ", 1), ("neighbouring images differ in a unit", 0)):
        # Pairs that do not overlap, so that each is a trial of its own.
        one, two = (np.take(kept, np.arange(start, kept.shape[axis] - 1 + start, 2), axis) for start in (0, 1))
        both = np.logical_and(
            *(np.take(active, np.arange(start, kept.shape[axis] - 1 + start, 2), axis) for start in (0, 1))
        )
        counted.append((f"of pairs: {told}", (one != two)[both], 2 * rate * (1 - rate)))
    for told, hits, share in counted:
        if hits.size and not binomial_band(hits.size, share, _ALPHA).holds(int(hits.sum())):
            yield (
                f"{100 * hits.mean():.1f}% {told}",
                f"about {100 * share:.1f}%, each unit decided by its own coin toss",
            )


def judge_evaluation(bench: Bench[Any], cases: Iterable[ModelCase]) -> Ruling:
    """Without training, and without a flag, an image gets the same answer each time."""
    for case in cases:
        first = bench.recorded(case.name)
        again, default = (part(bench, case, name) for name in ("again", "default"))
        for other, told, name in (
            (again, "model(x, training=False), called twice, gave", "drops-at-test"),
            (default, "model(x) and model(x, training=False) gave", "training-by-default"),
        ):
            if other is None or other.shape != first.shape or not np.allclose(first, other, rtol=1e-3, atol=1e-4):
                return fail(case, f"{told} different answers", "the same answers, with nothing dropped", name)
    return PASS
