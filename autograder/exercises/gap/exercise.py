"""Exercise gap: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.histories.exercise import ARRAYS, HISTORIES, NO_KEY, UNTOUCHED

_OWN = (
    Misconception(
        "gap-reversed",
        "The gap has the wrong sign.",
        "A difference looks plausible in either order. Here training comes first: a network that is better on "
        "what it has seen has a positive gap.",
        "Take accuracy 0.95 and val_accuracy 0.85. Which sign does your function give?",
    ),
    Misconception(
        "gap-absolute",
        "The gap lost its sign.",
        "abs makes sure that the result is positive, but it hides half of what the result can say. With dropout, "
        "training is often the harder task, and then the gap is negative.",
        "Leave the difference as it is, and try a history that ends with accuracy 0.80 and val_accuracy 0.85.",
    ),
    Misconception(
        "gap-in-percent",
        "The gap is a hundred times too large.",
        "Percentages are easier to say. But accuracies in a history are fractions from 0 to 1, and a number in "
        "another unit cannot be compared with them.",
        "Return the difference as it is, and multiply only where you print it.",
    ),
    Misconception(
        "gap-of-best",
        "The gap is between the best values, not the final ones.",
        "max finds what you would like to report. But the network that you have when training ends is the last "
        "one, and the two best values may even come from two different epochs.",
        "Try a history whose best epoch is in the middle. Which index has the last epoch?",
    ),
    Misconception(
        "gap-of-means",
        "The gap is between the mean accuracies.",
        "A mean over all epochs mixes the trained network with the beginner it was in the first epoch.",
        "Only one epoch counts: the last.",
    ),
    Misconception(
        "gap-of-first",
        "The gap is that of the first epoch.",
        "Index 0 is the first item of a list; later epochs are appended after it. After one epoch a network has "
        "hardly begun to overfit.",
        "Which index counts from the end of a list?",
    ),
    Misconception(
        "gap-of-losses",
        "The gap is between losses, not accuracies.",
        "Losses have a gap, too, and it is just as interesting. But it is a different number, with no upper limit.",
        "Look at the two keys that your function reads.",
    ),
)

EXERCISE = Exercise(
    name="gap",
    assignment="07_overfitting",
    objects=("generalization_gap",),
    signature="generalization_gap(history)",
    kind="function",
    properties=(
        Property("number", "Returns one real number.", 1),
        Property("gap", "It is the last epoch's accuracy minus the last epoch's val_accuracy.", 3),
        Property("arrays", ARRAYS, 1),
        Property("one-epoch", "One epoch is enough.", 1),
        Property("nan", "If the last value is NaN, so is the gap; an earlier NaN does not matter.", 1),
        Property("missing-key", NO_KEY, 1),
        Property("bad-input", "Raises ValueError for a history without epochs.", 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "Print one history: which keys does it have, and what does each key hold? Which two of all these numbers "
        "describe the network at the end of training?",
        "The last item of a list or an array has the index -1. Say in words what a positive gap means; that "
        "decides what is subtracted from what.",
        "Start with two checks: is each of the two keys in the history, and does its list have at least one "
        "item? If not, raise KeyError or ValueError, each with a sentence. Then return the difference of the two "
        "last items.",
    ),
    misconceptions=(*HISTORIES, *_OWN),
)
