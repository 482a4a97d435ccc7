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
from autograder.kits.masks.observe import Draw, record_draws
from autograder.kits.models.observe import standard_settings
from autograder.observations import Record


class Steps(keras.Model):
    """A model whose training step calls it, and does nothing else: no loss, no gradient, no weights to change."""

    def train_step(self, data):
        """One call, in training."""
        self(data, training=True)
        return {"loss": 0.0}  # Keras wants to hear of something


class Recorder(keras.layers.Layer):
    """Hands its input on, and keeps a copy of it for each of the first `steps` training steps.

    The copies live in a weight, because in a compiled step nothing else of Keras's can hold them.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def build(self, input_shape):
        """Make room: (steps, *input_shape), and a counter."""
        self.kept = self.add_weight(
            shape=(self.steps, *input_shape), initializer="zeros", trainable=False, name="kept"
        )
        self.step = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="step")

    def call(self, x, training=False):
        """The input itself."""
        if training:
            place = keras.ops.reshape(self.step, (1, 1))
            self.kept.assign(keras.ops.scatter_update(self.kept, place, keras.ops.expand_dims(x, 0)))
            self.step.assign(self.step + 1)
        return x


def record(objects: tuple, case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case; as a part "origin", which layers of Keras drew dropout in them, if any did."""
    with watched_draws() as found:
        # A Keras layer draws from its own seed, which two of the cases compare.
        records = record_draws(case, lambda rng, watch: _begin_anywhere(objects, case))
    return records | ({f"{case.name}.origin": as_record(found)} if found else {})


def beside(objects: tuple) -> dict[str, Record]:
    """What the class itself shows: "signature", as 0 or 1 whether its `call` can be told that it is training, and
    "origin", whose work it does.
    """
    (layer_class,) = objects
    with standard_settings():
        return {"signature": _signature_record(layer_class), "origin": origin_record(layer_class)}


def _signature_record(layer_class: type) -> Record:
    try:
        parameters = inspect.signature(layer_class.call).parameters.values()
    except BaseException:  # a class whose `call` is missing, or is something else
        return Record(problem="none")
    told = any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in parameters)
    return Record(values=np.array([told]))


def _begin_anywhere(objects: tuple, case: MaskCase) -> Draw:
    """The calls of one case; see `MaskCase.mode` for where the layer stands."""
    (layer_class,) = objects
    # A layer takes its precision from them when it is made; the notebook may have set another.
    with standard_settings():
        return _begin(layer_class, case)


def _begin(layer_class: type, case: MaskCase) -> Draw:
    """The calls of one case, with a layer made under the settings that are in force."""
    options = {"dtype": "mixed_float16"} if case.mode == "mixed" else {}
    seed = None if case.mode == "unseeded" else case.seed % SEED_RANGE
    layer = layer_class(case.rate, seed=seed, **options)
    if case.mode in ("training", "unseeded", "mixed"):
        return lambda x: as_array(layer(x, training=True))
    if case.mode == "config":
        restored = layer_class.from_config(layer.get_config())
        return lambda x: as_array(restored(x, training=True))
    if case.mode == "fit":
        return _steps_of_fit(layer, case)
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


def as_array(result: object) -> object:
    """A tensor as a NumPy array; anything else as it is."""
    return keras.ops.convert_to_numpy(result) if keras.ops.is_tensor(result) else result


def _batches(x: np.ndarray, times: int) -> Dataset:
    """The same batch so many times. Of an array Keras makes a pipeline first that costs more than all the rest, and
    TensorFlow spends as much on looking for a faster one.
    """
    plain = Options()
    plain.autotune.enabled = False
    plain.experimental_optimization.apply_default_optimizations = False
    return Dataset.from_tensors(x).repeat(times).with_options(plain)


def _steps_of_fit(layer, case: MaskCase) -> Draw:
    """One output of the layer for each step of a compiled `fit` that shows it the same batch every time.

    The steps run in one loop of the graph, which costs a tenth of what a call of the graph for each would.
    """
    inputs = keras.Input(batch_shape=case.shape)
    recorder = Recorder(case.calls)
    model = Steps(inputs, recorder(layer(inputs)))
    model.compile(steps_per_execution=case.calls, jit_compile=False)
    steps: list[np.ndarray] = []

    def draw(x):
        if not steps:
            model.fit(_batches(x, case.calls), verbose=0)
            steps.extend(np.asarray(keras.ops.convert_to_numpy(recorder.kept))[::-1])
        return steps.pop()

    return draw


def _saved_and_loaded(model, layer_class: type):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.saving.load_model(path, custom_objects={layer_class.__name__: layer_class}, compile=False)
