"""How the chart of a model is drawn: its layers beside those expected."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from autograder.show.panel import BAND, RIGHT, TEXT, WRONG, Data, Drawing, clipped

#: Characters of a text in a box that there is room for.
_BOX_LETTERS = 26


def _draw_layers(ax: Axes, data: Data) -> None:
    found, expected = data["found"], data["expected"]
    size = min(TEXT - 1.5, 150 / max(len(found), 1))  # many steps are drawn small
    for x, texts, other in ((0, found, expected), (1.1, expected, found)):
        for y, (text, counterpart) in enumerate(zip(texts, other, strict=True)):
            off = text != counterpart
            if text:
                mark = "✗ " if off and x == 0 else ""
                edge = (WRONG, 2) if off and x == 0 else (RIGHT if off else "#888888", 1.5 if off else 1)
                style = {"facecolor": "white" if off else BAND, "edgecolor": edge[0], "linewidth": edge[1]}
                box = ax.add_patch(Rectangle((x, y + 0.08), 1, 0.84, **style))
                told = clipped(mark + text.replace("\n", " "), _BOX_LETTERS)
                told = ax.text(x + 0.5, y + 0.5, told, ha="center", va="center", fontsize=size, clip_on=True)
                told.set_clip_path(box)  # also of the widest letters none lies outside
            elif off:
                ax.text(x + 0.5, y + 0.5, "nothing here", ha="center", va="center", fontsize=size, style="italic")
    ax.set(xlim=(-0.02, 2.12), ylim=(max(len(found), 1), 0))
    ax.set_xticks([0.5, 1.6], ["yours", "expected"], fontsize=TEXT)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


#: By the kind of chart.
DRAWINGS = {
    # No labels, no legend, and names above.
    "layers": Drawing(_draw_layers, margins=(0.15, 0.15, 0.15, 0.6), names_above=True),
}
