"""Classifiers to judge: correct ones as unlike each other as possible, and mistaken ones with their names."""

from functools import partial

import keras
import numpy as np
from keras import layers, ops

from tests.banks.masks import Entry, enters

CORRECT: list[Entry] = []
MISTAKEN: list[Entry] = []

correct = enters(CORRECT, "classifier")
wrong = partial(enters, MISTAKEN, "classifier")


def compiled(model, optimizer="adam", loss="sparse_categorical_crossentropy", **options):
    """The model, compiled."""
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], **options)
    return model


def stack(*parts):
    """A Sequential model of these layers between the images and a softmax, compiled."""
    found = [layer for part in parts for layer in (part if isinstance(part, list) else [part])]
    return compiled(keras.Sequential([keras.Input((28, 28)), *found]))


def softmax():
    return layers.Dense(10, activation="softmax")


def relu(width):
    return layers.Dense(width, activation="relu")


# ---------------------------------------------------------------- correct


@correct
def sequential(hidden, rate):
    model = keras.Sequential([keras.Input((28, 28)), layers.Flatten()])
    for width in hidden:
        model.add(layers.Dense(width, activation="relu"))
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(10, activation="softmax"))
    return compiled(model)


@correct
def functional(hidden, rate):
    inputs = keras.Input(shape=(28, 28))
    x = layers.Flatten()(inputs)
    for width in hidden:
        x = layers.Dense(width)(x)
        x = layers.ReLU()(x)
        x = layers.Dropout(rate)(x)
    outputs = layers.Softmax()(layers.Dense(10)(x))
    return compiled(keras.Model(inputs, outputs), keras.optimizers.SGD(0.01))


@correct
def with_functions(hidden, rate):
    inputs = keras.Input((28, 28), name="image")
    x = ops.reshape(inputs, (-1, 784))
    for width in hidden:
        x = layers.Dropout(rate)(keras.activations.relu(layers.Dense(width)(x)))
    loss = keras.losses.SparseCategoricalCrossentropy()
    return compiled(keras.Model(inputs, ops.softmax(layers.Dense(10)(x))), "rmsprop", loss)


class Classifier(keras.Model):
    def __init__(self, hidden, rate):
        super().__init__()
        self.flatten = layers.Flatten()
        self.hidden = [layers.Dense(width, activation="relu") for width in hidden]
        self.drops = [layers.Dropout(rate) for _ in hidden]
        self.out = layers.Dense(10, activation="softmax")

    def call(self, x, training=None):
        x = self.flatten(x)
        for dense, drop in zip(self.hidden, self.drops, strict=True):
            x = drop(dense(x), training=training)
        return self.out(x)


@correct
def subclassed(hidden, rate):
    return compiled(Classifier(hidden, rate), keras.optimizers.Adam(0.01))


class OnlyInTraining(keras.Model):
    """Calls its Dropout layers in training only."""

    def __init__(self, hidden, rate):
        super().__init__()
        self.steps = [(layers.Dense(width), layers.Dropout(rate)) for width in hidden]
        self.out = layers.Dense(10)

    def call(self, inputs, training=False):
        x = ops.reshape(inputs, (ops.shape(inputs)[0], 28 * 28))
        for dense, drop in self.steps:
            x = ops.maximum(dense(x), 0.0)
            if training:
                x = drop(x, training=True)
        return ops.softmax(self.out(x), axis=-1)


@correct
def dropout_called_in_training_only(hidden, rate):
    return compiled(OnlyInTraining(hidden, rate), loss=keras.losses.sparse_categorical_crossentropy)


class Block(layers.Layer):
    def __init__(self, width, rate, **options):
        super().__init__(**options)
        self.inner = keras.Sequential([layers.Dense(width), layers.Activation("relu"), layers.Dropout(rate)])

    def call(self, x, training=None):
        return self.inner(x, training=training)


@correct
def blocks_in_blocks(hidden, rate):
    body = keras.Sequential([layers.Flatten(), *(Block(width, rate) for width in hidden)])
    inputs = keras.Input((28, 28))
    return compiled(keras.Model(inputs, softmax()(body(inputs))))


@correct
def no_layer_for_rate_0(hidden, rate):
    found = [layers.Reshape((784,))]
    for width in hidden:
        found.append(relu(width))
        if rate > 0:
            found.append(layers.Dropout(rate, seed=3))
    return stack(found, softmax())


@correct
def not_built_yet(hidden, rate):
    pairs = [pair for width in hidden for pair in (relu(width), layers.Dropout(rate))]
    return compiled(keras.Sequential([layers.Flatten(), *pairs, softmax()]))


