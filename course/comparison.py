"""What repeated cross-validation can say about a difference, when its training sets overlap.

The scores of k-fold cross-validation are not independent: any two training sets share most of their examples.
The usual t-test forgets that, and finds differences that are not there; more repeats only make it surer.
Nadeau and Bengio (2003, "Inference for the Generalization Error") widen the variance by the ratio of test to
training examples. Corani and Benavoli (2015, "A Bayesian approach for comparing cross-validated algorithms on
multiple data sets") read the same quantity as a posterior.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


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
    examples (Nadeau & Bengio 2003, equation 9). Raises ValueError for fewer than two scores or two folds.
    """
    scores = np.asarray(scores, float).ravel()
    if scores.size < 2 or n_splits < 2:
        raise ValueError(f"It takes two scores and two folds; there are {scores.size} and {n_splits}.")
    factor = 1 / scores.size + 1 / (n_splits - 1)
    return Estimate(float(scores.mean()), float(np.sqrt(factor * scores.var(ddof=1))), scores.size)


def uncorrected(scores: np.ndarray) -> Estimate:
    """The same with the usual error, as if every score came from examples of its own."""
    scores = np.asarray(scores, float).ravel()
    return Estimate(float(scores.mean()), float(scores.std(ddof=1) / np.sqrt(scores.size)), scores.size)


@dataclass(frozen=True)
class Spread:
    """Where the variance of repeated measurements comes from, in the measurements' units.

    between, within: standard deviations between groups and inside them. share: of the variance that is between
    groups, 0 to 1. interval: the central 95% of that share.
    """

    between: float
    within: float
    share: float
    interval: tuple[float, float]


def variance_between(measurements: np.ndarray) -> Spread:
    """One-way analysis of variance with random groups.

    measurements: (groups, members), at least two of each. The interval of the share, the intraclass
    correlation, is that of Shrout and Fleiss (1979, "Intraclass correlations", case 1), cut off at 0.
    """
    groups, members = measurements.shape
    within = float(measurements.var(axis=1, ddof=1).mean())
    among = float(members * measurements.mean(axis=1).var(ddof=1))
    between = max((among - within) / members, 0.0)
    ratio, free = among / within, (groups - 1, groups * (members - 1))
    low = ratio / stats.f.ppf(0.975, *free)
    high = ratio * stats.f.ppf(0.975, *reversed(free))
    interval = tuple(max(float((f - 1) / (f + members - 1)), 0.0) for f in (low, high))
    return Spread(between**0.5, within**0.5, between / (between + within), interval)
