"""Judge exercise transfer from what each layer was given and gave, and from what became of the base's weights."""

from dataclasses import dataclass

import numpy as np

from autograder.judge.base import features
from autograder.judge.built import (
    Built,
    calls_of,
    column,
    damaged,
    fail,
    judge_evaluation,
    judge_hidden,
    judge_outputs,
    judge_places,
    judge_rate,
    judge_widths,
    part,
    read_models,
)
from autograder.judge.columns import Call, Step, near
from autograder.judge.evidence import PASS, Bench, Ruling, blocked, first_failure
from autograder.judge.pictures import columns_chart
from autograder.judge.shared import raised
from autograder.report import Chart
from autograder.transfer_cases import USUAL_SIZE, TransferCase


@dataclass(frozen=True)
class _Seen:
    """What one call of a model did with the images.

    given: to the base, or to the first of its layers that was called; None if there was none. base: whether the
    base's features in inference mode, or their means, were there. reached: what the first Dense layer was given,
    None if there is none.
    """

    given: np.ndarray | None
    base: bool
    reached: np.ndarray | None


@dataclass(frozen=True)
class _Model:
    """One model, read.

    features: of the base, (images, height, width, filters). seen: one call in evaluation, two in training.
    """

    built: Built
    features: np.ndarray
    seen: tuple[_Seen, ...]

    @property
    def case(self) -> TransferCase:
        """The call that built it."""
        return self.built.case


def judge_transfer(bench: Bench) -> dict:
    """Rulings on all properties of a model on a frozen base."""
    cases = {name: case for name, case in bench.cases.items() if not case.bare}
    shape = first_failure(_judge_shape(bench, case) for case in cases.values())
    if shape.status != "pass" and any(bench.record(name).values is None for name in cases):
        return {"shape": shape}
    models = [_read(bench, model) for model in read_models(bench, cases.values())]
    built = [model.built for model in models]
    rulings = {"shape": shape, "base": first_failure(_judge_base(bench, model) for model in models)}
    frozen = first_failure(_judge_frozen(bench, case) for case in cases.values())
    rulings["frozen"] = blocked("shape") if frozen.status == "blocked" and shape.status != "pass" else frozen
    based = rulings["base"].status == "pass"
    rulings["inference"] = (
        first_failure(_judge_inference(bench, model) for model in models) if based else blocked("base")
    )
    rulings["pooled"] = first_failure(map(_judge_pooled, models)) if based else blocked("base")
    found = all(seen.given is not None for model in models for seen in model.seen)
    layers = first_failure(judge(model) for model in built for judge in (judge_widths, judge_hidden))
    rulings["layers"] = layers if shape.status == "pass" else blocked("shape")
    # Without the base nobody knows where the head begins.
    places = first_failure(judge_places(model, _BEHIND_THE_BASE) for model in built)
    rulings["dropout"] = places if found else blocked("base")
    drops = found and any(model.dropouts() for model in built)
    rulings["keep-rate"] = judge_rate(built) if drops else blocked("dropout")
    rulings["eval"] = _judge_eval(bench, cases, rulings["inference"]) if drops else blocked("dropout")
    rulings["logits"] = first_failure(map(_judge_logits, built))
    rulings["trains"] = _judge_trains(bench, cases, rulings)
    rulings["defaults"] = _judge_defaults(bench, rulings)
    return rulings | {"charts": [_chart(models)]}


_BEHIND_THE_BASE = ("before the first Dense layer", "dropout-on-features")


def _read(bench: Bench, model: Built) -> _Model:
    case = model.case
    due = features(case)
    evaluation = calls_of(bench, case, "eval")
    seen = [_seen(evaluation, column(bench, case, evaluation), due)]
    for number, steps in enumerate(model.columns):
        seen.append(_seen(calls_of(bench, case, f"train-{number}"), steps, due))
    return _Model(model, due, tuple(seen))


def _seen(calls: list[Call], steps: list[Step], due: np.ndarray) -> _Seen:
    given = [array for call, array, _ in calls if call["kind"] == "base"]
    reached = [step.given for step in steps if step.kind == "dense"]
    passed = [array for _, *arrays in calls for array in arrays if array is not None]
    there = any(_same(due, array) or _same(_means(due), array) for array in passed)
    return _Seen((given or [None])[0], there, (reached or [None])[0])


def _means(maps: np.ndarray) -> np.ndarray:
    return maps.mean(axis=(1, 2))


def _same(due: np.ndarray, found: np.ndarray | None) -> bool:
    """Whether two arrays hold the same numbers for each image, in whatever shape, up to rounding."""
    if found is None or found.size != due.size or found.shape[:1] != due.shape[:1]:
        return False
    return near(due, found.reshape(due.shape))


# ---------------------------------------------------------------- what came back


