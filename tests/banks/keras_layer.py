"""Keras layers to judge: correct ones as unlike each other as possible, and mistaken ones with their names."""

import inspect
import sys
import types
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from scipy.stats import norm
from tensorflow.python.keras.layers.core import Dropout as OldDropout

from tests.banks.masks import Entry, checked, enters

CORRECT: list[Entry] = []
MISTAKEN: list[Entry] = []

correct = enters(CORRECT, "keras_layer")
wrong = partial(enters, MISTAKEN, "keras_layer")


class Base(keras.layers.Layer):
    """What most entries share: constructor, generator and configuration."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        checked(rate)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def mask(self, x):
        """1 / (1 - rate) where a unit is kept, in the dtype of x."""
        if self.rate == 1:
            return ops.zeros_like(x)
        keep = keras.random.uniform(ops.shape(x), seed=self.seed_generator) >= self.rate
        return ops.cast(keep, x.dtype) / (1 - self.rate)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


# ---------------------------------------------------------------- correct


@correct
class MaskTimesInput(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x


@correct
class Where(Base):
    def call(self, inputs, training=None):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        dropped = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator) < self.rate
        return ops.where(dropped, ops.zeros_like(inputs), inputs / (1 - self.rate))


@correct
class RandomDropout(Base):
    def call(self, x, training=False):
        if training and 0 < self.rate < 1:
            return keras.random.dropout(x, self.rate, seed=self.seed_generator)
        return ops.zeros_like(x) if training and self.rate == 1 else x


@correct
class Bernoulli(Base):
    def call(self, x, training=False):
        if not training:
            return x
        keep = keras.random.binomial(ops.shape(x), 1, 1 - self.rate, seed=self.seed_generator)
        return ops.cast(keep, x.dtype) * x / (1 - self.rate if self.rate < 1 else 1)


@correct
class FloorOfUniform(Base):
    """The original trick: floor(uniform + keep) is 1 with probability keep."""

    def call(self, x, training=False):
        if not training:
            return x
        keep = 1 - self.rate
        if keep == 0:
            return x * 0
        mask = ops.floor(keras.random.uniform(ops.shape(x), seed=self.seed_generator) + keep)
        return x * ops.cast(mask, x.dtype) / keep


@correct
class Integers(Base):
    def call(self, x, training=False):
        if not training:
            return x
        draws = keras.random.randint(ops.shape(x), 0, 2**30, seed=self.seed_generator)
        keep = ops.cast(draws >= int(self.rate * 2**30), x.dtype)
        return x * keep / (1 - self.rate or 1)


@correct
class NormalQuantile(Base):
    def call(self, x, training=False):
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return ops.zeros_like(x)
        threshold = norm.ppf(self.rate)
        normal = keras.random.normal(ops.shape(x), seed=self.seed_generator, dtype="float32")
        return x * ops.cast(normal >= threshold, x.dtype) / (1 - self.rate)


@correct
class NoConfigNeeded(keras.layers.Layer):
    """Keras remembers plain constructor arguments by itself."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        checked(rate)
        self.rate = rate
        self.chance = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        if training:
            return Base.mask(self, x) * x
        return x

    @property
    def seed_generator(self):
        return self.chance


@correct
class Dropout(Base):
    """Named like Keras's, and none of it."""

    def call(self, x, training=False):
        return x * self.mask(x) if training else x


