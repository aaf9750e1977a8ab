"""Plots of what a data set holds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from codesign.report.plots.style import colour, label, line_style, styled

PANEL_INCHES = (3.9, 2.7)  # three stand side by side on a page
LOG_COUNTS = 30.0  # highest over mean bin from which the entries are shown on a logarithmic axis


@dataclass(frozen=True)
class Curve:
    """Histogram of one class.

    Attributes:
        index: place of the class, which gives its colour and dashes.
        heights: one per bin.
    """

    index: int
    heights: NDArray[np.float64]


@styled
def distribution_figure(
    curves: Sequence[Curve],
    edges: ArrayLike,
    xlabel: str,
    ylabel: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    whole: bool = False,
) -> Figure:
    """Histograms of several classes on top of each other; the legend stands elsewhere.

    Args:
        curves: one per class that has entries.
        edges: bin edges, shape (bins + 1,).
        xlabel: quantity and unit.
        ylabel: what the heights are.
        log_x: logarithmic quantity.
        log_y: logarithmic heights.
        whole: the quantity is a whole number.
    """
    figure, axes = _panel()
    borders = np.asarray(edges, np.float64)
    for curve in curves:
        # A step down to zero has no place on a logarithmic axis: it leaves a gap.
        heights = np.where(curve.heights > 0, curve.heights, np.nan) if log_y else curve.heights
        _step_line(axes, heights, borders, curve.index)
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(borders[0], borders[-1]))
    axes.set(xscale="log" if log_x else "linear", yscale="log" if log_y else "linear")
    _ticks(axes.xaxis, logarithmic=log_x, whole=whole)
    _ticks(axes.yaxis, logarithmic=log_y)
    if not log_y:
        highest = max((float(curve.heights.max()) for curve in curves), default=0.0)
        axes.set_ylim(0.0, 1.08 * highest if highest > 0 else 1.0)
    return figure


@styled
def occupancy_figure(x_edges: ArrayLike, y_edges: ArrayLike, counts: ArrayLike, xlabel: str, ylabel: str) -> Figure:
    """Entries in two quantities, all classes together; an empty cell is white.

    Args:
        x_edges: shape (n + 1,).
        y_edges: shape (m + 1,).
        counts: shape (n, m).
        xlabel: first quantity and unit.
        ylabel: second quantity and unit.
    """
    figure, axes = _panel()
    entries = np.asarray(counts, np.float64).T
    filled = entries[entries > 0]
    steep = filled.size > 0 and filled.max() > LOG_COUNTS * filled.mean()
    norm = LogNorm(vmin=1.0, vmax=max(float(filled.max(initial=1.0)), 10.0)) if steep else None
    mesh = axes.pcolormesh(
        np.asarray(x_edges), np.asarray(y_edges), np.ma.masked_equal(entries, 0), cmap="viridis", norm=norm,
        rasterized=True, vmin=None if steep else 0.0,
    )  # fmt: skip
    axes.grid(visible=False)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _colour_scale(figure, axes, mesh, "entries", logarithmic=steep)
    return figure


@styled
def picture_figure(mean: NDArray[np.float64], title: str, xlabel: str, ylabel: str) -> Figure:
    """Mean of each cell of a grid.

    Args:
        mean: shape (rows, columns), row 0 on top.
        title: which rows of the data set.
        xlabel: what runs to the right.
        ylabel: what runs downwards.
    """
    figure, axes = _panel()
    positive = mean[mean > 0]
    steep = positive.size > 0 and mean.min() >= 0 and positive.max() > LOG_COUNTS * float(mean.mean())
    norm = (
        LogNorm(vmin=max(float(positive.min()), 1e-4 * float(positive.max())), vmax=positive.max()) if steep else None
    )
    shown = np.ma.masked_less_equal(mean, 0) if steep else mean
    picture = axes.imshow(
        shown,
        cmap="viridis",
        norm=norm,
        aspect="equal" if 0.5 <= mean.shape[0] / mean.shape[1] <= 2 else "auto",
        interpolation="nearest",
    )
    axes.grid(visible=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=label(title, 30))
    _colour_scale(figure, axes, picture, "mean", logarithmic=steep)
    return figure


@styled
def profile_figure(curves: Sequence[Curve], xlabel: str, ylabel: str) -> Figure:
    """Mean of each cell or column along a row, one curve per class."""
    figure, axes = _panel()
    for curve in curves:
        edges = np.arange(curve.heights.size + 1, dtype=np.float64) - 0.5
        _step_line(axes, curve.heights, edges, curve.index)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _ticks(axes.xaxis)
    _ticks(axes.yaxis)
    return figure


@styled
def shares_figure(shares: Mapping[str, Sequence[float]], indices: Sequence[int]) -> Figure:
    """Share of the rows in which a yes-or-no column is 1, one marker per class.

    Args:
        shares: column → share per class, from the top.
        indices: places of the classes.
    """
    figure = Figure(figsize=(11.0, 0.9 + 0.3 * len(shares)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shares))
    values = 100 * np.array(list(shares.values()))
    for column, index in enumerate(indices):
        axes.barh(
            places + 0.8 * ((column + 0.5) / len(indices) - 0.5), values[:, column], 0.8 / len(indices),
            color=colour(index),
        )  # fmt: skip
    axes.set_yticks(places, [label(name, 50) for name in shares])
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="share of the rows of a class in %", ylim=(len(shares) - 0.4, -0.6))
    return figure


def axis_text(name: str, unit: str, prefix: str = "", exponent: int = 0) -> str:
    """Text of an axis: name, power of ten, unit; a long name is cut, its unit is not."""
    factor = f"10{_superscript(exponent)}" if exponent else ""
    brackets = " ".join(part for part in (factor, label(unit, 12)) if part)
    return prefix + label(name, 22 - len(prefix)) + (f" [{brackets}]" if brackets else "")


def _panel() -> tuple[Figure, Axes]:
    figure = Figure(figsize=PANEL_INCHES, layout="constrained")
    return figure, figure.subplots()


def _step_line(axes: Axes, heights: NDArray[np.float64], edges: NDArray[np.float64], index: int) -> None:
    """The outline of a histogram, without verticals at its ends."""
    axes.stairs(heights, edges, baseline=None, linewidth=1.4, color=colour(index), linestyle=line_style(index))


def _colour_scale(figure: Figure, axes: Axes, drawn: Any, title: str, *, logarithmic: bool) -> None:
    """The scale of colours beside a panel, whose axis then has room for fewer labels."""
    scale = figure.colorbar(drawn, ax=axes, label=title, pad=0.02)
    _ticks(scale.ax.yaxis, logarithmic=logarithmic)
    scale.ax.grid(visible=False)
    _ticks(axes.xaxis, most=4)
    _ticks(axes.yaxis)


def _ticks(axis: Axis, *, logarithmic: bool = False, most: int = 5, whole: bool = False) -> None:
    """Few enough labels that they cannot overlap in a small panel, without TeX, which would take most of the time."""
    if not logarithmic:
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole))
        axis.get_major_formatter().set_powerlimits((-3, 6))  # type: ignore[attr-defined]
        return
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(_power_of_ten))
    axis.set_minor_formatter(NullFormatter())


def _power_of_ten(value: float, _place: int) -> str:
    if 0.01 <= value <= 1000:
        return f"{value:g}"
    return f"10{_superscript(round(math.log10(value)))}"


def _superscript(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
