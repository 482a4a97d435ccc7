"""How exercise transfer is watched: small bases are made and handed over, and the models built on them are run.

It imports Keras, so it is loaded only when this exercise is observed.
"""

import keras
import numpy as np

from autograder.exercises.transfer.cases import EPSILON, Block, TransferCase
from autograder.kits.models.observe import (
    Calls,
    as_numbers,
    fit,
    numbers_in,
    predictions,
    standard_settings,
    training_step,
)
from autograder.observations import Record, Trouble
from autograder.observe.calls import Student, Unusable, trouble_of


def record(objects: tuple[Student, ...], case: TransferCase) -> dict[str, Record]:
    """Make a base, let the student build a model on it, and record what it and its layers do.

    Under the case's name: what the model predicts, (images, ...) of float32. As parts of the case: "again", the
    same once more; "default", the same without a flag; "eval", "train-0" and "train-1", arrays of LAYER_CALL from a
    call in evaluation and two training steps; "numbers", what they refer to; "kernels" and "statistics", what the
    base could learn and its moving statistics, (4 or more, numbers): when it was handed over, when the model was
    built, after a training step and, last, after `fit`; "counts", how many trainable variables the model has, how
    many of them are the base's, and how many variables of floats there are beside the base's; where the model is
    fitted "fit", how many of the trainable variables it changed and how many there are.
    """
    (student,) = objects
    values: np.ndarray | None = None
    trouble: Trouble = {}
    parts: dict[str, Record] = {}
    with standard_settings():
        base = _Base(case)
        try:
            model = _call(student, base.model, case)
            values, parts = _watched(model, base, case)
        except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
            trouble = trouble_of(error) | {"problem_call": 0}
    whole = {case.name: Record(values=values, **trouble)}
    return whole | {f"{case.name}.{part}": record for part, record in parts.items()}


def _call(student: Student, base: keras.Model, case: TransferCase) -> Student:
    if case.bare:
        return student(base)
    if case.positional:
        return student(base, case.n_classes, case.size_inner, case.rate)
    return student(base, n_classes=case.n_classes, size_inner=case.size_inner, droprate=case.rate)


class _Base:
    """A base, and what has become of its weights so far. model: what is handed over."""

    def __init__(self, case: TransferCase):
        blocks = case.blocks()
        self._pairs = [_layers_of(block) for block in blocks]
        (conv, norm), (last_conv, last_norm) = self._pairs
        first = [conv, norm, keras.layers.ReLU(), *([keras.layers.Dropout(0.4)] if case.noise else [])]
        second = [last_conv, last_norm, *([keras.layers.GaussianNoise(0.9)] if case.noise else [])]
        self.model = _FORMS[case.form](case.size, first, second)
        # As a base that was used before: so it has an input and an output to build on, whatever its form.
        self.model(keras.Input(case.size))
        for block, (conv, norm) in zip(blocks, self._pairs, strict=True):
            conv.set_weights([block.kernel])
            norm.set_weights([block.gamma, block.beta, block.mean, block.variance])
        self._kernels: list[np.ndarray] = []
        self._statistics: list[np.ndarray] = []
        self.note()

    def note(self) -> None:
        """Write down what the weights are now."""
        pairs = self._pairs
        for notes, weights in (
            (self._kernels, [w for conv, norm in pairs for w in (conv.kernel, norm.gamma, norm.beta)]),
            (self._statistics, [w for _, norm in pairs for w in (norm.moving_mean, norm.moving_variance)]),
        ):
            notes.append(np.concatenate([numbers_in(weight).ravel() for weight in weights]))

    def weights(self) -> list[list[np.ndarray]]:
        """All weights as they are now, for `put_back`."""
        return [layer.get_weights() for pair in self._pairs for layer in pair]

    def put_back(self, weights: list[list[np.ndarray]]) -> None:
        """Make the weights what they were: also where the model does not know that they are its own."""
        for layer, values in zip([layer for pair in self._pairs for layer in pair], weights, strict=True):
            layer.set_weights(values)

    def parts(self) -> dict[str, Record]:
        """What was written down."""
        return {
            "kernels": Record(values=np.stack(self._kernels)),
            "statistics": Record(values=np.stack(self._statistics)),
        }

    def layers(self) -> tuple[keras.layers.Layer, ...]:
        """The base and all that belongs to it."""
        found = [self.model]
        for layer in found:
            found += getattr(layer, "layers", [])
        return tuple(found)


def _layers_of(block: Block) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    height, width, _, filters = block.kernel.shape
    conv = keras.layers.Conv2D(filters, (height, width), strides=block.stride, use_bias=False)
    return conv, keras.layers.BatchNormalization(epsilon=EPSILON)


def _functional(size: tuple, first: list, second: list) -> keras.Model:
    x = inputs = keras.Input(size)
    for layer in first + second:
        x = layer(x)
    return keras.Model(inputs, x, name="base")


def _sequential(size: tuple, first: list, second: list) -> keras.Model:
    return keras.Sequential([keras.Input(size), *first, *second], name="base")


def _nested(size: tuple, first: list, second: list) -> keras.Model:
    return _functional(size, [keras.Sequential([keras.Input(size), *first], name="stem")], second)


_FORMS = {"functional": _functional, "sequential": _sequential, "nested": _nested}


def _watched(model: Student, base: _Base, case: TransferCase) -> tuple[np.ndarray, dict[str, Record]]:
    """What a model predicts, and the records of everything else that it does."""
    if model is base.model:
        raise Unusable("not-a-model", "model that is the base itself")
    base.note()
    built = base.weights()
    x = case.x()
    values, parts = predictions(model, x)
    y = np.arange(len(x)) % max(values.shape[-1] if values.ndim else 1, 1)
    calls = Calls(model, base.layers())
    parts["eval"] = Record(values=calls.of(lambda: model(x, training=False)))
    base.put_back(built)
    trouble = _compile(model)
    parts["train-0"] = training_step(model, x, y, calls, base.note)
    base.put_back(built)
    parts["train-1"] = training_step(model, x, y, calls)
    base.put_back(built)
    parts["counts"] = Record(values=_counts(model, base))
    if case.fitted:
        parts["fit"] = Record(**trouble) if trouble else _fitted(model, x, y)
    base.note()
    return values, parts | base.parts() | {"numbers": Record(values=calls.numbers())}


def _compile(model: keras.Model) -> Trouble:
    """Compile for integer labels and logits, whatever the student did: only the layers are in question."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    try:
        model.compile(keras.optimizers.SGD(0.1), loss)
    except Exception as error:
        return trouble_of(error) | {"problem_call": 0}
    return {}


def _counts(model: keras.Model, base: _Base) -> np.ndarray:
    own = {id(weight) for layer in base.layers() for weight in layer.weights}
    learning = model.trainable_variables
    others = [w for w in model.weights if id(w) not in own and "float" in str(w.dtype)]
    return np.array([len(learning), sum(id(weight) in own for weight in learning), len(others)])


def _fitted(model: keras.Model, x: np.ndarray, y: np.ndarray) -> Record:
    """Train for a few steps, and record how many trainable variables that changed, and how many there are."""
    try:
        before = [(weight, np.array(as_numbers(weight))) for weight in model.trainable_variables]
        fit(model, x, y, epochs=2)
        moved = [not np.array_equal(old, np.asarray(as_numbers(weight))) for weight, old in before]
    except Exception as error:
        return Record(**(trouble_of(error) | {"problem_call": 0}))
    return Record(values=np.array([sum(moved), len(moved)]))