@correct
class WithOtherLayersInside(Base):
    """Layers that do not drop are nobody's business, whatever their names."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        noise = [keras.layers.GaussianNoise(0.1), keras.layers.GaussianDropout(0.1)]
        self.unused = [keras.layers.Dense(3), keras.layers.BatchNormalization(), {"noise": noise}]
        self.same = keras.layers.Activation("linear", dtype=self.dtype_policy)

    def call(self, x, training=False):
        return self.same(x) * self.mask(x) if training else x


@correct
class ComparesItselfWithKeras(Base):
    """Mentions the forbidden layer, and makes and calls none."""

    like = keras.layers.Dropout
    compute_output_shape = keras.layers.Dropout.compute_output_shape

    def call(self, x, training=False):
        return x * self.mask(x) if training and not isinstance(self, self.like) else x


#: In a notebook: a layer of Keras's to compare with, used outside the class.
FOR_COMPARISON = keras.layers.Dropout(0.5, seed=1)


@correct
class MadeBesideAComparison(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x


FOR_COMPARISON(np.ones((2, 3), np.float32), training=True)


@correct
class TensorFlowsFunction(Base):
    """Not for every backend, and no layer of Keras: TensorFlow's function for dropout."""

    def call(self, x, training=False):
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return ops.zeros_like(x)
        seed = self.seed_generator.next()
        return tf.nn.experimental.stateless_dropout(x, self.rate, seed=tf.cast(seed, tf.int32))


@correct
class OwnLayerInside(keras.layers.Layer):
    """A layer of one's own that does the dropping, under the name of Keras's."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.inner = Dropout(rate, seed=seed, dtype=self.dtype_policy)

    def call(self, x, training=None):
        return self.inner(x, training=training)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def pasted():
    """The text of Keras's own file, run in a cell: somebody's own code, as far as anybody can see."""
    text = inspect.getsource(inspect.getmodule(keras.layers.Dropout))
    space = {"__name__": "__main__"}
    exec(compile(text.replace('@keras_export("keras.layers.Dropout")', ""), "a cell", "exec"), space)
    return space["Dropout"]


CORRECT.append(Entry("PastedFromKeras", "keras_layer", pasted))


# ---------------------------------------------------------------- mistaken


@wrong("not-implemented")
class Stub(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        raise NotImplementedError


@wrong("not-implemented")
class CallStub(Base):
    def call(self, x, training=None):
        raise NotImplementedError


wrong(None)(keras.layers.Dropout(0.5))  # an instance, where the class is asked for
wrong("not-callable")([keras.layers.Dropout])
wrong("not-callable")(0.5)


@wrong("training-ignored")
class NoFlagAlwaysDrops(Base):
    def call(self, x):
        return x * self.mask(x)


@wrong("training-ignored")
class FlagNotLookedAt(Base):
    def call(self, x, training=None):
        return (
            keras.random.dropout(x, self.rate, seed=self.seed_generator) if 0 < self.rate < 1 else x * self.mask(x)
        )


@wrong("training-ignored")
class NoFlagNeverDrops(Base):
    training = False

    def call(self, x):
        return x * self.mask(x) if self.training else x


@wrong("never-drops")
class Identity(Base):
    def call(self, x, training=None):
        return x


@wrong("never-drops")
class MaskNotUsed(Base):
    def call(self, x, training=None):
        if training:
            self.mask(x)
        return x


@wrong("flag-reversed")
class Reversed(Base):
    def call(self, x, training=False):
        return x if training else x * self.mask(x)


@wrong("flag-reversed")
class NotTraining(Base):
    def call(self, x, training=None):
        if not training:
            return keras.random.dropout(x, self.rate, seed=self.seed_generator) if self.rate < 1 else 0 * x
        return x


@wrong("training-by-default")
class TrainingByDefault(Base):
    def call(self, x, training=True):
        return x * self.mask(x) if training else x


@wrong("training-by-default")
class NoneMeansTraining(Base):
    def call(self, x, training=None):
        return x if training is False else x * self.mask(x)


@wrong("scaled-at-test")
class ScaledDownAtTest(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x * (1 - self.rate)


@wrong("scaled-at-test")
class ScaledUpAtTest(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x / (1 - self.rate or 1)


class OwnNumPy(Base):
    """The mask comes from NumPy, seeded as it should be: right in eager calls."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.rng = np.random.default_rng(seed)


@wrong("numpy-in-graph")
class NumPyMask(OwnNumPy):
    def call(self, x, training=False):
        if not training:
            return x
        shape = [size or 1 for size in x.shape]
        return x * ops.cast((self.rng.random(shape) >= self.rate) / (1 - self.rate or 1), x.dtype)


