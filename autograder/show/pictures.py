"""Draw a report's charts: the student's result beside the band that a correct one lies in."""

import base64
import io
import warnings
from functools import cache

import numpy as np
from matplotlib import font_manager, style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import AutoLocator, MaxNLocator
from PIL import Image
from scipy.stats import binom

from autograder.report import Chart

# Okabe and Ito's colours; whatever is wrong has another marker as well as another colour.
_RIGHT, _WRONG, _BAND, _DROPPED = "#0072B2", "#D55E00", "#BFD9EA", "#ECECEC"
_PANEL = (3.9, 3.6)  # inches a panel
# Inches left, right, below and above the axes: labels, legend, title. Fixed: an engine that finds them takes
# as long as all the rest.
_MARGINS = (0.7, 0.2, 0.95, 0.55)
_OTHER_MARGINS = {
    "columns": (0.15, 0.15, 0.15, 0.6),  # no labels, no legend, and their names above
    "mask": (0.15, 0.15, 0.95, 0.55),  # nothing on its left
}
_DPI = 96
_TEXT = 10.5  # points
_COLOURS = 64  # those above, and what smooth edges are made of


#: How many times further than what is due a point may lie before it is drawn at the edge of its panel instead, and
#: the largest number that is drawn where it is.
_FURTHEST, _LARGEST = 20, 1e6
#: Characters of a text in a box, and of a line of a title, that there is room for.
_BOX_LETTERS, _TITLE_LETTERS = 26, 38


class Undrawable(ValueError):
    """A picture cannot be drawn of these charts."""


def draw(charts: tuple[Chart, ...]) -> str:
    """One PNG with a panel per chart, two in a row, as base64 text; "" if there is nothing to draw.

    Raises Undrawable for whatever keeps it from being drawn, and writes nothing to stderr.
    """
    if not charts:
        return ""
    # Whatever the student's notebook has set; and text of the student's is no mathematics.
    settings = ["default", {"text.parse_math": False}]
    try:
        with style.context(settings), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return base64.b64encode(_packed(_figure(charts))).decode("ascii")
    except Exception as error:  # Matplotlib and Pillow each raise their own kinds
        raise Undrawable(f"{type(error).__name__}: {error}") from error


def _figure(charts: tuple[Chart, ...]) -> Figure:
    columns = min(len(charts), 2)
    rows = -(-len(charts) // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), dpi=_DPI, facecolor="white")
    for number, chart in enumerate(charts):
        row, column = divmod(number, columns)
        margins = _OTHER_MARGINS.get(chart.kind, _MARGINS)
        ax = figure.add_axes(_place(rows - 1 - row, column, rows, columns, margins))
        _DRAWINGS[chart.kind](ax, {name: _in_font(values) for name, values in chart.data.items()})
        # Told where to go, because Matplotlib looks long for a free place; only what has names above needs one.
        height = None if chart.kind == "columns" else 1.03
        ax.set_title(_folded(chart.title), fontsize=_TEXT + 0.5, loc="left", y=height)
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), AutoLocator):
                axis.get_major_locator().set_params(nbins=4)  # every tick takes time, and four are read as well
        ax.tick_params(labelsize=_TEXT - 1)
        ax.xaxis.label.set_size(_TEXT)
        ax.yaxis.label.set_size(_TEXT)
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
    return f"{title[:cut]}\n{_clipped(title[cut:].strip(), _TITLE_LETTERS + 4)}"


def _clipped(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


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


def _draw_mask(ax, data) -> None:
    kept = data["kept"]
    colours = ListedColormap([_DROPPED, _RIGHT])
    ax.pcolormesh(kept.astype(float), cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=0.4)
    ax.invert_yaxis()
    ax.set_aspect("equal", anchor="NW")
    ax.set_xlabel("dark: kept, light: dropped")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _draw_keep_rate(ax, data) -> None:
    grid = np.linspace(0, 1, 2)
    ax.plot(grid, 1 - grid, color=_BAND, linewidth=6, zorder=0, label="a correct one")
    ax.vlines(data["rates"], data["low"], data["high"], color=_RIGHT, linewidth=1, zorder=1)
    _dots(ax, data["rates"], data["shares"], _inside(data))
    ax.set(xlabel="rate", ylabel="fraction kept", xlim=(0, 1), ylim=(-0.03, 1.03))
    _legend(ax)


def _inside(data) -> np.ndarray:
    return (data["shares"] >= data["low"] - 1e-12) & (data["shares"] <= data["high"] + 1e-12)


def _dots(ax, x, y, right) -> None:
    ax.plot(x[right], y[right], "o", color=_RIGHT, markersize=5, label="yours, in place")
    ax.plot(x[~right], y[~right], "X", color=_WRONG, markersize=7, label="yours, off")


def _legend(ax) -> None:
    handles, labels = ax.get_legend_handles_labels()
    shown = [(h, name) for h, name in zip(handles, labels, strict=True) if len(h.get_xdata())]
    _legend_below(ax, *zip(*shown, strict=True))


def _legend_below(ax, handles, labels, columns: int = 3) -> None:
    """A legend under the axes, where no student's result can lie under it."""
    ax.legend(
        handles,
        labels,
        fontsize=_TEXT - 1,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.17),
        ncols=columns,
        columnspacing=1.0,
        handletextpad=0.4,
        handlelength=1.4,
    )


