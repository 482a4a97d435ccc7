"""The binomial distribution, for who judges masks and who draws what was judged.

Not `scipy.stats`, whose import takes longer than an examination.
"""

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy


def binomial_chance(k: np.ndarray | int, n: int, p: float) -> np.ndarray:
    """P(X = k) for X ~ Binomial(n, p). k: 0 to n, one or many; n: trials; p: 0 to 1. Same shape as k."""
    k = np.asarray(k)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(ways + xlogy(k, p) + xlog1py(n - k, -p))