@wrong("numpy-in-graph")
class NumPyWhere(OwnNumPy):
    def call(self, x, training=False):
        if training:
            shape = [1 if size is None else size for size in x.shape]
            dropped = self.rng.uniform(size=shape) < self.rate
            return ops.where(dropped, 0.0, x / (1 - self.rate or 1))
        return x


@wrong("config-lost")
class RateNotInConfig(Base):
    def __init__(self, rate=0.5, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)

    def call(self, x, training=False):
        return x * self.mask(x) if training else x

    def get_config(self):
        config = super().get_config()
        del config["rate"]
        return config


@wrong("config-lost")
class ConfigCannotBeRead(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x

    def get_config(self):
        return {"p": self.rate}


@wrong("config-lost")
class NoConfigAndUnusualArguments(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        checked(rate)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        return x * Base.mask(self, x) if training else x

    def get_config(self):
        return keras.layers.Layer.get_config(keras.layers.Layer())


@wrong("seed-inside")
class ConstantSeed(Base):
    def call(self, x, training=False):
        return (
            keras.random.dropout(x, self.rate, seed=42)
            if training and self.rate < 1
            else (0 * x if training else x)
        )


@wrong("seed-inside")
class SameIntegerEveryTime(Base):
    def call(self, x, training=False):
        if not training:
            return x
        keep = keras.random.uniform(ops.shape(x), seed=self.seed) >= self.rate
        return x * ops.cast(keep, x.dtype) / (1 - self.rate or 1)


@wrong("mask-reused")
class MaskFromTheFirstCall(Base):
    def call(self, x, training=False):
        if not training:
            return x
        if not hasattr(self, "kept_mask"):
            self.kept_mask = ops.convert_to_numpy(self.mask(x))
        return x * self.kept_mask


@wrong("mask-reused")
class MaskFromBuild(Base):
    def build(self, shape):
        size = [size or 1 for size in shape]
        self.kept_mask = (np.random.default_rng(self.seed).random(size) >= self.rate) / (1 - self.rate or 1)

    def call(self, x, training=False):
        return x * ops.cast(self.kept_mask, x.dtype) if training else x


@wrong("ignores-rng")
class SeedNotUsed(Base):
    def call(self, x, training=False):
        if not training:
            return x
        keep = keras.random.uniform(ops.shape(x)) >= self.rate
        return x * ops.cast(keep, x.dtype) / (1 - self.rate or 1)


@wrong("ignores-rng")
class GeneratorWithoutTheSeed(Base):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x, training=False):
        return x * self.mask(x) if training else x


@wrong("seed-inside")
class AlwaysTheSameSeed(Base):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, x, training=False):
        return x * self.mask(x) if training else x


@wrong("dtype-changed")
class Float32Always(Base):
    def call(self, x, training=False):
        x = ops.cast(x, "float32")
        return x * self.mask(x) if training else x


@wrong("dtype-changed")
class Float64Always(Base):
    def call(self, x, training=False):
        x = ops.cast(x, "float64")
        return x * self.mask(x) if training else ops.cast(x, "float32")


@wrong("no-rate-check")
class Unchecked(keras.layers.Layer):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        return x * Base.mask(self, x) if training else x


@wrong("no-rate-check")
class Asserted(Base):
    def __init__(self, rate, seed=None, **kwargs):
        assert 0 <= rate <= 1
        super().__init__(rate, seed, **kwargs)

    def call(self, x, training=False):
        return x * self.mask(x) if training else x


class Noisy(Base):
    """A shape for mistakes in the drawing: `factor(x)` is what the input is multiplied by."""

    def uniform(self, x, shape=None):
        return keras.random.uniform(ops.shape(x) if shape is None else shape, seed=self.seed_generator)

    def normal(self, x):
        return keras.random.normal(ops.shape(x), seed=self.seed_generator)

    def call(self, x, training=False):
        if not training:
            return x
        return ops.zeros_like(x) if self.rate == 1 else x * ops.cast(self.factor(x), x.dtype)


