"""Exercise best_epoch: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.histories.exercise import ARRAYS, HISTORIES, NO_KEY, UNTOUCHED

_OWN = (
    Misconception(
        "epoch-off-by-one",
        "Epochs are counted from 0.",
        "argmin and index give positions, and Python's positions start at 0. Keras prints Epoch 1 first, and "
        "people count epochs in the same way.",
        "Try a history whose first epoch is the best.",
    ),
    Misconception(
        "epoch-by-accuracy",
        "The epoch is the one with the highest accuracy.",
        "Accuracy is what you want in the end. But it jumps when a single picture changes sides, and it ignores "
        "how confident the network is; the loss does not.",
        "Which key does the exercise name, and is its best value a high or a low one?",
    ),
    Misconception(
        "epoch-by-training-loss",
        "The epoch is the one with the lowest training loss.",
        "The training loss nearly always falls to the end, so its best epoch says nothing about new pictures.",
        "Look at the key that your function reads. What does the prefix val_ stand for?",
    ),
    Misconception(
        "epoch-of-highest",
        "The epoch is the one with the highest val_loss.",
        "argmax comes to mind because it is right for accuracies. A loss is better when it is lower.",
        "Print val_loss at the epoch that you found, and at its neighbours.",
    ),
    Misconception(
        "loss-not-epoch",
        "The lowest loss was returned, not its epoch.",
        "min gives the value. Its position is another question.",
        "Which function of NumPy gives a position instead of a value?",
    ),
    Misconception(
        "last-of-ties",
        "Of several equally good epochs, the last one was chosen.",
        "<= in a loop lets every tie replace what was found before, and searching from the end has the same "
        "effect. The first one takes less training.",
        "Try the losses 0.5, 0.4, 0.4. Is it < or <= that keeps the first?",
    ),
    Misconception(
        "nan-wins",
        "An epoch whose val_loss is NaN was called the best.",
        "Every comparison with NaN is false, so min keeps a NaN that it meets first; np.argmin stops at any NaN. "
        "A NaN means that the numbers broke down, which is the worst that can happen.",
        "Try the losses nan, 0.4, 0.5 and 0.5, nan, 0.4. NumPy has a variant that ignores NaN.",
    ),
)

EXERCISE = Exercise(
    name="best_epoch",
    assignment="07_overfitting",
    objects=("best_epoch",),
    signature="best_epoch(history)",
    kind="function",
    properties=(
        Property("number", "Returns one integer.", 1),
        Property("best-epoch", "It is the epoch with the lowest val_loss, counted from 1.", 3),
        Property("arrays", ARRAYS, 0.5),
        Property("ties", "Of several lowest epochs, returns the first.", 1),
        Property("one-epoch", "One epoch is enough.", 0.5),
        Property("nan", "An epoch whose val_loss is NaN is never the best.", 1),
        Property("missing-key", NO_KEY, 1),
        Property("bad-input", "Raises ValueError if there are no epochs, or if every val_loss is NaN.", 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "You are asked not for the lowest loss, but for its position. Which number do people give the first "
        "epoch, and which does Python give the first item of a list?",
        "NumPy has a function that gives the position of the smallest value, the first one if there are ties, "
        "and a second function that ignores NaN. What do both do with an empty list?",
        "Three checks come first: val_loss is a key, it has at least one epoch, and np.isnan(losses) is not true "
        "everywhere. Then use np.nanargmin, as an integer; mind where counting begins.",
    ),
    place=2,
    misconceptions=(*HISTORIES, *_OWN),
)
