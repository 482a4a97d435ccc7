"""How the chart of a gradient is drawn."""

from matplotlib.axes import Axes

from autograder.kits.masks.drawings import draw_against_x
from autograder.show.panel import Data, Drawing


def _draw_gradient(ax: Axes, data: Data) -> None:
    draw_against_x(ax, data)
    beyond = ax.get_ylabel().removeprefix("what came back")
    ax.set(xlabel="numeric gradient", ylabel=f"your gradient{beyond}")


#: By the kind of chart.
DRAWINGS = {"gradient": Drawing(_draw_gradient)}
