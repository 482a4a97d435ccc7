"""Drawings of a small network from which units are dropped."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import style


def random_masks(layers: Sequence[int], rate: float, rng: np.random.Generator) -> list[np.ndarray]:
    """The units that one training step keeps: for each layer booleans (units,), True for kept.

    layers: units in each layer. rate: probability of dropping a hidden unit; inputs and outputs are always kept.
    """
    hidden = [rng.random(units) >= rate for units in layers[1:-1]]
    return [np.ones(layers[0], bool), *hidden, np.ones(layers[-1], bool)]


def side_by_side(networks: dict[str, list[np.ndarray]], title: str) -> Figure:
    """Several networks in a row. networks: by the text above each, its masks as `random_masks` gives them."""
    figure, axes = style.subplots(1, len(networks), figsize=(7.8, 3.1))
    for panel, (name, masks) in zip(axes, networks.items(), strict=True):
        draw(panel, masks)
        panel.set_title(name)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return figure


def draw(panel: Axes, masks: list[np.ndarray]) -> None:
    """Draw a network into a panel: dropped units crossed out, and no connections to or from them.

    masks: for each layer booleans (units,), True for kept.
    """
    heights = [np.arange(len(kept)) - (len(kept) - 1) / 2 for kept in masks]
    for k in range(len(masks) - 1):
        for start in heights[k][masks[k]]:
            for end in heights[k + 1][masks[k + 1]]:
                panel.plot([k, k + 1], [start, end], "-", color=style.SKY, linewidth=0.8, zorder=1)
    for k, kept in enumerate(masks):
        unit = {"marker": "o", "linestyle": "", "markeredgecolor": "black", "markersize": 12, "zorder": 2}
        panel.plot(np.full(kept.sum(), k), heights[k][kept], color=style.KEPT, **unit)
        panel.plot(np.full((~kept).sum(), k), heights[k][~kept], color=style.DROPPED, **unit)
        panel.plot(np.full((~kept).sum(), k), heights[k][~kept], "x", color="black", markersize=9, zorder=3)
    panel.axis("off")