def f32(x):
    return ops.cast(x, "float32")


def exact(noise, rate, axis):
    """Keep the entries whose noise has the highest ranks: always the same number of them."""
    flat = ops.reshape(noise, (-1,)) if axis is None else noise
    ranks = ops.argsort(ops.argsort(flat, axis=-1), axis=-1)
    size = flat.shape[-1] or 1
    return ops.reshape(f32(ranks >= int(round(rate * size))), ops.shape(noise))


def by_mean(mask):
    return f32(mask) / ops.maximum(ops.mean(f32(mask)), 1e-6)


def by_sum(mask):
    return f32(mask) * f32(ops.size(mask)) / ops.maximum(ops.sum(f32(mask)), 1.0)


def pairs(noise):
    """Every other entry repeats the one before."""
    return ops.repeat(noise[..., ::2], 2, axis=-1)[..., : noise.shape[-1]]


def noisy(name, mistake, factor):
    MISTAKEN.append(
        Entry(name, "keras_layer", lambda: type(name, (Noisy,), {"factor": factor}), mistake)
    )  # a new class each time: Keras registers nothing, and entries stay apart


noisy("Swapped", "keep-drop-swapped", lambda self, x: f32(self.uniform(x) < self.rate) / (1 - self.rate))
noisy("SwappedBoth", "keep-drop-swapped", lambda self, x: f32(self.uniform(x) < self.rate) / max(self.rate, 1e-6))
noisy("AHalf", "hard-coded-rate", lambda self, x: f32(self.uniform(x) >= 0.5) / (1 - self.rate))
noisy("AThird", "hard-coded-rate", lambda self, x: f32(self.uniform(x) >= 0.3) / (1 - self.rate))
noisy("Normal", "normal-noise", lambda self, x: f32(self.normal(x) >= self.rate) / (1 - self.rate))
noisy("NormalBelow", "normal-noise", lambda self, x: f32(self.normal(x) < 1 - self.rate) / (1 - self.rate))
noisy("NotScaled", "not-scaled", lambda self, x: self.uniform(x) >= self.rate)
noisy("NotScaledWhere", "not-scaled", lambda self, x: ops.where(self.uniform(x) < self.rate, 0.0, 1.0))
noisy("ByRate", "scaled-by-rate", lambda self, x: f32(self.uniform(x) >= self.rate) / max(self.rate, 1e-6))
noisy("ByRateToo", "scaled-by-rate", lambda self, x: f32(self.uniform(x) > self.rate) * (1 / (self.rate or 1)))
noisy("Down", "scaled-down", lambda self, x: f32(self.uniform(x) >= self.rate) * (1 - self.rate))
noisy("DownToo", "scaled-down", lambda self, x: ops.where(self.uniform(x) < self.rate, 0.0, 1 - self.rate))
noisy("Twice", "scaled-twice", lambda self, x: f32(self.uniform(x) >= self.rate) / (1 - self.rate) ** 2)
noisy("TwiceToo", "scaled-twice", lambda self, x: self.mask(x) / (1 - self.rate))
noisy("SharedRows", "mask-shared-across-rows", lambda self, x: self.mask(x[:1]))
noisy("SharedRowsToo", "mask-shared-across-rows", lambda self, x: self.mask(x[0]))
noisy("SharedColumns", "mask-shared-across-columns", lambda self, x: self.mask(x[..., :1]))
noisy(
    "SharedColumnsToo",
    "mask-shared-across-columns",
    lambda self, x: ops.repeat(self.mask(x[..., :1]), x.shape[-1], -1),
)
noisy("OneCoin", "scalar-mask", lambda self, x: f32(self.uniform(x, ()) >= self.rate) / (1 - self.rate))
noisy("OneCoinToo", "scalar-mask", lambda self, x: f32(self.uniform(x, (1,)) >= self.rate) / (1 - self.rate))
noisy("ExactCount", "fixed-count", lambda self, x: exact(self.uniform(x), self.rate, None) / (1 - self.rate))
noisy("ExactCountPerRow", "fixed-count", lambda self, x: exact(self.uniform(x), self.rate, -1) / (1 - self.rate))
noisy("Renormalised", "renormalised", lambda self, x: by_mean(self.mask(x) > 0))
noisy("RenormalisedToo", "renormalised", lambda self, x: by_sum(self.mask(x) > 0))
noisy("RateInTenths", None, lambda self, x: f32(self.uniform(x) >= round(self.rate, 1)) / (1 - self.rate))
noisy("Sqrt", None, lambda self, x: f32(self.uniform(x) >= self.rate) / (1 - self.rate) ** 0.5)
noisy("Neighbours", None, lambda self, x: f32(pairs(self.uniform(x)) >= self.rate) / (1 - self.rate))


