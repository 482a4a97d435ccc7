"""Judge exercise classifier from what each layer was given and gave, from predictions and from losses."""

import numpy as np
from scipy.special import softmax

from autograder.exercises.classifier.cases import CLASSES, SIDE, ClassifierCase
from autograder.judge.evidence import PASS, Bench, Findings, Ruling, Rulings, blocked, first_failure
from autograder.judge.words import raised
from autograder.kits.models.judge.charts import layers_chart
from autograder.kits.models.judge.rulings import (
    SeenModel,
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
    something_else,
)
from autograder.report import Chart

Model = SeenModel[ClassifierCase]


def rule(bench: Bench[ClassifierCase]) -> Findings:
    """Rulings on all properties of a classifier."""
    cases = bench.cases.values()
    shape = first_failure(_judge_shape(bench, case) for case in cases)
    if shape.status != "pass":
        return Findings({"shape": shape})
    models = read_models(bench, cases)
    rulings: Rulings = {"shape": shape, "layers": first_failure(map(_judge_layers, models))}
    rulings["dropout"] = _judge_dropout(models)
    drops = any(model.dropouts() for model in models)
    rulings["keep-rate"] = judge_rate(models) if drops else blocked("dropout")
    rulings["eval"] = judge_evaluation(bench, cases) if drops else blocked("dropout")
    rulings["probabilities"] = _judge_probabilities(models)
    rulings["compiled"] = _judge_compiled(bench, rulings["probabilities"].status == "pass")
    ready = rulings["compiled"].status == "pass"
    rulings["trains"] = _judge_training(bench) if ready else blocked("compiled")
    rulings["input-untouched"] = _judge_untouched(bench)
    return Findings(rulings, (_chart(models),))


def _judge_shape(bench: Bench[ClassifierCase], case: ClassifierCase) -> Ruling:
    """The call returned a model, and the model gave ten numbers for each image."""
    return judge_outputs(
        bench,
        case,
        "a keras.Model that can be called with 28 by 28 images",
        lambda shape: "flatten-missing" if shape == (case.images, SIDE, CLASSES) else None,
    )


# ---------------------------------------------------------------- the layers, one after the other


def _judge_layers(model: Model) -> Ruling:
    """Flatten, then Dense and ReLU for each width, then a Dense layer of ten; Dropout is judged elsewhere."""
    return first_failure(judge(model) for judge in (judge_widths, _judge_start, judge_hidden))


def _judge_start(model: Model) -> Ruling:
    """Flatten comes before the first Dense layer, and nothing else that changes numbers."""
    start = model.parts()[0]
    odd = [step.name for step in start if step.kind == "other"] + [
        step.text for step in start if step.is_activation
    ]
    if odd:
        return fail(model.case, something_else(odd[0]), "Flatten, Dense, ReLU, Dropout")
    if [step.kind for step in start if step.kind == "flatten"] != ["flatten"]:
        return fail(model.case, "no Flatten before the first Dense layer", "Flatten", "flatten-missing")
    return PASS


def _judge_dropout(models: list[Model]) -> Ruling:
    """After the activation of each hidden layer, and nowhere else, there is one separate Dropout layer."""
    at_start = ("before the first Dense layer", "dropout-on-input")
    found = first_failure(judge_places(model, at_start) for model in models)
    if found.status != "pass":
        return found
    for model in models:
        layers = [step.layer for step in model.dropouts()]
        if len(set(layers)) < len(layers):
            used = max(layers.count(layer) for layer in layers)
            return fail(
                model.case,
                f"one Dropout layer, used in {used} places",
                "a Dropout layer for each hidden layer",
                "dropout-shared",
            )
    return PASS


# ---------------------------------------------------------------- answers, losses, training


