"""What of masks is worth a picture, as data. Drawing is the business of the kit's `drawings`."""

from collections.abc import Callable

import numpy as np

from autograder.judge.statistics import binomial_band
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import Draws, MaskBench
from autograder.report import Chart

#: Bands in pictures leave out one correct implementation in a million, so that a dot outside means something.
_PICTURE_ALPHA = 1e-6


def mask_charts(draws: list[Draws]) -> tuple[Chart, ...]:
    """A mask as it came back, and the kept fraction at every rate beside the band it should lie in."""
    charts = []
    shown = next((d for d in draws if d.case.name == "repeat"), None)
    if shown is not None:
        kept, keep = shown.kept[0], 1 - shown.case.rate
        charts.append(
            Chart(
                "mask",
                f"Your mask at rate {shown.case.rate:.2f}: {100 * kept.mean():.0f}% kept, "
                f"{100 * keep:.0f}% expected",
                f"A grid of {kept.shape[0]} by {kept.shape[1]} units; {int(kept.sum())} of {kept.size} are "
                f"kept, where {100 * keep:.0f}% are expected.",
                {"kept": kept},
            )
        )
    # The band of a handful of entries spans the whole picture and says nothing.
    judged = sorted((d for d in draws if d.kept.size >= 300), key=lambda d: d.case.rate)
    if not judged:
        return tuple(charts)
    rates = np.array([d.case.rate for d in judged])
    shares = np.array([d.share for d in judged])
    bands = [binomial_band(d.kept.size, 1 - d.case.rate, _PICTURE_ALPHA) for d in judged]
    low = np.array([band.low / band.n for band in bands])
    high = np.array([band.high / band.n for band in bands])
    outside = int(((shares < low - 1e-12) | (shares > high + 1e-12)).sum())
    charts.append(
        Chart(
            "keep-rate",
            f"Fraction kept: {outside} of {len(judged)} outside the band"
            if outside
            else f"Fraction kept: all {len(judged)} inside the band",
            f"Fraction kept at {len(judged)} rates beside the band for 1 - rate. "
            + "; ".join(f"rate {r:.2f}: {s:.2f} kept" for r, s in zip(rates, shares, strict=True))
            + ".",
            {"rates": rates, "shares": shares, "low": low, "high": high},
        )
    )
    return tuple(charts)


def scale_chart(bench: MaskBench, factor: Callable[[float], float]) -> tuple[Chart, ...]:
    """What came out of training calls against x, beside the line that survivors should lie on."""
    case = bench.cases["units-high"]
    values = bench.values(case.name)
    if values is None:
        return ()
    x = case.x()
    return (_against_x("scale", "training", case, x, values[:3], factor(case.rate), with_zero=True),)


def evaluation_chart(bench: MaskBench, case: MaskCase, factor: Callable[[float], float]) -> Chart:
    """What came out of evaluation calls against x, beside the line it should lie on."""
    values = bench.recorded(case.name)
    return _against_x("evaluation", "evaluation", case, case.x(), values[:3], factor(case.rate), with_zero=False)


def _against_x(
    kind: str, mode: str, case: MaskCase, x: np.ndarray, values: np.ndarray, slope: float, with_zero: bool
) -> Chart:
    x = np.broadcast_to(x, values.shape).ravel().astype(float)[:300]
    y = values.ravel().astype(float)[: x.size]
    right = np.isclose(y, slope * x, rtol=1e-5) | (with_zero & (y == 0))
    off = int((~right).sum())
    verdict = f"{off} of {x.size} points are off" if off else "every point is where it should be"
    zero = " or at zero" if with_zero else ""
    return Chart(
        kind,
        f"In {mode}, rate {case.rate:.2f}: {verdict}",
        f"Outputs in {mode} against x. They should lie on a line of slope {slope:.3g}{zero}; {verdict}.",
        {"x": x, "y": y, "right": right, "slope": np.array(slope), "zero": np.array(with_zero)},
    )