class Shaped(Base):
    def draw(self, x):
        return x * self.mask(x)


@wrong("wrong-shape")
class Flattens(Shaped):
    def call(self, x, training=False):
        return ops.reshape(self.draw(x), (-1,)) if training else x


@wrong("wrong-shape")
class Transposes(Shaped):
    def call(self, x, training=False):
        return ops.transpose(self.draw(x)) if training else x


@wrong("not-an-array")
class ReturnsAPair(Shaped):
    def call(self, x, training=False):
        return (self.draw(x), self.rate) if training else x


@wrong("not-an-array")
class ReturnsAList(Shaped):
    def call(self, x, training=False):
        return [self.draw(x)] if training else x


@wrong("additive")
class Adds(Base):
    def call(self, x, training=False):
        return x + (ops.cast(self.mask(x) > 0, x.dtype) - 1) if training else x


@wrong("additive")
class AddsTheScaled(Base):
    def call(self, x, training=False):
        return x + (self.mask(x) - 1) if training else x


@wrong("returns-mask")
class ReturnsMask(Base):
    def call(self, x, training=False):
        return self.mask(x) if training else x


@wrong("returns-mask")
class ReturnsPlainMask(Base):
    def call(self, x, training=False):
        return ops.cast(self.mask(x) > 0, x.dtype) if training else x


@wrong("nan-at-rate-1")
class DividesByZero(Base):
    def call(self, x, training=False):
        keep = keras.random.uniform(ops.shape(x), seed=self.seed_generator) >= self.rate
        return x * ops.cast(keep, x.dtype) / ops.cast(1 - self.rate, x.dtype) if training else x


@wrong("nan-at-rate-1")
class InfinityTimesZero(Base):
    def call(self, x, training=False):
        keep = keras.random.uniform(ops.shape(x), seed=self.seed_generator) >= self.rate
        return (
            x * (ops.cast(1, x.dtype) / ops.cast(1 - self.rate, x.dtype)) * ops.cast(keep, x.dtype)
            if training
            else x
        )


@wrong(None)
class NeverInFit(Base):
    """Looks at Keras's learning phase of old: right when called by hand, and never in fit."""

    def call(self, x, training=False):
        eager = not isinstance(x, keras.KerasTensor) and hasattr(x, "numpy")
        return x * self.mask(x) if training and eager else x


# ---------------------------------------------------------------- Keras's own layer, in every disguise

FORBIDDEN = "uses-keras-dropout"
wrong(FORBIDDEN)(keras.layers.Dropout)


@wrong(FORBIDDEN)
class EmptySubclass(keras.layers.Dropout):
    pass


class Between(keras.layers.Dropout):
    pass


@wrong(FORBIDDEN)
class Grandchild(Between):
    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@wrong(FORBIDDEN)
class OverridesEverything(keras.layers.Dropout):
    """All of it written anew, and still a layer of Keras's: what is not written comes from there."""

    def __init__(self, rate, seed=None, **kwargs):
        keras.layers.Layer.__init__(self, **kwargs)
        checked(rate)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        return x * Base.mask(self, x) if training else x

    def get_config(self):
        return {**keras.layers.Layer.get_config(self), "rate": self.rate, "seed": self.seed}


