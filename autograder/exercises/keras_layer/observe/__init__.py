"""How exercise keras_layer is called: eagerly, in models, in `fit`, in mixed precision, saved and loaded.

It imports Keras, so it is loaded only when this exercise is observed.
"""

import inspect
import tempfile
from pathlib import Path

import keras
import numpy as np
from tensorflow.data import Dataset, Options

from autograder.exercises.keras_layer.cases import SEED_RANGE
from autograder.exercises.keras_layer.observe.origin import as_record, origin_record, watched_draws
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.observe import Draw, record_draws, refused_late
from autograder.kits.models.observe import standard_settings
from autograder.observations import Record
from autograder.observe.calls import Student, Unusable, trouble_of


class Steps(keras.Model):
    """A model whose training step calls it, and does nothing else: no loss, no gradient, no weights to change."""

    def train_step(self, data):
        """One call, in training."""
        self(data, training=True)
        return {"loss": 0.0}  # Keras wants to hear of something


class Recorder(keras.layers.Layer):
    """Hands its input on, and keeps a copy of it for each of the first `steps` training steps.

    The copies live in a weight, because in a compiled step nothing else of Keras's can hold them. batch: how many
    examples there is room for in a step; there may be fewer.
    """

    def __init__(self, steps: int, batch: int):
        super().__init__()
        self.steps, self.batch = steps, batch

    def build(self, input_shape):
        """Make room: (steps, batch, *input_shape[1:]), and a counter."""
        self.kept = self.add_weight(
            shape=(self.steps, self.batch, *input_shape[1:]), initializer="zeros", trainable=False, name="kept"
        )
        self.step = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="step")

    def call(self, x, training=False):
        """The input itself."""
        if training:
            rows = keras.ops.arange(keras.ops.shape(x)[0], dtype="int32")
            places = keras.ops.stack([keras.ops.full_like(rows, self.step), rows], axis=1)
            self.kept.assign(keras.ops.scatter_update(self.kept, places, x))
            self.step.assign(self.step + 1)
        return x


def record(objects: tuple[Student, ...], case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case; as a part "origin", which layers of Keras drew dropout in them, if any did."""
    with watched_draws() as found:
        # A Keras layer draws from its own seed, which two of the cases compare.
        records = record_draws(case, lambda rng, watch: _begin_anywhere(objects, case))
    return records | ({f"{case.name}.origin": as_record(found)} if found else {})


def beside(objects: tuple[Student, ...]) -> dict[str, Record]:
    """What the class itself shows: "signature", whether Keras tells its `call` that it is training, and
    whether it is a Keras layer at all, as two booleans; and "origin", whose work it does.
    """
    (layer_class,) = objects
    with standard_settings():
        return {"signature": _signature_record(layer_class), "origin": origin_record(layer_class)}


def _signature_record(layer_class: Student) -> Record:
    try:
        parameters = inspect.signature(layer_class.call).parameters.values()
    except BaseException:  # a class whose `call` is missing, or is something else
        return Record(problem="none")
    # Keras tells only what has an argument of this name, and not **kwargs.
    told = any(p.name == "training" for p in parameters)
    return Record(values=np.array([told, issubclass(layer_class, keras.layers.Layer)]))


def _begin_anywhere(objects: tuple[Student, ...], case: MaskCase) -> Draw:
    """The calls of one case; see `MaskCase.mode` for where the layer stands."""
    (layer_class,) = objects
    # A layer takes its precision from them when it is made; the notebook may have set another.
    with standard_settings():
        return _begin(layer_class, case)


def _begin(layer_class: Student, case: MaskCase) -> Draw:
    """The calls of one case, with a layer made under the settings that are in force."""
    options = {"dtype": "mixed_float16"} if case.mode == "mixed" else {}
    seed = None if case.mode == "unseeded" else case.seed % SEED_RANGE
    layer = layer_class(case.rate, seed=seed, **options)
    if case.asks == "invalid-rate":
        return refused_late(lambda: layer(case.x(), training=True))
    if case.mode in ("training", "unseeded", "mixed"):
        return lambda x: as_array(layer(x, training=True))
    if case.mode == "config":
        restored = layer_class.from_config(layer.get_config())
        return lambda x: as_array(restored(x, training=True))
    if case.mode == "fit":
        return _steps_of_fit(layer_class, case)
    if case.mode in ("evaluation", "default"):
        flag = {"training": False} if case.mode == "evaluation" else {}
        for _ in range(case.warmup):
            layer(case.x(), training=True)
        return lambda x: as_array(layer(x, **flag))
    inputs = keras.Input(case.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    if case.mode == "loaded":
        model = _saved_and_loaded(model, layer_class)
    if case.mode == "predict":
        return lambda x: model.predict(_batches(x, 1), verbose=0)
    flag = {} if case.mode == "model-default" else {"training": True}
    return lambda x: as_array(model(x, **flag))


def as_array(result: Student) -> Student:
    """A tensor as a NumPy array; anything else as it is."""
    return keras.ops.convert_to_numpy(result) if keras.ops.is_tensor(result) else result


def _batches(x: np.ndarray, times: int, last: int = 0) -> Dataset:
    """The same batch so many times, and then once more its first `last` examples, if that is not 0.

    With those TensorFlow does not know how many examples a batch has before it sees one. Of an array Keras makes a
    pipeline first that costs more than all the rest, and TensorFlow spends as much on looking for a faster one.
    """
    plain = Options()
    plain.autotune.enabled = False
    plain.experimental_optimization.apply_default_optimizations = False
    batches = Dataset.from_tensors(x).repeat(times)
    return (batches.concatenate(Dataset.from_tensors(x[:last])) if last else batches).with_options(plain)


def _steps_of_fit(layer_class: Student, case: MaskCase) -> Draw:
    """One output of the layer for each step of a compiled `fit` that shows it the same batch every time.

    As in a usual `fit` the size of a batch is not known beforehand, and the last batch is smaller. Raises Unusable
    if it works only where the size is known.
    """
    steps: list[np.ndarray] = []

    def draw(x):
        if not steps:
            try:
                steps.extend(_fitted(layer_class, x, case, last=len(x) - 1))
            except Exception as error:
                try:
                    _fitted(layer_class, x, case, last=0)
                except Exception:
                    raise error from None
                found = trouble_of(error)
                told = found["problem_type"], found["problem_text"], found["problem_line"]
                raise Unusable("known-batch", *told) from None
        return steps.pop()

    return draw


def _fitted(layer_class: Student, x: np.ndarray, case: MaskCase, last: int) -> list[np.ndarray]:
    """The outputs of a new layer in all steps, the latest first. last: size of one more batch, 0 for no other.

    The steps run in one loop of the graph, which costs a tenth of what a call of the graph for each would.
    """
    layer = layer_class(case.rate, seed=case.seed % SEED_RANGE)
    inputs = keras.Input(case.shape[1:]) if last else keras.Input(batch_shape=case.shape)
    steps = case.calls + bool(last)
    recorder = Recorder(steps, case.shape[0])
    model = Steps(inputs, recorder(layer(inputs)))
    model.compile(steps_per_execution=steps, jit_compile=False)
    model.fit(_batches(x, case.calls, last), verbose=0)
    return list(np.asarray(keras.ops.convert_to_numpy(recorder.kept)))[case.calls - 1 :: -1]


def _saved_and_loaded(model, layer_class: Student):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.saving.load_model(path, custom_objects={layer_class.__name__: layer_class}, compile=False)
