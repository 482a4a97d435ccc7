"""Exercise transfer: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.models.exercise import LAYERS

_OWN = (
    Misconception(
        "base-not-frozen",
        "The base's weights change while the new layers learn.",
        "training=False sounds as if nothing in the base were trained, but it only says how layers compute. What "
        "learns is decided by trainable, and a layer that is made with trainable=False does not pass that on to "
        "what it is given later. The new layers begin with random weights, and their first steps disturb "
        "everything below them: a base that took days to train is spoiled in seconds.",
        "Print len(model.trainable_variables) before you return the model. How many belong to the new layers?",
    ),
    Misconception(
        "batchnorm-running",
        "Batch normalisation in the base keeps updating its statistics.",
        "In training it uses the mean and variance of the batch, and moves its own towards them. These are not "
        "weights that a gradient changes, so they are easily overlooked; but each step replaces some of what the "
        "base learned from a million images with what it sees in a few. In Keras, frozen batch normalisation "
        "runs in inference mode, even in fit. In a functional model of Keras 3, freezing is the only way: the "
        "flag of fit overrides the one in the call.",
        "Compare base.non_trainable_variables before and after one step of fit. Is every layer of the base frozen?",
    ),
    Misconception(
        "base-told-training",
        "The base is told that it is training, even in evaluation.",
        "The base is part of a model that is trained, so training=True seems honest. But then its dropout never "
        "stops, and batch normalisation that is not frozen uses the batch: the features of an image depend on "
        "chance and on the other images in its batch.",
        "Look at the flag in the base's call. What should the base do: learn, or look?",
    ),
    Misconception(
        "base-not-used",
        "The base that was handed over is not in the model.",
        "A copy, or a base made in the function, has the same layers, and its summary looks the same. But a new "
        "one begins with random weights, and freezing those leaves a network that nobody has ever trained.",
        "Where in your function does the argument base appear, and what is called with the images?",
    ),
    Misconception(
        "base-weights-changed",
        "The base's weights were overwritten while the model was built.",
        "What the base has learned is in its weights, and nowhere else. Initialising them again, or loading "
        "others, leaves only its structure.",
        "Compare base.get_weights() before and after a call of your function.",
    ),
    Misconception(
        "input-size-fixed",
        "The model takes images of 150 by 150 pixels only.",
        "The notebook's images have that size, so a shape that was typed in once always works there. The next "
        "base needs a different one.",
        "The base knows the size of its images. Which of its attributes gives it?",
    ),
    Misconception(
        "pooling-missing",
        "The features of all positions in the image are passed on as they are.",
        "The base gives a grid of features, and Dense works on the last axis only. So each position in the grid "
        "is treated as a separate image, and gets its own logits.",
        "Look at model.output_shape: it should have two axes.",
    ),
    Misconception(
        "flattened-not-pooled",
        "The base's features were flattened, not averaged.",
        "Flatten makes one row for each image, too, and many older networks use it. But then every position has "
        "its own weights: dozens of times as many to learn from few images, and they fit only one image size.",
        "Compare the number of weights in the first Dense layer with the number of channels of the base.",
    ),
    Misconception(
        "max-pooling",
        "The largest value of each channel was taken, not the mean.",
        "Both turn a grid into one number, and the names are alike. The largest value says whether something is "
        "seen anywhere, the mean how much of the image shows it. A comparison has to use one of them throughout.",
        "Compare your pooled features of one image with the base's, averaged by hand.",
    ),
    Misconception(
        "dropout-on-features",
        "The base's features are dropped, not only hidden units.",
        "Where a single Dense layer follows the base, Dropout comes right after the pooling, and many recipes "
        "are written like that. Here there is a hidden layer in between, and dropout belongs on its activations.",
        "Read your layers aloud, from the base to the logits. What is Dropout given?",
    ),
)

EXERCISE = Exercise(
    name="transfer",
    assignment="08_transfer",
    objects=("make_model",),
    signature="make_model(base, n_classes=10, size_inner=100, droprate=0.5)",
    kind="function",
    properties=(
        Property("shape", "Returns a keras.Model that turns n images of the base's size into (n, n_classes).", 1),
        Property("base", "The base that is handed over is applied to the images, with its own weights.", 2),
        Property("frozen", "fit changes no weight of the base.", 3),
        Property(
            "inference", "The base is in inference mode: its moving statistics do not change, not even in fit.", 3
        ),
        Property("pooled", "Each of the base's channels is averaged over all positions in the image.", 2),
        Property("layers", "Then come a Dense layer of size_inner with ReLU, and a Dense layer of n_classes.", 2),
        Property("dropout", "The hidden activation has a Dropout layer, and nothing else has one.", 2),
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
        "keras.Input takes base.input_shape[1:]. Then six steps, one line each: the base, "
        "GlobalAveragePooling2D, Dense with ReLU, Dropout, Dense without an activation, and keras.Model around "
        "the first and the last tensor. Freeze the base first, and use the arguments wherever you would type a "
        "number.",
    ),
    misconceptions=(*LAYERS, *_OWN),
    needs=("keras",),
)