wrong(FORBIDDEN)(type("MyDropout", (keras.layers.Dropout,), {}))
wrong(FORBIDDEN)(type("Layer", (tf.keras.layers.Dropout,), {"__module__": "keras.src.layers.layer"}))


class Disguise(type(keras.layers.Layer)):
    """A metaclass that denies where its classes come from."""

    def mro(cls):
        return type.mro(cls)

    @property
    def __mro__(cls):
        return (cls, keras.layers.Layer, object)

    @property
    def __bases__(cls):
        return (keras.layers.Layer,)

    def __subclasscheck__(cls, other):
        return False


@wrong(FORBIDDEN)
class Disguised(keras.layers.Dropout, metaclass=Disguise):
    pass


class Outside(keras.layers.Layer):
    """A shape for layers that have another one do the work: `dropper(rate, seed)` gives what is called."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.prepare()

    def prepare(self):
        self.hold(keras.layers.Dropout(self.rate, seed=self.seed, dtype=self.dtype_policy))

    def call(self, x, training=None):
        return self.held()(x, training=training)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def wraps(name, hold, held, **others):
    """An entry that holds a layer of Keras's in its own way."""
    wrong(FORBIDDEN)(type(name, (Outside,), {"hold": hold, "held": held, **others}))


HELD = {}
wraps("Attribute", lambda self, d: setattr(self, "inner", d), lambda self: self.inner)
wraps("InAList", lambda self, d: setattr(self, "inner", [None, [d]]), lambda self: self.inner[1][0])
wraps("InADict", lambda self, d: setattr(self, "inner", {"a": d}), lambda self: self.inner["a"])
wraps("InAClosure", lambda self, d: setattr(self, "inner", lambda: d), lambda self: self.inner())
wraps("InAGlobal", lambda self, d: HELD.update({id(self): d}), lambda self: HELD[id(self)])
wraps(
    "OnTheClass", lambda self, d: setattr(type(self), f"_{id(self)}", d), lambda self: getattr(self, f"_{id(self)}")
)
wraps("Untracked", lambda self, d: object.__setattr__(self, "inner", d), lambda self: self.inner)
wraps("BoundMethod", lambda self, d: setattr(self, "inner", d.call), lambda self: self.inner)
wraps(
    "Sequential",
    lambda self, d: setattr(self, "inner", keras.Sequential([d], trainable=False)),
    lambda self: self.inner,
)


def functional(self, dropout):
    inputs = keras.Input((None,))
    model = keras.Model(inputs, dropout(inputs))
    self.inner = lambda: model


wraps(
    "Functional",
    functional,
    None,
    call=lambda self, x, training=None: ops.reshape(
        self.inner()(ops.reshape(x, (1, -1)), training=training), ops.shape(x)
    ),
)


def made_by(name, make):
    """An entry whose inner layer is made by `make(rate, seed)`."""

    def prepare(self):
        self.inner = make(self.rate, self.seed)
        self.inner.dtype_policy = self.dtype_policy

    wraps(name, None, lambda self: self.inner, prepare=prepare)


def configured(rate, seed):
    return {"module": "keras.layers", "class_name": "Dropout", "config": {"rate": rate, "seed": seed}}


made_by("Deserialized", lambda rate, seed: keras.layers.deserialize(configured(rate, seed)))
made_by("FromConfig", lambda rate, seed: keras.layers.Dropout.from_config({"rate": rate, "seed": seed}))
made_by("OfASubclass", lambda rate, seed: EmptySubclass(rate, seed=seed))
made_by("OfTensorFlow", lambda rate, seed: tf.keras.layers.Dropout(rate, seed=seed))


@wrong(FORBIDDEN)
class MadeInBuild(Outside):
    def prepare(self):
        checked(self.rate)

    def build(self, shape):
        self.inner = keras.layers.Dropout(self.rate, seed=self.seed, dtype=self.dtype_policy)

    def held(self):
        return self.inner


@wrong(FORBIDDEN)
class MadeInEachCall(Base):
    def call(self, x, training=None):
        return keras.layers.Dropout(self.rate, seed=self.seed, dtype=self.dtype_policy)(x, training=training)