def _draw_units(ax, data) -> None:
    shares, unit = data["shares"], np.arange(data["shares"].size)
    ax.axhspan(float(data["low"]), float(data["high"]), color=_BAND, zorder=0)
    inside = (shares >= data["low"]) & (shares <= data["high"])
    _dots(ax, unit, shares, inside)
    ax.set(xlabel="unit", ylabel="fraction of calls kept", ylim=(-0.03, 1.03))
    _legend(ax)


def _draw_counts(ax, data) -> None:
    totals, n, keep = data["totals"], int(data["n"]), float(data["keep"])
    spread = max(4.5 * np.sqrt(n * keep * (1 - keep)), 2)
    low = int(max(0, min(np.floor(n * keep - spread), totals.min())))
    high = int(min(n, max(np.ceil(n * keep + spread), totals.max())))
    values = np.arange(low, high + 1)
    counts = np.bincount(totals, minlength=n + 1)[low : high + 1]
    ax.bar(values, counts, color=_WRONG, width=0.8, label="yours")
    ax.plot(values, totals.size * binom.pmf(values, n, keep), "o-", color=_RIGHT, markersize=4, label="independent")
    ax.set(xlabel="units kept in a mask", ylabel="number of masks")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    _legend_below(ax, *ax.get_legend_handles_labels())


def _draw_gradient(ax, data) -> None:
    _draw_against_x(ax, data)
    beyond = ax.get_ylabel().removeprefix("what came back")
    ax.set(xlabel="numeric gradient", ylabel=f"your gradient{beyond}")


def _draw_against_x(ax, data) -> None:
    x, slope = np.clip(data["x"], -_LARGEST, _LARGEST), float(data["slope"])
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    ax.plot(ends, slope * ends, color=_BAND, linewidth=6, zorder=0, label="expected")
    if data["zero"]:
        ax.plot(ends, 0 * ends, color=_BAND, linewidth=6, zorder=0)
    # A result that overflowed would flatten all others: what is far beyond lies on the edge.
    reach = _FURTHEST * max(float(np.abs(slope * ends).max()), 1e-300)
    y = np.clip(data["y"], -reach, reach)
    _dots(ax, x, y, data["right"])
    beyond = " (edge: or more)" if (np.abs(data["y"]) > reach).any() else ""
    ax.set(xlabel="x", ylabel=f"what came back{beyond}")
    _legend(ax)


def _draw_folds(ax, data) -> None:
    roles, example = data["roles"], data["example"]
    gap = np.full((len(roles), 1), np.nan)
    both = np.hstack([roles, gap, example])
    colours = ListedColormap(["white", _DROPPED, _RIGHT, _WRONG])
    ax.pcolormesh(both, cmap=colours, vmin=-0.5, vmax=3.5)
    ax.invert_yaxis()
    left, right = roles.shape[1], example.shape[1]
    for spans in ((0, left), (left + 1, left + 1 + right)):
        ax.hlines(np.cumsum(data["sizes"])[:-1], *spans, color="black", linewidth=1.2)
        ax.vlines(np.arange(spans[0], spans[1] + 1), 0, len(roles), color="white", linewidth=1.5)
    ax.set_xticks([left / 2, left + 1 + right / 2], ["yours", "an example"], fontsize=_TEXT)
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.set_ylabel("rows, sorted by class")
    shown = [(1, _DROPPED, "trained on"), (2, _RIGHT, "tested"), (3, _WRONG, "both"), (0, "white", "neither")]
    present = [(colour, name) for role, colour, name in shown if (both == role).any()]
    handles = [Patch(facecolor=colour, edgecolor="#888888") for colour, _ in present]
    ax.legend(
        handles,
        [name for _, name in present],
        fontsize=_TEXT - 1,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        ncols=2 if len(present) > 3 else 3,
        columnspacing=1.0,
        handletextpad=0.4,
    )
    ax.spines[:].set_visible(False)


def _draw_standardised(ax, data) -> None:
    means, deviations, right = np.nan_to_num(data["means"]), np.nan_to_num(data["deviations"]) - 1, data["right"]
    # A leak is off by little, raw rows by a hundredfold: the frame fits, and what is beyond lies on its edge.
    reach = float(np.clip(max(np.abs(means).max(), np.abs(deviations).max()), 0.15, 2))
    x, y = np.clip(means, -reach, reach), 1 + np.clip(deviations, -reach, reach)
    ax.axvline(0, color=_BAND, linewidth=6, zorder=0, label="expected")
    ax.axhline(1, color=_BAND, linewidth=6, zorder=0)
    ax.plot(x[right], y[right], "o", color=_RIGHT, markersize=5, label="in place")
    for part, marker, name in ((0, "^", "off in fit"), (1, "x", "off in score")):
        off = ~right[part]
        ax.plot(x[part][off], y[part][off], marker, color=_WRONG, markersize=6, markerfacecolor="none", label=name)
    ax.set(xlim=(-1.1 * reach, 1.1 * reach), ylim=(1 - 1.1 * reach, 1 + 1.1 * reach))
    beyond = " (edge: or more)" if reach == 2 else ""
    ax.set(xlabel=f"mean: how far off, in deviations{beyond}", ylabel="deviation: times the due one")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    _legend(ax)


