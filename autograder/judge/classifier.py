"""Judge exercise classifier from what each layer was given and gave, from predictions and from losses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from autograder.classifier_cases import CLASSES, ClassifierCase
from autograder.judge.columns import Step, read_column
from autograder.judge.evidence import PASS, Bench, Ruling, blocked, told_apart
from autograder.judge.pictures import columns_chart
from autograder.judge.shared import in_words, not_callable, raised
from autograder.judge.statistics import binomial_band
from autograder.observations import Record
from autograder.report import Chart

#: The chance that one count of kept units looks wrong in a correct model. There are below 50 counts, so that no
#: confirmation on fresh draws is needed.
_ALPHA = 1e-12


@dataclass(frozen=True)
class _Built:
    """One model, read. columns: of two calls in training."""

    case: ClassifierCase
    columns: tuple[list[Step], list[Step]]

    def parts(self) -> list[list[Step]]:
        """A column cut before each Dense layer: what is done to the pixels, then each layer and what follows."""
        found: list[list[Step]] = [[]]
        for step in self.columns[0]:
            if step.kind == "dense":
                found.append([])
            found[-1].append(step)
        return found


def judge_classifier(bench: Bench) -> dict:
    """Rulings on all properties of a classifier."""
    shape = _judge_shape(bench)
    if shape.status != "pass":
        return {"shape": shape}
    models = [
        _Built(
            case,
            tuple(read_column(case, _part(bench, case, part), _part(bench, case, "numbers")) for part in _CALLS),
        )
        for case in bench.cases.values()
    ]
    rulings = {"shape": shape, "layers": _judge_layers(models), "dropout": _judge_dropout(models)}
    drops = any(_dropouts(model) for model in models)
    rulings["keep-rate"] = _judge_rate(models) if drops else blocked("dropout")
    rulings["eval"] = _judge_evaluation(bench) if drops else blocked("dropout")
    rulings["probabilities"] = _judge_probabilities(models)
    rulings["compiled"] = _judge_compiled(bench, rulings["probabilities"].status == "pass")
    ready = rulings["compiled"].status == "pass"
    rulings["trains"] = _judge_training(bench) if ready else blocked("compiled")
    rulings["input-untouched"] = _judge_untouched(bench)
    return rulings | {"charts": [_chart(models)]}


_CALLS = ("train-0", "train-1")


def _part(bench: Bench, case: ClassifierCase, part: str) -> np.ndarray | None:
    return bench.record(f"{case.name}.{part}").values


# ---------------------------------------------------------------- what came back


def _judge_shape(bench: Bench) -> Ruling:
    """Every call returned a model, and every model gave ten numbers for each image."""
    first = next(iter(bench.observations.records.values()), Record())
    for case in bench.cases.values():
        record = bench.record(case.name)
        if record.problem:
            return _trouble(bench, case, record, first)
        if record.values is None:
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
        if record.values.shape != (case.images, CLASSES):
            rows = record.values.shape == (case.images, 28, CLASSES)
            return _fail(
                case,
                f"a model that turns {case.images} images into an array of shape {record.values.shape}",
                f"an array of shape {(case.images, CLASSES)}",
                "flatten-missing" if rows else None,
            )
    return PASS


def _trouble(bench: Bench, case: ClassifierCase, record: Record, first: Record) -> Ruling:
    """The ruling on a call that did not return a model that can be called."""
    if record.problem == "not-callable":
        return not_callable(bench, record)
    own = {
        "not-a-model": (f"a {record.problem_type}", None),
        "too-much": ("a model with too many layers or numbers to be looked at", None),
    }
    told, name = in_words(record, first, own)
    return _fail(case, told, "a keras.Model that can be called with 28 by 28 images", name)


# ---------------------------------------------------------------- the column of layers


def _judge_layers(models: list[_Built]) -> Ruling:
    """Flatten, then Dense and ReLU for each width, then a Dense layer of ten; Dropout is judged elsewhere."""
    for model in models:
        case, hidden = model.case, list(model.case.hidden)
        start, *dense = model.parts()
        widths = [part[0].units for part in dense]
        if widths != [*hidden, CLASSES]:
            return _fail(case, f"Dense layers of {_listed(widths)}", _listed([*hidden, CLASSES]), "wrong-widths")
        odd = [step.name for part in (start, *dense[:-1]) for step in part if step.kind == "other"]
        odd += [step.text for step in start if step.is_activation]
        if odd:
            return _fail(
                case, f"something else changes the numbers, too: {odd[0]}", "Flatten, Dense, ReLU, Dropout"
            )
        if [step.kind for step in start if step.kind == "flatten"] != ["flatten"]:
            return _fail(case, "no Flatten before the first Dense layer", "Flatten", "flatten-missing")
        for number, part in enumerate(dense[:-1], 1):
            activations = [step.kind for step in part if step.is_activation]
            if activations != ["relu"]:
                return _fail(
                    case,
                    f"hidden layer {number} of {len(hidden)} has {' and '.join(activations) or 'no'} activation",
                    "ReLU after each hidden Dense layer",
                    "wrong-activation" if activations else "activation-missing",
                )
    return PASS


def _listed(widths: list[int]) -> str:
    return ", ".join(map(str, widths)) if widths else "no width at all"


def _judge_dropout(models: list[_Built]) -> Ruling:
    """After the activation of each hidden layer, and nowhere else, there is one Dropout layer of its own."""
    for model in models:
        start, *dense = model.parts()
        found = _misplaced(model.case, start, dense)
        if found is not None:
            return found
    for model in models:
        layers = [step.layer for step in _dropouts(model)]
        if len(set(layers)) < len(layers):
            used = max(layers.count(layer) for layer in layers)
            return _fail(
                model.case,
                f"one Dropout layer, used in {used} places",
                "a Dropout layer for each hidden layer",
                "dropout-shared",
            )
    return PASS


def _misplaced(case: ClassifierCase, start: list[Step], dense: list[list[Step]]) -> Ruling | None:
    """The ruling on a column whose Dropout layers are not where they should be, None if they are."""
    expected = "Dropout after the activation of each hidden layer, and nowhere else"
    for part, place, name in (
        (dense[-1] if dense else [], "after the last Dense layer", "dropout-on-output"),
        (start, "before the first Dense layer", "dropout-on-input"),
    ):
        dropping = [step for step in part if step.kind in ("dropout", "noise")]
        if dropping:
            return _fail(case, f"{dropping[0].name} {place}", expected, name)
    for number, part in enumerate(dense[:-1], 1):
        place = f"after hidden layer {number} of {len(dense) - 1}"
        relatives = [step.name for step in part if step.kind == "noise"]
        if relatives:
            return _fail(case, f"{relatives[0]} {place}", "keras.layers.Dropout", "wrong-dropout-layer")
        kinds = [step.kind for step in part if step.used or step.kind != "dropout"]
        drops = kinds.count("dropout")
        if drops > 1:
            return _fail(case, f"{drops} Dropout layers {place}", expected)
        if not drops and case.rate > 0:
            others = [step.name for step in part if step.kind == "other"]
            unused = len(kinds) < len(part)
            told = f"no Dropout layer {place}" + (", but " + others[0] if others else "")
            told = f"what the Dropout layer {place} gave was not used" if unused else told
            return _fail(case, told, expected, None if others else "dropout-missing")
        active = [kind for kind in kinds if kind == "dropout" or Step(kind).is_activation]
        if active[0] == "dropout" and len(active) > 1:
            return _fail(case, f"Dropout, then {active[1]} {place}", expected, "dropout-before-activation")
    return None


def _dropouts(model: _Built, call: int = 0) -> list[Step]:
    """The Dropout steps of a model that are used, wherever they stand."""
    return [step for step in model.columns[call] if step.kind == "dropout" and step.used]


# ---------------------------------------------------------------- what is dropped, and when


def _judge_rate(models: list[_Built]) -> Ruling:
    """In training, each unit that a Dropout layer is given is kept with probability 1 - rate, by itself."""
    dropping = [(model, step) for model in models for step in _dropouts(model)]
    some = [(model, step) for model, step in dropping if model.case.rate > 0]
    if some and not any(_dropped(step) for _, step in some) and all(step.rate > 0 for _, step in some):
        case = some[0][0].case
        expected = f"in training, about {100 * case.rate:.0f}% of the hidden units dropped"
        return _fail(case, "in training steps, as in fit, nothing was dropped", expected, "training-ignored")
    for model, step in dropping:
        if not np.isclose(step.rate, model.case.rate, rtol=0, atol=1e-6):
            theirs, right = told_apart(step.rate, model.case.rate)
            return _fail(model.case, f"Dropout of rate {theirs}", f"rate {right}", _rate_mistake(some))
    for model, step in dropping:
        for told, expected in _odd_counts(model.case.rate, step):
            return _fail(model.case, f"in training, {told}", expected)
    for model in models:
        for first, second in zip(_dropouts(model, 0), _dropouts(model, 1), strict=False):
            both = (
                (first.given != 0) & (second.given != 0) if first.given.shape == second.given.shape else np.array(0)
            )
            expected = 2 * model.case.rate * (1 - model.case.rate) * both.sum()
            if expected > 40 and ((first.gave == 0) == (second.gave == 0))[both].all():
                return _fail(model.case, "the same units dropped in two calls", "a new mask in every call")
    return PASS


def _dropped(step: Step) -> bool:
    return bool(((step.gave == 0) & (step.given != 0)).any())


def _rate_mistake(dropping: list[tuple[_Built, Step]]) -> str | None:
    """Which mistake explains all rates, if one does."""
    theirs = np.array([step.rate for _, step in dropping])
    if np.allclose(theirs, [1 - model.case.rate for model, _ in dropping], atol=1e-6):
        return "keep-drop-swapped"
    return (
        "hard-coded-rate" if len({model.case.name for model, _ in dropping}) > 1 and np.ptp(theirs) == 0 else None
    )


def _odd_counts(rate: float, step: Step) -> Iterator[tuple[str, str]]:
    """What is odd about one mask: how many units it keeps, how large they are, who goes together."""
    given, gave = (array.reshape(len(step.given), -1) for array in (step.given, step.gave))
    active = given != 0
    if rate < 1 and not np.allclose(gave[gave != 0], (given / (1 - rate))[gave != 0], rtol=1e-4):
        yield "what was kept is not x / (1 - rate)", "Keras's Dropout, as it is"
    kept = gave != 0
    counted = [("of the hidden units were kept", kept[active], 1 - rate)]
    for told, axis in (("neighbours within an image differ", 1), ("images differ in a unit", 0)):
        # Pairs that do not overlap, so that each is a trial of its own.
        one, two = (np.take(kept, np.arange(start, kept.shape[axis] - 1 + start, 2), axis) for start in (0, 1))
        both = np.logical_and(
            *(np.take(active, np.arange(start, kept.shape[axis] - 1 + start, 2), axis) for start in (0, 1))
        )
        counted.append((f"of pairs: {told}", (one != two)[both], 2 * rate * (1 - rate)))
    for told, hits, share in counted:
        if hits.size and not binomial_band(hits.size, share, _ALPHA).holds(int(hits.sum())):
            yield f"{100 * hits.mean():.1f}% {told}", f"about {100 * share:.1f}%, each unit with a coin of its own"


def _judge_evaluation(bench: Bench) -> Ruling:
    """Without training, and without a flag, an image gets the same answer each time."""
    for case in bench.cases.values():
        first = bench.record(case.name).values
        again, default = (_part(bench, case, part) for part in ("again", "default"))
        for other, told, name in (
            (again, "model(x, training=False), called twice, gave", "drops-at-test"),
            (default, "model(x) and model(x, training=False) gave", "training-by-default"),
        ):
            if other is None or other.shape != first.shape or not np.allclose(first, other, rtol=1e-3, atol=1e-4):
                return _fail(case, f"{told} different answers", "the same answers, with nothing dropped", name)
    return PASS


# ---------------------------------------------------------------- answers, losses, training


def _judge_probabilities(models: list[_Built]) -> Ruling:
    """The last Dense layer is followed by softmax, and by nothing else."""
    for model in models:
        last = [step for step in model.parts()[-1][1:] if step.kind not in ("dropout", "noise")]
        kinds = [step.kind for step in last if step.is_activation or step.kind == "other"]
        if kinds != ["softmax"]:
            name = {(): "softmax-missing", ("sigmoid",): "sigmoid-output"}.get(tuple(kinds))
            told = " and ".join(kinds) if kinds else "no activation"
            return _fail(model.case, f"{told} after the last Dense layer", "softmax", name)
    return PASS


def _judge_compiled(bench: Bench, probabilities: bool) -> Ruling:
    """The loss of integer classes is their cross-entropy. probabilities: whether the model returns those."""
    for case in bench.cases.values():
        losses, lesson = _part(bench, case, "losses"), _part(bench, case, "lesson")
        if losses is None or losses.shape != (4,) or lesson is None:
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
        compiled, integers, one_hot, penalty = losses
        if not compiled:
            return _fail(case, "a model that is not compiled", "model.compile was called", "not-compiled")
        _, y = case.lesson()
        name = str(_part(bench, case, "loss"))
        due = _cross_entropy(lesson, y) + penalty
        if np.isnan(integers):
            told = f"the loss, {name}, cannot be computed for integer labels"
            wrong = "one-hot-loss" if np.isclose(one_hot, due, rtol=1e-3) else None
            return _fail(case, told, "a loss for integer labels", wrong)
        of_logits = _cross_entropy(softmax(lesson.astype(float), axis=-1), y) + penalty
        if not probabilities:
            if not np.isclose(integers, of_logits, rtol=1e-3):
                return blocked("probabilities")
        elif not np.isclose(integers, due, rtol=1e-3):
            twice = np.isclose(integers, of_logits, rtol=1e-3)
            told = f"a loss, {name}, of {integers:.4g} for {len(y)} images with integer labels"
            return _fail(
                case, told, f"{due:.4g}, their mean cross-entropy", "softmax-and-logits" if twice else None
            )
    return PASS


def _cross_entropy(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The mean of -log of what was given to the right class, clipped as Keras does."""
    return float(-np.log(np.clip(probabilities[np.arange(len(y)), y].astype(float), 1e-7, 1)).mean())