def _judge_shape(bench: Bench, case: TransferCase) -> Ruling:
    """The call returned a model, and the model gave a number per class for each image."""

    def mistake(shape: tuple[int, ...]) -> str | None:
        names = {2: "wrong-widths", 4: "pooling-missing" if shape[-1] == case.classes else None}
        return names.get(len(shape)) if shape[:1] == (case.images,) else None

    ruling = judge_outputs(bench, case, f"a keras.Model that can be called with images of {case.size}", mistake)
    problems = {name: bench.record(name).problem for name in bench.cases}
    usual = [name for name, other in bench.cases.items() if other.size == USUAL_SIZE]
    if problems[case.name] == "raised" and all(
        (problem == "") == (name in usual) for name, problem in problems.items()
    ):
        return fail(case, ruling.returned, ruling.expected, "input-size-fixed")
    return ruling


# ---------------------------------------------------------------- the base


def _judge_base(bench: Bench, model: _Model) -> Ruling:
    """The base that was handed over was given the images, with its weights as they were."""
    case, (evaluation, *_) = model.case, model.seen
    weights = _weights(bench, case)
    if weights is None:
        return damaged(case)
    changed = int(sum((array[0] != array[1]).sum() for array in weights.values()))
    if changed:
        told = f"{changed:,} of the base's numbers had other values when the model was built"
        return fail(case, told, "the weights that it was handed over with", "base-weights-changed")
    for seen in model.seen:
        if seen.given is not None and not _same(case.x().astype(float), seen.given):
            told = "the base was given other numbers than the images that the model was called with"
            return fail(case, told, "the images as they are: nothing stands before the base")
    if evaluation.given is None:
        told = "a model that does not call the base that was handed over"
        return fail(case, told, "base(inputs, training=False) as its first step", "base-not-used")
    return PASS


def _weights(bench: Bench, case: TransferCase) -> dict[str, np.ndarray] | None:
    """What became of the base's weights, by kind, (times, numbers); None if the recording is damaged."""
    found = {}
    for name, arrays in (
        ("kernels", [array for block in case.blocks() for array in block.kernels()]),
        ("statistics", [array for block in case.blocks() for array in block.statistics()]),
    ):
        values = part(bench, case, name)
        if values is None or values.ndim != 2 or len(values) < 4 or values.shape[1] != sum(a.size for a in arrays):
            return None
        # The recording says what it was from the model on; what was handed over is known.
        found[name] = np.concatenate([[np.concatenate([array.ravel() for array in arrays])], values[1:]])
    return found


def _moved(weights: np.ndarray) -> tuple[int, str]:
    """How many numbers a training step changed, or `fit` if the step did not, and which of the two."""
    _, built, stepped, *_, fitted = weights
    changed = (stepped != built).sum() or (fitted != built).sum()
    return int(changed), "a training step" if (stepped != built).any() else "fit"


def _judge_frozen(bench: Bench, case: TransferCase) -> Ruling:
    """Neither a training step nor fit changes what the base has learned."""
    weights = _weights(bench, case)
    if weights is None:
        return damaged(case)
    changed, when = _moved(weights["kernels"])
    if changed:
        told = f"{when} changed {changed:,} of the base's {weights['kernels'].shape[1]:,} weights"
        return fail(case, told, "none of them changed", "base-not-frozen")
    return blocked("trains") if bench.record(f"{case.name}.fit").problem == "raised" else PASS


def _judge_inference(bench: Bench, model: _Model) -> Ruling:
    """The base's moving statistics stand still, in training too, and in evaluation it gives its features.

    What drops in a base may do so in training: in functional models Keras 3 hands the flag of fit on to the base,
    whatever `base(inputs, training=False)` says, and freezing is what keeps batch normalisation in inference mode.
    """
    case, (evaluation, *_) = model.case, model.seen
    weights = _weights(bench, case)["statistics"]
    changed, when = _moved(weights)
    if changed:
        told = f"{when} changed {changed} of the base's {weights.shape[1]} moving means and variances"
        return fail(case, told, "none of them changed", "batchnorm-running")
    if not evaluation.base:
        again = part(bench, case, "again")
        drops = again is None or not np.allclose(bench.record(case.name).values, again, rtol=1e-3, atol=1e-4)
        told = "in evaluation, the base's features were not those of base(x, training=False)"
        told += ", and they changed from call to call" if drops else ""
        return fail(case, told, "all of the base, in inference mode", "base-told-training" if drops else None)
    return PASS


# ---------------------------------------------------------------- the head


