"""Judge exercise transfer from what each layer was given and gave, and from what became of the base's weights."""

from dataclasses import dataclass, replace

import numpy as np

from autograder.exercises.transfer.cases import USUAL_SIZE, TransferCase
from autograder.exercises.transfer.judge.features import features
from autograder.judge.evidence import PASS, Bench, Findings, Ruling, Rulings, blocked, first_failure
from autograder.judge.words import raised
from autograder.kits.models.judge.charts import layers_chart
from autograder.kits.models.judge.rulings import (
    SeenModel,
    calls_of,
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
from autograder.kits.models.judge.steps import Call, Step, near
from autograder.report import Chart

#: A model, read: all of it, or what follows the base.
Head = SeenModel[TransferCase]


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

    head: what follows the base. features: of the base, (images, height, width, filters). seen: one call in
    evaluation, two in training.
    """

    head: Head
    features: np.ndarray
    seen: tuple[_Seen, ...]

    @property
    def case(self) -> TransferCase:
        """The call that built it."""
        return self.head.case


def rule(bench: Bench[TransferCase]) -> Findings:
    """Rulings on all properties of a model on a frozen base."""
    cases = {name: case for name, case in bench.cases.items() if not case.bare}
    shape = first_failure(_judge_shape(bench, case) for case in cases.values())
    if shape.status != "pass" and any(bench.record(name).values is None for name in cases):
        return Findings({"shape": shape})
    models = [_read(bench, model) for model in read_models(bench, cases.values())]
    heads = [model.head for model in models]
    rulings: Rulings = {"shape": shape, "base": first_failure(_judge_base(bench, model) for model in models)}
    frozen = first_failure(_judge_frozen(bench, case) for case in cases.values())
    rulings["frozen"] = blocked("shape") if frozen.status == "blocked" and shape.status != "pass" else frozen
    based = rulings["base"].status == "pass"
    rulings["inference"] = (
        first_failure(_judge_inference(bench, model) for model in models) if based else blocked("base")
    )
    rulings["pooled"] = first_failure(map(_judge_pooled, models)) if based else blocked("base")
    found = all(seen.given is not None for model in models for seen in model.seen)
    layers = first_failure(judge(model) for model in heads for judge in (judge_widths, judge_hidden))
    rulings["layers"] = layers if shape.status == "pass" else blocked("shape")
    # Without the base nobody knows where the head begins.
    places = first_failure(judge_places(model, _BEHIND_THE_BASE) for model in heads)
    headed = all(len(model.parts()) > 1 for model in heads)
    rulings["dropout"] = blocked("base") if not found else places if headed else blocked("layers")
    drops = found and headed and any(model.dropouts() for model in heads)
    rulings["keep-rate"] = judge_rate(heads) if drops else blocked("dropout")
    rulings["eval"] = _judge_eval(bench, cases, rulings["inference"]) if drops else blocked("dropout")
    rulings["logits"] = first_failure(map(_judge_logits, heads))
    rulings["trains"] = _judge_trains(bench, cases, rulings)
    rulings["defaults"] = _judge_defaults(bench, rulings)
    return Findings(rulings, (_chart(bench, models),))


_BEHIND_THE_BASE = ("before the first Dense layer", "dropout-on-features")


def _read(bench: Bench[TransferCase], model: Head) -> _Model:
    head = replace(model, steps=tuple(map(_behind_the_base, model.steps)))
    due = features(model.case)
    seen = (_seen(calls_of(bench, model.case, name), due) for name in ("eval", "train-0", "train-1"))
    return _Model(head, due, tuple(seen))


def _behind_the_base(steps: list[Step]) -> list[Step]:
    last = max((number for number, step in enumerate(steps) if step.kind == "base"), default=-1)
    return steps[last + 1 :]


def _seen(calls: list[Call], due: np.ndarray) -> _Seen:
    given, reached = ([array for call, array, _ in calls if call["kind"] == kind] for kind in ("base", "Dense"))
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


def _judge_shape(bench: Bench[TransferCase], case: TransferCase) -> Ruling:
    """The call returned a model, and the model gave a number per class for each image."""

    def mistake(shape: tuple[int, ...]) -> str | None:
        if len(shape) == 4:
            return "pooling-missing" if shape[-1] == case.classes else None
        return "wrong-widths" if len(shape) == 2 and shape[0] == case.images else None

    ruling = judge_outputs(bench, case, f"a keras.Model that can be called with images of {case.size}", mistake)
    problems = {name: bench.record(name).problem for name in bench.cases}
    usual = [name for name, other in bench.cases.items() if other.size == USUAL_SIZE]
    fits = [name for name, problem in problems.items() if not problem]
    if problems[case.name] == "raised" and fits == usual:
        return fail(case, ruling.returned, ruling.expected, "input-size-fixed")
    return ruling


# ---------------------------------------------------------------- the base


def _judge_base(bench: Bench[TransferCase], model: _Model) -> Ruling:
    """The base that was handed over was given the images, with its weights as they were."""
    case, (evaluation, *_) = model.case, model.seen
    weights = _weights(bench, case)
    if weights is None:
        return damaged(case)
    changed = int(sum((array[0] != array[1]).sum() for array in weights.values()))
    if changed:
        told = f"{changed:,} of the base's numbers changed while the model was built"
        return fail(case, told, "the weights that it had when it was handed over", "base-weights-changed")
    for seen in model.seen:
        if seen.given is not None and not _same(case.x().astype(float), seen.given):
            told = "the base was given something other than the images that the model was called with"
            return fail(case, told, "the images as they are: nothing comes before the base")
    if evaluation.given is None:
        told = "a model that does not contain the base that was handed over"
        return fail(case, told, "base(inputs, training=False) as its first step", "base-not-used")
    if not (evaluation.base or _moved(weights["statistics"])[0] or _varies(bench, case)):
        return fail(case, "a model that does not use the base's features of the images", "what the base gives")
    return PASS


def _varies(bench: Bench[TransferCase], case: TransferCase) -> bool:
    """Whether two calls in evaluation differ."""
    again = part(bench, case, "again")
    return again is None or not np.allclose(bench.recorded(case.name), again, rtol=1e-3, atol=1e-4)


def _weights(bench: Bench[TransferCase], case: TransferCase) -> dict[str, np.ndarray] | None:
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


def _judge_frozen(bench: Bench[TransferCase], case: TransferCase) -> Ruling:
    """Neither a training step nor fit changes what the base has learned."""
    weights = _weights(bench, case)
    if weights is None:
        return damaged(case)
    changed, when = _moved(weights["kernels"])
    if changed:
        told = f"{when} changed {changed:,} of the base's {weights['kernels'].shape[1]:,} weights"
        return fail(case, told, "none of them changed", "base-not-frozen")
    return blocked("trains") if bench.record(f"{case.name}.fit").problem == "raised" else PASS


def _judge_inference(bench: Bench[TransferCase], model: _Model) -> Ruling:
    """The base's moving statistics do not change, in training either, and in evaluation it gives its features.

    What drops in a base may do so in training: in functional models Keras 3 hands the flag of fit on to the base,
    whatever `base(inputs, training=False)` says, and freezing is what keeps batch normalisation in inference mode.
    """
    case, (evaluation, *_) = model.case, model.seen
    weights = _weights(bench, case)
    if weights is None:
        return damaged(case)
    statistics = weights["statistics"]
    changed, when = _moved(statistics)
    if changed:
        told = f"{when} changed {changed} of the base's {statistics.shape[1]} moving means and variances"
        return fail(case, told, "none of them changed", "batchnorm-running")
    if not evaluation.base:
        told = "in evaluation, features that are not those of base(x, training=False), and differ from call to call"
        return fail(case, told, "the base in inference mode", "base-told-training")
    return PASS


# ---------------------------------------------------------------- the head


def _judge_pooled(model: _Model) -> Ruling:
    """What reaches the first Dense layer is the mean of each channel."""
    case, maps, found = model.case, model.features, model.seen[0].reached
    if found is None:
        return blocked("layers")
    pooling = _pooling(model)
    if pooling == "other features":
        return blocked("inference")
    if pooling == "average pooling":
        return PASS
    _, height, width, channels = maps.shape
    of_all = f"all {maps[0].size} features of an image, in an array of shape {found.shape}"
    told, name = {
        "no pooling": (of_all, "pooling-missing"),
        "Flatten": (of_all, "flattened-not-pooled"),
        "max pooling": ("the largest value of each channel", "max-pooling"),
    }.get(pooling, (f"an array of shape {found.shape} with other numbers", None))
    expected = f"{channels} numbers for each image: the mean of each channel over {height} by {width} positions"
    return fail(case, f"the first Dense layer was given {told}", expected, name)


def _pooling(model: _Model) -> str:
    """What was made of the base's features before the first Dense layer, in evaluation."""
    maps, seen = model.features, model.seen[0]
    if not seen.base:
        return "other features"
    if _same(_means(maps), seen.reached):
        return "average pooling"
    if _same(maps.max(axis=(1, 2)), seen.reached):
        return "max pooling"
    if seen.reached is not None and _same(maps, seen.reached):
        return "Flatten" if seen.reached.ndim == 2 else "no pooling"
    return "something else"


def _judge_eval(bench: Bench[TransferCase], cases: dict[str, TransferCase], inference: Ruling) -> Ruling:
    """Without training nothing is dropped; if the base did, that was said already."""
    ruling = judge_evaluation(bench, cases.values())
    return blocked("inference") if ruling.status == "fail" and inference.status != "pass" else ruling


def _judge_logits(model: Head) -> Ruling:
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


def _judge_trains(bench: Bench[TransferCase], cases: dict[str, TransferCase], rulings: Rulings) -> Ruling:
    """Four variables can learn, and in fit they do."""
    if rulings["shape"].status != "pass":
        return blocked("shape")
    for case in cases.values():
        counts, fit = part(bench, case, "counts"), bench.record(f"{case.name}.fit")
        if fit.problem == "raised":
            return fail(case, f"model.fit(x, y): {raised(fit)}", "a training run")
        unfit = case.fitted and (fit.values is None or fit.values.shape != (2,))
        if unfit or counts is None or counts.shape != (3,):
            return damaged(case)
        if rulings["frozen"].status != "pass":
            return blocked("frozen")
        learning, of_base, others = counts
        expected = "4: a kernel and a bias for each of the two Dense layers"
        if learning != 4:
            told = f"{learning} trainable variables" + (f", {of_base} of them the base's" if of_base else "")
            return fail(case, told, expected, "layer-frozen" if learning < min(others, 4) else None)
        if case.fitted and fit.values is not None and fit.values[0] != fit.values[1]:
            moved, there = fit.values
            return fail(case, f"{there} trainable variables, of which fit changed {moved}", expected)
    return PASS


def _judge_defaults(bench: Bench[TransferCase], rulings: Rulings) -> Ruling:
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


def _chart(bench: Bench[TransferCase], models: list[_Model]) -> Chart:
    """The first model whose steps are not as expected, else the first, beside the steps expected."""
    steps = [
        ([_base_text(bench, model), _pooling(model), *_texts(model.head)], _expected(model.case))
        for model in models
    ]
    odd = [n for n, (found, due) in enumerate(steps) if found != due and models[n].case.rate > 0]
    number = (odd or [0])[0]
    return layers_chart(models[number].case.call, *steps[number])


def _base_text(bench: Bench[TransferCase], model: _Model) -> str:
    """What became of the base, in words."""
    if model.seen[0].given is None:
        return "something else"
    weights = _weights(bench, model.case)
    for kind, text in (("kernels", "base, learning"), ("statistics", "base, statistics move")):
        if weights is None or _moved(weights[kind])[0]:
            return text
    return "base"


def _texts(head: Head) -> list[str]:
    """What follows the pooling, in words, and what drops before it."""
    start, *dense = head.parts()
    steps = [step for step in start if step.kind in ("dropout", "noise")]
    steps += [step for part in dense for step in part if step.kind != "flatten"]
    return [step.text for step in steps]


def _expected(case: TransferCase) -> list[str]:
    head = [f"Dense {case.size_inner}", "relu", f"Dropout {case.rate:.4g}", f"Dense {case.n_classes}"]
    return ["base", "average pooling", *head]