@correct
def channel_added(hidden, rate):
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(inputs)
    for width in hidden:
        x = layers.Dense(width, activation=layers.ReLU(), kernel_initializer="he_normal")(x)
        x = layers.Dropout(rate)(x)
    return compiled(keras.Model(inputs, softmax()(x)), run_eagerly=True)


@correct
def regularised(hidden, rate):
    found = [layers.Flatten(input_shape=(28, 28))] if False else [layers.Flatten()]
    for width in hidden:
        found += [layers.Dense(width, "relu", kernel_regularizer="l2", use_bias=False), layers.Dropout(rate)]
    return stack(found, softmax())


class MyDropout(layers.Dropout):
    """A Dropout layer under another name."""


@correct
def named_layers(hidden, rate):
    keras.utils.set_random_seed(7)
    x = inputs = keras.Input((28, 28))
    x = layers.Identity()(layers.Flatten(name="flat")(x))
    for number, width in enumerate(hidden):
        x = layers.Dense(width, activation=keras.activations.relu, name=f"hidden_{number}")(x)
        x = MyDropout(rate, name=f"drop_{number}")(x)
    return compiled(keras.Model(inputs, softmax()(x), name="classifier"))


@correct
def own_model_class(hidden, rate):
    class Named(keras.Sequential):
        pass

    model = Named()
    model.add(keras.Input((28, 28)))
    model.add(layers.Flatten())
    for width in hidden:
        for layer in (layers.Dense(width, activation=lambda z: ops.maximum(z, 0)), layers.Dropout(rate=rate)):
            model.add(layer)
    model.add(softmax())
    return compiled(model, keras.optimizers.SGD(0.05, momentum=0.9))


# ---------------------------------------------------------------- layers


def hidden_layers(hidden, rate):
    return [layer for width in hidden for layer in (relu(width), layers.Dropout(rate))]


@wrong("flatten-missing")
def no_flatten(hidden, rate):
    return stack(hidden_layers(hidden, rate), softmax())


@wrong("flatten-missing")
def no_flatten_functional(hidden, rate):
    x = inputs = keras.Input((28, 28))
    for width in hidden:
        x = layers.Dropout(rate)(relu(width)(x))
    return compiled(keras.Model(inputs, softmax()(x)))


@wrong("activation-missing")
def linear(hidden, rate):
    pairs = [layer for width in hidden for layer in (layers.Dense(width), layers.Dropout(rate))]
    return stack(layers.Flatten(), pairs, softmax())


@wrong("activation-missing")
def linear_first(hidden, rate):
    pairs = [
        layer
        for number, width in enumerate(hidden)
        for layer in (layers.Dense(width, activation="relu" if number else "linear"), layers.Dropout(rate))
    ]
    return stack(layers.Flatten(), pairs, softmax())


class ForgetsActivation(Classifier):
    def call(self, x, training=None):
        x = self.flatten(x)
        for dense, drop in zip(self.hidden, self.drops, strict=True):
            dense.activation = keras.activations.linear
            x = drop(dense(x), training=training)
        return self.out(x)


@wrong("activation-missing")
def linear_subclass(hidden, rate):
    return compiled(ForgetsActivation(hidden, rate))


for _activation in ("tanh", "sigmoid", "leaky_relu", "relu6", "elu", "gelu", "selu", "softplus", "silu", "softmax"):

    def _with_activation(hidden, rate, activation=_activation):
        dense = [layer for w in hidden for layer in (layers.Dense(w, activation=activation), layers.Dropout(rate))]
        return stack(layers.Flatten(), dense, softmax())

    _name = "wrong-activation"
    MISTAKEN.append(Entry(f"activation_{_activation}", "classifier", lambda f=_with_activation: f, _name))


@wrong("wrong-activation")
def leaky_layer(hidden, rate):
    dense = [step for w in hidden for step in (layers.Dense(w), layers.LeakyReLU(0.01), layers.Dropout(rate))]
    return stack(layers.Flatten(), dense, softmax())


@wrong("wrong-widths")
def fixed_widths(hidden, rate):
    return stack(layers.Flatten(), hidden_layers([64, 32], rate), softmax())


@wrong("wrong-widths")
def backwards(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden[::-1], rate), softmax())


@wrong("wrong-widths")
def first_width_only(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden[:1], rate), softmax())


@wrong("wrong-widths")
def first_width_for_all(hidden, rate):
    return stack(layers.Flatten(), hidden_layers([hidden[0] for _ in hidden], rate), softmax())


