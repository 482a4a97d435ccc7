"""Exercise keras_layer: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property, told_as
from autograder.kits.masks.exercise import DRAWING, EVALUATION, INDEPENDENT, RATE_0, RATE_1, REFUSED, SCALING

_OWN = (
    Misconception(
        "numpy-in-graph",
        "In a compiled step the mask is frozen.",
        "Keras runs the Python code of call once, to build the step, and then repeats what was built. NumPy's "
        "numbers are drawn while building: they become constants, and every step uses the same mask.",
        "Inside call, draw with keras.random, so that the drawing itself becomes part of the step.",
    ),
    Misconception(
        "config-lost",
        "The layer's settings do not survive saving.",
        "Keras rebuilds a loaded layer from what get_config returned. Anything missing there falls back to its "
        "default, or the layer cannot be rebuilt at all.",
        "Compare layer.get_config() with the arguments of __init__: is every one of them there?",
    ),
    Misconception(
        "seed-lost",
        "The layer's seed does not survive being rebuilt.",
        "A layer made from another one's configuration should do what that one does. Where get_config leaves out "
        "the seed, the copy gets None, and draws other masks in every run.",
        "Which arguments does __init__ take? Each of them belongs into get_config, the seed as it was given.",
    ),
    Misconception(
        "batch-size-fixed",
        "The layer works only where the size of a batch is known beforehand.",
        "Keras builds a training step once, for batches of any size, and the last batch of an epoch is often "
        "smaller. While it builds, x.shape says None for the number of examples.",
        "keras.ops.shape(inputs) gives the shape that a batch will have, also where it is not known yet.",
    ),
    Misconception(
        "uses-keras-dropout",
        "One of Keras's own layers does the dropping.",
        "Keras already has this layer, and in a project you would use it: as it is, as a parent class, or inside "
        "your own layer. Here you build it yourself once, so keras.layers.Dropout and its relatives may not be "
        "used in any of these ways. Functions such as keras.random.dropout are allowed: they draw, but you still "
        "decide when, from which seed, and what is saved.",
        "Begin with class MyDropout(keras.layers.Layer), and call a function from keras.random where the layer "
        "was.",
    ),
)

#: Mistakes that the NumPy exercises share, as they come about in Keras.
_SHARED = told_as(
    (*DRAWING, *SCALING, *EVALUATION),
    Misconception(
        "wrong-shape",
        "The result does not have the shape of the input.",
        "Code tried on one matrix often fixes its number of axes: it works until the input is a batch of images.",
        "keras.ops.shape(inputs) gives the whole shape, with any number of axes.",
    ),
    Misconception(
        "dtype-changed",
        "The result does not have the dtype that Keras computes in.",
        "A mask or a factor of a fixed type decides the type of the product. Under mixed precision a layer gets "
        "float16, and one that returns float32 makes all layers after it slower.",
        "Cast the mask to inputs.dtype before you multiply: keras.ops.cast(mask, inputs.dtype).",
    ),
    Misconception(
        "scalar-mask",
        "One coin decides for the whole tensor: all or nothing.",
        "A shape of () gives a single number, and broadcasting hides it.",
        "Give the shape of the inputs to the function that draws, so that it draws one number per entry.",
    ),
    Misconception(
        "seed-inside",
        "The layer starts its random numbers anew, or takes no notice of its own seed.",
        "An integer as seed gives the same numbers each time it is used, so that every call has the same mask. And "
        "a number written into the code gives the same masks to all layers.",
        "Make one keras.random.SeedGenerator(seed) in __init__, and pass it as the seed of every draw.",
    ),
    Misconception(
        "ignores-rng",
        "The same seed does not repeat the masks.",
        "Without a seed Keras's functions draw from a generator that all layers share, and NumPy and TensorFlow "
        "have generators of their own. None of them knows the seed of this layer.",
        "Look for every place where a random number is drawn. Each must get its seed from a "
        "keras.random.SeedGenerator(seed) that was made in __init__.",
    ),
)

EXERCISE = Exercise(
    name="keras_layer",
    assignment="05_keras_layer",
    objects=("MyDropout",),
    signature="MyDropout(rate, seed=None, **kwargs)",
    kind="class",
    properties=(
        Property("shape", "Returns a tensor of the same shape as its input, for any number of axes.", 1),
        Property("own", "Drops by itself: keras.layers.Dropout is not used, keras.random.dropout may be.", 1),
        Property("dtype", "Keeps float32, and computes in float16 under mixed precision.", 1),
        Property("scale", "In training, kept units become x / (1 - rate), dropped units exactly 0.", 2),
        Property("keep-rate", "In training, each unit is kept with probability 1 - rate.", 2),
        Property("independent", INDEPENDENT, 1),
        Property("fresh", "Every call in training draws a new mask.", 1),
        Property("rng", "The same seed repeats the sequence of masks; another seed, or none, gives another.", 1),
        Property("eval", "Outside training, and by default, returns exactly its input.", 3),
        Property(
            "graph",
            "In models and in a compiled fit, with batches of any size, every training step draws a new mask.",
            3,
        ),
        Property(
            "config",
            "Keeps rate and seed when rebuilt from its configuration, and drops as before when saved and loaded.",
            2,
        ),
        Property("rate-0", RATE_0, 0.5),
        Property("rate-1", RATE_1, 0.5),
        Property("invalid-rate", REFUSED, 1),
    ),
    hints=(
        "Three things have to survive between calls: the rate, the seed, and the layer's position in its "
        "sequence of random numbers. Which of them changes in a call? Functions of keras.random may do the "
        "drawing, keras.random.dropout included; keras.layers.Dropout, its relatives and its subclasses may not.",
        "keras.random.SeedGenerator(seed), made once in __init__, holds a state that advances with every draw, "
        "even in a compiled step. call takes training=None and draws only when it is true.",
        "In call: if not training, return the inputs. Otherwise draw keras.random.uniform(shape, "
        "seed=self.seed_generator), with keras.ops.shape(inputs) for the shape, compare it with the rate, and "
        "use keras.ops.where. get_config adds rate and seed to what super().get_config() returns. Watch out for "
        "rate 1.",
    ),
    misconceptions=(*_SHARED, *_OWN),
    needs=("keras",),
)
