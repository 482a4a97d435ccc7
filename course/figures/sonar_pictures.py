"""The larger drawings of notebook 03."""

import numpy as np
from matplotlib.patches import Rectangle

from course.figures import style
from course.sources.sonar import FOLDS
from course.statistics import corrected
from course.studies.sonar_study import Grid

#: A network that gives every echo the same answer is right for 53% of them. Below this it has learned nothing.
STUCK_BELOW = 0.6


def stack_of_pages() -> style.Picture:
    """What a stacked product of matrices is."""
    figure, axes = style.subplots(figsize=(7.5, 2.6))
    for left, bottom, width, height, colour, own, size in (
        (0.0, 0.4, 1.5, 1.0, "#CFE8F7", "examples", "16 × 60"),
        (2.9, 0.2, 1.4, 1.4, "#FBE3B5", "weights", "60 × 30"),
        (5.7, 0.4, 1.1, 1.0, "#CDEBDD", "outputs", "16 × 30"),
    ):
        for page in reversed(range(4)):
            corner = (left + 0.12 * page, bottom + 0.12 * page)
            axes.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor="black"))
        axes.text(left + width / 2, bottom + height / 2, f"{own}\n{size}", ha="center", va="center")
        axes.text(left, 2.15, f"its own {own}", fontsize=11)
    for place, sign in ((2.4, "×"), (5.2, "=")):
        axes.text(place, 0.95, sign, fontsize=22, ha="center", va="center")
    axes.set(xlim=(-0.1, 7.4), ylim=(0, 2.5), aspect="equal")
    axes.axis("off")
    axes.set_title("One product for all networks: each page is one network")
    return style.show(
        figure,
        "Three stacks of pages: examples times weights gives outputs. Each page belongs to one network, which has "
        "its own examples, its own weights and its own outputs.",
    )


class Tip:
    """An experiment on two settings, as differences from a baseline on the same folds.

    grid: what was varied. accuracies: (rows, columns, repeats, folds). baseline: (repeats, folds).
    means, reach: mean difference in points, and how far its corrected 95% interval reaches, (rows, columns).
    below, above: where the whole interval lies below or above zero. stuck: share of networks that learned
    nothing.
    """

    def __init__(self, grid: Grid, accuracies: np.ndarray, baseline: np.ndarray):
        self.grid, self.accuracies = grid, accuracies
        shape = accuracies.shape[:2]
        estimates = [corrected(cell, FOLDS) for cell in (accuracies - baseline).reshape(-1, *baseline.shape)]
        self.means = 100 * np.array([e.mean for e in estimates]).reshape(shape)
        self.reach = 100 * np.array([e.interval[1] - e.mean for e in estimates]).reshape(shape)
        self.below, self.above = self.means + self.reach < 0, self.means - self.reach > 0
        self.stuck = (accuracies < STUCK_BELOW).mean(axis=(2, 3))

    def show(self, title: str) -> style.Picture:
        """The heat map: mean, reach of the interval, and the share of stuck networks where it is notable."""
        sure = self.below | self.above
        figure, axes = style.subplots(figsize=(7.5, 1.0 + 0.75 * len(self.means)))
        image = axes.imshow(self.means, cmap="PuOr", vmin=-12, vmax=12, aspect="auto")
        for (row, column), mean in np.ndenumerate(self.means):
            look = {"ha": "center", "va": "center", "color": "white" if abs(mean) > 8 else "black"}
            weight = "bold" if sure[row, column] else "normal"
            told = f"{mean:+.1f}" + ("*" if sure[row, column] else "")
            axes.text(column, row - 0.24, told, weight=weight, **look)
            axes.text(column, row + 0.08, f"± {self.reach[row, column]:.1f}", fontsize=10, **look)
            if self.stuck[row, column] >= 0.05:
                axes.text(column, row + 0.34, f"{100 * self.stuck[row, column]:.0f}% stuck", fontsize=10, **look)
        (row_name, row_values), (column_name, column_values) = self.grid.rows, self.grid.columns
        axes.set(yticks=range(len(row_values)), yticklabels=map(_label, row_values), ylabel=row_name)
        axes.set(xticks=range(len(column_values)), xticklabels=map(_label, column_values), xlabel=column_name)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_title(title)
        figure.colorbar(image, ax=axes, label="points", extend="min")
        cells = "; ".join(
            f"{row_name} {_label(value)}: " + ", ".join(f"{mean:+.1f}" for mean in line)
            for value, line in zip(row_values, self.means, strict=True)
        )
        return style.show(
            figure,
            f"Heat map of accuracy minus the baseline's, in points, by {row_name} and {column_name}. {cells}.",
        )


def _label(value: object) -> str:
    """A setting as a tick label."""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return "none" if value == np.inf else f"{value:g}"
