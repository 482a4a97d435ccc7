"""How charts of masks, and of what they do to x, are drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from autograder.kits.masks.binomial import binomial_chance
from autograder.show.panel import BAND, DROPPED, RIGHT, WRONG, Data, Drawing, dots, legend, legend_below

#: How many times further than what is due a point may lie before it is drawn at the edge of its panel instead, and
#: the largest number that is drawn where it is.
_FURTHEST, _LARGEST = 20, 1e6


def _draw_mask(ax: Axes, data: Data) -> None:
    kept = data["kept"]
    colours = ListedColormap([DROPPED, RIGHT])
    ax.pcolormesh(kept.astype(float), cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=0.4)
    ax.invert_yaxis()
    ax.set_aspect("equal", anchor="NW")
    ax.set_xlabel("dark: kept, light: dropped")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _draw_keep_rate(ax: Axes, data: Data) -> None:
    grid = np.linspace(0, 1, 2)
    ax.plot(grid, 1 - grid, color=BAND, linewidth=6, zorder=0, label="a correct one")
    ax.vlines(data["rates"], data["low"], data["high"], color=RIGHT, linewidth=1, zorder=1)
    dots(ax, data["rates"], data["shares"], _inside(data))
    ax.set(xlabel="rate", ylabel="fraction kept", xlim=(0, 1), ylim=(-0.03, 1.03))
    legend(ax)


def _inside(data: Data) -> np.ndarray:
    return (data["shares"] >= data["low"] - 1e-12) & (data["shares"] <= data["high"] + 1e-12)


def _draw_units(ax: Axes, data: Data) -> None:
    shares, unit = data["shares"], np.arange(data["shares"].size)
    ax.axhspan(float(data["low"]), float(data["high"]), color=BAND, zorder=0)
    inside = (shares >= data["low"]) & (shares <= data["high"])
    dots(ax, unit, shares, inside)
    ax.set(xlabel="unit", ylabel="fraction of calls kept", ylim=(-0.03, 1.03))
    legend(ax)


def _draw_counts(ax: Axes, data: Data) -> None:
    totals, n, keep = data["totals"], int(data["n"]), float(data["keep"])
    spread = max(4.5 * np.sqrt(n * keep * (1 - keep)), 2)
    low = int(max(0, min(np.floor(n * keep - spread), totals.min())))
    high = int(min(n, max(np.ceil(n * keep + spread), totals.max())))
    values = np.arange(low, high + 1)
    counts = np.bincount(totals, minlength=n + 1)[low : high + 1]
    ax.bar(values, counts, color=WRONG, width=0.8, label="yours")
    ax.plot(
        values, totals.size * binomial_chance(values, n, keep), "o-", color=RIGHT, markersize=4, label="independent"
    )
    ax.set(xlabel="units kept in a mask", ylabel="number of masks")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    legend_below(ax, *ax.get_legend_handles_labels())


def draw_against_x(ax: Axes, data: Data) -> None:
    """What came back, or a gradient, against x."""
    x, slope = np.clip(data["x"], -_LARGEST, _LARGEST), float(data["slope"])
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    ax.plot(ends, slope * ends, color=BAND, linewidth=6, zorder=0, label="expected")
    if data["zero"]:
        ax.plot(ends, 0 * ends, color=BAND, linewidth=6, zorder=0)
    # A result that overflowed would flatten all others: what is far beyond lies on the edge.
    reach = _FURTHEST * max(float(np.abs(slope * ends).max()), 1e-300)
    y = np.clip(data["y"], -reach, reach)
    dots(ax, x, y, data["right"])
    beyond = " (edge: or more)" if (np.abs(data["y"]) > reach).any() else ""
    ax.set(xlabel="x", ylabel=f"what came back{beyond}")
    legend(ax)


#: By the kind of chart.
DRAWINGS = {
    "mask": Drawing(_draw_mask, margins=(0.15, 0.15, 0.95, 0.55)),  # nothing on its left
    "keep-rate": Drawing(_draw_keep_rate),
    "units": Drawing(_draw_units),
    "counts": Drawing(_draw_counts),
    "scale": Drawing(draw_against_x),
    "evaluation": Drawing(draw_against_x),
}
