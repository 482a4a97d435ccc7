"""Exercise backward: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.masks.exercise import DRAWING, INDEPENDENT, INVALID, KEEP_RATE, RNG, SCALING

_OWN = (
    Misconception(
        "backward-unmasked",
        "The gradient is not masked.",
        "The forward pass drops units, so the work seems done. But a dropped unit plays no part in the output, "
        "so no change to it can matter: its gradient is 0.",
        "Where the output was dropped, what does a small change of x do to it?",
    ),
    Misconception(
        "backward-unscaled",
        "The gradient is masked, but not scaled.",
        "The mask is the visible part of dropout. But survivors were multiplied by 1 / (1 - rate) on the way "
        "forward, and so is every change to them.",
        "Compare with a numeric gradient: change one kept entry of x by 0.1. By how much does the output move?",
    ),
    Misconception(
        "backward-scaled-twice",
        "The gradient is scaled twice.",
        "The mask in the cache was already scaled, and the backward pass divides by 1 - rate once more.",
        "Decide which of the two carries the factor: the cached mask, or the line that uses it.",
    ),
    Misconception(
        "backward-new-mask",
        "The gradient uses a different mask from the forward pass.",
        "A mask drawn again in the backward pass, or one left in a global variable by a later forward pass, has "
        "the right statistics, but it drops other units. Each forward pass has to hand on its own mask.",
        "Put the mask into the cache, and use nothing but the cache in the backward pass.",
    ),
    Misconception(
        "backward-from-zeros",
        "The mask was read off the zeros in the output.",
        "A dropped unit gives 0, so out != 0 looks like the mask. But an input can be exactly 0 and still be "
        "kept (after a ReLU about half of all inputs are 0), and then its gradient is not 0.",
        "Try an x that contains zeros, and store the mask itself.",
    ),
    Misconception(
        "backward-complement",
        "The gradient flows through the dropped units.",
        "grad_out - grad_out * mask, or a mask that means 'dropped' in one function and 'kept' in the other, "
        "turns the mask round.",
        "Give the mask a name that says what 1 means, and print it in both functions.",
    ),
)

EXERCISE = Exercise(
    name="backward",
    assignment="04_backward",
    objects=("dropout_forward", "dropout_backward"),
    signature="out, cache = dropout_forward(x, rate, rng) and grad_x = dropout_backward(grad_out, cache)",
    kind="function",
    properties=(
        Property("shape", "Both functions return an array of the same shape as x, for any number of axes.", 1),
        Property("dtype", "Both return the type they were given: float32 in, float32 out.", 1),
        Property("scale", "Forward: kept units become x / (1 - rate), dropped units exactly 0.", 2),
        Property("keep-rate", KEEP_RATE, 1),
        Property("independent", INDEPENDENT, 1),
        Property("fresh", "Every forward pass draws a new mask.", 1),
        Property("rng", RNG, 1),
        Property("gradient", "Backward: returns the gradient of exactly the forward pass that made the cache.", 5),
        Property("rate-0", "Rate 0 keeps everything, forward and backward.", 0.5),
        Property("rate-1", "Rate 1 drops everything, forward and backward: zeros, never NaN.", 0.5),
        Property("invalid-rate", INVALID, 1),
        Property("input-untouched", "Leaves x and grad_out as they were.", 1),
    ),
    hints=(
        "Given the mask, dropout multiplies every entry by a number that does not depend on x. What is the "
        "derivative of c * x?",
        "Each entry of the gradient is multiplied by the same number as the matching entry of x: 0 or 1 / (1 - "
        "rate). Who knows these numbers when the backward pass runs?",
        "Let forward compute one array, the mask divided by the probability of keeping, multiply x by it and "
        "return that array as the cache. Backward multiplies grad_out by it. Watch the dtype, and rate 1.",
    ),
    misconceptions=(*DRAWING, *SCALING, *_OWN),
)
