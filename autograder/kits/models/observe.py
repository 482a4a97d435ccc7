"""Watch a model while it runs: every layer that is called, what it is given and what it gives.

Watching calls instead of reading a graph treats all models alike: Sequential, functional and subclassed ones, with
layers in other layers or models. It imports Keras, so it is loaded only when an exercise is observed that needs it.
"""

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras.src.backend.common import global_state
from tensorflow.data import Dataset

from autograder.kits.models.cases import LAYER_CALL, LAYER_CALLS, LAYER_NUMBERS, MODEL_NUMBERS
from autograder.observations import Record
from autograder.observe.calls import Student, Unusable, type_name

#: Keras's classes that stand for layers of one's own, or hold others.
_OPEN = ("Layer", "Model", "Sequential", "Functional", "Operation", "Lambda")

#: Where Keras keeps what `keras.utils.set_random_seed` sets; it has no public way to put that back.
_SEEDS = ("global_random_seed", "global_seed_generator")


@contextlib.contextmanager
def standard_settings() -> Iterator[None]:
    """Keras's own settings for a while, whatever is set: float32, channels last. Puts all back at the end."""
    floatx, epsilon, order = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()
    policy, distribution = keras.config.dtype_policy(), keras.distribution.distribution()
    seeds = [global_state.get_global_attribute(name) for name in _SEEDS]
    try:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_epsilon(epsilon)
        keras.config.set_image_data_format(order)
        keras.config.set_dtype_policy(policy)
        keras.distribution.set_distribution(distribution)
        for name, value in zip(_SEEDS, seeds, strict=True):
            global_state.set_global_attribute(name, value)


class Calls:
    """The layers that are called while one case's model runs, and all numbers that they were given and gave.

    base: layers that were handed to the student. They are called "base", and their inside is not looked at.
    """

    def __init__(self, model: keras.Model, base: tuple[keras.layers.Layer, ...] = ()):
        self._model = model
        self._base = {id(layer) for layer in base}
        self._calls: list[tuple] = []
        self._layers: dict[int, Student] = {}  # by id; kept alive, so that no id is used again
        self._places: dict[bytes, int] = {}
        self._numbers: list[np.ndarray] = []
        self._used = 0
        self._looked_at = 0
        self._watching = False

    def of(self, run: Callable[[], object]) -> np.ndarray | None:
        """What layers do in the model's first call by `run`, an array of LAYER_CALL; None if there is none."""
        self._calls, self._watching, self._looked_at = [], False, 0
        original = keras.layers.Layer.__call__
        keras.layers.Layer.__call__ = self._watched(original)
        try:
            run()
        finally:
            keras.layers.Layer.__call__ = original
        ended = bool(self._calls) and self._calls[-1][0] == "output"
        return np.array(self._calls, dtype=LAYER_CALL) if ended else None

    def numbers(self) -> np.ndarray:
        """All numbers so far, (numbers,) of float32."""
        return np.concatenate([np.empty(0, np.float32), *self._numbers])

    def _watched(self, original: Callable) -> Callable:
        """Layer.__call__, writing down what goes in and out."""

        def call(layer, *inputs, **options):
            outermost = layer is self._model
            if not (self._watching or (outermost and not self._calls)):
                return original(layer, *inputs, **options)
            before, closed = len(self._calls), id(layer) in self._base or _is_closed(layer)
            self._watching = not closed
            try:
                result = original(layer, *inputs, **options)
            finally:
                self._watching = not outermost
            if outermost or closed or len(self._calls) == before:
                if len(self._calls) >= LAYER_CALLS:
                    raise Unusable("too-much", "")
                given = inputs[0] if inputs else next(iter(options.values()), None)
                kind = "base" if id(layer) in self._base else _kind(layer)
                kind, given = ("output", result) if outermost else (kind, given)
                self._calls.append(self._row(kind, layer, as_numbers(given), as_numbers(result)))
            return result

        return call

    def _row(self, kind: str, layer: Student, given: np.ndarray | None, gave: np.ndarray | None) -> tuple:
        self._layers.setdefault(id(layer), layer)
        self._looked_at += sum(array.size for array in (given, gave) if array is not None)
        if self._looked_at > LAYER_NUMBERS:
            raise Unusable("too-much", "")
        kernel = bias = None
        if kind == "Dense":
            kernel, bias = as_numbers(layer.kernel), as_numbers(layer.bias)
        return (
            kind[:40],
            list(self._layers).index(id(layer)),
            _rate(layer),
            _shape(given),
            _shape(gave),
            *(self._place(array) for array in (given, gave, kernel, bias)),
        )

    def _place(self, array: np.ndarray | None) -> int:
        """Where an array begins among the numbers; each is kept once."""
        if array is None or array.ndim > 4:
            return -1
        if self._used + array.size > MODEL_NUMBERS:
            raise Unusable("too-much", "")
        known = self._places.setdefault(array.tobytes(), self._used)
        if known == self._used:
            self._numbers.append(array.ravel())
            self._used += array.size
        return known


