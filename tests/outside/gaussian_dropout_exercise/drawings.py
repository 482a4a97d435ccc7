"""How the chart of the noise is drawn."""

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import norm

from autograder.show.panel import BAND, RIGHT, Data, Drawing, legend_below


def draw_noise(ax: Axes, data: Data) -> None:
    """A histogram beside the density that is due."""
    edges = np.linspace(-4, 4, 33)
    ax.hist(np.clip(data["noise"], -4, 4), edges, density=True, color=RIGHT, label="yours")
    ax.plot(edges, norm.pdf(edges), color=BAND, linewidth=4, label="due")
    ax.set(xlabel="noise, in deviations", ylabel="density")
    legend_below(ax, *ax.get_legend_handles_labels())


#: By the kind of chart.
DRAWINGS = {"noise": Drawing(draw_noise)}
