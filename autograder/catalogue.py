"""The exercises: what the student writes, and the properties a correct answer has.

A property is one sentence; its slug means the same in every exercise. Points are what a course awards.
"""

import difflib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """One sentence that a correct implementation satisfies, worth `points`."""

    slug: str
    sentence: str
    points: float


@dataclass(frozen=True)
class Exercise:
    """One thing the student writes.

    name: what `check` is called with. assignment: the folder it belongs to. objects: the names the student
    gives what `check` is handed. signature: how they are called. kind: "function" or "class". properties: in
    the order of the report.
    hints: three rungs, the last just short of the answer.
    """

    name: str
    assignment: str
    objects: tuple[str, ...]
    signature: str
    kind: str
    properties: tuple[Property, ...]
    hints: tuple[str, str, str]

    @property
    def title(self) -> str:
        """The names of its objects, as a sentence would have them."""
        return " and ".join(self.objects)

    @property
    def call(self) -> str:
        """How the check is called in a notebook."""
        return f"check({', '.join((json.dumps(self.name), *self.objects))})"

    @property
    def max_points(self) -> float:
        """The points of all its properties."""
        return sum(p.points for p in self.properties)

    def accept(self, objects: tuple[object, ...]) -> None:
        """Raise TypeError, with the right call, for another number of objects than it asks for."""
        if len(objects) != len(self.objects):
            number = "one object" if len(self.objects) == 1 else f"{len(self.objects)} objects"
            raise TypeError(
                f"Exercise {self.name!r} takes {number}, {self.title}, and was given {len(objects)}: "
                f"write {self.call}."
            )


_SHAPE_X = "Returns an array of the same shape as x, for any number of axes."
_DTYPE = "Returns the type it was given: float32 in, float32 out."
_KEEP_RATE = "Each unit is kept with probability 1 - rate."
_INDEPENDENT = "Every unit is kept or dropped independently of all others."
_FRESH = "Every call draws a new mask."
_RNG = "All chance comes from rng: the same generator state gives the same result."
_UNTOUCHED = "Leaves its arguments as they were."
_RATE_0 = "Rate 0 keeps everything."
_RATE_1 = "Rate 1 drops everything: zeros, never NaN."
_INVALID = "Raises ValueError for a rate below 0 or above 1."

_MASK = Exercise(
    name="mask",
    assignment="01_mask",
    objects=("dropout_mask",),
    signature="dropout_mask(shape, rate, rng)",
    kind="function",
    properties=(
        Property("shape", "Returns an array of the shape asked for, for any number of axes.", 1),
        Property("values", "Contains nothing but 0 and 1 (False and True).", 1),
        Property("keep-rate", _KEEP_RATE, 2),
        Property("independent", _INDEPENDENT, 2),
        Property("fresh", _FRESH, 1),
        Property("rng", _RNG, 1),
        Property("rate-0", _RATE_0, 0.5),
        Property("rate-1", "Rate 1 drops everything.", 0.5),
        Property("invalid-rate", _INVALID, 1),
    ),
    hints=(
        "Think of one entry first. How would you make a coin that says 'keep' with probability 1 - rate, "
        "when all you have is a number drawn uniformly between 0 and 1?",
        "rng.random(size=shape) gives one such number per entry, for any shape. What share of them lies "
        "below a threshold t? Which t makes that share 1 - rate?",
        "First refuse a rate outside [0, 1] with ValueError. Then it is one comparison: an array of uniform "
        "numbers, of the right shape, against the probability of keeping.",
    ),
)

