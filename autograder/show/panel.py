"""What the pictures of all exercises share: colours, marks, legends, and what a drawing is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

#: Okabe and Ito's colours; whatever is wrong has another marker as well as another colour.
RIGHT, WRONG, BAND, DROPPED = "#0072B2", "#D55E00", "#BFD9EA", "#ECECEC"
#: The size of a panel's text, in points.
TEXT = 10.5

#: A chart's arrays by their names.
Data = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Drawing:
    """How charts of one kind are drawn. on: draws a chart's data on the axes of its panel.

    margins: inches left, right, below and above the axes, for labels, legend and title. They are fixed: an engine
    that finds them takes as long as all the rest. names_above: whether names stand between the title and the axes.
    """

    on: Callable[[Axes, Data], None]
    margins: tuple[float, float, float, float] = (0.7, 0.2, 0.95, 0.55)
    names_above: bool = False


def dots(ax: Axes, x: np.ndarray, y: np.ndarray, right: np.ndarray) -> None:
    """Points in place, and points that are off. right: which are in place."""
    ax.plot(x[right], y[right], "o", color=RIGHT, markersize=5, label="yours, in place")
    ax.plot(x[~right], y[~right], "X", color=WRONG, markersize=7, label="yours, off")


def legend(ax: Axes) -> None:
    """A legend of the lines that show something."""
    handles, labels = ax.get_legend_handles_labels()
    shown = [(h, name) for h, name in zip(handles, labels, strict=True) if len(h.get_xdata())]
    legend_below(ax, *zip(*shown, strict=True))


def legend_below(ax: Axes, handles: Any, labels: Any, columns: int = 3) -> None:
    """A legend under the axes, where no student's result can lie under it."""
    ax.legend(
        handles,
        labels,
        fontsize=TEXT - 1,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.17),
        ncols=columns,
        columnspacing=1.0,
        handletextpad=0.4,
        handlelength=1.4,
    )


def clipped(text: str, letters: int) -> str:
    """A text of so many letters at most."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
