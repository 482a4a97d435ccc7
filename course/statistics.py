"""How good predictions are, how certain a mean is, and what a cross-validation can say about a difference.

The scores of k-fold cross-validation are not independent: any two training sets share most of their examples.
The usual t-test forgets that and finds differences that are not there; more repeats only make it more certain.
Nadeau and Bengio (2003, "Inference for the Generalization Error") widen the variance by the ratio of test to
training examples. Corani and Benavoli (2015, "A Bayesian approach for comparing cross-validated algorithms on
multiple data sets") read the same quantity as a posterior.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of examples whose most probable class is the right one, for each network.

    probabilities: (networks, examples, classes). labels: integers (networks, examples).
    Returns float64 (networks,), from 0 to 1.
    """
    return (probabilities.argmax(axis=-1) == labels).mean(axis=-1)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean of -log(probability given to the right class), in nats, for each network.

    Shapes as for `accuracy`. A right class that was given less than 1e-12 counts as 1e-12, so that one
    overconfident mistake does not make the mean infinite.
    """
    right = np.take_along_axis(probabilities, labels[..., None], axis=-1)[..., 0]
    return -np.log(np.maximum(right.astype(np.float64), 1e-12)).mean(axis=-1)


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in equal ranges of confidence.

    edges: of the ranges, float64 (bins + 1,), from 0 to 1. confidence, accuracy: their means in each range,
    (bins,), NaN where a range is empty. count: examples in each range. error: the expected calibration error,
    the mean distance between the two, weighted by count (Naeini, Cooper & Hauskrecht 2015; Guo and others 2017).
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """Compare confidence with accuracy: how often is a prediction right, given how probable the network finds it?

    probabilities: (examples, classes), rows that sum to 1. labels: integers (examples,).
    Raises ValueError when there is no example or the lengths differ.
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise ValueError(f"There are {len(probabilities)} rows of probabilities and {len(labels)} labels.")
    edges = np.linspace(0, 1, bins + 1)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    # A confidence of exactly 1 belongs to the last range.
    place = np.minimum((sure * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, sure, bins) / count
        accuracy = np.bincount(place, right, bins) / count
    full = count > 0
    error = float((count[full] * np.abs(confidence - accuracy)[full]).sum() / len(labels))
    return Reliability(edges, confidence, accuracy, count, error)


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the first axis and the ends of Student's t interval of that mean.

    values: (repetitions, ...), at least two repetitions, independent of each other.
    level: the interval's coverage, between 0 and 1. Returns mean, low and high, each of shape (...).
    """
    n = len(values)
    mean = np.mean(values, axis=0)
    half = stats.t.ppf((1 + level) / 2, n - 1) * np.std(values, axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Estimate:
    """A mean over cross-validation scores, and Student's t distribution around it.

    mean, error: in the scores' units; error is the standard error. n: how many scores.
    As a frequentist reads it, `interval` covers the true value; as a Bayesian does, the same t distribution is
    the posterior of the true value under a flat prior.
    """

    mean: float
    error: float
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """The central 95%: of confidence, or of posterior probability."""
        half = stats.t.ppf(0.975, self.n - 1) * self.error
        return self.mean - half, self.mean + half

    @property
    def p_value(self) -> float:
        """Two-sided, for the hypothesis that the true value is 0."""
        return (
            float(2 * stats.t.sf(abs(self.mean) / self.error, self.n - 1)) if self.error else float(self.mean == 0)
        )

    def probability(self, low: float, high: float) -> float:
        """Posterior probability that the true value lies between low and high, in the scores' units."""
        if not self.error:
            return float(low <= self.mean <= high)
        ends = stats.t.cdf((np.array([low, high]) - self.mean) / self.error, self.n - 1)
        return float(ends[1] - ends[0])


def corrected(scores: np.ndarray, n_splits: int) -> Estimate:
    """The mean of cross-validation scores, or of paired differences of them, with the corrected error.

    scores: (repeats · n_splits,), one per trained network. n_splits: folds of one run.
    The variance is (1/n + 1/(n_splits - 1)) · s², where 1/(n_splits - 1) is the ratio of test to training
    examples (Nadeau & Bengio 2003, equation 9, derived for random splits; for repeated k-fold, with n - 1
    degrees of freedom, it is the usual approximation, Bouckaert & Frank 2004).
    Raises ValueError for fewer than two scores or two folds.
    """
    scores = np.asarray(scores, float).ravel()
    if scores.size < 2 or n_splits < 2:
        raise ValueError(f"It takes two scores and two folds; there are {scores.size} and {n_splits}.")
    factor = 1 / scores.size + 1 / (n_splits - 1)
    return Estimate(float(scores.mean()), float(np.sqrt(factor * scores.var(ddof=1))), scores.size)


def uncorrected(scores: np.ndarray) -> Estimate:
    """The same with the usual error, as if every score came from its own examples."""
    scores = np.asarray(scores, float).ravel()
    return Estimate(float(scores.mean()), float(scores.std(ddof=1) / np.sqrt(scores.size)), scores.size)


@dataclass(frozen=True)
class Part:
    """The standard deviation that one source contributes, and its central 95% interval, in the table's units."""

    deviation: float
    interval: tuple[float, float]


def variance_parts(table: np.ndarray) -> tuple[Part, Part, Part]:
    """Two-way analysis of variance with random rows and columns, one measurement for each pair.

    table: (rows, columns), at least two of each. Returns what the rows contribute, what the columns contribute,
    and what is left: the interaction of row and column. Components are those of the mean squares, cut off at 0;
    intervals use Satterthwaite's degrees of freedom (1946, "An approximate distribution of estimates of variance
    components").
    """
    rows, columns = table.shape
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    free = (rows - 1, columns - 1, (rows - 1) * (columns - 1))
    rest = float((left**2).sum() / free[2])
    squares = (float(columns * table.mean(axis=1).var(ddof=1)), float(rows * table.mean(axis=0).var(ddof=1)))
    parts = []
    for square, degrees, others in zip(squares, free[:2], (columns, rows), strict=True):
        component = max((square - rest) / others, 0.0)
        effective = component**2 * others**2 / (square**2 / degrees + rest**2 / free[2])
        parts.append(_part(component, effective))
    return parts[0], parts[1], _part(rest, free[2])


def _part(component: float, degrees: float) -> Part:
    if component == 0 or degrees < 0.1:  # a chi-squared of so few degrees says nothing
        return Part(component**0.5, (0.0, float("inf")))
    ends = component * degrees / stats.chi2.ppf([0.975, 0.025], degrees)
    return Part(component**0.5, (float(ends[0] ** 0.5), float(ends[1] ** 0.5)))