_INVERTED = Exercise(
    name="inverted",
    assignment="02_scaling",
    objects=("inverted_dropout",),
    signature="inverted_dropout(x, rate, rng)",
    kind="function",
    properties=(
        Property("shape", _SHAPE_X, 1),
        Property("dtype", _DTYPE, 1),
        Property("scale", "What is kept is x / (1 - rate), what is dropped is exactly 0.", 3),
        Property("keep-rate", _KEEP_RATE, 2),
        Property("independent", _INDEPENDENT, 2),
        Property("fresh", _FRESH, 1),
        Property("rng", _RNG, 1),
        Property("rate-0", _RATE_0, 0.5),
        Property("rate-1", _RATE_1, 0.5),
        Property("invalid-rate", _INVALID, 1),
        Property("input-untouched", _UNTOUCHED, 1),
    ),
    hints=(
        "Draw a mask as in exercise 01 and multiply. Then ask: by which factor has the mean become smaller, "
        "and what number repairs it?",
        "On average x * mask is (1 - rate) * x. Divide by the same number. Which rate makes that a division "
        "by zero, and what must come out there?",
        "Three steps: refuse a bad rate, return zeros for rate 1, otherwise a new array of mask * x / "
        "(1 - rate). Then look at its dtype: a float64 mask turns float32 into float64.",
    ),
)

_CLASSIC = Exercise(
    name="classic",
    assignment="02_scaling",
    objects=("classic_dropout",),
    signature="classic_dropout(x, rate, rng, training)",
    kind="function",
    properties=(
        Property("shape", _SHAPE_X, 1),
        Property("dtype", _DTYPE, 1),
        Property("scale", "In training, what is kept is x itself, what is dropped is exactly 0.", 2),
        Property("keep-rate", _KEEP_RATE, 2),
        Property("independent", _INDEPENDENT, 2),
        Property("fresh", _FRESH, 1),
        Property("rng", _RNG, 1),
        Property("eval", "At test time nothing is dropped and everything is multiplied by 1 - rate.", 4),
        Property("rate-0", _RATE_0, 0.5),
        Property("rate-1", _RATE_1, 0.5),
        Property("invalid-rate", _INVALID, 1),
        Property("input-untouched", _UNTOUCHED, 1),
    ),
    hints=(
        "The paper of 2014 does not touch the scale in training. So when must it make up for the units that "
        "were missing?",
        "There are two branches. One draws a mask and multiplies by nothing else. The other draws nothing at "
        "all: what is the mean of the first branch, as a multiple of x?",
        "if training: x where the mask is 1, zero elsewhere. Otherwise: x times the probability that a unit "
        "was kept. The check of the rate stands before both.",
    ),
)

_LAYER = Exercise(
    name="layer",
    assignment="03_eval_mode",
    objects=("Dropout",),
    signature="Dropout(rate, rng)",
    kind="class",
    properties=(
        Property("shape", _SHAPE_X, 1),
        Property("dtype", _DTYPE, 1),
        Property("scale", "In training, what is kept is x / (1 - rate), what is dropped is exactly 0.", 2),
        Property("keep-rate", "In training, each unit is kept with probability 1 - rate.", 2),
        Property("independent", _INDEPENDENT, 1),
        Property("fresh", "Every call in training draws a new mask.", 2),
        Property("rng", _RNG, 1),
        Property("eval", "In evaluation, and by default, returns exactly x and leaves rng alone.", 5),
        Property("rate-0", _RATE_0, 0.5),
        Property("rate-1", _RATE_1, 0.5),
        Property("invalid-rate", _INVALID, 1),
        Property("input-untouched", _UNTOUCHED, 1),
    ),
    hints=(
        "What has the layer to remember between two calls, and what must it decide anew in every call?",
        "__init__ checks and keeps rate and rng. __call__ has two branches: one is exercise 02 over again, "
        "the other is the shortest line of the course.",
        "if not training: return x. Nothing is drawn, nothing is scaled. Otherwise return what your "
        "inverted_dropout would, with self.rate and self.rng.",
    ),
)

