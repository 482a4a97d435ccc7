"""Exercise classifier: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.models.exercise import LAYERS

_OWN = (
    Misconception(
        "flatten-missing",
        "The image was not flattened.",
        "Dense works on the last axis only. Without Flatten, each of the 28 rows of an image is treated as a "
        "separate example, and there are 28 answers for each image.",
        "Look at model.output_shape: it should have two axes.",
    ),
    Misconception(
        "dropout-on-input",
        "Pixels are dropped, not only hidden units.",
        "Dropping inputs is a separate technique. Here the first layer would see a picture with holes.",
        "What comes between Flatten and the first Dense layer?",
    ),
    Misconception(
        "dropout-shared",
        "One Dropout layer is used in several places.",
        "It has no weights, so sharing it seems harmless. But a layer belongs to one place in a network: the "
        "summary shows one Dropout where there are several, and you cannot give them different rates.",
        "Make a new layer in each turn of the loop.",
    ),
    Misconception(
        "softmax-missing",
        "The model returns logits, not probabilities.",
        "Dense is linear unless you choose an activation. Logits can have any size and sign, and do not sum to "
        "one.",
        "Print model.predict(x).sum(axis=1) for a few pictures.",
    ),
    Misconception(
        "sigmoid-output",
        "The outputs are ten sigmoids, not one softmax.",
        "A sigmoid gives numbers between 0 and 1, which look like probabilities. But each answers its own "
        "yes-or-no question; only softmax divides a total of 1 among the ten classes.",
        "Print model.predict(x).sum(axis=1) for a few pictures.",
    ),
    Misconception(
        "one-hot-loss",
        "The loss expects one-hot labels (zeros and a single one), not integers.",
        "categorical_crossentropy is the first name that you find. It compares ten numbers with ten numbers, but "
        "a label here is one integer.",
        "Keras has the same loss for integer labels; its name begins with sparse.",
    ),
    Misconception(
        "not-compiled",
        "The model is not compiled.",
        "A model can predict as soon as it is built. To train, it needs an optimizer and a loss.",
        "Call compile before you return the model.",
    ),
)

EXERCISE = Exercise(
    name="classifier",
    assignment="07_overfitting",
    objects=("build_classifier",),
    signature="build_classifier(hidden, rate)",
    kind="function",
    properties=(
        Property("shape", "Returns a keras.Model that turns (n, 28, 28) into (n, 10).", 1),
        Property("layers", "Flatten, a Dense layer with ReLU for each width in hidden, a Dense layer of 10.", 4),
        Property("dropout", "Each hidden activation has its own Dropout layer, and nothing else has one.", 4),
        Property("keep-rate", "In training, each hidden unit is kept with probability 1 - rate.", 3),
        Property("eval", "Outside training nothing is dropped.", 2),
        Property("probabilities", "The 10 outputs of an image are probabilities, made by softmax.", 2),
        Property("compiled", "Is compiled with the cross-entropy for integer labels.", 2),
        Property("trains", "fit changes every layer's weights and lowers the loss.", 1),
        Property("input-untouched", "Leaves the list hidden as it was.", 1),
    ),
    hints=(
        "Draw the network for hidden = [200, 100] as a column of boxes, from the picture to the ten "
        "probabilities. How often do Dense, the activation and Dropout occur, and which of them does the last "
        "step leave out?",
        "A loop over hidden adds two boxes for each width: keras.layers.Dense with its activation, and a new "
        "keras.layers.Dropout. What comes before the loop, and what after it?",
        "keras.Sequential takes a list of layers: Input and Flatten, then those from the loop, then Dense(10) "
        "with softmax. compile needs an optimizer and the loss whose name begins with 'sparse', because the "
        "labels are integers, not one-hot rows.",
    ),
    place=3,
    misconceptions=(*LAYERS, *_OWN),
    needs=("keras",),
)
