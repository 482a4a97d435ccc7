"""Exercise cross_validation: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property

_OWN = (
    Misconception(
        "leak-scaler",
        "The scaler saw the test rows.",
        "Standardising the whole table once, before the folds, is one line instead of one per fold. But then the "
        "mean and the deviation contain the rows that are to be new, and the test is no longer one.",
        "Move the line that computes mean and deviation into the loop. Which rows may it look at?",
    ),
    Misconception(
        "score-on-train",
        "The scores are those of the rows that the model was trained on.",
        "x_train and x_test differ by a few letters, and the numbers look splendid. They say how well the model "
        "remembers, and nothing about new rows.",
        "Look at the arguments of score. Has the model seen them before?",
    ),
    Misconception(
        "trained-on-test",
        "Models were tested on rows that they had been trained on.",
        "Fitting on all of x and scoring on a part of it looks like a test, and so does a mask that is used the "
        "same way round twice. But whoever has seen the answers scores too well.",
        "For each fold, print len(set(train) & set(test)). It has to be 0.",
    ),
    Misconception(
        "rows-lost",
        "Some rows are never tested.",
        "len(x) // n_splits rows in a fold is a whole number, and the remainder is forgotten. It hits the last "
        "rows, and the fewer rows there are the larger its share.",
        "Try 10 rows in 3 folds. Who is in none of them? np.array_split leaves nobody behind, nor does dealing.",
    ),
    Misconception(
        "model-reused",
        "The same model is used in several folds.",
        "fit starts afresh in scikit-learn, so there it does no harm. A Keras model goes on from where it was: in "
        "the second fold it has already been trained on the rows it is tested on.",
        "Call build_model inside the loop.",
    ),
    Misconception(
        "not-stratified",
        "The folds have different shares of the classes.",
        "A shuffle is fair on average, and a single fold is not: by chance it gets too many of one class. Then "
        "scores vary for a reason that has nothing to do with the model.",
        "Make the folds for each class by itself. How many of its rows should each fold get?",
    ),
    Misconception(
        "not-shuffled",
        "The folds follow the order of the file.",
        "Files are rarely in random order: sorted by class, by day, by who measured. Cutting them into stretches, "
        "or dealing them out in turn, makes folds of rows that belong together.",
        "Shuffle the positions before you share them out. What do you need seed for?",
    ),
    Misconception(
        "test-not-scaled",
        "The model was trained on standardised rows and tested on raw ones.",
        "The training part was standardised where it was made, and the test part is easily forgotten. The model "
        "then sees numbers a hundred times larger than any it knows.",
        "Both parts take the same mean and the same deviation. Print the first row of each.",
    ),
    Misconception(
        "scaler-refitted",
        "The test part was standardised by its own mean and deviation.",
        "fit_transform on both parts looks symmetrical. But it moves the test rows by another amount than the "
        "training rows, so the same row would get another value in other company.",
        "Learn mean and deviation from the training part, and apply them to both: transform, not fit_transform.",
    ),
    Misconception(
        "not-standardised",
        "Nothing was standardised: models saw x as it is.",
        "It is not needed for the code to run. But columns of large numbers drown the others, and gradient descent "
        "crawls.",
        "Subtract the mean and divide by the deviation, column by column, before fit.",
    ),
    Misconception(
        "axis-forgotten",
        "Mean and deviation were not those of each column.",
        "x.mean() without an axis is a single number, the mean of everything, and axis=1 gives one for each row. "
        "With columns of different units both are the mean of apples and miles.",
        "Compare the shapes of x.mean(), x.mean(axis=0) and x.mean(axis=1). Which has a number for each column?",
    ),
    Misconception(
        "labels-torn",
        "Rows and labels were shuffled apart.",
        "Two shuffles, one of x and one of y, are two different orders, even if both look random in the same way.",
        "Shuffle positions, once, and use them for both: x[order] and y[order].",
    ),
    Misconception(
        "mean-returned",
        "The mean of the scores came back instead of the scores.",
        "The mean is what one reports in the end. But how much the folds differ says how far to trust it, and a "
        "mean cannot be unmixed.",
        "Return the list. Whoever calls can take its mean.",
    ),
    Misconception(
        "ignores-seed",
        "The folds do not follow from seed.",
        "A seed typed into the function gives the same folds for ever, no seed at all gives others each time. One "
        "hides how much depends on the folds, the other cannot be repeated.",
        "Make one generator from seed, and draw everything from it.",
    ),
    Misconception(
        "global-state",
        "NumPy's or Python's global random state was used or seeded.",
        "np.random.seed(seed) is short, and the folds do follow from it. But all code shares that state: whoever "
        "draws from it afterwards gets numbers that the last caller has decided.",
        "Make a generator of your own from seed, np.random.default_rng(seed), and draw everything from it.",
    ),
    Misconception(
        "no-input-check",
        "Input that cannot be cross-validated was not refused with ValueError.",
        "Most of it does not stop the code. A class with fewer members than folds is missing in some test parts, a "
        "NaN makes a whole column NaN, and the scores look like any others.",
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
        Property("folds", "Every row is tested exactly once, and trains the models of all other folds.", 3),
        Property("labels", "Every row keeps its own label.", 1),
        Property("stratified", "Each class is spread evenly: its counts in two folds differ by at most 1.", 2),
        Property("shuffled", "The order of the rows in the file does not decide who is in which fold.", 2),
        Property("scaled", "Training and test part are standardised by the training part's statistics.", 4),
        Property("new-model", "Every fold trains a new model, once.", 2),
        Property("scores", "Returns what score said of each test part, in the order of the folds.", 2),
        Property("seed", "The same seed gives the same folds, another seed gives others.", 1),
        Property("bad-input", "Raises ValueError for input that cannot be cross-validated.", 1),
        Property("input-untouched", "Leaves x and y as they were.", 1),
    ),
    hints=(
        "Take one fold at a time. Which rows does its model train on, which are held out, and what does the model "
        "know about those that are held out when it is tested?",
        "Write down the fold number of every row first. For each class by itself: take the positions of its rows, "
        "shuffle them with a generator made from seed, and deal them out, one to each fold in turn. np.unique "
        "gives the classes, sorted, and their sizes; a set of strings has another order in the next process.",
        "For each fold number: test = fold == number, train = ~test. Mean and deviation come from x[train] with "
        "axis=0, and both parts are standardised with them. Then model = build_model(), fit on one part, append "
        "its score on the other. All checks of the input stand before the first fold.",
    ),
    misconceptions=_OWN,
)