_BACKWARD = Exercise(
    name="backward",
    assignment="04_backward",
    objects=("dropout_forward", "dropout_backward"),
    signature="out, cache = dropout_forward(x, rate, rng) and grad_x = dropout_backward(grad_out, cache)",
    kind="function",
    properties=(
        Property("shape", "Both functions return an array of the same shape as x, for any number of axes.", 1),
        Property("dtype", "Both return the type they were given: float32 in, float32 out.", 1),
        Property("scale", "Forward: what is kept is x / (1 - rate), what is dropped is exactly 0.", 2),
        Property("keep-rate", _KEEP_RATE, 1),
        Property("independent", _INDEPENDENT, 1),
        Property("fresh", "Every forward pass draws a new mask.", 1),
        Property("rng", _RNG, 1),
        Property("gradient", "Backward: the gradient of exactly the forward pass that made the cache.", 5),
        Property("rate-0", "Rate 0 keeps everything, forward and backward.", 0.5),
        Property("rate-1", "Rate 1 drops everything, forward and backward: zeros, never NaN.", 0.5),
        Property("invalid-rate", _INVALID, 1),
        Property("input-untouched", "Leaves x and grad_out as they were.", 1),
    ),
    hints=(
        "Given the mask, dropout multiplies every entry by a number that does not depend on x. What is the "
        "derivative of c * x?",
        "Each entry of the gradient is multiplied by the same number as its entry of x was: 0 or 1 / (1 - rate). "
        "Who knows these numbers when the backward pass runs?",
        "Let forward compute one array, the mask divided by the probability of keeping, multiply x by it and "
        "return that array as the cache. Backward multiplies grad_out by it. Mind the dtype, and rate 1.",
    ),
)

_KERAS_LAYER = Exercise(
    name="keras_layer",
    assignment="05_keras_layer",
    objects=("MyDropout",),
    signature="MyDropout(rate, seed=None, **kwargs)",
    kind="class",
    properties=(
        Property("shape", "Returns a tensor of the same shape as its input, for any number of axes.", 1),
        Property("own", "Drops by itself: keras.layers.Dropout is not used, keras.random.dropout may be.", 1),
        Property("dtype", "Keeps float32, and computes in float16 under mixed precision.", 1),
        Property("scale", "In training, what is kept is x / (1 - rate), what is dropped is exactly 0.", 2),
        Property("keep-rate", "In training, each unit is kept with probability 1 - rate.", 2),
        Property("independent", _INDEPENDENT, 1),
        Property("fresh", "Every call in training draws a new mask.", 1),
        Property("rng", "The same seed repeats the sequence of masks, another seed or none gives another.", 1),
        Property("eval", "Outside training, and by default, returns exactly its input.", 3),
        Property("graph", "In models and in a compiled fit, every training step draws a new mask.", 3),
        Property("config", "Keeps its rate when made from its configuration, and when saved and loaded.", 2),
        Property("rate-0", _RATE_0, 0.5),
        Property("rate-1", _RATE_1, 0.5),
        Property("invalid-rate", _INVALID, 1),
    ),
    hints=(
        "Three things have to survive between calls: the rate, the seed, and where in its sequence of random "
        "numbers the layer is. Which of them changes in a call? Functions of keras.random may do the drawing, "
        "keras.random.dropout too; keras.layers.Dropout, its relatives and subclasses may not.",
        "keras.random.SeedGenerator(seed), made once in __init__, is a state that advances with every draw, also "
        "in a compiled step. call takes training=None and draws only when it is true.",
        "In call: if not training, return the inputs. Otherwise draw keras.random.uniform(shape, "
        "seed=self.seed_generator), with keras.ops.shape(inputs) for the shape, compare it with the rate, and use "
        "keras.ops.where. get_config adds rate and seed to what super().get_config() returns. Mind rate 1.",
    ),
)

