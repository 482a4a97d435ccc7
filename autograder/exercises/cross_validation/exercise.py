"""Exercise cross_validation: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property

_OWN = (
    Misconception(
        "leak-scaler",
        "The scaler saw the test rows.",
        "Standardising the whole table once, before the folds, is one line instead of one per fold. But then the "
        "mean and the standard deviation include the rows that should be new, and the test is no longer a fair "
        "one.",
        "Move the line that computes the mean and the standard deviation into the loop. Which rows may it look at?",
    ),
    Misconception(
        "score-on-train",
        "Each model was scored on the rows that it was trained on.",
        "The names x_train and x_test differ by a few letters, and the scores look splendid. But they only say "
        "how well the model remembers, and nothing about new rows.",
        "Look at the arguments of score. Has the model seen them before?",
    ),
    Misconception(
        "trained-on-test",
        "Models were tested on rows that they had been trained on.",
        "Fitting on all of x and scoring on a part of it looks like a test, and so does using the same mask for "
        "both parts. But a model that has seen the answers scores too well.",
        "For each fold, print len(set(train) & set(test)). It must be 0.",
    ),
    Misconception(
        "rows-lost",
        "Some rows are never tested.",
        "With len(x) // n_splits rows in each fold, the remainder is easily forgotten. It is the last rows that "
        "are lost, and the fewer rows there are, the larger their share.",
        "Try 10 rows in 3 folds. Which row is in none of them? np.array_split leaves none behind, and neither "
        "does dealing them out in turn.",
    ),
    Misconception(
        "model-reused",
        "The same model is used in several folds.",
        "In scikit-learn, fit starts afresh, so there it does no harm. But a Keras model carries on from where "
        "it was: in the second fold it has already been trained on the rows it is tested on.",
        "Call build_model inside the loop.",
    ),
    Misconception(
        "not-stratified",
        "The classes are not spread evenly over the folds.",
        "A shuffle is fair on average, but a single fold may not be: by chance it gets too many of one class. "
        "Then scores vary for a reason that has nothing to do with the model.",
        "Make the folds separately for each class. How many of its rows should each fold get?",
    ),
    Misconception(
        "not-shuffled",
        "The folds follow the order of the file.",
        "Files are rarely in random order: they may be sorted by class, by day, or by who measured. Cutting them "
        "into blocks, or dealing the rows out in turn, makes folds of rows that belong together.",
        "Shuffle the positions before you share them out. What is seed for?",
    ),
    Misconception(
        "test-not-scaled",
        "The model was trained on standardised rows and tested on raw ones.",
        "The training part was standardised where it was made, and the test part is easily forgotten. The model "
        "then sees numbers that may be a hundred times larger than any it knows.",
        "Both parts need the same mean and the same standard deviation. Print the first row of each.",
    ),
    Misconception(
        "scaler-refitted",
        "The test part was standardised with its own mean and standard deviation.",
        "fit_transform on both parts looks symmetrical. But it shifts the test rows by a different amount from "
        "the training rows, so the same row would get different values in different company.",
        "Learn the mean and the standard deviation from the training part, and apply them to both: transform, "
        "not fit_transform.",
    ),
    Misconception(
        "not-standardised",
        "Nothing was standardised: the models saw x as it is.",
        "The code runs without it. But columns of large numbers drown out the others, and gradient descent crawls.",
        "Subtract the mean and divide by the standard deviation, column by column, before fit.",
    ),
    Misconception(
        "axis-forgotten",
        "The mean and the standard deviation were not those of each column.",
        "x.mean() without an axis is a single number, the mean of everything, and axis=1 gives one for each row. "
        "When columns have different units, both average apples and miles.",
        "Compare the shapes of x.mean(), x.mean(axis=0) and x.mean(axis=1). Which has a number for each column?",
    ),
    Misconception(
        "labels-torn",
        "Rows and labels were shuffled separately.",
        "Two shuffles, one of x and one of y, give two different orders, even if both look equally random.",
        "Shuffle positions, once, and use them for both: x[order] and y[order].",
    ),
    Misconception(
        "mean-returned",
        "The mean of the scores was returned instead of the scores.",
        "The mean is what you report in the end. But how much the folds differ tells you how far to trust it, "
        "and the scores cannot be recovered from their mean.",
        "Return the list. The caller can take its mean.",
    ),
    Misconception(
        "ignores-seed",
        "The folds are not determined by seed.",
        "A seed typed into the function always gives the same folds; no seed at all gives new ones each time. "
        "The first hides how much depends on the folds, the second cannot be repeated.",
        "Make one generator from seed, and draw everything from it.",
    ),
    Misconception(
        "global-state",
        "NumPy's or Python's global random state was used or seeded.",
        "np.random.seed(seed) is short, and it does determine the folds. But all code shares that state: any "
        "code that draws from it afterwards gets numbers that your seed has decided.",
        "Make your own generator from seed, np.random.default_rng(seed), and draw everything from it.",
    ),
    Misconception(
        "no-input-check",
        "Input that cannot be cross-validated did not raise ValueError.",
        "Most bad input does not stop the code. A class with fewer members than there are folds is missing from "
        "some test parts, a NaN makes a whole column NaN, and the scores look like any others.",
        "Begin with the checks: lengths, n_splits, np.isfinite(x), and the counts that np.unique gives for y.",
    ),
)

EXERCISE = Exercise(
    name="cross_validation",
    assignment="06_cross_validation",
    objects=("cross_validate",),
    signature="cross_validate(build_model, x, y, n_splits, seed)",
    kind="function",
    properties=(
        Property("shape", "Returns one number for each fold, as a list, tuple or array.", 1),
        Property("folds", "Every row is tested exactly once, and used to train in all other folds.", 3),
        Property("labels", "Every row keeps its own label.", 1),
        Property("stratified", "Each class is spread evenly: its counts in any two folds differ by at most 1.", 2),
        Property("shuffled", "The order of the rows in the file does not decide which fold a row is in.", 2),
        Property("scaled", "Both parts are standardised with the statistics of the training part.", 4),
        Property("new-model", "Every fold trains a new model, once.", 2),
        Property("scores", "Returns the score of each test part, in the order of the folds.", 2),
        Property("seed", "The same seed gives the same folds, another seed gives others.", 1),
        Property("bad-input", "Raises ValueError for input that cannot be cross-validated.", 1),
        Property("input-untouched", "Leaves x and y as they were.", 1),
    ),
    hints=(
        "Take one fold at a time. Which rows does its model train on, which are held out, and what does the "
        "model know about the held-out rows when it is tested on them?",
        "First write down the fold number of every row. Separately for each class, take the positions of its "
        "rows, shuffle them with a generator made from seed, and deal them out, one to each fold in turn. "
        "np.unique gives the classes, sorted, and their sizes; a set of strings may have another order in the "
        "next process.",
        "For each fold number: test = fold == number, train = ~test. The mean and the standard deviation come "
        "from x[train] with axis=0, and both parts are standardised with them. Then model = build_model(), fit "
        "on one part, append its score on the other. All checks of the input come before the first fold.",
    ),
    misconceptions=_OWN,
)
