"""Exercise layer: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Property
from autograder.kits.masks.exercise import (
    DRAWING,
    DTYPE,
    EVALUATION,
    INDEPENDENT,
    RATE_0,
    RATE_1,
    REFUSED,
    RNG,
    SCALING,
    SHAPE_X,
    UNTOUCHED,
)

EXERCISE = Exercise(
    name="layer",
    assignment="03_eval_mode",
    objects=("Dropout",),
    signature="Dropout(rate, rng)",
    kind="class",
    properties=(
        Property("shape", SHAPE_X, 1),
        Property("dtype", DTYPE, 1),
        Property("scale", "In training, kept units become x / (1 - rate), dropped units exactly 0.", 2),
        Property("keep-rate", "In training, each unit is kept with probability 1 - rate.", 2),
        Property("independent", INDEPENDENT, 1),
        Property("fresh", "Every call in training draws a new mask.", 2),
        Property("rng", RNG, 1),
        Property("eval", "In evaluation, and by default, returns exactly x and leaves rng alone.", 5),
        Property("rate-0", RATE_0, 0.5),
        Property("rate-1", RATE_1, 0.5),
        Property("invalid-rate", REFUSED, 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "What does the layer have to remember between two calls, and what must it decide anew in every call?",
        "__init__ checks and keeps rate and rng. __call__ has two branches: one is exercise 02 all over again, "
        "the other is the shortest line in the course.",
        "if not training: return x. Nothing is drawn, nothing is scaled. Otherwise return what your "
        "inverted_dropout would, with self.rate and self.rng.",
    ),
    misconceptions=(*DRAWING, *SCALING, *EVALUATION),
)
