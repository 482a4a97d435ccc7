"""Mistakes that the exercises which build a Keras model share."""

from autograder.exercise import Misconception
from autograder.kits.masks.exercise import (
    DROPS_AT_TEST,
    HARD_CODED_RATE,
    KEEP_DROP_SWAPPED,
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
)

#: Mistakes in layers, in their order and in what is trained.
LAYERS = (
    KEEP_DROP_SWAPPED,
    HARD_CODED_RATE,
    DROPS_AT_TEST,
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
    Misconception(
        "activation-missing",
        "A hidden layer has no activation.",
        "Dense is linear unless told otherwise, and two linear layers in a row are one. The network still learns, "
        "and is no better than one without hidden layers.",
        "Look at what model.get_config() says of each Dense layer's activation.",
    ),
    Misconception(
        "wrong-activation",
        "A hidden layer has another activation than ReLU.",
        "There are many, and most would do here. But the exercise compares networks, and what is compared has to "
        "differ in one thing only.",
        "Compare your hidden layers, number by number, with max(0, x).",
    ),
    Misconception(
        "wrong-widths",
        "The Dense layers have other widths than asked for.",
        "Widths typed in while trying stay in the code, arguments change places, and loops end one too early or "
        "run backwards.",
        "Print the arguments beside the units of the Dense layers, for several calls.",
    ),
    Misconception(
        "dropout-missing",
        "A hidden activation has no Dropout layer after it.",
        "One Dropout layer in the end looks like dropout, but it acts on one layer only. In a loop it is easily "
        "left outside, and in a subclass a layer that is made and never called does nothing.",
        "Count: how many hidden layers are there, and how many times is a Dropout layer called?",
    ),
    Misconception(
        "dropout-on-output",
        "The output is dropped, not only hidden units.",
        "A loop over all layers treats the last one like the others. But a dropped output is a class that cannot "
        "win, whatever the picture shows.",
        "What comes after the last Dense layer?",
    ),
    Misconception(
        "dropout-before-activation",
        "Dropout stands before the activation.",
        "With ReLU the numbers come out the same, because ReLU of 0 is 0. With any activation that does not turn 0 "
        "into 0 they do not, so the order to get used to is activation, then dropout.",
        "Read the column of layers aloud: Dense, activation, Dropout.",
    ),
    Misconception(
        "wrong-dropout-layer",
        "A relative of Dropout was used.",
        "SpatialDropout drops whole channels, AlphaDropout keeps mean and variance for SELU, GaussianDropout "
        "multiplies by noise and drops nothing. Their names are a few letters apart.",
        "Compare the names of your layers with keras.layers.Dropout.",
    ),
    Misconception(
        "softmax-and-logits",
        "Softmax is taken twice: by the model, and by a loss of logits.",
        "from_logits=True tells the loss to apply softmax itself. A softmax of probabilities makes all differences "
        "small, so training crawls. Keras notices some such models and warns; others it does not.",
        "One of the two is enough. Which one does the exercise ask for?",
    ),
    Misconception(
        "layer-frozen",
        "A layer does not learn.",
        "trainable = False keeps weights as they are. That is meant for layers that were trained before; here it "
        "leaves random numbers in the middle of the network.",
        "Compare len(model.trainable_weights) with len(model.weights).",
    ),
)
