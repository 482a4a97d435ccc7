"""Models on a frozen base to judge: correct ones as unlike each other as possible, and mistaken ones by name."""

from functools import partial

import keras
from keras import layers, ops

from tests.banks.masks import Entry, enters

CORRECT: list[Entry] = []
MISTAKEN: list[Entry] = []

correct = enters(CORRECT, "transfer")
wrong = partial(enters, MISTAKEN, "transfer")


def head(x, n_classes, size_inner, droprate):
    """The layers behind the pooling."""
    x = layers.Dense(size_inner, activation="relu")(x)
    x = layers.Dropout(droprate)(x)
    return layers.Dense(n_classes)(x)


def on_features(change):
    """An answer that is right up to the base's features; `change` makes logits of them."""

    def make_model(base, n_classes=10, size_inner=100, droprate=0.5):
        base.trainable = False
        inputs = keras.Input(base.input_shape[1:])
        return keras.Model(inputs, change(base(inputs, training=False), n_classes, size_inner, droprate))

    return make_model


def pooled(change):
    """An answer that is right up to the pooling; `change` makes logits of what that gives."""
    return on_features(lambda x, *sizes: change(layers.GlobalAveragePooling2D()(x), *sizes))


def with_base(run):
    """An answer that is right but for the base; `run` freezes it, or not, and makes features of the inputs."""

    def make_model(base, n_classes=10, size_inner=100, droprate=0.5):
        inputs = keras.Input(base.input_shape[1:])
        x = layers.GlobalAveragePooling2D()(run(base, inputs))
        return keras.Model(inputs, head(x, n_classes, size_inner, droprate))

    return make_model


def right(mistake, make_model, name):
    MISTAKEN.append(Entry(name, "transfer", lambda: make_model, mistake))


# ---------------------------------------------------------------- correct


