"""The look shared by all plots, and files of them that are equal byte by byte for equal data."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")

# M. A. Petroff, "Accessible color sequences for data visualization", arXiv:2107.02270: the ten-colour sequence, also
# distinguishable with a colour-vision deficiency; its light grey comes last, since it is faint as a thin line.
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd", "#94a4a2",
)  # fmt: skip
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
INK = "#1d2733"
GRID = "#d9dee4"
CHOSEN = "#bd1f01"
TIP = "tip:"  # an element of an SVG whose id begins so says the rest of it
TIPS = 25  # points of a curve that say where they are
SIZE_INCHES = (5.6, 4.2)  # fills half a page, and stays legible on a phone

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "figure.figsize": SIZE_INCHES,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so a page looks alike everywhere
    "font.size": 11,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 130,
    "svg.fonttype": "path",
    "svg.hashsalt": "codesign",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def styled(plotter: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw with the report's style, leaving the user's settings of matplotlib alone."""

    @wraps(plotter)
    def draw(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with _settings():
            return plotter(*args, **kwargs)

    return draw


def colour(index: int) -> str:
    """Colour of the n-th curve."""
    return COLOURS[index % len(COLOURS)]


def line_style(index: int) -> Any:
    """Dash pattern of the n-th curve, so that curves can be told apart without colour."""
    return LINE_STYLES[index % len(LINE_STYLES)]


def label(name: str, longest: int = 20) -> str:
    """A user's name as plot text: on one line, cut where it would squeeze the plot, and never taken for TeX."""
    text = " ".join(name.split())
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    # matplotlib leaves out legend entries that start with an underscore.
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def single_axes() -> tuple[Figure, Axes]:
    """A figure of one plot."""
    figure = Figure(layout="constrained")
    return figure, figure.subplots()


def add_tips(axes: Axes, points: Iterable[tuple[float, float, str]]) -> None:
    """Invisible marks that say something when they are pointed at in a page (`codesign.report.rendering`).

    Args:
        axes: where.
        points: place in data coordinates, and what is said.
    """
    for x, y, said in points:
        # Above everything else: what lies on top is what is pointed at.
        axes.plot(
            [x], [y], marker="o", markersize=11, alpha=0.0, linestyle="none", gid=f"{TIP}{said}", label="_tip", zorder=9
        )


def to_svg(figure: Figure) -> bytes:
    """SVG of a figure, glyphs as paths."""
    return _save(figure, "svg", {"Date": None, "Creator": None})


def to_png(figure: Figure) -> bytes:
    """PNG of a figure."""
    return _save(figure, "png", {"Software": None})


@contextmanager
def _settings() -> Iterator[None]:
    """The report's settings on top of matplotlib's defaults: a user's matplotlibrc must not change a report."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        with matplotlib.rc_context(_STYLE):
            yield


def _save(figure: Figure, suffix: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    with _settings():
        figure.savefig(buffer, format=suffix, metadata=metadata)
    return buffer.getvalue()
