"""Exact tests on counts, and the budget of false alarms they share.

Every statistical question here is brought to one form: a count that is Binomial(n, p) when the
implementation is correct. Its acceptance band is exact (SciPy's binomial, no normal approximation).

The budget. One examination asks at most FAMILIES families of questions. A family may be many counts (one per
unit, one per pair of units); by Bonferroni's inequality each gets its share. In one pass all families together
raise a false alarm with probability at most STAGE_ALPHA. An alarm counts when fresh draws, independent of the
first, raise one too (probability at most STAGE_ALPHA squared), or when it is beyond all chance by itself: a
count that even a hundred-thousandth of the budget, CERTAIN_ALPHA, would not forgive. So a correct implementation
fails with probability at most STAGE_ALPHA**2 + CERTAIN_ALPHA = 2e-10 < 1e-9. The second way is for mistakes that
come and go: an implementation that is wrong in its first thousand calls passes any repetition.

Confirming asks for an alarm of any property, not of the very same one. That is no less exact, and it keeps
mistakes from escaping whose alarms are attributed now to one property, now to another.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Not scipy.stats, whose import takes longer than an examination.
from scipy.special import bdtr, bdtrc

STAGE_ALPHA = 1e-5
CERTAIN_ALPHA = 1e-10
FAMILIES = 600


@dataclass(frozen=True)
class Band:
    """Where a Binomial(n, p) count lies, except with a small known probability: low to high, inclusive."""

    n: int
    p: float
    low: int
    high: int

    def holds(self, counts: np.ndarray | int) -> np.ndarray:
        """Which counts lie inside; same shape as `counts`."""
        return (np.asarray(counts) >= self.low) & (np.asarray(counts) <= self.high)


def binomial_band(n: int, p: float, alpha: float) -> Band:
    """The band that a Binomial(n, p) count leaves with probability at most alpha, half of it on each side.

    n: trials, at least 1. p: probability of success, 0 to 1. alpha: 0 to 1.
    """
    low = _first(lambda k: bdtr(k, n, p) >= alpha / 2, n) if p > 0 else 0
    high = _first(lambda k: bdtrc(k, n, p) <= alpha / 2, n) if p < 1 else n
    return Band(n, p, low, high)


def _first(holds: Callable[[int], bool], n: int) -> int:
    """The least number from 0 to n for which something holds that holds for all larger ones, too; n if for none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


@dataclass(frozen=True)
class Finding:
    """A count that does not fit chance: the one furthest outside in its family.

    index: position of that count in the family (0 for a single one). count: what was counted there. band:
    where it should lie.
    """

    index: int
    count: int
    band: Band


class Budget:
    """Hands out the false-alarm budget, one family at a time."""

    def __init__(self):
        self.spent = 0
        #: Whether any alarm so far was beyond all chance by itself.
        self.certain = False

    def family(self, counts: np.ndarray | int, n: int, p: float, questions: int | None = None) -> Finding | None:
        """Ask whether all `counts` fit Binomial(n, p); None if they do.

        counts: one count or many, each of n trials. questions: how many counts they were chosen from, if
        they were picked for looking worst; by default as many as there are.
        Raises RuntimeError when the budget has been spent, which is a fault of the judge.
        """
        self.spent += 1
        if self.spent > FAMILIES:
            raise RuntimeError(f"More than {FAMILIES} families of tests: raise FAMILIES.")
        counts = np.atleast_1d(counts).ravel()
        alpha = STAGE_ALPHA / FAMILIES / (questions or counts.size)
        # Only the extremes can lie outside, and two tails cost a hundredth of what a whole band does.
        below = float(bdtr(int(counts.min()), n, p))
        above = _upper_tail(int(counts.max()), n, p)
        if min(below, above) > alpha / 2:
            return None
        self.certain = self.certain or min(below, above) <= alpha / 2 * (CERTAIN_ALPHA / STAGE_ALPHA)
        worst = int(np.argmin(counts) if below < above else np.argmax(counts))
        return Finding(worst, int(counts[worst]), binomial_band(n, p, alpha))


def _upper_tail(count: int, n: int, p: float) -> float:
    """P(X >= count) for X ~ Binomial(n, p)."""
    return 1.0 if count <= 0 else float(bdtrc(count - 1, n, p))


def central_counts(n: int, p: float) -> tuple[int, int, float]:
    """The middle of Binomial(n, p): bounds (inclusive) that hold about half of it, and how much exactly.

    A sum whose spread is too small lies there too often, one whose spread is too large too seldom, so the
    spread of a count becomes a binomial question: how many sums lay in the middle.
    """
    middle, reach = n * p, 0.52 * np.sqrt(n * p * (1 - p))
    low, high = round(middle - reach), round(middle + reach)
    return low, high, float(bdtr(high, n, p) - (bdtr(low - 1, n, p) if low > 0 else 0.0))