def _kind(layer: object) -> str:
    """The nearest Keras class's name, or the layer's own where that is one to be filled."""
    names = [type_name(base) for base in type.mro(type(layer)) if _is_of_keras(base)]
    return type_name(type(layer)) if not names or names[0] in _OPEN else names[0]


def _is_closed(layer: object) -> bool:
    """Whether a layer is one of Keras's own, whose inside is not looked at."""
    names = [type_name(base) for base in type.mro(type(layer)) if _is_of_keras(base)]
    return bool(names) and names[0] not in _OPEN


def _is_of_keras(kind: type) -> bool:
    return str(vars(kind).get("__module__", "")).startswith("keras.")


def _rate(layer: Student) -> float:
    """A layer's rate, NaN if it has none that is a number."""
    rate: Student = vars(layer).get("rate") if layer is not None else None
    return float(rate) if type(rate) in (int, float, np.float32, np.float64) else np.nan


def as_numbers(tensor: object) -> np.ndarray | None:
    """A tensor or array of numbers as float32; None for anything else."""
    if not (keras.ops.is_tensor(tensor) or type(tensor) is np.ndarray or isinstance(tensor, keras.Variable)):
        return None
    plain = np.asarray(keras.ops.convert_to_numpy(tensor))
    return np.asarray(plain, np.float32) if plain.dtype.kind in "biuf" else None


def numbers_in(tensor: object) -> np.ndarray:
    """As `as_numbers`, of what is known to hold numbers. Raises TypeError if it holds none."""
    numbers = as_numbers(tensor)
    if numbers is None:
        raise TypeError(f"A {type_name(type(tensor))} holds no numbers.")
    return numbers


def _shape(array: np.ndarray | None) -> tuple[int, ...]:
    return (*(array.shape if array is not None else ()), -1, -1, -1, -1)[:4]


def predictions(model: Student, x: np.ndarray) -> tuple[np.ndarray, dict[str, Record]]:
    """What a model says of inputs, and as parts "again", the same once more, and "default", without a flag.

    Raises Unusable for what is not a model, or gives no array of numbers.
    """
    if model is None:
        raise Unusable("none", "")
    if not issubclass(type(model), keras.Model):
        raise Unusable("not-a-model", type_name(type(model)))
    values, again, default = (
        as_numbers(result) for result in (model(x, training=False), model(x, training=False), model(x))
    )
    if values is None or again is None or default is None:
        raise Unusable("not-a-model", f"{type_name(type(model))} that returns no array of numbers")
    if max(values.size, again.size, default.size) > MODEL_NUMBERS:
        raise Unusable("too-much", "")
    return values, {"again": Record(values=again), "default": Record(values=default)}


def fit(model: keras.Model, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    """What `model.fit` does with batches of 32 in the order given, at half its cost.

    As with arrays, the graph is made for batches of any size. Keras would make a pipeline of arrays, which costs
    more than the steps do. The graph is made once, not twice, if all variables are there: the optimizer's are made
    here, those of the metrics by a `training_step` before.
    Raises what the model's own methods raise.
    """
    _optimizer_variables(model)
    model.fit(Dataset.from_tensor_slices((x, y)).batch(32).repeat(epochs), verbose=0)


def _optimizer_variables(model: keras.Model) -> list[keras.Variable]:
    """What the optimizer of a compiled model remembers; none where it has none, or cannot make them."""
    try:
        model.optimizer.build(model.trainable_variables)
        return list(model.optimizer.variables)
    except Exception:  # `fit` fails likewise, and says at what
        return []


def training_step(
    model: keras.Model, x: np.ndarray, y: np.ndarray, calls: Calls, afterwards: Callable[[], None] = lambda: None
) -> Record:
    """What the layers do in a training step: as `fit` makes it, if it can, else in a call with the flag.

    y: integer classes. afterwards: called after the step, before the weights are put back, and with them what the
    optimizer remembers, because one step on such inputs would slow down the next ones.
    Raises Unusable if the layers cannot be watched.
    """
    found, weights = None, model.get_weights()
    if model.compiled:
        eagerly = model.run_eagerly
        remembered = [(variable, numbers_in(variable)) for variable in _optimizer_variables(model)]
        try:
            model.run_eagerly = True
            model.make_train_function(force=True)
            found = calls.of(lambda: model.train_on_batch(x, y))
            afterwards()
        except Exception:  # `fit` fails likewise, and there it is recorded
            found = None
        finally:
            model.run_eagerly = eagerly
            model.make_train_function(force=True)
            model.set_weights(weights)
            for variable, value in remembered:
                variable.assign(value)
    if found is None:
        found = calls.of(lambda: model(x, training=True))
        afterwards()
        model.set_weights(weights)
    if found is None:
        raise Unusable("not-a-model", f"{type_name(type(model))} whose layers cannot be watched")
    return Record(values=found)