_CROSS_VALIDATION = Exercise(
    name="cross_validation",
    assignment="06_cross_validation",
    objects=("cross_validate",),
    signature="cross_validate(build_model, x, y, n_splits, seed)",
    kind="function",
    properties=(
        Property("shape", "Returns one number for each fold, as a list, tuple or array.", 1),
        Property("folds", "Every row is tested exactly once, and trains the models of all other folds.", 3),
        Property("labels", "Every row keeps its own label.", 1),
        Property("stratified", "Each class is spread evenly: its counts in two folds differ by at most 1.", 2),
        Property("shuffled", "The order of the rows in the file does not decide who is in which fold.", 2),
        Property("scaled", "Training and test part are standardised by the training part's statistics.", 4),
        Property("new-model", "Every fold trains a new model, once.", 2),
        Property("scores", "Returns what score said of each test part, in the order of the folds.", 2),
        Property("seed", "The same seed gives the same folds, another seed gives others.", 1),
        Property("bad-input", "Raises ValueError for input that cannot be cross-validated.", 1),
        Property("input-untouched", "Leaves x and y as they were.", 1),
    ),
    hints=(
        "Take one fold at a time. Which rows does its model train on, which are held out, and what does the model "
        "know about those that are held out when it is tested?",
        "Write down the fold number of every row first. For each class by itself: take the positions of its rows, "
        "shuffle them with a generator made from seed, and deal them out, one to each fold in turn. np.unique "
        "gives the classes, sorted, and their sizes; a set of strings has another order in the next process.",
        "For each fold number: test = fold == number, train = ~test. Mean and deviation come from x[train] with "
        "axis=0, and both parts are standardised with them. Then model = build_model(), fit on one part, append "
        "its score on the other. All checks of the input stand before the first fold.",
    ),
)

_NO_KEY = "Raises KeyError, with a sentence, when a key is missing."
_ARRAYS = "Takes arrays as well as lists."
_HISTORY_UNTOUCHED = "Leaves the history as it was."

_GAP = Exercise(
    name="gap",
    assignment="07_overfitting",
    objects=("generalization_gap",),
    signature="generalization_gap(history)",
    kind="function",
    properties=(
        Property("number", "Returns one real number.", 1),
        Property("gap", "It is the last epoch's accuracy minus the last epoch's val_accuracy.", 3),
        Property("arrays", _ARRAYS, 1),
        Property("one-epoch", "One epoch is enough.", 1),
        Property("nan", "A final NaN makes it NaN, an earlier one does not matter.", 1),
        Property("missing-key", _NO_KEY, 1),
        Property("bad-input", "Raises ValueError for a history without epochs.", 1),
        Property("input-untouched", _HISTORY_UNTOUCHED, 1),
    ),
    hints=(
        "Print one history: which keys does it have, and what stands behind each? Which two numbers of all these "
        "describe the network as it is when training ends?",
        "The last item of a list or an array has the index -1. Say in words what a positive gap means; that "
        "decides what is subtracted from what.",
        "First two checks: is each of the two keys in the history, and has the list behind it a length above 0? "
        "They raise KeyError and ValueError, each with a sentence. Then return one difference of two last items.",
    ),
)

_BEST_EPOCH = Exercise(
    name="best_epoch",
    assignment="07_overfitting",
    objects=("best_epoch",),
    signature="best_epoch(history)",
    kind="function",
    properties=(
        Property("number", "Returns one integer.", 1),
        Property("best-epoch", "It is the epoch with the lowest val_loss, counted from 1.", 3),
        Property("arrays", _ARRAYS, 0.5),
        Property("ties", "The first of several lowest epochs.", 1),
        Property("one-epoch", "One epoch is enough.", 0.5),
        Property("nan", "An epoch whose val_loss is NaN is never the best.", 1),
        Property("missing-key", _NO_KEY, 1),
        Property("bad-input", "Raises ValueError without epochs, or if every val_loss is NaN.", 1),
        Property("input-untouched", _HISTORY_UNTOUCHED, 1),
    ),
    hints=(
        "You are not asked for the lowest loss, but for where it stands. By which number do people call the first "
        "epoch, and by which does Python call the first item of a list?",
        "NumPy has a function that gives the position of the smallest value, the first one on ties, and a second "
        "one that passes over NaN. What do both say of a list without items?",
        "Three checks come first: val_loss is a key, it has an epoch, and not all of np.isnan(losses) is true. "
        "Then it is np.nanargmin, as an integer; mind where counting begins.",
    ),
)

