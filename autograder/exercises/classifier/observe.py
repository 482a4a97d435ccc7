"""How exercise classifier is watched: the layers of its models, their losses, and `fit`.

It imports Keras, so it is loaded only when this exercise is observed.
"""

import keras
import numpy as np

from autograder.exercises.classifier.cases import CLASSES, ClassifierCase
from autograder.kits.models.cases import MODEL_NUMBERS, WEIGHTS
from autograder.kits.models.observe import (
    Calls,
    as_numbers,
    fit,
    numbers_in,
    predictions,
    standard_settings,
    training_step,
)
from autograder.observations import TEXT_LIMIT, Record, Trouble
from autograder.observe.calls import Student, Unusable, trouble_of, type_name


def record(objects: tuple[Student, ...], case: ClassifierCase) -> dict[str, Record]:
    """Build one model, and record what it and its layers do.

    Under the case's name: what the model predicts, (images, ...) of float32. As parts of the case: "again", the
    same once more; "default", the same without a flag; "train-0" and "train-1", arrays of LAYER_CALL from two
    training steps; "numbers", what they refer to; "lesson", predictions for the images to learn; "losses", whether
    the model is compiled, its loss for their integer classes, for those as rows of zeros with a one, and the
    penalties in it; "loss", the name of that. Where the model is fitted: "fit", the loss before and after;
    "moved", for every kernel whether it changed, and "kernels", their names.
    """
    (student,) = objects
    hidden = list(case.hidden)
    values: np.ndarray | None = None
    trouble: Trouble = {}
    parts: dict[str, Record] = {}
    with standard_settings():
        try:
            model = student(hidden, case.rate)
            values, parts = _watched(model, case)
        except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
            trouble = trouble_of(error) | {"problem_call": 0}
    changed = len(hidden) != len(case.hidden) or any(a is not b for a, b in zip(hidden, case.hidden, strict=True))
    whole = {case.name: Record(values=values, input_changed=changed, **trouble)}
    return whole | {f"{case.name}.{part}": record for part, record in parts.items()}


def _watched(model: Student, case: ClassifierCase) -> tuple[np.ndarray, dict[str, Record]]:
    """What a model predicts, and the records of everything else that it does."""
    x = case.x()
    values, parts = predictions(model, x)
    calls = Calls(model)
    for number in range(2):
        parts[f"train-{number}"] = training_step(model, x, np.arange(len(x)) % CLASSES, calls)
    # Last, because training may make NaN of the weights; and it is faster once a step was made.
    parts |= _losses(model, case)
    return values, parts | {"numbers": Record(values=calls.numbers())}


def _losses(model: keras.Model, case: ClassifierCase) -> dict[str, Record]:
    x, y = case.lesson()
    lesson = numbers_in(model(x, training=False))
    if lesson.size > MODEL_NUMBERS:
        raise Unusable("too-much", "")
    one_hot = np.eye(CLASSES, dtype=np.float32)[y]
    losses = [_loss(model, x, labels, lesson) for labels in (y, one_hot)]
    penalty = sum((float(numbers_in(loss)) for loss in model.losses), 0.0)
    parts = {
        "lesson": Record(values=lesson),
        "losses": Record(values=np.array([bool(model.compiled), *losses, penalty], dtype=np.float64)),
        "loss": Record(values=np.array(_loss_name(model))),
    }
    return parts | (_fitted(model, x, y) if case.fitted and model.compiled else {})


def _loss(model: keras.Model, x: np.ndarray, labels: np.ndarray, predicted: np.ndarray | None) -> float:
    """What the compiled loss says of predictions, NaN if it cannot be computed."""
    try:
        return float(numbers_in(model.compute_loss(x=x, y=labels, y_pred=predicted, training=False)))
    except Exception:  # not compiled, or a loss for labels of another form
        return np.nan


def _loss_name(model: keras.Model) -> str:
    """How the loss was given to `compile`, as text."""
    loss = getattr(model, "loss", None)
    if type(loss) is str:
        return loss[:TEXT_LIMIT]
    name = vars(loss).get("__name__") if hasattr(loss, "__dict__") else None
    return str(name or type_name(type(loss)))[:TEXT_LIMIT]


def _fitted(model: keras.Model, x: np.ndarray, y: np.ndarray) -> dict[str, Record]:
    """Train for a few dozen steps, and record which kernels moved and what it did to the loss."""
    try:
        kernels = [weight for weight in model.weights if len(weight.shape) > 1][:WEIGHTS]
        before = [np.array(as_numbers(kernel)) for kernel in kernels]
        first = _loss(model, x, y, as_numbers(model(x, training=False)))
        fit(model, x, y, epochs=10)
        last = _loss(model, x, y, as_numbers(model(x, training=False)))
        moved = [
            not np.array_equal(old, np.asarray(as_numbers(new))) for old, new in zip(before, kernels, strict=True)
        ]
    except Exception as error:
        return {"fit": Record(**(trouble_of(error) | {"problem_call": 0}))}
    return {
        "fit": Record(values=np.array([first, last])),
        "moved": Record(values=np.array(moved, dtype=bool)),
        "kernels": Record(values=np.array([str(kernel.path)[:80] for kernel in kernels], dtype="U80")),
    }