@wrong("wrong-widths")
def one_more_dense(hidden, rate):
    return stack(layers.Flatten(), hidden_layers([*hidden, 10], rate), softmax())


# ---------------------------------------------------------------- dropout: where


@wrong("dropout-missing")
def once_at_the_end(hidden, rate):
    return stack(layers.Flatten(), [relu(width) for width in hidden], layers.Dropout(rate), softmax())


@wrong("dropout-missing")
def none_at_all(hidden, rate):
    return stack(layers.Flatten(), [relu(width) for width in hidden], softmax())


@wrong("dropout-missing")
def once_at_the_beginning(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden[:1], rate), [relu(w) for w in hidden[1:]], softmax())


class NotUsed(Classifier):
    def call(self, x, training=None):
        x = self.flatten(x)
        for dense, drop in zip(self.hidden, self.drops, strict=True):
            x = dense(x)
            drop(x, training=training)
        return self.out(x)


@wrong("dropout-missing")
def result_not_used(hidden, rate):
    return compiled(NotUsed(hidden, rate))


class NeverCalled(Classifier):
    def call(self, x, training=None):
        x = self.flatten(x)
        for dense in self.hidden:
            x = dense(x)
        return self.out(x)


@wrong("dropout-missing")
def made_and_never_called(hidden, rate):
    return compiled(NeverCalled(hidden, rate))


@wrong("dropout-on-output")
def output_too(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), softmax(), layers.Dropout(rate))


@wrong("dropout-on-output")
def before_softmax(hidden, rate):
    x = inputs = keras.Input((28, 28))
    x = layers.Flatten()(x)
    for width in [*hidden, 10]:
        x = layers.Dropout(rate)(layers.Dense(width, activation="relu" if width != 10 else None)(x))
    return compiled(keras.Model(inputs, layers.Softmax()(x)))


@wrong("dropout-before-activation")
def before_activation(hidden, rate):
    steps = [step for w in hidden for step in (layers.Dense(w), layers.Dropout(rate), layers.ReLU())]
    return stack(layers.Flatten(), steps, softmax())


@wrong("dropout-before-activation")
def before_activation_functional(hidden, rate):
    x = inputs = keras.Input((28, 28))
    x = layers.Flatten()(x)
    for width in hidden:
        x = keras.activations.relu(layers.Dropout(rate)(layers.Dense(width)(x)))
    return compiled(keras.Model(inputs, softmax()(x)))


@wrong("dropout-on-input")
def pixels_too(hidden, rate):
    return stack(layers.Flatten(), layers.Dropout(rate), hidden_layers(hidden, rate), softmax())


@wrong("dropout-on-input")
def before_each_dense(hidden, rate):
    pairs = [layer for width in hidden for layer in (layers.Dropout(rate), relu(width))]
    return stack(pairs[:1], layers.Flatten(), pairs[1:], layers.Dropout(rate), softmax())


class Shared(Classifier):
    def call(self, x, training=None):
        x = self.flatten(x)
        for dense in self.hidden:
            x = self.drops[0](dense(x), training=training)
        return self.out(x)


@wrong("dropout-shared")
def one_for_all_in_a_subclass(hidden, rate):
    return compiled(Shared(hidden, rate))


@wrong("dropout-shared")
def one_for_all(hidden, rate):
    drop = layers.Dropout(rate)
    x = inputs = keras.Input((28, 28))
    x = layers.Flatten()(x)
    for width in hidden:
        x = drop(relu(width)(x))
    return compiled(keras.Model(inputs, softmax()(x)))


for _kind in (layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise):

    def _with_relative(hidden, rate, kind=_kind):
        steps = [step for width in hidden for step in (relu(width), kind(rate))]
        return stack(layers.Flatten(), steps, softmax())

    _name = f"relative_{_kind.__name__}"
    MISTAKEN.append(Entry(_name, "classifier", lambda f=_with_relative: f, "wrong-dropout-layer"))


@wrong("wrong-dropout-layer")
def spatial(hidden, rate):
    steps = []
    for width in hidden:
        steps += [relu(width), layers.Reshape((1, width)), layers.SpatialDropout1D(rate), layers.Flatten()]
    return stack(layers.Flatten(), steps, softmax())


# ---------------------------------------------------------------- dropout: how much, and when


@wrong("keep-drop-swapped")
def keep_for_rate(hidden, rate):
    return sequential(hidden, 1 - rate)


@wrong("keep-drop-swapped")
def keep_for_rate_in_a_subclass(hidden, rate):
    return compiled(Classifier(hidden, rate=1.0 - rate))


