"""Mistakes that the exercises which build a Keras model share."""

from autograder.exercise import Misconception
from autograder.kits.masks.exercise import (
    DROPS_AT_TEST,
    KEEP_DROP_SWAPPED,
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
)

#: Mistakes in layers, in their order and in what is trained.
LAYERS = (
    KEEP_DROP_SWAPPED,
    Misconception(
        "hard-coded-rate",
        "The rate of the Dropout layers does not depend on the argument.",
        "Most examples use 0.5, or 0.2, and the number stays in the code when it is copied.",
        "Build the model once with rate 0.1 and once with 0.9, and look at the rates of its Dropout layers.",
    ),
    DROPS_AT_TEST,
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
    Misconception(
        "activation-missing",
        "A hidden layer has no activation.",
        "Dense is linear unless you choose an activation, and two linear layers in a row are equivalent to one. "
        "The network still learns, but it is no better than one without hidden layers.",
        "Look at what model.get_config() says about each Dense layer's activation.",
    ),
    Misconception(
        "wrong-activation",
        "A hidden layer has an activation other than ReLU.",
        "There are many activations, and most would do here. But the exercise compares networks, and a fair "
        "comparison changes only one thing.",
        "Compare your hidden layers, number by number, with max(0, x).",
    ),
    Misconception(
        "wrong-widths",
        "The Dense layers do not have the widths that were asked for.",
        "Widths typed in while trying things out stay in the code, arguments get swapped, and loops stop one too "
        "early or run backwards.",
        "Print the arguments next to the units of the Dense layers, for several calls.",
    ),
    Misconception(
        "dropout-missing",
        "A hidden activation has no Dropout layer after it.",
        "One Dropout layer at the end looks like dropout, but it acts on one layer only. It is easily left "
        "outside the loop, and in a subclass a layer that is made but never called does nothing.",
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
        "Dropout comes before the activation.",
        "With ReLU the numbers come out the same, because ReLU of 0 is 0. With an activation that does not turn "
        "0 into 0 they do not, so get used to this order: activation, then dropout.",
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
        "Softmax is applied twice: by the model, and by a loss that expects logits.",
        "from_logits=True tells the loss to apply softmax itself. A softmax of probabilities makes all "
        "differences small, so training crawls. Keras notices some of these models and warns you, but not all.",
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