def _judge_pooled(model: _Model) -> Ruling:
    """What reaches the first layer of the head is the mean of each channel."""
    case, maps, (evaluation, *_) = model.case, model.features, model.seen
    found = evaluation.reached
    if found is None:
        return blocked("layers")
    if not evaluation.base:
        return blocked("inference")
    if _same(_means(maps), found):
        return PASS
    expected = f"{maps.shape[-1]} numbers for each image: the mean of each channel over {_places(maps)} places"
    if _same(maps, found):
        told = f"the head was given all {maps[0].size} features of an image, in an array of shape {found.shape}"
        return fail(case, told, expected, "pooling-missing" if found.ndim > 2 else "flattened-not-pooled")
    if _same(maps.max(axis=(1, 2)), found):
        return fail(case, "the largest value of each channel", expected, "max-pooling")
    return fail(case, f"an array of shape {found.shape} with other numbers", expected)


def _places(maps: np.ndarray) -> str:
    return f"{maps.shape[1]} by {maps.shape[2]}"


def _judge_eval(bench: Bench, cases: dict[str, TransferCase], inference: Ruling) -> Ruling:
    """Without training nothing is dropped; if the base did, that was said already."""
    ruling = judge_evaluation(bench, cases.values())
    return blocked("inference") if ruling.status == "fail" and inference.status != "pass" else ruling


def _judge_logits(model: Built) -> Ruling:
    """Nothing but Dropout, which is judged elsewhere, follows the last Dense layer."""
    dense = model.parts()[1:]
    if not dense:
        return blocked("layers")
    after = [step for step in dense[-1][1:] if step.is_activation or step.kind == "other"]
    if after:
        name = "softmax-and-logits" if after[0].kind == "softmax" else None
        told = f"{after[0].kind if after[0].is_activation else after[0].name} after the last Dense layer"
        return fail(model.case, told, "logits, as the last Dense layer gives them", name)
    return PASS


def _judge_trains(bench: Bench, cases: dict[str, TransferCase], rulings: dict[str, Ruling]) -> Ruling:
    """Four variables can learn, and in fit they do."""
    if rulings["shape"].status != "pass":
        return blocked("shape")
    for case in cases.values():
        counts, fit = part(bench, case, "counts"), bench.record(f"{case.name}.fit")
        if fit.problem == "raised":
            return fail(case, f"model.fit(x, y): {raised(fit)}", "a training run")
        if (
            counts is None
            or counts.shape != (3,)
            or (case.fitted and (fit.values is None or fit.values.shape != (2,)))
        ):
            return damaged(case)
        if rulings["frozen"].status != "pass":
            return blocked("frozen")
        learning, of_base, others = counts
        expected = "4: a kernel and a bias for each of the two Dense layers"
        if learning != 4:
            told = f"{learning} trainable variables" + (f", {of_base} of them the base's" if of_base else "")
            return fail(case, told, expected, "layer-frozen" if learning < min(others, 4) else None)
        if case.fitted and fit.values[0] != fit.values[1]:
            moved, there = fit.values
            return fail(case, f"{there} trainable variables, of which fit changed {moved}", expected)
    return PASS


def _judge_defaults(bench: Bench, rulings: dict[str, Ruling]) -> Ruling:
    """What is not given has the value that the signature promises."""
    (case,) = [case for case in bench.cases.values() if case.bare]
    for needed in ("shape", "layers", "dropout", "keep-rate"):
        if rulings[needed].status != "pass":
            return blocked(needed)
    ruling = _judge_shape(bench, case)
    if ruling.status == "pass":
        (model,) = read_models(bench, [case])
        ruling = first_failure((judge_widths(model), judge_rate([model])))
    return Ruling(ruling.status, ruling.called, ruling.returned, ruling.expected)


# ---------------------------------------------------------------- words, and the picture


def _chart(models: list[_Model]) -> Chart:
    """The first column that is not as expected, else the first, beside the one expected."""
    columns = [(_texts(model), _expected(model.case)) for model in models]
    odd = [n for n, (found, due) in enumerate(columns) if found != due and models[n].case.rate > 0]
    number = (odd or [0])[0]
    return columns_chart(models[number].case.call, *columns[number])


def _texts(model: _Model) -> list[str]:
    """A column in words: the base and the pooling as they were judged, and the head as it was read."""
    evaluation = model.seen[0]
    if not evaluation.base:
        start = ["other features"]
    else:
        found = evaluation.reached
        pools = {
            "average pooling": _same(_means(model.features), found),
            "max pooling": _same(model.features.max(axis=(1, 2)), found),
            "Flatten": found is not None and found.ndim == 2 and _same(model.features, found),
            "no pooling": _same(model.features, found),
        }
        pooling = next((text for text, holds in pools.items() if holds), "something else")
        start = ["base", pooling]
    steps = [step for part in model.built.parts()[:1] for step in part if step.kind in ("dropout", "noise")]
    steps += [step for part in model.built.parts()[1:] for step in part if step.kind != "flatten"]
    return [*start, *(step.text for step in steps)]


def _expected(case: TransferCase) -> list[str]:
    head = [f"Dense {case.size_inner}", "relu", f"Dropout {case.rate:.4g}", f"Dense {case.n_classes}"]
    return ["base", "average pooling", *head]