@wrong(FORBIDDEN)
class OnlyInAGraph(Base):
    """Own work where it is called by hand, Keras's in a model."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        inner = keras.layers.Dropout(rate, seed=seed, dtype=self.dtype_policy)
        self.inner = lambda: inner

    def call(self, x, training=None):
        if tf.executing_eagerly():
            return x * self.mask(x) if training else x
        return self.inner()(x, training=training)


@wrong(FORBIDDEN)
class OnlyAfterAWhile(Base):
    """Own work in the first calls."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        inner = keras.layers.Dropout(rate, seed=seed, dtype=self.dtype_policy)
        self.inner, self.calls = (lambda: inner), 0

    def call(self, x, training=None):
        self.calls += 1
        if self.calls > 2:
            return self.inner()(x, training=training)
        return x * self.mask(x) if training else x


class Borrowed(Base):
    """A shape for layers that call Keras's method on themselves."""

    noise_shape = None


@wrong(FORBIDDEN)
class CalledUnbound(Borrowed):
    def call(self, x, training=None):
        return keras.layers.Dropout.call(self, x, training)


@wrong(FORBIDDEN)
class MethodTakenOver(Borrowed):
    call = keras.layers.Dropout.call


@wrong(FORBIDDEN)
class CodeTakenOver(Borrowed):
    call = types.FunctionType(keras.layers.Dropout.call.__code__, {"backend": keras.src.backend})


@wrong(FORBIDDEN)
class CodeRenamed(Borrowed):
    call = types.FunctionType(
        keras.layers.Dropout.call.__code__.replace(co_name="mine", co_qualname="mine", co_filename="mine.py"),
        {"backend": keras.src.backend},
    )


@wrong(FORBIDDEN)
class CodePutIn(Borrowed):
    call = types.FunctionType(Base.mask.__code__, {"backend": keras.src.backend})
    call.__code__ = keras.layers.Dropout.call.__code__.replace(co_filename="mine.py")


@wrong(FORBIDDEN)
class IsReplacedByKeras(keras.layers.Layer):
    def __new__(cls, rate, seed=None, **kwargs):
        return keras.layers.Dropout(rate, seed=seed, **kwargs)


@wrong(FORBIDDEN)
class BecomesKeras(Borrowed):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.__class__ = keras.layers.Dropout


@wrong(FORBIDDEN)
class Delegates:
    """No layer at all: all that is asked of it is asked of Keras's."""

    def __init__(self, rate, seed=None, **kwargs):
        self.inner = keras.layers.Dropout(rate, seed=seed, **kwargs)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __call__(self, *args, **kwargs):
        return self.inner(*args, **kwargs)

    def call(self, x, training=None):
        return self.inner(x, training=training)


class Factory(type):
    def __call__(cls, rate, seed=None, **kwargs):
        return keras.layers.Dropout(rate, seed=seed, **kwargs)


@wrong(FORBIDDEN)
class MadeByItsMetaclass(metaclass=Factory):
    call = keras.layers.Dropout.call


@wrong(FORBIDDEN)
class SpatialWithoutSpace(Borrowed):
    """One value for each channel: then whole channels are single units."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        self.inner = keras.layers.SpatialDropout1D(rate, seed=seed, dtype=self.dtype_policy)

    def call(self, x, training=None):
        flat = ops.reshape(x, (1, 1, -1))
        return ops.reshape(self.inner(flat, training=training), ops.shape(x))


@wrong(FORBIDDEN)
class MaskOfAlphaDropout(Borrowed):
    """Where the other dropping layer has dropped is read from what it makes of ones."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        inner = keras.layers.AlphaDropout(min(rate, 0.99), seed=seed)
        self.inner = lambda: inner

    def call(self, x, training=None):
        if not training or self.rate in (0, 1):
            return x * (not training or self.rate == 0)
        kept = self.inner()(ops.ones(ops.shape(x)), training=True) > 0
        return x * ops.cast(kept, x.dtype) / (1 - self.rate)


