"""The named mistakes: what they are, why people make them, and a hint that fits.

A misconception is recognised from what the code did, never from its text. The slugs are fixed; the
recognisers live with the judges.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """A named mistake. what: one sentence. why: why people make it. hint: what to try, not the answer."""

    slug: str
    what: str
    why: str
    hint: str


_ALL = (
    Misconception(
        "not-implemented",
        "Nothing came back: this is the stub, or a return is missing.",
        "The cell above the check has not been filled in, or a branch of it returns nothing. A Python function "
        "without a return statement returns None.",
        "Replace the line with NotImplementedError, and end with a return statement.",
    ),
    Misconception(
        "not-callable",
        "A value was handed over where a function or class is expected.",
        "It is easy to pass the result of a call instead of the function itself: f(x) is a value, f is a "
        "function. Or the name was used again for something else further up.",
        "Pass the name alone, without parentheses, and check that no later cell reuses it.",
    ),
    Misconception(
        "wrong-shape",
        "The result has another shape than asked for.",
        "Code tried on one matrix often fixes its number of axes: a loop over rows and columns, or "
        "shape[0] and shape[1], works until the input is a vector or a batch of images.",
        "Hand the whole shape on: rng.random(shape) takes a tuple with any number of axes.",
    ),
    Misconception(
        "not-an-array",
        "The result is not a NumPy array.",
        "Lists look like arrays when printed. But a list has no dtype and no shape, and list * 2 repeats it.",
        "Build the result with NumPy operations, or convert once at the end with np.array.",
    ),
    Misconception(
        "dtype-changed",
        "The result has another number type than the input.",
        "NumPy computes in the wider of two types: a float32 array times a float64 mask is float64. Networks "
        "are trained in float32, and a layer that widens it doubles memory and slows everything after it.",
        "Compare the dtype before and after. astype(x.dtype, copy=False) at the end keeps the type.",
    ),
    Misconception(
        "mutates-input",
        "The function changed an argument that it was given.",
        "x *= mask looks like x = x * mask, but it writes into the caller's array, and sort(), append() and pop() "
        "change the caller's list. Whoever uses it next finds other values than before.",
        "Make a new object: x * mask instead of x *= mask, sorted(a) instead of a.sort(), [*a, 1] for a.append(1).",
    ),
    Misconception(
        "keep-drop-swapped",
        "rate is used as the probability of keeping.",
        "Both conventions exist: the 2014 paper's p is the probability of keeping, Keras's rate that of "
        "dropping. At rate 0.5 they are the same, so a test at 0.5 shows nothing.",
        "Try rate 0.1: nine in ten units have to survive. Which way must the comparison point?",
    ),
    Misconception(
        "normal-noise",
        "The random numbers come from a normal distribution.",
        "randn and standard_normal differ from random by a few letters, and they give bell-shaped numbers, "
        "many of them negative. Only for uniform numbers is the share below a threshold the threshold itself.",
        "Draw a histogram of what you compare with the threshold. It has to be flat between 0 and 1.",
    ),
    Misconception(
        "hard-coded-rate",
        "The share that is kept does not depend on rate.",
        "A coin with two equal sides, such as randint(0, 2), round(random()) or a comparison with 0.5, is "
        "right for rate 0.5 only, which is the rate most examples use.",
        "Print the kept share at rate 0.1 and at rate 0.9. Where does rate enter your code?",
    ),
    Misconception(
        "fixed-count",
        "Exactly the same number of units is dropped every time.",
        "Dropping 30% sounds like an exact number. But in dropout each unit has its own coin, so the number "
        "varies from mask to mask, and units do not know of each other.",
        "Do not choose which units to drop from a list of positions: toss one coin for each.",
    ),
    Misconception(
        "renormalised",
        "Survivors are divided by the fraction that happened to be kept.",
        "It makes the sum come out right in every call, which looks like an improvement. But then each "
        "output depends on all other coins, and the factor is not the one used at test time.",
        "Divide by the probability of keeping, a constant, and not by a mean of the mask.",
    ),
    Misconception(
        "not-scaled",
        "Survivors were not scaled up.",
        "The mask does the visible work, and the factor is easily forgotten. Without it the next layer gets "
        "less input in training than at test time: a mean that is smaller by the factor 1 - rate.",
        "Compare the mean of the output with the mean of x over many draws. Which number repairs it?",
    ),
    Misconception(
        "scaled-by-rate",
        "Survivors were divided by rate instead of 1 - rate.",
        "The formula is often written x / p, with p the probability of keeping. Whoever reads p as the rate "
        "divides by the wrong one, and at 0.5 nobody notices.",
        "At rate 0.1 hardly anything is missing. Should the survivors grow tenfold?",
    ),
    Misconception(
        "scaled-down",
        "Survivors were multiplied by 1 - rate instead of divided by it.",
        "Multiplying by 1 - rate belongs to the 2014 paper's test time. In training it makes the missing "
        "part larger instead of making up for it.",
        "Some units are gone, so those that are left have to count for more, not less.",
    ),
    Misconception(
        "scaled-twice",
        "Survivors were divided by 1 - rate twice.",
        "The mask was scaled, and then the product was scaled again. Each step is right on its own.",
        "Look for two places that divide by the probability of keeping, and leave one.",
    ),
    Misconception(
        "mask-already-scaled",
        "The mask contains 1 / (1 - rate) where a 1 is asked for.",
        "Many libraries fold the factor into the mask. Here the mask only says which units are kept; exercise "
        "02 does the scaling.",
        "Return the result of the comparison itself.",
    ),
    Misconception(
        "additive",
        "The mask was added to x instead of multiplied.",
        "x + (mask - 1) gives 1 and 0 when x is all ones, so a test on ones cannot tell it from x * mask.",
        "Try it on x = [5.0, -3.0]: a dropped unit has to become exactly 0.",
    ),
    Misconception(
        "returns-mask",
        "The result does not depend on x: it is the mask.",
        "On an input of all ones x * mask and mask are the same, so this passes the simplest test.",
        "Try it on x = [5.0, -3.0]. Where does x enter the result?",
    ),
    Misconception(
        "never-drops",
        "Nothing is ever dropped.",
        "The mask was drawn but not used, or the branch that drops is never reached. In evaluation that would "
        "be right, which hides it.",
        "Count the zeros in the output for an input without zeros. Which line should have made them?",
    ),
    Misconception(
        "mask-shared-across-rows",
        "All examples of the batch get the same mask.",
        "Drawing one mask of the size of a row and letting NumPy broadcast it is shorter. But then all "
        "examples of a step train the same thinned network.",
        "Draw one number for every entry of the whole array, not for one row of it.",
    ),
    Misconception(
        "mask-shared-across-columns",
        "Whole rows are dropped: one coin per example.",
        "A random number per example, broadcast over its units, leaves some examples untouched and erases "
        "others completely.",
        "Draw one number for every entry: every unit of every example has its own coin.",
    ),
    Misconception(
        "scalar-mask",
        "One coin decides for the whole array: all or nothing.",
        "rng.random() without a size gives a single number, and broadcasting hides it.",
        "Give the shape to the generator, so that it draws one number per entry.",
    ),
    Misconception(
        "mask-reused",
        "A mask was drawn once and used again.",
        "A mask kept in an attribute, a global or a default argument survives the call. Then one thinned "
        "network is trained, and the others never are.",
        "Draw inside the function or __call__, each time it runs.",
    ),
    Misconception(
        "seed-inside",
        "The function starts its own random numbers afresh in every call.",
        "A seed inside makes results repeat, which is what one wants for a test. But the same numbers in "
        "every call mean the same mask in every step.",
        "Leave seeding to the caller: use rng as it is, and do not create or seed a generator.",
    ),
    Misconception(
        "ignores-rng",
        "Random numbers come from somewhere else than rng.",
        "np.random.rand and Python's random work without being handed a generator, and so does a generator of "
        "one's own. But then nobody outside can repeat a result.",
        "Look for every place where a random number is made. Each has to start with rng.",
    ),
    Misconception(
        "nan-at-rate-1",
        "At rate 1 the result contains NaN or infinity.",
        "At rate 1 the probability of keeping is 0, and x / 0 is infinite; infinity times a mask of 0 is NaN. "
        "One NaN in a layer makes the whole network NaN.",
        "Treat rate 1 before dividing: what is the answer when everything is dropped?",
    ),
    Misconception(
        "no-rate-check",
        "A rate outside 0 to 1 was not refused with ValueError.",
        "Rates such as 20 for '20 percent' are common slips. Code that accepts them drops everything, or nothing, "
        "without a word; and assert is no check, since it can be switched off.",
        "Begin with an if that raises ValueError when rate is below 0 or above 1.",
    ),
    Misconception(
        "inverted-not-classic",
        "This is inverted dropout; the exercise asks for the form of 2014.",
        "Today's libraries all use the inverted form, so it is the one that comes to mind. The paper leaves "
        "training unscaled and multiplies by 1 - rate at test time.",
        "Move the factor from the training branch to the other, and turn it upside down.",
    ),
    Misconception(
        "drops-at-test",
        "Units are dropped in evaluation too.",
        "Then the same picture gets another answer each time it is shown, and all of them are worse than they "
        "need be. The training flag was not looked at.",
        "Call it twice in evaluation on the same x: the two results have to be equal.",
    ),
    Misconception(
        "scaled-at-test",
        "The output is scaled in evaluation, although training was scaled already.",
        "The two forms of dropout got mixed: inverted dropout pays in training, classic dropout at test time. "
        "Paying twice makes the test-time output too small, or too large.",
        "One branch scales, the other does not. Which one does your formula belong to?",
    ),
    Misconception(
        "flag-reversed",
        "The training flag is used the wrong way round.",
        "if training: return x reads naturally, and is exactly wrong.",
        "Say in words what should happen when training is True, and compare with the line under the if.",
    ),
    Misconception(
        "training-by-default",
        "A call without the flag drops.",
        "A layer is written for training, so training=True seems a natural default. But whoever forgets the "
        "flag is usually predicting, and would get noise without a warning.",
        "Look at the default of training where your code is called, and at every training=True that you typed.",
    ),
    Misconception(
        "backward-unmasked",
        "The gradient is not masked.",
        "The forward pass drops, so the work seems done. But a dropped unit had no part in the output, so no "
        "change of it can matter: its gradient is 0.",
        "Where the output was dropped, what does a small change of x do to it?",
    ),
    Misconception(
        "backward-unscaled",
        "The gradient is masked, but not scaled.",
        "The mask is the visible part of dropout. But survivors were multiplied by 1 / (1 - rate) on the way "
        "forward, and so is every change of them.",
        "Compare with a numeric gradient: change one kept entry of x by 0.1. By how much does the output move?",
    ),
    Misconception(
        "backward-scaled-twice",
        "The gradient is scaled twice.",
        "The mask in the cache was scaled already, and the backward pass divides by 1 - rate once more.",
        "Decide which of the two carries the factor: the cached mask, or the line that uses it.",
    ),
    Misconception(
        "backward-new-mask",
        "The gradient uses another mask than the forward pass.",
        "A mask drawn again in the backward pass, or one left in a global variable by a later forward pass, has "
        "the right statistics and belongs to other units. Each pass has to hand its own mask on.",
        "Put the mask into the cache, and use nothing but the cache in the backward pass.",
    ),
    Misconception(
        "backward-from-zeros",
        "The mask was read off the zeros of the output.",
        "A dropped unit gives 0, so out != 0 looks like the mask. But an input can be exactly 0 and kept, as "
        "half of all numbers are behind a ReLU, and then its gradient is not 0.",
        "Try an x that contains zeros, and keep the mask itself.",
    ),
    Misconception(
        "backward-complement",
        "The gradient flows through the dropped units.",
        "grad_out - grad_out * mask, or a mask that means 'dropped' in one function and 'kept' in the other, "
        "turns it round.",
        "Give the mask a name that says what 1 means, and print it in both functions.",
    ),
    Misconception(
        "training-ignored",
        "The layer is never told whether it is training.",
        "Keras hands the flag to layers whose call has an argument named training, and to no others. A call "
        "without it, or one that does not look at it, does the same in fit and in predict.",
        "Look at the arguments of call, and at where the flag is used.",
    ),
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
        "Keras makes a loaded layer from what get_config returned. What is missing there falls back to a default, "
        "or the layer cannot be made at all.",
        "Compare layer.get_config() with the arguments of __init__: is every one of them there?",
    ),
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
    Misconception(
        "epoch-off-by-one",
        "Epochs are counted from 0.",
        "argmin and index give positions, and Python's positions start at 0. Keras prints Epoch 1 first, and so "
        "does everybody who talks about it.",
        "Try a history whose first epoch is the best.",
    ),
    Misconception(
        "epoch-by-accuracy",
        "The epoch is that of the highest accuracy.",
        "Accuracy is what one wants in the end. But it jumps when a single picture changes sides, and it does not "
        "see how sure the network is; the loss does.",
        "Which key does the exercise name, and is its best value a high or a low one?",
    ),
    Misconception(
        "epoch-by-training-loss",
        "The epoch is that of the lowest training loss.",
        "The training loss nearly always falls to the end, so its best epoch says nothing about new pictures.",
        "Look at the key that your function reads. What does the prefix val_ stand for?",
    ),
    Misconception(
        "epoch-of-highest",
        "The epoch is that of the highest val_loss.",
        "argmax comes to mind because it is right for accuracies. A loss is better when it is lower.",
        "Print val_loss at the epoch that you found, and at its neighbours.",
    ),
    Misconception(
        "loss-not-epoch",
        "The lowest loss came back, not its epoch.",
        "min gives the value. Where it stands is another question.",
        "Which function of NumPy gives a position instead of a value?",
    ),
    Misconception(
        "last-of-ties",
        "Of several equally good epochs the last was taken.",
        "<= in a loop lets every tie replace what was found before, and so does searching from the end. The first "
        "one costs less training.",
        "Try the losses 0.5, 0.4, 0.4. Is it < or <= that keeps the first?",
    ),
    Misconception(
        "nan-wins",
        "An epoch whose val_loss is NaN was called the best.",
        "Every comparison with NaN is false, so min keeps a NaN that it meets first; np.argmin stops at any NaN. A "
        "NaN says that the numbers broke down, which is the worst that can happen.",
        "Try the losses nan, 0.4, 0.5 and 0.5, nan, 0.4. NumPy has a variant that passes over NaN.",
    ),
    Misconception(
        "no-key-check",
        "A missing key was not answered by a KeyError that says so in a sentence.",
        "A lookup raises KeyError by itself, with nothing but the key, and get returns None, which fails somewhere "
        "else. Whoever forgot validation_data in fit would like to read that.",
        "Ask with `in` before you look up, and raise KeyError with a sentence.",
    ),
    Misconception(
        "no-epoch-check",
        "A history without an epoch that counts was not refused with ValueError.",
        "Index -1 of an empty list raises IndexError, and a search among nothing but NaN finds something all the "
        "same. The caller cannot tell what was wrong.",
        "Before you look for an epoch, ask how many there are that count.",
    ),
    Misconception(
        "uses-keras-dropout",
        "A layer of Keras does the dropping.",
        "Keras has this layer already, and in a project you would use it: as it is, as a parent, or inside a layer "
        "of your own. Here you build it once yourself, so keras.layers.Dropout and its relatives may be none of "
        "these. Functions are allowed, keras.random.dropout among them: they draw, and leave to you when, from "
        "which seed, and what is saved.",
        "Begin with class MyDropout(keras.layers.Layer), and call a function of keras.random where the layer was.",
    ),
    Misconception(
        "flatten-missing",
        "The image was not flattened.",
        "Dense works on the last axis only. Without Flatten each of the 28 rows of an image is treated as an "
        "example of its own, and there are 28 answers for an image.",
        "Look at model.output_shape: it should have two axes.",
    ),
    Misconception(
        "activation-missing",
        "A hidden layer has no activation.",
        "Dense is linear unless told otherwise, and two linear layers in a row are one. The network still learns, "
        "and is no better than one without hidden layers.",
        "Look at what model.get_config() says of each Dense layer's activation.",
    ),
    Misconception(
        "wrong-activation",
        "A hidden layer has another activation than ReLU.",
        "There are many, and most would do here. But the exercise compares networks, and what is compared has to "
        "differ in one thing only.",
        "Compare your hidden layers, number by number, with max(0, x).",
    ),
    Misconception(
        "wrong-widths",
        "The Dense layers have other widths than asked for.",
        "Widths typed in while trying stay in the code, arguments change places, and loops end one too early or "
        "run backwards.",
        "Print the arguments beside the units of the Dense layers, for several calls.",
    ),
    Misconception(
        "dropout-missing",
        "A hidden activation has no Dropout layer after it.",
        "One Dropout layer in the end looks like dropout, but it acts on one layer only. In a loop it is easily "
        "left outside, and in a subclass a layer that is made and never called does nothing.",
        "Count: how many hidden layers are there, and how many times is a Dropout layer called?",
    ),
    Misconception(
        "dropout-on-output",
        "The output is dropped, not only hidden units.",
        "A loop over all layers treats the last one like the others. But a dropped output is a class that cannot "
        "win, whatever the picture shows.",
        "What comes after the last Dense layer?",
    ),
    Misconception(
        "dropout-before-activation",
        "Dropout stands before the activation.",
        "With ReLU the numbers come out the same, because ReLU of 0 is 0. With any activation that does not turn 0 "
        "into 0 they do not, so the order to get used to is activation, then dropout.",
        "Read the column of layers aloud: Dense, activation, Dropout.",
    ),
    Misconception(
        "dropout-on-input",
        "Pixels are dropped, not only hidden units.",
        "Dropping inputs is a technique of its own. Here the first layer would see a picture with holes.",
        "What stands between Flatten and the first Dense layer?",
    ),
    Misconception(
        "dropout-shared",
        "One Dropout layer is used in several places.",
        "It has no weights, so it seems to do no harm. But a layer stands for one place in a network: a summary "
        "shows one where there are three, and none of them can be given a rate of its own.",
        "Make a new layer in each turn of the loop.",
    ),
    Misconception(
        "wrong-dropout-layer",
        "A relative of Dropout was used.",
        "SpatialDropout drops whole channels, AlphaDropout keeps mean and variance for SELU, GaussianDropout "
        "multiplies by noise and drops nothing. Their names are a few letters apart.",
        "Compare the names of your layers with keras.layers.Dropout.",
    ),
    Misconception(
        "softmax-missing",
        "The model returns logits, not probabilities.",
        "Dense is linear unless told otherwise. Logits have any size and sign and do not sum to one.",
        "Print model.predict(x).sum(axis=1) for a few pictures.",
    ),
    Misconception(
        "sigmoid-output",
        "The outputs are ten sigmoids, not one softmax.",
        "A sigmoid gives numbers between 0 and 1, which look like probabilities. Each answers a question of its "
        "own, yes or no; only softmax shares one certainty out among ten classes.",
        "Print model.predict(x).sum(axis=1) for a few pictures.",
    ),
    Misconception(
        "softmax-and-logits",
        "Softmax is taken twice: by the model, and by a loss of logits.",
        "from_logits=True tells the loss to apply softmax itself. A softmax of probabilities makes all differences "
        "small, so training crawls. Keras notices some such models and warns; others it does not.",
        "One of the two is enough. Which one does the exercise ask for?",
    ),
    Misconception(
        "one-hot-loss",
        "The loss expects rows of zeros with a one, not integers.",
        "categorical_crossentropy is the first name that one finds. It compares ten numbers with ten numbers, and "
        "a label here is one integer.",
        "Keras has the same loss for integer labels; its name begins with sparse.",
    ),
    Misconception(
        "not-compiled",
        "The model is not compiled.",
        "A model can predict as soon as it is built. To train, it has to know an optimizer and a loss.",
        "Call compile before you return the model.",
    ),
    Misconception(
        "layer-frozen",
        "A layer does not learn.",
        "trainable = False keeps weights as they are. That is meant for layers that were trained before; here it "
        "leaves random numbers in the middle of the network.",
        "Compare len(model.trainable_weights) with len(model.weights).",
    ),
    Misconception(
        "base-not-frozen",
        "The base's weights change while the new layers learn.",
        "training=False sounds as if nothing in the base were trained, but it only says how layers compute. What "
        "learns is decided by trainable, and a layer that is made with trainable=False does not pass that on to "
        "what it is given later. The new layers begin with random weights, and their first steps shake whatever "
        "lies below them: a base that took days to train is spoiled in seconds.",
        "Print len(model.trainable_variables) before you return the model. How many belong to the new layers?",
    ),
    Misconception(
        "batchnorm-running",
        "Batch normalisation in the base goes on collecting statistics.",
        "In training it uses the mean and variance of the batch, and moves its own towards them. These are no "
        "weights that a gradient changes, so nobody looks at them; but each step replaces what the base knows of "
        "a million images by what it sees of a few. In Keras a batch normalisation that is frozen runs in "
        "inference mode, in fit too. In a functional model of Keras 3 freezing is the only way: fit's flag "
        "overrides the one in the call.",
        "Compare base.non_trainable_variables before and after one step of fit. Is every layer of the base frozen?",
    ),
    Misconception(
        "base-told-training",
        "The base is told that it is training, even in evaluation.",
        "The base is part of a model that is trained, so training=True seems honest. But then what drops in it, "
        "drops for ever, and batch normalisation that is not frozen uses the batch: an image's features depend "
        "on chance and on its neighbours.",
        "Look at the flag in the base's call. What should the base do: learn, or look?",
    ),
    Misconception(
        "base-not-used",
        "The base that was handed over is not in the model.",
        "A copy, or a base made in the function, has the same layers, and its summary looks the same. But a new "
        "one begins with random weights, and freezing those leaves a network that nobody has ever trained.",
        "Where in your function does the argument base appear, and what is called with the images?",
    ),
    Misconception(
        "base-weights-changed",
        "The base's weights were overwritten while the model was built.",
        "What the base has learned is in its weights, and nowhere else. Initialising them again, or loading "
        "others, leaves only its shape.",
        "Compare base.get_weights() before and after a call of your function.",
    ),
    Misconception(
        "input-size-fixed",
        "The model takes images of 150 by 150 pixels only.",
        "The notebook's images have that size, and a shape that was typed in once works there for ever. The next "
        "base wants another one.",
        "The base knows the size of its images. Which of its attributes says it?",
    ),
    Misconception(
        "pooling-missing",
        "The features of all places of the image go on as they are.",
        "The base gives a grid of features, and Dense works on the last axis only. So each place of the grid is "
        "treated as an image of its own, and gets logits of its own.",
        "Look at model.output_shape: it should have two axes.",
    ),
    Misconception(
        "flattened-not-pooled",
        "The base's features were flattened, not averaged.",
        "Flatten makes one row for each image, too, and many older networks use it. But then every place has "
        "weights of its own: dozens of times as many to learn from few images, and they fit one image size only.",
        "Compare the number of weights of the first Dense layer with the number of the base's channels.",
    ),
    Misconception(
        "max-pooling",
        "The largest value of each channel was taken, not the mean.",
        "Both make one number of a grid, and the names are alike. The largest value says whether something is seen "
        "anywhere, the mean how much of the image shows it. A comparison has to use one of them throughout.",
        "Compare your pooled features of one image with the base's, averaged by hand.",
    ),
    Misconception(
        "dropout-on-features",
        "The base's features are dropped, not only hidden units.",
        "Where a single Dense layer follows the base, Dropout stands right behind the pooling, and many recipes "
        "are written like that. Here there is a hidden layer in between, and it is its activations that are "
        "dropped.",
        "Read your layers aloud, from the base to the logits. What does Dropout get?",
    ),
)

MISCONCEPTIONS = {misconception.slug: misconception for misconception in _ALL}
