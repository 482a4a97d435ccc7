"""How every figure of the course looks: one palette, one size, and alternative text.

Colours are Okabe and Ito's, which stay apart for readers with any colour vision (Okabe & Ito 2008,
"Color Universal Design"). Colour never carries meaning alone: the cycle changes line style with it.
"""

import base64
import html
import io

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

#: What is kept and what is dropped, wherever a mask is drawn.
KEPT, DROPPED = BLUE, "#E8E8E8"

_SETTINGS = {
    "figure.figsize": (7.5, 3.8),
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK])
    + cycler(linestyle=["-", "--", "-.", ":", "-", "--", "-."]),
    "lines.linewidth": 2,
    "legend.frameon": False,
    "image.cmap": "cividis",
    "image.interpolation": "nearest",
}


def use() -> None:
    """Apply the course's figure settings to Matplotlib in this process."""
    mpl.rcParams.update(_SETTINGS)


def subplots(rows: int = 1, columns: int = 1, **options):
    """Like `matplotlib.pyplot.subplots`, for a figure that only `show` displays.

    The figure is not registered with pyplot, so that it is neither shown twice nor kept in memory.
    Returns the figure and its axes (one axes, or an array of them, as pyplot does).
    """
    use()
    figure_options = {key: options.pop(key) for key in ("figsize", "dpi") if key in options}
    figure = Figure(**figure_options)
    return figure, figure.subplots(rows, columns, **options)


class Picture:
    """A drawn figure and the sentence that says the same in words.

    JupyterLab drops the alternative text of plain PNG outputs, so the picture is an HTML image; where only
    text can be shown, the sentence is shown.
    """

    def __init__(self, figure: Figure, alt: str):
        if not alt.strip():
            raise ValueError("A figure needs a sentence of alternative text: show(figure, 'What it shows.').")
        self.alt = " ".join(alt.split())
        drawn, packed = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", facecolor="white")
        # 256 colours are enough for a drawing, and take half the room in a notebook.
        Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(packed, "png", optimize=True)
        self._png = base64.b64encode(packed.getvalue()).decode("ascii")

    def __repr__(self) -> str:
        return f"[Figure: {self.alt}]"

    def _repr_html_(self) -> str:
        return (
            f'<img src="data:image/png;base64,{self._png}" alt="{html.escape(self.alt, quote=True)}" '
            'style="max-width:100%;height:auto">'
        )


def show(figure: Figure, alt: str) -> Picture:
    """The figure as a cell's last value, with its alternative text.

    figure: a Matplotlib figure, from `subplots`. alt: one or two full sentences that say what is seen.
    Raises ValueError when alt is empty.
    """
    return Picture(figure, alt)
