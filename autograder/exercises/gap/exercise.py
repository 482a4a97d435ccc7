"""Exercise gap: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.histories.exercise import ARRAYS, HISTORIES, NO_KEY, UNTOUCHED

_OWN = (
    Misconception(
        "gap-reversed",
        "The gap has the wrong sign.",
        "Both orders of a difference look the same on paper. Here training comes first: a network that is better "
        "on what it has seen has a positive gap.",
        "Take accuracy 0.95 and val_accuracy 0.85. Which sign does your function give?",
    ),
    Misconception(
        "gap-absolute",
        "The gap lost its sign.",
        "abs makes sure that the result is positive, and hides half of what it can say. With dropout, training "
        "is often the harder task, and then the gap is negative.",
        "Leave the difference as it is, and try a history that ends with accuracy 0.80 and val_accuracy 0.85.",
    ),
    Misconception(
        "gap-in-percent",
        "The gap is a hundred times too large.",
        "Percent are easier to say. But accuracies in a history are fractions from 0 to 1, and a number in another "
        "unit cannot be compared with them.",
        "Return the difference as it is, and multiply where you print it.",
    ),
    Misconception(
        "gap-of-best",
        "The gap is that of the best values, not of the final ones.",
        "max looks for what one would like to report. But the network that you have when training ends is the "
        "last one, and the two best values may even stem from two different epochs.",
        "Try a history whose best epoch is in the middle. Which index has the last epoch?",
    ),
    Misconception(
        "gap-of-means",
        "The gap is that of the mean accuracies.",
        "A mean over all epochs mixes the trained network with the beginner that it was in the first epoch.",
        "Only one epoch counts: the last.",
    ),
    Misconception(
        "gap-of-first",
        "The gap is that of the first epoch.",
        "Index 0 is the first item of a list; what is appended later stands behind it. After one epoch there is "
        "little to overfit with yet.",
        "Which index counts from the end of a list?",
    ),
    Misconception(
        "gap-of-losses",
        "The gap is one of losses, not of accuracies.",
        "Losses have a gap, too, and it is as interesting. But it is another number, without an upper limit.",
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
        Property("nan", "A final NaN makes it NaN, an earlier one does not matter.", 1),
        Property("missing-key", NO_KEY, 1),
        Property("bad-input", "Raises ValueError for a history without epochs.", 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "Print one history: which keys does it have, and what stands behind each? Which two numbers of all these "
        "describe the network as it is when training ends?",
        "The last item of a list or an array has the index -1. Say in words what a positive gap means; that "
        "decides what is subtracted from what.",
        "First two checks: is each of the two keys in the history, and has the list behind it a length above 0? "
        "They raise KeyError and ValueError, each with a sentence. Then return one difference of two last items.",
    ),
    misconceptions=(*HISTORIES, *_OWN),
)
