"""How the chart of a gap is drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from autograder.show.panel import RIGHT, WRONG, Data, Drawing, legend_below


def _draw_gap(ax: Axes, data: Data) -> None:
    accuracy, validation = data["accuracy"], data["val_accuracy"]
    epochs = np.arange(1, accuracy.size + 1)
    dot = "o" if accuracy.size == 1 else ""
    ax.plot(epochs, accuracy, dot + "-", color="black", label="accuracy")
    ax.plot(epochs, validation, dot + "--", color="#666666", label="val_accuracy")
    low, high = ax.get_ylim()
    step = max(accuracy.size * 0.05, 0.1)
    same = np.isclose(float(data["theirs"]), float(data["right"]), rtol=0, atol=1e-6)
    bars = (("right", RIGHT, "o", "expected"), ("theirs", RIGHT if same else WRONG, "X", "yours"))
    for number, (key, colour, marker, name) in enumerate(bars):
        end = validation[-1] + float(data[key])
        if np.isfinite(end):
            # A gap in percent would flatten the curves: what leaves the frame ends at its edge.
            ends = [validation[-1], np.clip(end, low, high)]
            x = [epochs[-1] + (number + 1) * step] * 2
            ax.plot(x, ends, "-" + marker, markevery=[1], color=colour, linewidth=2.5, label=name)
    ax.set(xlabel="epoch", ylabel="accuracy", ylim=(low - 0.02, high + 0.02))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    legend_below(ax, *ax.get_legend_handles_labels(), columns=2)


#: By the kind of chart.
DRAWINGS = {"gap": Drawing(_draw_gap)}
