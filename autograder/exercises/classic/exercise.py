"""Exercise classic: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property, told_as
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

#: Mistakes in scaling, as they come about where training is left as it is and the test is scaled.
_SCALING = told_as(
    SCALING,
    Misconception(
        "not-scaled",
        "At test time nothing was scaled.",
        "In training a part of the units is missing, at test time none. Without a factor, whatever comes next gets "
        "more at test time than it was trained with.",
        "Compare the mean of many training outputs with the test output of the same x.",
    ),
    Misconception(
        "scaled-by-rate",
        "The factor is made of rate, not of the probability of keeping.",
        "In the 2014 paper, p is the probability of keeping a unit. If you read p as the rate, you scale by the "
        "wrong number, and at rate 0.5 nobody notices.",
        "At rate 0.1 hardly anything is dropped. Which factor makes up for that?",
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
    misconceptions=(*DRAWING, *_SCALING, *EVALUATION, *_OWN),
)
