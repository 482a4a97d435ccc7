"""How the chart of a best epoch is drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from autograder.show.panel import RIGHT, WRONG, Data, Drawing, legend_below


def _draw_best_epoch(ax: Axes, data: Data) -> None:
    losses, theirs, right = data["losses"], float(data["theirs"]), int(data["right"])
    epochs = np.arange(1, losses.size + 1)
    ax.plot(epochs, losses, ".-", color="black", label="val_loss")
    unknown = np.isnan(losses)
    floor, ceiling = ax.get_ylim()
    if unknown.any():
        height = floor + 0.07 * (ceiling - floor)  # above the foot, where a wrong answer is marked
        ax.plot(epochs[unknown], np.full(unknown.sum(), height), "^", color="#666666", label="NaN")
    ax.plot(right, losses[right - 1], "o", color=RIGHT, markersize=12, fillstyle="none", mew=2.5, label="expected")
    # Epoch 0, or one after the last, is no place on the curve: it is marked at its foot.
    place = float(np.clip(theirs, -0.5, losses.size + 1.5))
    known = place.is_integer() and 1 <= place <= losses.size and not unknown[int(place) - 1]
    height = losses[int(place) - 1] if known else floor
    ax.plot(
        place, height, "X", color=RIGHT if theirs == right else WRONG, markersize=9, clip_on=False, label="yours"
    )
    ax.set(xlabel="epoch", ylabel="val_loss", ylim=(floor, ceiling))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    legend_below(ax, *ax.get_legend_handles_labels(), columns=2)


#: By the kind of chart.
DRAWINGS = {"best-epoch": Drawing(_draw_best_epoch)}
