"""Draw a report's charts: the student's result beside the band that a correct one lies in.

How a chart of one kind is drawn is with the exercise or kit that has it, in its `drawings`; see
`autograder.show.panel.Drawing`.
"""

import base64
import io
import warnings
from functools import cache
from typing import Any

import numpy as np
from matplotlib import font_manager, style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator
from PIL import Image

from autograder.catalogue import drawings
from autograder.report import Chart
from autograder.show.panel import TEXT, clipped

_PANEL = (3.9, 3.6)  # inches a panel
_DPI = 96
_COLOURS = 64  # those of a panel, and what smooth edges are made of
#: Characters of a line of a title that there is room for.
_TITLE_LETTERS = 38


class Undrawable(ValueError):
    """A picture cannot be drawn of these charts."""


def draw(charts: tuple[Chart, ...]) -> str:
    """One PNG with a panel per chart, two in a row, as base64 text; "" if there is nothing to draw.

    Raises Undrawable for whatever keeps it from being drawn, and writes nothing to stderr.
    """
    if not charts:
        return ""
    # Whatever the student's notebook has set; and text of the student's is no mathematics.
    settings: list[str | dict[str, Any]] = ["default", {"text.parse_math": False}]
    try:
        with style.context(settings), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return base64.b64encode(_packed(_figure(charts))).decode("ascii")
    except Exception as error:  # Matplotlib and Pillow each raise their own kinds
        raise Undrawable(f"{type(error).__name__}: {error}") from error


def draw_nothing() -> None:
    """Draw an empty panel: what is made when it is first used has then been made for the pictures that follow."""
    figure = Figure(figsize=_PANEL, dpi=_DPI)
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    ax.plot([0, 1], [0, 1], "o", label="a point")
    ax.legend()
    ax.set(xlabel="x", ylabel="y", title="a title")
    _letters()
    _packed(figure)


def _figure(charts: tuple[Chart, ...]) -> Figure:
    columns = min(len(charts), 2)
    rows = -(-len(charts) // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), dpi=_DPI, facecolor="white")
    for number, chart in enumerate(charts):
        row, column = divmod(number, columns)
        drawing = drawings()[chart.kind]
        ax = figure.add_axes(_place(rows - 1 - row, column, rows, columns, drawing.margins))
        drawing.on(ax, {name: _in_font(values) for name, values in chart.data.items()})
        # Told where to go, because Matplotlib looks long for a free place; only what has names above needs one.
        height = None if drawing.names_above else 1.03
        ax.set_title(_folded(chart.title), fontsize=TEXT + 0.5, loc="left", y=height)
        for axis in (ax.xaxis, ax.yaxis):
            locator = axis.get_major_locator()
            if isinstance(locator, AutoLocator):
                locator.set_params(nbins=4)  # every tick takes time, and four are read as well
        ax.tick_params(labelsize=TEXT - 1)
        ax.xaxis.label.set_fontsize(TEXT)
        ax.yaxis.label.set_fontsize(TEXT)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _packed(figure: Figure) -> bytes:
    """The figure as a PNG with a palette: a fifth of the size, and less work to write than all its colours."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # savefig would do so twice
    pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    buffer = io.BytesIO()
    palette = Image.fromarray(pixels).quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(buffer, "png")
    return buffer.getvalue()


def _place(
    row: int, column: int, rows: int, columns: int, margins: tuple[float, ...]
) -> tuple[float, float, float, float]:
    """Where a panel's axes lie, in fractions of the figure: left, bottom, width, height. row: from below."""
    (width, height), (left, right, bottom, top) = _PANEL, margins
    return (
        (column * width + left) / (columns * width),
        (row * height + bottom) / (rows * height),
        (width - left - right) / (columns * width),
        (height - bottom - top) / (rows * height),
    )


def alternative_text(charts: tuple[Chart, ...]) -> str:
    """What the picture of these charts shows, in sentences."""
    return " ".join(f"{chart.title}. {chart.alt}" for chart in charts)


def _folded(title: str) -> str:
    """A title on two lines when one would run into the next panel; what has no room on them is cut."""
    title = str(_in_font(np.array(title)))
    if len(title) <= _TITLE_LETTERS:
        return title
    cut = title.rfind(" ", 0, _TITLE_LETTERS)
    cut = cut if cut > 0 else _TITLE_LETTERS
    return f"{title[:cut]}\n{clipped(title[cut:].strip(), _TITLE_LETTERS + 4)}"


def _in_font(values: np.ndarray) -> np.ndarray:
    """The same array; in texts, what the font has no glyph for is replaced, because Matplotlib warns of it."""
    if values.dtype.kind != "U":
        return values
    known = _letters()
    texts = [
        "".join(c if c in known else "\N{REPLACEMENT CHARACTER}" for c in str(text)) for text in values.ravel()
    ]
    return np.array(texts, dtype=str).reshape(values.shape)


@cache
def _letters() -> frozenset[str]:
    """What the font of the pictures, Matplotlib's own, has glyphs for."""
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return frozenset(map(chr, font.get_charmap()))