def _draw_gap(ax, data) -> None:
    accuracy, validation = data["accuracy"], data["val_accuracy"]
    epochs = np.arange(1, accuracy.size + 1)
    dot = "o" if accuracy.size == 1 else ""
    ax.plot(epochs, accuracy, dot + "-", color="black", label="accuracy")
    ax.plot(epochs, validation, dot + "--", color="#666666", label="val_accuracy")
    low, high = ax.get_ylim()
    step = max(accuracy.size * 0.05, 0.1)
    same = np.isclose(float(data["theirs"]), float(data["right"]), rtol=0, atol=1e-6)
    bars = (("right", _RIGHT, "o", "due"), ("theirs", _RIGHT if same else _WRONG, "X", "yours"))
    for number, (key, colour, marker, name) in enumerate(bars):
        end = validation[-1] + float(data[key])
        if np.isfinite(end):
            # A gap in percent would flatten the curves: what leaves the frame ends at its edge.
            ends = [validation[-1], np.clip(end, low, high)]
            x = [epochs[-1] + (number + 1) * step] * 2
            ax.plot(x, ends, "-" + marker, markevery=[1], color=colour, linewidth=2.5, label=name)
    ax.set(xlabel="epoch", ylabel="accuracy", ylim=(low - 0.02, high + 0.02))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    _legend_below(ax, *ax.get_legend_handles_labels(), columns=2)


def _draw_best_epoch(ax, data) -> None:
    losses, theirs, right = data["losses"], float(data["theirs"]), int(data["right"])
    epochs = np.arange(1, losses.size + 1)
    ax.plot(epochs, losses, ".-", color="black", label="val_loss")
    unknown = np.isnan(losses)
    floor, ceiling = ax.get_ylim()
    if unknown.any():
        height = floor + 0.07 * (ceiling - floor)  # above the foot, where a wrong answer is marked
        ax.plot(epochs[unknown], np.full(unknown.sum(), height), "^", color="#666666", label="NaN")
    ax.plot(right, losses[right - 1], "o", color=_RIGHT, markersize=12, fillstyle="none", mew=2.5, label="due")
    # Epoch 0, or one after the last, is no place on the curve: it is marked at its foot.
    place = float(np.clip(theirs, -0.5, losses.size + 1.5))
    known = place.is_integer() and 1 <= place <= losses.size and not unknown[int(place) - 1]
    height = losses[int(place) - 1] if known else floor
    ax.plot(
        place, height, "X", color=_RIGHT if theirs == right else _WRONG, markersize=9, clip_on=False, label="yours"
    )
    ax.set(xlabel="epoch", ylabel="val_loss", ylim=(floor, ceiling))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    _legend_below(ax, *ax.get_legend_handles_labels(), columns=2)


def _draw_columns(ax, data) -> None:
    found, expected = data["found"], data["expected"]
    size = min(_TEXT - 1.5, 150 / max(len(found), 1))  # many steps are drawn small
    for x, column, other in ((0, found, expected), (1.1, expected, found)):
        for y, (text, counterpart) in enumerate(zip(column, other, strict=True)):
            off = text != counterpart
            if text:
                mark = "✗ " if off and x == 0 else ""
                edge = (_WRONG, 2) if off and x == 0 else (_RIGHT if off else "#888888", 1.5 if off else 1)
                style = {"facecolor": "white" if off else _BAND, "edgecolor": edge[0], "linewidth": edge[1]}
                box = ax.add_patch(Rectangle((x, y + 0.08), 1, 0.84, **style))
                told = _clipped(mark + text.replace("\n", " "), _BOX_LETTERS)
                told = ax.text(x + 0.5, y + 0.5, told, ha="center", va="center", fontsize=size, clip_on=True)
                told.set_clip_path(box)  # also of the widest letters none lies outside
            elif off:
                ax.text(x + 0.5, y + 0.5, "nothing here", ha="center", va="center", fontsize=size, style="italic")
    ax.set(xlim=(-0.02, 2.12), ylim=(max(len(found), 1), 0))
    ax.set_xticks([0.5, 1.6], ["yours", "expected"], fontsize=_TEXT)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


_DRAWINGS = {
    "mask": _draw_mask,
    "keep-rate": _draw_keep_rate,
    "units": _draw_units,
    "counts": _draw_counts,
    "scale": _draw_against_x,
    "evaluation": _draw_against_x,
    "gradient": _draw_gradient,
    "folds": _draw_folds,
    "standardised": _draw_standardised,
    "gap": _draw_gap,
    "best-epoch": _draw_best_epoch,
    "columns": _draw_columns,
}