@wrong("hard-coded-rate")
def always_a_half(hidden, rate):
    return sequential(hidden, 0.5)


@wrong("hard-coded-rate")
def always_a_fifth(hidden, rate):
    return compiled(Classifier(hidden, 0.2))


class NotPassedOn(Classifier):
    def call(self, x):
        x = self.flatten(x)
        for dense, drop in zip(self.hidden, self.drops, strict=True):
            x = drop(dense(x))
        return self.out(x)


@wrong("training-ignored")
def flag_not_passed_on(hidden, rate):
    return compiled(NotPassedOn(hidden, rate))


@wrong("training-by-default")
def flag_true(hidden, rate):
    x = inputs = keras.Input((28, 28))
    x = layers.Flatten()(x)
    for width in hidden:
        x = layers.Dropout(rate)(relu(width)(x), training=True)
    return compiled(keras.Model(inputs, softmax()(x)))


class AlwaysTraining(Classifier):
    def call(self, x, training=None):
        return super().call(x, training=True)


class FixedInCalls(Classifier):
    def call(self, x):
        return super().call(x, training=True)


class Unaware(OnlyInTraining):
    """Its own Dropout layers are called only if somebody says so, and nobody can."""

    def call(self, inputs):
        return super().call(inputs, training=None)


@wrong("dropout-missing")
def flag_unknown(hidden, rate):
    return compiled(Unaware(hidden, rate))


@wrong("drops-at-test")
def flag_true_without_an_argument(hidden, rate):
    return compiled(FixedInCalls(hidden, rate))


@wrong("drops-at-test")
def flag_true_in_a_subclass(hidden, rate):
    return compiled(AlwaysTraining(hidden, rate))


class TrainingByDefault(Classifier):
    def call(self, x, training=True):
        return super().call(x, training=training)


@wrong("training-by-default")
def training_by_default(hidden, rate):
    return compiled(TrainingByDefault(hidden, rate))


# ---------------------------------------------------------------- output, loss, training


@wrong("softmax-missing")
def logits(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), layers.Dense(10))


@wrong("softmax-missing")
def logits_and_their_loss(hidden, rate):
    model = keras.Sequential([layers.Flatten(), *hidden_layers(hidden, rate), layers.Dense(10)])
    return compiled(model, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@wrong("sigmoid-output")
def sigmoids(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), layers.Dense(10, activation="sigmoid"))


@wrong("sigmoid-output")
def sigmoid_function(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), layers.Dense(10), layers.Activation("sigmoid"))


@wrong("softmax-and-logits")
def softmax_and_logits(hidden, rate):
    return compiled(Classifier(hidden, rate), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@wrong("softmax-and-logits")
def softmax_and_logits_in_a_function(hidden, rate):
    def loss(y, p):
        return keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)

    return compiled(sequential(hidden, rate), loss=loss)


@wrong("one-hot-loss")
def one_hot(hidden, rate):
    return compiled(sequential(hidden, rate), loss="categorical_crossentropy")


@wrong("one-hot-loss")
def one_hot_object(hidden, rate):
    return compiled(functional(hidden, rate), loss=keras.losses.CategoricalCrossentropy())


@wrong("not-compiled")
def not_compiled(hidden, rate):
    return Classifier(hidden, rate)


@wrong("not-compiled")
def compiled_another(hidden, rate):
    model = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), *hidden_layers(hidden, rate), softmax()])
    compiled(keras.models.clone_model(model))
    return model


@wrong("layer-frozen")
def one_frozen(hidden, rate):
    model = keras.Sequential([layers.Flatten(), *hidden_layers(hidden, rate), softmax()])
    model.layers[1].trainable = False
    return compiled(model)


@wrong("layer-frozen")
def all_frozen(hidden, rate):
    model = Classifier(hidden, rate)
    model.trainable = False
    return compiled(model)


@wrong("mutates-input")
def appends(hidden, rate):
    hidden.append(10)
    steps = hidden_layers(hidden[:-1], rate)
    return stack(layers.Flatten(), steps, softmax())


@wrong("mutates-input")
def pops(hidden, rate):
    model = keras.Sequential([keras.Input((28, 28)), layers.Flatten()])
    while hidden:
        for layer in hidden_layers([hidden.pop(0)], rate):
            model.add(layer)
    model.add(softmax())
    return compiled(model)


# ---------------------------------------------------------------- stubs, and mistakes that are not listed


@wrong("not-implemented")
def stub(hidden, rate):
    raise NotImplementedError


