"""Exercise classic: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.masks.exercise import (
    DRAWING,
    DTYPE,
    EVALUATION,
    FRESH,
    INDEPENDENT,
    INVALID,
    KEEP_RATE,
    RATE_0,
    RATE_1,
    RNG,
    SCALING,
    SHAPE_X,
    UNTOUCHED,
)

_OWN = (
    Misconception(
        "inverted-not-classic",
        "This is inverted dropout; the exercise asks for the 2014 form.",
        "Today's libraries all use the inverted form, so it is the one that comes to mind. The paper leaves "
        "training unscaled and multiplies by 1 - rate at test time.",
        "Move the factor from the training branch to the other branch, and turn it upside down.",
    ),
)

EXERCISE = Exercise(
    name="classic",
    assignment="02_scaling",
    objects=("classic_dropout",),
    signature="classic_dropout(x, rate, rng, training)",
    kind="function",
    properties=(
        Property("shape", SHAPE_X, 1),
        Property("dtype", DTYPE, 1),
        Property("scale", "In training, kept units stay as they are, dropped units become exactly 0.", 2),
        Property("keep-rate", KEEP_RATE, 2),
        Property("independent", INDEPENDENT, 2),
        Property("fresh", FRESH, 1),
        Property("rng", RNG, 1),
        Property("eval", "At test time nothing is dropped and everything is multiplied by 1 - rate.", 4),
        Property("rate-0", RATE_0, 0.5),
        Property("rate-1", RATE_1, 0.5),
        Property("invalid-rate", INVALID, 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "The 2014 paper does not change the scale in training. So when must it make up for the units that were "
        "missing?",
        "There are two branches. One draws a mask and multiplies by nothing else. The other draws nothing at "
        "all: what is the mean of the first branch, as a multiple of x?",
        "if training: x where the mask is 1, zero elsewhere. Otherwise: x times the probability that a unit was "
        "kept. The check of the rate comes before both.",
    ),
    place=2,
    misconceptions=(*DRAWING, *SCALING, *EVALUATION, *_OWN),
)
