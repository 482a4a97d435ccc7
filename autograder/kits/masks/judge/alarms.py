"""What repeated masks say about chance: the rate, independence, and freshness.

Input is always `kept`, a boolean array (calls, *shape): whether each entry was kept in each call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import fft

from autograder.judge.statistics import Budget, Finding, central_counts
from autograder.kits.masks.binomial import binomial_chance

LAGS = 8  # successive masks are compared up to this many calls apart


@dataclass(frozen=True)
class Alarm:
    """One thing that does not fit chance.

    what: a slug for the judge. finding: the count that says so. data: what a report says beside it, by name.
    """

    what: str
    finding: Finding
    data: Mapping[str, Any]


class _Questions:
    """Asks a budget one family of questions after the other. alarms: what did not fit chance."""

    def __init__(self, budget: Budget):
        self._budget = budget
        self.alarms: list[Alarm] = []

    def ask(
        self, what: str, counts: np.ndarray | int, n: int, p: float, questions: int | None = None, **data: Any
    ) -> None:
        """Ask whether counts fit chance, as `Budget.family`. what, data: as in `Alarm`."""
        finding = self._budget.family(counts, n, p, questions)
        if finding:
            self.alarms.append(Alarm(what, finding, data))


def rate_alarms(budget: Budget, kept: np.ndarray, keep: float, x: np.ndarray | None) -> list[Alarm]:
    """Whether entries are kept with probability `keep`: all together, over time, unit by unit, by x.

    x: the input, shape of one mask, to ask whether dropping depends on it; None for a bare mask.
    """
    calls = len(kept)
    flat = kept.reshape(calls, -1)
    size = flat.shape[1]
    questions = _Questions(budget)
    questions.ask("share", flat.sum(), flat.size, keep)
    if calls >= 5:
        per_call = flat.sum(axis=1)
        questions.ask("share-of-a-call", per_call, size, keep)
    if calls >= 60:
        blocks = flat[: calls // 6 * 6].reshape(6, -1).sum(axis=1)
        questions.ask("share-over-time", blocks, calls // 6 * size, keep)
        questions.ask("unit", flat.sum(axis=0), calls, keep, shape=kept.shape[1:])
    if size >= 256:
        # A slope over the array, and the end that a loop over blocks forgets.
        eighth = size // 8
        parts = flat[:, : 8 * eighth].reshape(calls, 8, eighth)
        questions.ask("part", parts.sum(axis=(0, 2)), calls * eighth, keep)
        tail = size % 64 or 64
        questions.ask("end", flat[:, -tail:].sum(), calls * tail, keep)
    if x is not None:
        values = x.ravel()
        for what, group in (("by-sign", values > 0), ("by-size", np.abs(values) > np.median(np.abs(values)))):
            if 0 < group.sum() < size:
                questions.ask(what, flat[:, group].sum(), calls * int(group.sum()), keep)
    return questions.alarms


def independence_alarms(budget: Budget, kept: np.ndarray, keep: float) -> list[Alarm]:
    """Whether entries of one mask are independent of each other.

    Many small masks: the joint count of every pair of units, the spread of the count in whole masks, rows
    and columns, and how often a whole row, column or mask is dropped or kept. Few large ones: the lag at
    which the flattened mask resembles itself most. Tiny ones: every pattern there is.
    """
    flat = kept.reshape(len(kept), -1)
    questions = _Questions(budget)
    if flat.shape[1] <= 4:
        _ask_for_patterns(questions, flat, keep)
        return questions.alarms
    if len(kept) >= 60:
        _ask_for_pairs_and_triples(questions, flat, keep, kept.shape[1:])
    else:
        _ask_for_resemblance(questions, flat, keep)
        _ask_for_a_constant_number(questions, flat, keep)
    _ask_for_parity(questions, flat, keep)
    _ask_for_spread(questions, kept, keep)
    return questions.alarms


def _ask_for_patterns(questions: _Questions, flat: np.ndarray, keep: float) -> None:
    """How often each mask came up that there can be. flat: (calls, units), here and below."""
    calls, size = flat.shape
    codes = flat @ (1 << np.arange(size))
    patterns = np.bincount(codes, minlength=1 << size)
    for code, count in enumerate(patterns):
        bits = code >> np.arange(size) & 1
        questions.ask("pattern", count, calls, float(np.prod(np.where(bits, keep, 1 - keep))), pattern=bits)


def _ask_for_pairs_and_triples(
    questions: _Questions, flat: np.ndarray, keep: float, shape: tuple[int, ...]
) -> None:
    """How often each two units, and some three, were kept together. shape: of one mask."""
    calls, size = flat.shape
    counted = flat.astype(np.float32)  # exact: these counts are far below 2**24
    joint = (counted.T @ counted).astype(int)
    first, second = np.triu_indices(size, 1)
    questions.ask("pair", joint[first, second], calls, keep**2, first=first, second=second, shape=shape)
    members = _triples(size)
    together = flat[:, members[:, 0]] & flat[:, members[:, 1]] & flat[:, members[:, 2]]
    questions.ask("triple", together.sum(axis=0), calls, keep**3)


def _ask_for_resemblance(questions: _Questions, flat: np.ndarray, keep: float) -> None:
    """Whether a mask resembles itself: moved by the lag at which it does so most, and read backwards."""
    calls, size = flat.shape
    lag = _strongest_lag(flat, keep)
    same = _agreements(flat.T, lag)
    alike = keep**2 + (1 - keep) ** 2
    questions.ask("lag", same.sum(), same.size, alike, questions=size // 2, lag=lag)
    half = size // 2
    questions.ask("reversed", (flat[:, :half] == flat[:, ::-1][:, :half]).sum(), calls * half, alike)


def _ask_for_a_constant_number(questions: _Questions, flat: np.ndarray, keep: float) -> None:
    """A number that never varies: how often later calls keep as many as the first."""
    calls, size = flat.shape
    totals = flat.sum(axis=1)
    # No chance of that is larger than the likeliest number's.
    likeliest = float(binomial_chance(int((size + 1) * keep), size, keep))
    again = int((totals[1:] == totals[0]).sum())
    if again == calls - 1:
        questions.ask("constant", again, calls - 1, likeliest, totals=totals, part_size=size)


def _ask_for_parity(questions: _Questions, flat: np.ndarray, keep: float) -> None:
    """Pairs can be independent while three are not: whether an even number of three neighbours is dropped."""
    size = flat.shape[1]
    for offset in range(3):
        # Disjoint triples, so that their parities are independent.
        end = offset + (size - offset) // 3 * 3
        first, second, third = (flat[:, start:end:3] for start in range(offset, offset + 3))
        even = first ^ second ^ third  # an odd number kept of three is an even number dropped
        questions.ask("parity", even.sum(), even.size, (1 + (2 * keep - 1) ** 3) / 2)


def _ask_for_spread(questions: _Questions, kept: np.ndarray, keep: float) -> None:
    """How many are kept in each mask, row and column, and how often all or none. kept: (calls, *shape)."""
    for part, totals in _sums(kept).items():
        n = kept[0].size * len(kept) // totals.size
        if totals.size < 60 or n < 4:
            continue
        low, high, p = central_counts(n, keep)
        middle = ((totals >= low) & (totals <= high)).sum()
        questions.ask(f"spread-{part}", middle, totals.size, p, part_size=n, totals=totals)
        if part != "mask":
            questions.ask(f"whole-{part}-dropped", (totals == 0).sum(), totals.size, (1 - keep) ** n)
            questions.ask(f"whole-{part}-kept", (totals == n).sum(), totals.size, keep**n)


def _sums(kept: np.ndarray) -> dict[str, np.ndarray]:
    """How many are kept in each mask, and for two axes in each row and column, over all calls."""
    sums = {"mask": kept.reshape(len(kept), -1).sum(axis=1)}
    if kept.ndim == 3:
        sums["row"], sums["column"] = kept.sum(axis=2).ravel(), kept.sum(axis=1).ravel()
    return sums


@lru_cache(maxsize=16)
def _triples(size: int) -> np.ndarray:
    """Positions of three units each: all neighbours, and four hundred triples anywhere. Integers (n, 3)."""
    neighbours = np.arange(size - 2)[:, None] + np.arange(3)
    anywhere = np.random.default_rng(size).random((400, size)).argsort(axis=1)[:, :3]
    return np.concatenate([neighbours, anywhere])


def freshness_alarms(budget: Budget, kept: np.ndarray, keep: float) -> list[Alarm]:
    """Whether successive masks are independent: agreements between calls 1 to LAGS apart.

    Over all units together, which sees the weakest dependence, and where there are many calls unit by unit,
    which stays binomial even when the units of one mask depend on each other.
    """
    flat = kept.reshape(len(kept), -1)
    alarms = []
    for lag in range(1, min(LAGS, len(kept) // 2) + 1):
        same = _agreements(flat, lag)
        families = {"successive": (same.sum(), same.size)}
        if len(kept) >= 60:
            families["successive-unit"] = (same.sum(axis=0), len(same))
        for what, (counts, n) in families.items():
            finding = budget.family(counts, n, keep**2 + (1 - keep) ** 2)
            if finding:
                alarms.append(Alarm(what, finding, {"lag": lag}))
    return alarms


def duplicates(kept: np.ndarray) -> int:
    """How many calls repeat the mask of an earlier one."""
    flat = np.packbits(kept.reshape(len(kept), -1), axis=1)
    return len(flat) - len(np.unique(flat, axis=0))


def _agreements(rows: np.ndarray, lag: int) -> np.ndarray:
    """Where entries agree between rows `lag` apart, in pairs that share no row: boolean (pairs, columns).

    Disjoint pairs make the comparisons independent, hence their number binomial: of every 2·lag rows the
    first `lag` are compared with the rest.
    """
    usable = len(rows) // (2 * lag) * 2 * lag
    blocks = rows[:usable].reshape(-1, 2, lag, rows.shape[1])
    return (blocks[:, 0] == blocks[:, 1]).reshape(-1, rows.shape[1])


def _strongest_lag(flat: np.ndarray, keep: float) -> int:
    """The lag (1 to half the size) at which entries of a flattened mask agree or disagree most.

    All lags at once, by the autocorrelation theorem (Wiener 1930, Khinchin 1934).
    """
    # float32 is exact enough to choose a lag; what is then counted at it is exact.
    power = np.abs(fft.rfft(flat.astype(np.float32) - np.float32(keep), axis=1)) ** 2
    correlation = fft.irfft(power.sum(axis=0), flat.shape[1])
    half = flat.shape[1] // 2
    return 1 + int(np.argmax(np.abs(correlation[1 : half + 1])))