@wrong("not-implemented")
def forgotten_return(hidden, rate):
    sequential(hidden, rate)


MISTAKEN.append(Entry("a_model", "classifier", lambda: 0.3, "not-callable"))
MISTAKEN.append(Entry("a_list", "classifier", lambda: [200, 100], "not-callable"))


@wrong(None)
def a_list_of_layers(hidden, rate):
    return hidden_layers(hidden, rate)


@wrong(None)
def the_class(hidden, rate):
    return keras.Sequential


@wrong(None)
def a_training_run(hidden, rate):
    return sequential(hidden, rate).fit(np.zeros((4, 28, 28)), np.zeros(4), verbose=0)


@wrong(None)
def flat_input(hidden, rate):
    return compiled(keras.Sequential([keras.Input((784,)), *hidden_layers(hidden, rate), softmax()]))


@wrong(None)
def averaged_rows(hidden, rate):
    return stack(layers.GlobalAveragePooling1D(), hidden_layers(hidden, rate), softmax())


@wrong(None)
def transposed(hidden, rate):
    return stack(layers.Permute((2, 1)), layers.Flatten(), hidden_layers(hidden, rate), softmax())


@wrong(None)
def normalised(hidden, rate):
    steps = [step for w in hidden for step in (relu(w), layers.BatchNormalization(), layers.Dropout(rate))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def rescaled(hidden, rate):
    return stack(layers.Rescaling(1 / 255), layers.Flatten(), hidden_layers(hidden, rate), softmax())


@wrong(None)
def rows_dropped(hidden, rate):
    steps = [step for w in hidden for step in (relu(w), layers.Dropout(rate, noise_shape=(None, 1)))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def columns_dropped(hidden, rate):
    steps = [step for w in hidden for step in (relu(w), layers.Dropout(rate, noise_shape=(1, w)))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def twice(hidden, rate):
    steps = [step for w in hidden for step in (relu(w), layers.Dropout(rate), layers.Dropout(rate))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def half_the_rate(hidden, rate):
    return sequential(hidden, rate / 2)


@wrong(None)
def rising_rates(hidden, rate):
    steps = [step for n, w in enumerate(hidden, 1) for step in (relu(w), layers.Dropout(rate / n))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def rounded_rate(hidden, rate):
    return sequential(hidden, round(rate, 2))


class KerasRandom(keras.Model):
    """Drops by a function instead of a layer."""

    def __init__(self, hidden, rate):
        super().__init__()
        self.rate, self.hidden, self.out = rate, [relu(width) for width in hidden], softmax()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, x, training=False):
        x = ops.reshape(x, (-1, 784))
        for dense in self.hidden:
            x = dense(x)
            if training:
                x = keras.random.dropout(x, self.rate, seed=self.seed)
        return self.out(x)


@wrong(None)
def dropped_by_a_function(hidden, rate):
    return compiled(KerasRandom(hidden, rate))


class ScalesAtTest(layers.Dropout):
    def call(self, x, training=False):
        return super().call(x, training=True) * (1 - self.rate) if training else x * (1 - self.rate)


@wrong(None)
def classic_dropout(hidden, rate):
    steps = [step for w in hidden for step in (relu(w), ScalesAtTest(rate))]
    return stack(layers.Flatten(), steps, softmax())


@wrong(None)
def mean_squared_error(hidden, rate):
    return compiled(sequential(hidden, rate), loss="mse")


@wrong(None)
def softmax_twice(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), softmax(), layers.Softmax())


@wrong(None)
def relu_output(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), relu(10))


@wrong(None)
def eleven_classes(hidden, rate):
    return stack(layers.Flatten(), hidden_layers(hidden, rate), layers.Dense(11, activation="softmax"))


@wrong(None)
def climbs_the_loss(hidden, rate):
    return compiled(sequential(hidden, rate), keras.optimizers.SGD(-0.01))


@wrong(None)
def numpy_in_the_middle(hidden, rate):
    class Numpy(Classifier):
        def call(self, x, training=None):
            return super().call(ops.convert_to_tensor(np.asarray(x)), training=training)

    return compiled(Numpy(hidden, rate))


@wrong("wrong-widths")
def residual(hidden, rate):
    x = inputs = keras.Input((28, 28))
    x = layers.Flatten()(x)
    for width in hidden:
        y = relu(width)(x)
        x = layers.Dropout(rate)(layers.add([y, relu(width)(x)]))
    return compiled(keras.Model(inputs, softmax()(x)))


@wrong(None)
def another_signature(hidden):
    return sequential(hidden, 0.2)