@correct
def functional(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(shape=base.input_shape[1:])
    x = base(inputs, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(size_inner, activation="relu")(x)
    x = layers.Dropout(droprate)(x)
    outputs = layers.Dense(n_classes)(x)
    return keras.Model(inputs, outputs)


class Transfer(keras.Model):
    def __init__(self, base, n_classes, size_inner, droprate):
        super().__init__()
        base.trainable = False
        self.base = base
        self.pool = layers.GlobalAveragePooling2D()
        self.inner = layers.Dense(size_inner, activation="relu")
        self.drop = layers.Dropout(droprate)
        self.out = layers.Dense(n_classes)

    def features(self, images, training):
        return self.base(images, training=False)

    def call(self, images, training=False):
        x = self.pool(self.features(images, training))
        return self.out(self.drop(self.inner(x), training=training))


@correct
def subclassed(base, n_classes=10, size_inner=100, droprate=0.5):
    return Transfer(base, n_classes, size_inner, droprate)


class Frozen(layers.Layer):
    """Runs a model in inference mode, whatever it is told."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.trainable = False

    def call(self, x):
        return self.base(x, training=False)


@correct
def sequential_around_a_layer(base, n_classes=10, size_inner=100, droprate=0.5):
    steps = [Frozen(base), layers.GlobalAveragePooling2D(), layers.Dense(size_inner), layers.ReLU()]
    return keras.Sequential(
        [keras.Input(base.input_shape[1:]), *steps, layers.Dropout(droprate), layers.Dense(n_classes)]
    )


@correct
def sequential_around_a_lambda(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    return keras.Sequential(
        [
            layers.Lambda(lambda x: base(x, training=False)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(size_inner, activation=keras.activations.relu),
            layers.Dropout(droprate),
            layers.Dense(n_classes, activation="linear"),
        ]
    )


@correct
def with_functions(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(base.inputs[0].shape[1:])
    x = ops.mean(base(inputs, training=False), axis=(1, 2))
    x = ops.relu(layers.Dense(size_inner)(x))
    return keras.Model(inputs, layers.Dense(n_classes)(layers.Dropout(droprate)(x)))


@correct
def frozen_layer_by_layer_and_later(base, n_classes=10, size_inner=100, droprate=0.5):
    inputs = keras.Input(base.input_shape[1:])
    x = layers.GlobalAveragePooling2D(keepdims=True)(base(inputs, training=False))
    model = keras.Model(inputs, head(layers.Flatten()(x), n_classes, size_inner, droprate))
    for layer in base.layers:
        layer.trainable = False
    return model


@correct
def averaged_over_a_window(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    x = base(inputs, training=False)
    x = layers.AveragePooling2D(pool_size=tuple(x.shape[1:3]))(x)
    x = layers.Reshape((-1,))(x)
    model = keras.Model(inputs, head(x, n_classes, size_inner, droprate))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@correct
def averaged_over_a_list_of_places(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:], name="image")
    maps = base(inputs, training=False)
    x = layers.GlobalAveragePooling1D()(layers.Reshape((-1, maps.shape[-1]))(maps))
    rest = keras.Sequential(
        [layers.Dense(size_inner, "relu"), layers.Dropout(droprate, seed=1), layers.Dense(n_classes)]
    )
    return keras.Model(inputs, rest(x))


@correct
def feature_extractor(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    extract = keras.Model(base.inputs, layers.GlobalAveragePooling2D()(base.outputs[0]))
    inputs = keras.Input(base.input_shape[1:])
    return keras.Model(inputs, head(extract(inputs, training=False), n_classes, size_inner, droprate))


@correct
def layer_after_layer(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    x = inputs = keras.Input(base.input_shape[1:])
    for layer in base.layers:
        if not isinstance(layer, layers.InputLayer):
            x = layer(x, training=False)
    return keras.Model(inputs, head(layers.GlobalAveragePooling2D()(x), n_classes, size_inner, droprate))


class TwoParts(keras.Model):
    def __init__(self, base, rest):
        super().__init__()
        self.base, self.rest = base, rest
        self.base.trainable = False

    def call(self, images, training=None):
        maps = self.base(images, training=False)
        return self.rest(ops.mean(ops.mean(maps, axis=1), axis=1), training=training)


@correct
def two_means(base, n_classes=10, size_inner=100, droprate=0.5):
    inner = layers.Dense(size_inner, "relu", kernel_initializer="he_normal", kernel_regularizer="l2")
    rest = keras.Sequential([inner, layers.Dropout(droprate), layers.Dense(n_classes, name="logits")])
    return TwoParts(base, rest)


@correct
def no_layer_for_rate_0(base, n_classes=10, size_inner=100, droprate=0.5):
    keras.utils.set_random_seed(3)
    base.trainable = False
    inputs = keras.Input(batch_shape=base.input_shape)
    x = layers.Activation("relu")(
        layers.Dense(size_inner)(layers.GlobalAveragePooling2D()(base(inputs, training=False)))
    )
    return keras.Model(
        inputs, layers.Dense(n_classes)(layers.Dropout(droprate)(x) if droprate else x), name="transfer"
    )


@correct
def sequential(base, n_classes=10, size_inner=100, droprate=0.5):
    """Frozen, which in Keras keeps batch normalisation in inference mode, and not told anything."""
    base.trainable = False
    tail = [layers.Dense(size_inner, "relu"), layers.Dropout(droprate), layers.Dense(n_classes)]
    return keras.Sequential([base, layers.GlobalAveragePooling2D(), *tail])


@correct
def graph_of_the_base_prolonged(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base.outputs[0])
    return keras.Model(base.inputs, head(x, n_classes, size_inner, droprate))


# ---------------------------------------------------------------- the base


right("base-not-frozen", with_base(lambda base, x: base(x, training=False)), "not_frozen")


class FrozenTooEarly(layers.Layer):
    """Frozen before it has anything to freeze."""

    def __init__(self, base):
        super().__init__(trainable=False)
        self.base = base

    def call(self, x):
        return self.base(x, training=False)


@wrong("base-not-frozen")
def frozen_too_early(base, n_classes=10, size_inner=100, droprate=0.5):
    tail = [layers.Dense(size_inner, "relu"), layers.Dropout(droprate), layers.Dense(n_classes)]
    return keras.Sequential([FrozenTooEarly(base), layers.GlobalAveragePooling2D(), *tail])


class NotFrozen(Transfer):
    def __init__(self, base, *sizes):
        super().__init__(base, *sizes)
        self.base.trainable = True


@wrong("base-not-frozen")
def thawed_again(base, n_classes=10, size_inner=100, droprate=0.5):
    return NotFrozen(base, n_classes, size_inner, droprate)


def only_the_last(base, x):
    for layer in base.layers[:-2]:
        layer.trainable = False
    return base(x, training=False)


right("base-not-frozen", with_base(only_the_last), "only_some_layers_frozen")


def frozen(base, x, **flag):
    base.trainable = False
    return base(x, **flag)


right("batchnorm-running", with_base(lambda base, x: base(x)), "nothing_said")
right("batchnorm-running", with_base(lambda base, x: base(x, training=True)), "always_training")


class Running(Transfer):
    def features(self, images, training):
        self.base.trainable = True
        return self.base(images, training=training)


@wrong("batchnorm-running")
def flag_passed_on(base, n_classes=10, size_inner=100, droprate=0.5):
    return Running(base, n_classes, size_inner, droprate)


@wrong("batchnorm-running")
def statistics_let_loose(base, n_classes=10, size_inner=100, droprate=0.5):
    """Frozen but for batch normalisation, whose kernels stay: as in some recipes for fine-tuning."""
    model = functional(base, n_classes, size_inner, droprate)
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
    return model


right("training-by-default", with_base(lambda base, x: frozen(base, x, training=True)), "frozen_and_training")


class AlwaysTold(Transfer):
    def features(self, images, training):
        return self.base(images, training=True)


@wrong("base-told-training")
def told_always(base, n_classes=10, size_inner=100, droprate=0.5):
    return AlwaysTold(base, n_classes, size_inner, droprate)


class ToldLayer(layers.Layer):
    def __init__(self, base):
        super().__init__()
        base.trainable = False
        self.base = base

    def call(self, x):
        return self.base(x, training=True)


@wrong("base-told-training")
def told_in_a_layer(base, n_classes=10, size_inner=100, droprate=0.5):
    tail = [layers.Dense(size_inner, "relu"), layers.Dropout(droprate), layers.Dense(n_classes)]
    return keras.Sequential([ToldLayer(base), layers.GlobalAveragePooling2D(), *tail])


@wrong("base-not-used")
def a_base_of_its_own(base, n_classes=10, size_inner=100, droprate=0.5):
    return functional(keras.models.clone_model(base), n_classes, size_inner, droprate)


@wrong("base-not-used")
def copied(base, n_classes=10, size_inner=100, droprate=0.5):
    twin = keras.models.clone_model(base)
    twin.set_weights(base.get_weights())
    return functional(twin, n_classes, size_inner, droprate)


@wrong("base-not-used")
def a_network_from_scratch(base, n_classes=10, size_inner=100, droprate=0.5):
    inputs = keras.Input(base.input_shape[1:])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(inputs))
    return keras.Model(inputs, head(x, n_classes, size_inner, droprate))


@wrong("base-weights-changed")
def weights_of_ones(base, n_classes=10, size_inner=100, droprate=0.5):
    base.set_weights([ops.ones_like(weight) for weight in base.get_weights()])
    return functional(base, n_classes, size_inner, droprate)


@wrong("base-weights-changed")
def initialised_again(base, n_classes=10, size_inner=100, droprate=0.5):
    base.set_weights(keras.models.clone_model(base).get_weights())
    return functional(base, n_classes, size_inner, droprate)


def fixed_size(size):
    def make_model(base, n_classes=10, size_inner=100, droprate=0.5):
        base.trainable = False
        inputs = keras.Input(shape=size)
        x = layers.GlobalAveragePooling2D()(base(inputs, training=False))
        return keras.Model(inputs, head(x, n_classes, size_inner, droprate))

    return make_model


right("input-size-fixed", fixed_size((150, 150, 3)), "size_of_the_notebook")


class Resized(Transfer):
    def __init__(self, *given):
        super().__init__(*given)
        self.build((None, 150, 150, 3))


@wrong("input-size-fixed")
def built_for_one_size(base, n_classes=10, size_inner=100, droprate=0.5):
    inputs = keras.Input((150, 150, 3))
    return keras.Model(inputs, Transfer(base, n_classes, size_inner, droprate)(inputs))


right(None, fixed_size((299, 299, 3)), "size_of_xception")


# ---------------------------------------------------------------- pooling


right("pooling-missing", on_features(head), "no_pooling")
right(
    "pooling-missing", on_features(lambda x, *sizes: head(layers.Activation("linear")(x), *sizes)), "no_pooling_2"
)
right("flattened-not-pooled", on_features(lambda x, *sizes: head(layers.Flatten()(x), *sizes)), "flattened")
right("flattened-not-pooled", on_features(lambda x, *sizes: head(layers.Reshape((-1,))(x), *sizes)), "reshaped")
right("max-pooling", on_features(lambda x, *sizes: head(layers.GlobalMaxPooling2D()(x), *sizes)), "max_layer")
right("max-pooling", on_features(lambda x, *sizes: head(ops.max(x, axis=(1, 2)), *sizes)), "max_function")
right(None, on_features(lambda x, *sizes: head(ops.mean(x, axis=(1, 3)), *sizes)), "wrong_axes")
right(None, on_features(lambda x, *sizes: head(ops.sum(x, axis=(1, 2)), *sizes)), "sum")
right(None, on_features(lambda x, *sizes: head(x[:, 0, 0], *sizes)), "one_place")
right(None, pooled(lambda x, *sizes: head(layers.ReLU()(x), *sizes)), "relu_on_means")
right(None, pooled(lambda x, *sizes: head(layers.BatchNormalization()(x), *sizes)), "normalised_means")
right(
    None,
    on_features(lambda x, *sizes: head(layers.Flatten()(layers.AveragePooling2D(2)(x)), *sizes)),
    "averages_of_windows",
)


# ---------------------------------------------------------------- the head


right(
    "activation-missing",
    pooled(lambda x, n, size, rate: layers.Dense(n)(layers.Dropout(rate)(layers.Dense(size)(x)))),
    "linear",
)


class Linear(Transfer):
    def __init__(self, *given):
        super().__init__(*given)
        self.inner.activation = keras.activations.linear


@wrong("activation-missing")
def linear_subclass(base, n_classes=10, size_inner=100, droprate=0.5):
    return Linear(base, n_classes, size_inner, droprate)


for _activation in ("tanh", "sigmoid", "gelu", "leaky_relu", "relu6", "softmax"):

    def _hidden(x, n, size, rate, activation=_activation):
        return layers.Dense(n)(layers.Dropout(rate)(layers.Dense(size, activation)(x)))

    right("wrong-activation", pooled(_hidden), f"activation_{_activation}")


right("wrong-widths", pooled(lambda x, n, size, rate: head(x, n, 100, rate)), "always_100_units")
right("wrong-widths", pooled(lambda x, n, size, rate: head(x, 10, size, rate)), "always_10_classes")
right("wrong-widths", pooled(lambda x, n, size, rate: head(x, size, n, rate)), "sizes_swapped")
right("wrong-widths", pooled(lambda x, n, size, rate: layers.Dense(n)(x)), "no_hidden_layer")
right(
    "wrong-widths",
    pooled(lambda x, n, size, rate: head(layers.Dense(size, "relu")(x), n, size, rate)),
    "two_hidden_layers",
)


@wrong("wrong-widths")
def other_order_of_arguments(base, size_inner=100, n_classes=10, droprate=0.5):
    return functional(base, n_classes, size_inner, droprate)


@wrong("dropout-missing")
def no_dropout(base, n_classes=10, size_inner=100, droprate=0.5):
    return pooled(lambda x, n, size, rate: layers.Dense(n)(layers.Dense(size, "relu")(x)))(
        base, n_classes, size_inner
    )


class NotUsed(Transfer):
    def call(self, images, training=False):
        x = self.inner(self.pool(self.base(images, training=False)))
        self.drop(x, training=training)
        return self.out(x)


@wrong("dropout-missing")
def result_not_used(base, n_classes=10, size_inner=100, droprate=0.5):
    return NotUsed(base, n_classes, size_inner, droprate)


def dropped(*places):
    """Dropout in these places: "pooled", "dense", "activation" or "logits"."""

    def change(x, n, size, rate):
        def drop(x, place):
            return layers.Dropout(rate)(x) if place in places else x

        x = drop(layers.Dense(size)(drop(x, "pooled")), "dense")
        return drop(layers.Dense(n)(drop(layers.ReLU()(x), "activation")), "logits")

    return pooled(change)


right("dropout-on-features", dropped("pooled"), "dropped_features")
right("dropout-on-features", dropped("pooled", "activation"), "features_too")
right(
    "dropout-on-features",
    on_features(
        lambda x, n, size, rate: head(layers.GlobalAveragePooling2D()(layers.Dropout(rate)(x)), n, size, rate)
    ),
    "maps_too",
)
right("dropout-before-activation", dropped("dense"), "before_activation")
right(
    "dropout-before-activation",
    pooled(lambda x, n, size, rate: layers.Dense(n)(ops.relu(layers.Dropout(rate)(layers.Dense(size)(x))))),
    "before_function",
)
right("dropout-on-output", dropped("activation", "logits"), "logits_too")
right("dropout-on-output", dropped("logits"), "logits_only")

for _kind in (layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise):

    def _relative(x, n, size, rate, kind=_kind):
        return layers.Dense(n)(kind(rate)(layers.Dense(size, "relu")(x)))

    right("wrong-dropout-layer", pooled(_relative), f"relative_{_kind.__name__}")


right("keep-drop-swapped", pooled(lambda x, n, size, rate: head(x, n, size, 1 - rate)), "keep_for_rate")


@wrong("keep-drop-swapped")
def keep_in_a_subclass(base, n_classes=10, size_inner=100, droprate=0.5):
    return Transfer(base, n_classes, size_inner, 1.0 - droprate)


right("hard-coded-rate", pooled(lambda x, n, size, rate: head(x, n, size, 0.5)), "always_a_half")
right("hard-coded-rate", pooled(lambda x, n, size, rate: head(x, n, size, 0.2)), "always_a_fifth")


class Flag(Transfer):
    def __init__(self, *given, flag):
        super().__init__(*given)
        self.flag = flag

    def call(self, images, training=False):
        x = self.inner(self.pool(self.base(images, training=False)))
        return self.out(self.drop(x, training=self.flag))


@wrong("training-ignored")
def never_drops(base, n_classes=10, size_inner=100, droprate=0.5):
    return Flag(base, n_classes, size_inner, droprate, flag=False)


class NotPassedOn(Transfer):
    """In Keras 3 the base's False is what later layers find if nobody tells them anything."""

    def call(self, images):
        x = self.inner(self.pool(self.base(images, training=False)))
        return self.out(self.drop(x))


@wrong("training-ignored")
def no_argument(base, n_classes=10, size_inner=100, droprate=0.5):
    return NotPassedOn(base, n_classes, size_inner, droprate)


@wrong("drops-at-test")
def always_drops(base, n_classes=10, size_inner=100, droprate=0.5):
    return Flag(base, n_classes, size_inner, droprate, flag=True)


@wrong("drops-at-test")
def keras_random(base, n_classes=10, size_inner=100, droprate=0.5):
    drop = layers.Dropout(droprate)
    tail = [
        layers.Dense(size_inner, "relu"),
        layers.Lambda(lambda x: drop(x, training=True)),
        layers.Dense(n_classes),
    ]
    return keras.Sequential([Frozen(base), layers.GlobalAveragePooling2D(), *tail])


class TrainingByDefault(Transfer):
    def call(self, images, training=True):
        return super().call(images, training=training)


@wrong("training-by-default")
def training_by_default(base, n_classes=10, size_inner=100, droprate=0.5):
    return TrainingByDefault(base, n_classes, size_inner, droprate)


@wrong("training-by-default")
def flag_true(base, n_classes=10, size_inner=100, droprate=0.5):
    def change(x, n, size, rate):
        return layers.Dense(n)(layers.Dropout(rate)(layers.Dense(size, "relu")(x), training=True))

    return pooled(change)(base, n_classes, size_inner, droprate)


right("softmax-and-logits", pooled(lambda x, *sizes: layers.Softmax()(head(x, *sizes))), "softmax_layer")
right("softmax-and-logits", pooled(lambda x, *sizes: ops.softmax(head(x, *sizes))), "softmax_function")
right(None, pooled(lambda x, *sizes: ops.sigmoid(head(x, *sizes))), "sigmoids")
right(None, pooled(lambda x, *sizes: ops.relu(head(x, *sizes))), "logits_behind_relu")


@wrong("layer-frozen")
def all_frozen(base, n_classes=10, size_inner=100, droprate=0.5):
    model = functional(base, n_classes, size_inner, droprate)
    model.trainable = False
    return model


@wrong("layer-frozen")
def hidden_frozen(base, n_classes=10, size_inner=100, droprate=0.5):
    model = Transfer(base, n_classes, size_inner, droprate)
    model.inner.trainable = False
    return model


# ---------------------------------------------------------------- stubs, and mistakes that are not listed


@wrong("not-implemented")
def stub(base, n_classes=10, size_inner=100, droprate=0.5):
    raise NotImplementedError


@wrong("not-implemented")
def forgotten_return(base, n_classes=10, size_inner=100, droprate=0.5):
    functional(base, n_classes, size_inner, droprate)


right("not-callable", 0.3, "a_number")
right("not-callable", ["base"], "a_list")


@wrong(None)
def the_base(base, n_classes=10, size_inner=100, droprate=0.5):
    return base


@wrong(None)
def a_pair(base, n_classes=10, size_inner=100, droprate=0.5):
    return base, functional(base, n_classes, size_inner, droprate)


@wrong(None)
def a_tensor(base, n_classes=10, size_inner=100, droprate=0.5):
    return functional(base, n_classes, size_inner, droprate).outputs[0]


@wrong(None)
def no_defaults(base, n_classes, size_inner, droprate):
    return functional(base, n_classes, size_inner, droprate)


@wrong(None)
def other_defaults(base, n_classes=10, size_inner=100, droprate=0.2):
    return functional(base, n_classes, size_inner, droprate)


@wrong(None)
def only_the_base(base):
    return functional(base)


right(None, pooled(lambda x, n, size, rate: head(x, n, size, rate / 2)), "half_the_rate")
right(None, pooled(lambda x, n, size, rate: head(x, n, size, round(rate, 1))), "rounded_rate")


@wrong(None)
def no_bias(base, n_classes=10, size_inner=100, droprate=0.5):
    def change(x, n, size, rate):
        x = layers.Dense(size, "relu", use_bias=False)(x)
        return layers.Dense(n, use_bias=False)(layers.Dropout(rate)(x))

    return pooled(change)(base, n_classes, size_inner, droprate)


@wrong(None)
def preprocessed(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    x = base(layers.Rescaling(1 / 127.5, offset=-1)(inputs), training=False)
    return keras.Model(inputs, head(layers.GlobalAveragePooling2D()(x), n_classes, size_inner, droprate))


@wrong(None)
def augmented(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    x = base(layers.RandomFlip()(inputs), training=False)
    return keras.Model(inputs, head(layers.GlobalAveragePooling2D()(x), n_classes, size_inner, droprate))


@wrong("batchnorm-running")
def stopped_gradient(base, n_classes=10, size_inner=100, droprate=0.5):
    inputs = keras.Input(base.input_shape[1:])
    x = layers.GlobalAveragePooling2D()(ops.stop_gradient(base(inputs, training=False)))
    return keras.Model(inputs, head(x, n_classes, size_inner, droprate))


@wrong(None)
def dropped_by_a_function(base, n_classes=10, size_inner=100, droprate=0.5):
    class ByFunction(Transfer):
        def call(self, images, training=False):
            x = self.inner(self.pool(self.base(images, training=False)))
            return self.out(keras.random.dropout(x, droprate) if training else x)

    return ByFunction(base, n_classes, size_inner, droprate)


@wrong(None)
def normalised_head(base, n_classes=10, size_inner=100, droprate=0.5):
    def change(x, n, size, rate):
        x = layers.BatchNormalization()(layers.Dense(size, "relu")(x))
        return layers.Dense(n)(layers.Dropout(rate)(x))

    return pooled(change)(base, n_classes, size_inner, droprate)


@wrong(None)
def classes_as_an_image(base, n_classes=10, size_inner=100, droprate=0.5):
    return pooled(lambda x, *sizes: layers.Reshape((1, -1))(head(x, *sizes)))(base, n_classes, size_inner, droprate)


# ---------------------------------------------------------------- as people write them


@correct
def input_and_output_of_the_base(base, n_classes=10, size_inner=100, droprate=0.5):
    """The form that most people write: a model from the base's input to a head on its output."""
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base.output)
    x = layers.Dense(size_inner, activation="relu")(x)
    x = layers.Dropout(droprate)(x)
    return keras.Model(base.input, layers.Dense(n_classes)(x))


@correct
def inputs_and_outputs_of_the_base(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base.output)
    x = layers.Dropout(droprate)(layers.Dense(size_inner, activation="relu")(x))
    return keras.Model(inputs=[base.input], outputs=[layers.Dense(n_classes)(x)])


@correct
def sequential_of_base_and_head(base, n_classes=10, size_inner=100, droprate=0.5):
    base.trainable = False
    head = [layers.Dense(size_inner, activation="relu"), layers.Dropout(droprate), layers.Dense(n_classes)]
    return keras.Sequential([base, layers.GlobalAveragePooling2D(), *head])