def _judge_probabilities(models: list[Model]) -> Ruling:
    """The last Dense layer is followed by softmax, and by nothing else."""
    for model in models:
        last = [step for step in model.parts()[-1][1:] if step.kind not in ("dropout", "noise")]
        kinds = [step.kind for step in last if step.is_activation or step.kind == "other"]
        if kinds != ["softmax"]:
            name = {(): "softmax-missing", ("sigmoid",): "sigmoid-output"}.get(tuple(kinds))
            told = " and ".join(kinds) if kinds else "no activation"
            return fail(model.case, f"{told} after the last Dense layer", "softmax", name)
    return PASS


def _judge_compiled(bench: Bench[ClassifierCase], probabilities: bool) -> Ruling:
    """The loss of integer classes is their cross-entropy. probabilities: whether the model returns those."""
    for case in bench.cases.values():
        losses, lesson = part(bench, case, "losses"), part(bench, case, "lesson")
        if losses is None or losses.shape != (4,) or lesson is None:
            return damaged(case)
        compiled, integers, one_hot, penalty = losses
        if not compiled:
            return fail(case, "a model that is not compiled", "a compiled model", "not-compiled")
        _, y = case.lesson()
        name = str(part(bench, case, "loss"))
        due = _cross_entropy(lesson, y) + penalty
        if np.isnan(integers):
            told = f"the loss, {name}, cannot be computed for integer labels"
            wrong = "one-hot-loss" if np.isclose(one_hot, due, rtol=1e-3) else None
            return fail(case, told, "a loss for integer labels", wrong)
        of_logits = _cross_entropy(softmax(lesson.astype(float), axis=-1), y) + penalty
        if not probabilities:
            if not np.isclose(integers, of_logits, rtol=1e-3):
                return blocked("probabilities")
        elif not np.isclose(integers, due, rtol=1e-3):
            twice = np.isclose(integers, of_logits, rtol=1e-3)
            told = f"a loss, {name}, of {integers:.4g} for {len(y)} images with integer labels"
            return fail(case, told, f"{due:.4g}, their mean cross-entropy", "softmax-and-logits" if twice else None)
    return PASS


def _cross_entropy(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The mean of -log of what was given to the right class, clipped as Keras does."""
    return float(-np.log(np.clip(probabilities[np.arange(len(y)), y].astype(float), 1e-7, 1)).mean())


def _judge_training(bench: Bench[ClassifierCase]) -> Ruling:
    """A few dozen steps of fit on integer labels change every kernel and lower the loss."""
    for case in bench.cases.values():
        if not case.fitted:
            continue
        fit = bench.record(f"{case.name}.fit")
        if fit.problem:
            return fail(case, f"model.fit(x, y): {raised(fit)}", "a training run")
        moved, kernels = part(bench, case, "moved"), part(bench, case, "kernels")
        if fit.values is None or moved is None or kernels is None or len(moved) != len(kernels):
            return damaged(case)
        if not moved.all():
            told = f"the weights {kernels[~moved][0]} were the same after fit"
            return fail(case, told, "every layer learns", "layer-frozen")
        first, last = fit.values
        if not last < first:
            return fail(case, f"loss {first:.4g} before fit and {last:.4g} after 40 steps", "a lower loss")
    return PASS


def _judge_untouched(bench: Bench[ClassifierCase]) -> Ruling:
    """No call changed the list that was handed over."""
    for case in bench.cases.values():
        if bench.record(case.name).input_changed:
            return fail(case, "the call changed the list hidden", "hidden as it was", "mutates-input")
    return PASS


# ---------------------------------------------------------------- words, and the picture


def _chart(models: list[Model]) -> Chart:
    """The first model whose steps are not as expected, else the first, beside the steps expected."""
    steps = [(model.texts(), _expected(model.case)) for model in models]
    odd = [n for n, (found, due) in enumerate(steps) if found != due and models[n].case.rate > 0]
    number = (odd or [0])[0]
    return layers_chart(f"hidden = {list(models[number].case.hidden)}", *steps[number])


def _expected(case: ClassifierCase) -> list[str]:
    hidden = [text for width in case.hidden for text in (f"Dense {width}", "relu", f"Dropout {case.rate:.4g}")]
    return ["Flatten", *hidden, f"Dense {CLASSES}", "softmax"]