_CLASSIFIER = Exercise(
    name="classifier",
    assignment="07_overfitting",
    objects=("build_classifier",),
    signature="build_classifier(hidden, rate)",
    kind="function",
    properties=(
        Property("shape", "Returns a keras.Model that turns (n, 28, 28) into (n, 10).", 1),
        Property("layers", "Flatten, a Dense layer with ReLU for each width in hidden, a Dense layer of 10.", 4),
        Property("dropout", "Each hidden activation has a Dropout layer of its own, nothing else has one.", 4),
        Property("keep-rate", "In training, each hidden unit is kept with probability 1 - rate.", 3),
        Property("eval", "Outside training nothing is dropped.", 2),
        Property("probabilities", "The 10 outputs of an image are probabilities, made by softmax.", 2),
        Property("compiled", "Compiled with the cross-entropy of integer labels.", 2),
        Property("trains", "fit changes every layer's weights and lowers the loss.", 1),
        Property("input-untouched", "Leaves the list hidden as it was.", 1),
    ),
    hints=(
        "Draw the network for hidden = [200, 100] as a column of boxes, from the picture to the ten probabilities. "
        "How often do Dense, the activation and Dropout come, and which of them does the last step leave out?",
        "A loop over hidden adds two boxes for each width: keras.layers.Dense with its activation, and a new "
        "keras.layers.Dropout. What stands before the loop, and what after it?",
        "keras.Sequential takes a list of layers: Input and Flatten, then those of the loop, then Dense(10) with "
        "softmax. compile needs an optimizer and the loss whose name begins with 'sparse', because labels are "
        "integers and not rows of zeros with a one.",
    ),
)

_TRANSFER = Exercise(
    name="transfer",
    assignment="08_transfer",
    objects=("make_model",),
    signature="make_model(base, n_classes=10, size_inner=100, droprate=0.5)",
    kind="function",
    properties=(
        Property("shape", "Returns a keras.Model that turns n images of the base's size into (n, n_classes).", 1),
        Property("base", "The base that is handed over looks at the images, with the weights that it has.", 2),
        Property("frozen", "fit changes no weight of the base.", 3),
        Property("inference", "The base is in inference mode: no moving statistics move, in fit either.", 3),
        Property("pooled", "Each of the base's channels is averaged over all places of the image.", 2),
        Property("layers", "Then come a Dense layer of size_inner with ReLU, and a Dense layer of n_classes.", 2),
        Property("dropout", "The hidden activation has a Dropout layer, nothing else has one.", 2),
        Property("keep-rate", "In training, each hidden unit is kept with probability 1 - droprate.", 1),
        Property("eval", "Outside training nothing is dropped.", 1),
        Property("logits", "The outputs are logits: nothing follows the last Dense layer.", 1),
        Property("trains", "fit changes four variables: a kernel and a bias for each Dense layer.", 1),
        Property("defaults", "make_model(base) alone means 10 classes, 100 hidden units, rate 0.5.", 1),
    ),
    hints=(
        "Two things must not change while the new layers learn: the base's weights, and the means and variances "
        "that its batch normalisation has collected. Which switch stops the first, and what decides about the "
        "second?",
        "base.trainable = False freezes weights, and in Keras it makes batch normalisation use the statistics that "
        "it has; base(inputs, training=False) asks for the same in the call. What shape do the base's features "
        "have, and how do they become one row for each image?",
        "keras.Input takes base.input_shape[1:]. Then six steps, one line each: the base, GlobalAveragePooling2D, "
        "Dense with ReLU, Dropout, Dense without an activation, and keras.Model around the first and the last "
        "tensor. Freeze the base before, and use the arguments wherever you would type a number.",
    ),
)

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        _MASK,
        _INVERTED,
        _CLASSIC,
        _LAYER,
        _BACKWARD,
        _KERAS_LAYER,
        _CROSS_VALIDATION,
        _GAP,
        _BEST_EPOCH,
        _CLASSIFIER,
        _TRANSFER,
    )
}


def find(name: str) -> Exercise:
    """The exercise called `name`. Raises ValueError, with the nearest name, when there is none."""
    if isinstance(name, str) and name in EXERCISES:
        return EXERCISES[name]
    near = difflib.get_close_matches(str(name), EXERCISES, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"There is no exercise {name!r}.{guess} There are: {', '.join(EXERCISES)}.")