def _judge_training(bench: Bench) -> Ruling:
    """A few dozen steps of fit on integer labels change every kernel and lower the loss."""
    for case in bench.cases.values():
        if not case.fitted:
            continue
        fit = bench.record(f"{case.name}.fit")
        if fit.problem:
            return _fail(case, f"model.fit(x, y): {raised(fit)}", "a training run")
        moved, kernels = _part(bench, case, "moved"), _part(bench, case, "kernels")
        if fit.values is None or moved is None or kernels is None or len(moved) != len(kernels):
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
        if not moved.all():
            told = f"the weights {kernels[~moved][0]} were the same after fit"
            return _fail(case, told, "every layer learns", "layer-frozen")
        first, last = fit.values
        if not last < first:
            return _fail(case, f"loss {first:.4g} before fit and {last:.4g} after 40 steps", "a lower loss")
    return PASS


def _judge_untouched(bench: Bench) -> Ruling:
    """No call changed the list that was handed over."""
    for case in bench.cases.values():
        if bench.record(case.name).input_changed:
            return _fail(case, "hidden had other items after the call", "hidden as it was", "mutates-input")
    return PASS


# ---------------------------------------------------------------- words, and the picture


def _chart(models: list[_Built]) -> Chart:
    """The first column that is not as expected, else the first, beside the one expected."""
    columns = [(_texts(model), _expected(model.case)) for model in models]
    odd = [n for n, (found, due) in enumerate(columns) if found != due and models[n].case.rate > 0]
    number = (odd or [0])[0]
    return columns_chart(models[number].case, *columns[number])


def _texts(model: _Built) -> list[str]:
    """A column in words; a Dropout layer that stands in several places says so."""
    layers = [step.layer for step in _dropouts(model)]
    return [
        f"same {step.text}" if step.kind == "dropout" and layers.count(step.layer) > 1 else step.text
        for step in model.columns[0]
    ]


def _expected(case: ClassifierCase) -> list[str]:
    hidden = [text for width in case.hidden for text in (f"Dense {width}", "relu", f"Dropout {case.rate:.4g}")]
    return ["Flatten", *hidden, f"Dense {CLASSES}", "softmax"]


def _fail(case: ClassifierCase, returned: str, expected: str, name: str | None = None) -> Ruling:
    return Ruling("fail", f"build_classifier({list(case.hidden)}, {case.rate:.4g})", returned, expected, name)
