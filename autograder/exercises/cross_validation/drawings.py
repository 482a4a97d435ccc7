"""How charts of folds and of what standardised them are drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from autograder.show.panel import BAND, DROPPED, RIGHT, TEXT, WRONG, Data, Drawing, legend


def _draw_folds(ax: Axes, data: Data) -> None:
    roles, example = data["roles"], data["example"]
    gap = np.full((len(roles), 1), np.nan)
    both = np.hstack([roles, gap, example])
    colours = ListedColormap(["white", DROPPED, RIGHT, WRONG])
    ax.pcolormesh(both, cmap=colours, vmin=-0.5, vmax=3.5)
    ax.invert_yaxis()
    left, right = roles.shape[1], example.shape[1]
    for spans in ((0, left), (left + 1, left + 1 + right)):
        ax.hlines(np.cumsum(data["sizes"])[:-1], *spans, color="black", linewidth=1.2)
        ax.vlines(np.arange(spans[0], spans[1] + 1), 0, len(roles), color="white", linewidth=1.5)
    ax.set_xticks([left / 2, left + 1 + right / 2], ["yours", "an example"], fontsize=TEXT)
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.set_ylabel("rows, sorted by class")
    shown = [(1, DROPPED, "trained on"), (2, RIGHT, "tested"), (3, WRONG, "both"), (0, "white", "neither")]
    present = [(colour, name) for role, colour, name in shown if (both == role).any()]
    handles = [Patch(facecolor=colour, edgecolor="#888888") for colour, _ in present]
    ax.legend(
        handles,
        [name for _, name in present],
        fontsize=TEXT - 1,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        ncols=2 if len(present) > 3 else 3,
        columnspacing=1.0,
        handletextpad=0.4,
    )
    ax.spines[:].set_visible(False)


def _draw_standardised(ax: Axes, data: Data) -> None:
    means, deviations, right = np.nan_to_num(data["means"]), np.nan_to_num(data["deviations"]) - 1, data["right"]
    # A leak is off by little, raw rows by a hundredfold: the frame fits, and what is beyond lies on its edge.
    reach = float(np.clip(max(np.abs(means).max(), np.abs(deviations).max()), 0.15, 2))
    x, y = np.clip(means, -reach, reach), 1 + np.clip(deviations, -reach, reach)
    ax.axvline(0, color=BAND, linewidth=6, zorder=0, label="expected")
    ax.axhline(1, color=BAND, linewidth=6, zorder=0)
    ax.plot(x[right], y[right], "o", color=RIGHT, markersize=5, label="in place")
    for part, marker, name in ((0, "^", "off in fit"), (1, "x", "off in score")):
        off = ~right[part]
        ax.plot(x[part][off], y[part][off], marker, color=WRONG, markersize=6, markerfacecolor="none", label=name)
    ax.set(xlim=(-1.1 * reach, 1.1 * reach), ylim=(1 - 1.1 * reach, 1 + 1.1 * reach))
    beyond = " (edge: or more)" if reach == 2 else ""
    ax.set(xlabel=f"mean: offset in deviations{beyond}", ylabel="deviation: ratio to the right one")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    legend(ax)


#: By the kind of chart.
DRAWINGS = {"folds": Drawing(_draw_folds), "standardised": Drawing(_draw_standardised)}
