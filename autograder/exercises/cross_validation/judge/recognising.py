"""Recognise rows of a table after every column has been shifted and scaled, whatever the statistics were.

A standardised table still says which rows it has: in each column, the distances between its entries are those of
the original entries, times one number. So the rows are found first and the statistics are judged afterwards.
"""

from dataclasses import dataclass

import numpy as np

#: How far a recognised entry may be from its place, in standard deviations of its column. Rounding in float32 is a
#: hundred times smaller, and the distance of two rows (`FoldCase.x`) several times larger.
_NEAR = 2e-3

#: How often rows of one table are searched for, when no guess of their statistics fits: for the training and the
#: test part of each fold; and how often in vain, as one part that is of no rows says all.
_SEARCHES, _IN_VAIN = 24, 3

#: How often the quick way is tried, which fits large parts only: ten times what the largest examination takes.
_APPROACHES = 200

#: How many places in the table two recorded rows may have that fit some others, too, before all are looked at.
_CANDIDATES = 30


@dataclass(frozen=True)
class Found:
    """Rows that were recognised.

    rows: their positions in the original, (rows,) of int. shift, scale: per column, (columns,) each, so that what
    was recorded is (original - shift) / scale.
    """

    rows: np.ndarray
    shift: np.ndarray
    scale: np.ndarray


class Table:
    """An original, (rows, columns), whose rows are to be recognised."""

    def __init__(self, original: np.ndarray):
        self.original = np.asarray(original, dtype=np.float64)
        self.mean, self.std = self.original.mean(axis=0), self.original.std(axis=0)
        self._u = (self.original - self.mean) / self.std
        self._order = np.argsort(self._u[:, 0])
        self._sorted = self._u[self._order, 0]
        self._searches = self._in_vain = self._approaches = 0

    def find(self, recorded: np.ndarray, guesses: tuple[Found, ...] = ()) -> Found | None:
        """The rows of which `recorded`, (any number, columns), is a shifted and scaled selection; None if of none.

        guesses: finds whose shift and scale are tried first. Without a fitting guess it takes three rows or more.
        """
        if not len(recorded) or not np.isfinite(recorded).all():
            return None
        for guess in guesses:
            found = self._fit(
                recorded, self._nearest((recorded * guess.scale + guess.shift - self.mean) / self.std)
            )
            if found is not None:
                return found
        if len(recorded) < 3 or self._searches >= _SEARCHES or self._in_vain >= _IN_VAIN:
            return None
        found = self._approach(recorded)
        if found is None:
            found = self._search(recorded)
            self._searches += 1
            self._in_vain += found is None
        return found

    def _approach(self, recorded: np.ndarray) -> Found | None:
        """The quick way for large parts: they have nearly the statistics of the whole, so start from there.

        Rows are matched to the nearest originals and the map is fitted to the matches, a few times over.
        """
        spread = recorded.std(axis=0)
        if not spread.all() or self._approaches >= _APPROACHES:
            return None
        self._approaches += 1
        u = (recorded - recorded.mean(axis=0)) / spread
        lengths = (self._u**2).sum(axis=1)
        for _ in range(4):
            guess = self._fit(recorded, np.argmin(lengths - 2 * u @ self._u.T, axis=1))
            if guess is None:
                return None
            u = (recorded * guess.scale + guess.shift - self.mean) / self.std
            rows = self._nearest(u)
            if rows is not None:
                return self._fit(recorded, rows)
        return None

    def _nearest(self, u: np.ndarray) -> np.ndarray | None:
        """For each row of u the row of the original that it is; None unless every one is there."""
        rows = self._candidates(u)
        return rows if np.abs(self._u[rows] - u).max() < _NEAR else None

    def _is_there(self, u: np.ndarray) -> np.ndarray:
        """Which rows of u are rows of the original."""
        return np.abs(self._u[self._candidates(u)] - u).max(axis=1) < _NEAR

    def _candidates(self, u: np.ndarray) -> np.ndarray:
        """For each row of u the row of the original that is nearest to it in the first column."""
        place = np.clip(np.searchsorted(self._sorted, u[:, 0]), 1, len(self._sorted) - 1)
        place -= u[:, 0] - self._sorted[place - 1] < self._sorted[place] - u[:, 0]
        return self._order[place]

    def _fit(self, recorded: np.ndarray, rows: np.ndarray | None) -> Found | None:
        """The shift and scale that take these rows to `recorded`, by least squares; None if nothing does."""
        if rows is None:
            return None
        u = self._u[rows]
        centred = u - u.mean(axis=0)
        spread = (centred**2).sum(axis=0)
        if not spread.all():  # a single row, or one that is repeated, fits any scale
            return None
        slope = (centred * recorded).sum(axis=0) / spread
        if not slope.all():
            return None
        scale = self.std / slope
        return Found(rows, self.mean + self.std * u.mean(axis=0) - recorded.mean(axis=0) * scale, scale)

    def _search(self, recorded: np.ndarray) -> Found | None:
        """Guess the originals of two recorded rows, which fixes every column's map, and look at all others."""
        ends = _far_apart(recorded)
        if ends is None:
            return None
        first, second = recorded[list(ends)]
        # The place of every row between these two, column by column, whatever the shift and the scale.
        between = (recorded - first) / (second - first)
        third = between[np.argmin(np.abs(between - 0.5).max(axis=1))]
        u = self._u
        reach = _NEAR * (1 + 2 * np.abs(third).max())
        step = u[None, :, :] - u[:, None, :]
        wanted = u[:, None, 0] + third[0] * step[:, :, 0]
        place = np.clip(np.searchsorted(self._sorted, wanted), 1, len(u) - 1)
        place -= wanted - self._sorted[place - 1] < self._sorted[place] - wanted
        rows = self._order[place]
        possible = np.abs(u[rows, 0] - wanted) < reach
        for column in range(1, u.shape[1]):
            i, k = np.nonzero(possible)
            if not len(i):
                return None
            expected = u[i, column] + third[column] * step[i, k, column]
            possible[i, k] = np.abs(u[rows[i, k], column] - expected) < reach
        pairs = np.argwhere(possible & ~np.eye(len(u), dtype=bool))
        for row in between[np.linspace(0, len(between) - 1, _CANDIDATES).astype(int)]:
            if len(pairs) <= 1:
                break
            i, k = pairs.T
            pairs = pairs[self._is_there(u[i] + row * step[i, k])]
        for i, k in pairs[:_CANDIDATES]:
            found = self._fit(recorded, self._nearest(u[i] + between * step[i, k]))
            if found is not None:
                return found
        return None


def _far_apart(recorded: np.ndarray) -> tuple[int, int] | None:
    """Two rows that differ clearly in every column; None if there are none."""
    ranges = np.ptp(recorded, axis=0)
    if not ranges.all():
        return None
    some = recorded[:40] / ranges
    apart = np.abs(some[:, None] - some[None]).min(axis=2)
    first, second = np.unravel_index(np.argmax(apart), apart.shape)
    return (int(first), int(second)) if apart[first, second] > 0.02 else None