@wrong(FORBIDDEN)
class MaskOfACell(Borrowed):
    """A recurrent cell drops, too."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        cell = keras.layers.SimpleRNNCell(1, dropout=rate, seed=seed)
        self.cell = lambda: cell

    def call(self, x, training=None):
        if not training or self.rate in (0, 1):
            return x * (not training or self.rate == 0)
        self.cell().reset_dropout_mask()
        mask = self.cell().get_dropout_mask(ops.ones(ops.shape(x)))
        return x * ops.cast(mask, x.dtype)


@wrong(FORBIDDEN)
class OlderKeras(Borrowed):
    """TensorFlow brings an older Keras along, whose layers are no layers of today's."""

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed, **kwargs)
        inner = OldDropout(rate, seed=seed)
        self.inner = lambda: inner

    def call(self, x, training=None):
        return self.inner()(x, training=bool(training))


@wrong(FORBIDDEN)
class TakesTheProfilerAway(Borrowed):
    """Looks for one watch, and does not know of the others."""

    def call(self, x, training=None):
        sys.setprofile(None)
        return keras.layers.Dropout.call(self, x, training)


PLAIN = keras.src.backend.random.dropout


@wrong(FORBIDDEN)
class TakesTheWatchAway(Borrowed):
    def call(self, x, training=None):
        keras.src.backend.random.dropout = PLAIN
        return keras.layers.Dropout.call(self, x, training)


@wrong(FORBIDDEN)
class TakesBothAway(Outside):
    """Neither watch sees it, but it has the layer inside."""

    def prepare(self):
        self.inner = [keras.layers.Dropout(self.rate, seed=self.seed, dtype=self.dtype_policy)]

    def call(self, x, training=None):
        profiler, watched = sys.getprofile(), keras.src.backend.random.dropout
        sys.setprofile(None)
        keras.src.backend.random.dropout = PLAIN
        try:
            return self.inner[0](x, training=training)
        finally:
            keras.src.backend.random.dropout = watched
            sys.setprofile(profiler)


# ---------------------------------------------------------------- as people write them


@wrong("batch-size-fixed")
class ShapeAsAttribute(Base):
    def call(self, x, training=False):
        if not training or self.rate == 1:
            return x * (self.rate < 1) if training else x
        keep = keras.random.uniform(x.shape, seed=self.seed_generator) >= self.rate
        return ops.cast(keep, x.dtype) * x / (1 - self.rate)


@wrong("batch-size-fixed")
class CountsItsExamples(Base):
    def call(self, x, training=False):
        if not training or self.rate == 1:
            return x * (self.rate < 1) if training else x
        shape = (int(x.shape[0]), *x.shape[1:])
        keep = keras.random.uniform(shape, seed=self.seed_generator) >= self.rate
        return ops.cast(keep, x.dtype) * x / (1 - self.rate)


@wrong("seed-lost")
class ConfigWithoutSeed(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x

    def get_config(self):
        return {**keras.layers.Layer.get_config(self), "rate": self.rate}


@wrong("seed-lost")
class ConfigWithAnotherSeed(Base):
    def call(self, x, training=False):
        return x * self.mask(x) if training else x

    def get_config(self):
        return {**super().get_config(), "seed": None}


@wrong("no-rate-check")
class RefusedInTheFirstCall(Base):
    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(0.5, seed, **kwargs)
        self.rate = rate

    def call(self, x, training=False):
        checked(self.rate)
        return x * self.mask(x) if training else x


@wrong("training-ignored")
class OnlyKeywords(Base):
    def call(self, x, **options):
        return x * self.mask(x) if options.get("training") else x


@wrong(None)
class NoKerasLayer:
    """A plain class, right as far as it goes."""

    def __init__(self, rate, seed=None):
        checked(rate)
        self.rate, self.chance = rate, keras.random.SeedGenerator(seed)

    @property
    def seed_generator(self):
        return self.chance

    def __call__(self, x, training=False):
        return ops.convert_to_tensor(x) * Base.mask(self, ops.convert_to_tensor(x)) if training else x
