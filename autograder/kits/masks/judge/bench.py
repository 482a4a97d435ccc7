"""What the judges of masks work with: an examination whose cases are calls that draw masks."""

from dataclasses import dataclass

import numpy as np

from autograder.judge.evidence import Bench
from autograder.kits.masks.cases import MaskCase


@dataclass(frozen=True)
class Draws:
    """Masks recovered from one case.

    kept: boolean (calls, *shape), whether each entry was kept. x: the input they were applied to, or None
    for bare masks. Where x has exact zeros kept is flat, (calls, entries), without those.
    """

    case: MaskCase
    kept: np.ndarray
    x: np.ndarray | None = None

    @property
    def share(self) -> float:
        """The fraction of all entries that were kept."""
        return float(self.kept.mean())


class MaskBench(Bench[MaskCase]):
    """One examination of an exercise that draws masks."""

    @classmethod
    def of(cls, bench: Bench[MaskCase]) -> "MaskBench":
        """The same examination."""
        return cls(bench.exercise, bench.cases, bench.observations, bench.doubted, bench.budget)

    def values(self, name: str, part: str = "") -> np.ndarray | None:
        """The values of a case, or of a part of it, (calls, *shape); None if it went wrong or was forged."""
        values, case = self.record(name, part).values, self.cases[name]
        return values if values is not None and values.shape == (case.calls, *case.shape) else None

    def recorded(self, name: str, part: str = "") -> np.ndarray:
        """As `values`, of a case that is known to have some. Raises LookupError if it has none."""
        values = self.values(name, part)
        if values is None:
            raise LookupError(f"The recording of case {name!r} is damaged.")
        return values

    def usable(self, mode: str = "training") -> list[MaskCase]:
        """The cases with an ordinary rate, in the given mode, that returned proper arrays."""
        return [
            case
            for name, case in self.cases.items()
            if case.mode == mode and 0 < case.rate < 1 and self.values(name) is not None
        ]


#: Room for the rounding of a few float32 operations in whatever order, and for nothing more.
TIGHT = 16 * float(np.finfo(np.float32).eps)


def close(values: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Where two arrays agree up to the rounding of a few operations in float32.

    Also for float64, because a factor that was rounded to float32 on the way is no mistake of dropout's; and
    in the coarser float16 where either array is of that type.
    """
    half = any(a.dtype == np.float16 for a in (values, expected))
    return np.isclose(values, expected, rtol=16 * float(np.finfo(np.float16).eps) if half else TIGHT, atol=0)
