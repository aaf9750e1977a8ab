"""Plots of the physics performance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from codesign.report.plots.style import INK, MARKERS, TIPS, add_tips, colour, label, line_style, single_axes, styled

_DARK_CELL = 0.55  # share above which the text of a cell is white


@dataclass(frozen=True)
class RocCurve:
    """One class against all others.

    Attributes:
        name: class.
        area: text of the area under the curve.
        fpr: background efficiency, shape (n,), rising.
        tpr: signal efficiency, shape (n,).
        points: (signal efficiency, its error, background efficiency) of the working points.
    """

    name: str
    area: str
    fpr: NDArray[np.float64]
    tpr: NDArray[np.float64]
    points: tuple[tuple[float, float, float], ...]


@styled
def roc_figure(curves: Sequence[RocCurve], lowest_fpr: float) -> Figure:
    """Background efficiency, logarithmic, against signal efficiency; towards the lower right is better.

    Args:
        curves: one per class.
        lowest_fpr: where the axis ends, because too few background events are left below.
    """
    figure, axes = single_axes()
    for index, curve in enumerate(curves):
        shown = curve.fpr >= lowest_fpr
        axes.plot(
            curve.tpr[shown],
            curve.fpr[shown],
            color=colour(index),
            linestyle=line_style(index),
            label=f"{label(curve.name)}   AUC {curve.area}",
        )
        for tpr, error, fpr in curve.points:
            axes.errorbar(
                tpr, fpr, xerr=error, color=colour(index), marker=MARKERS[index % len(MARKERS)], markersize=6,
                markeredgecolor=INK, markeredgewidth=0.7, capsize=2, linestyle="none",
            )  # fmt: skip
        add_tips(axes, _roc_tips(curve, lowest_fpr))
    axes.set(xlabel="signal efficiency", ylabel="background efficiency (all other classes)")
    axes.set(xlim=(0.0, 1.0), ylim=(lowest_fpr, 1.0), yscale="log")
    axes.legend(loc="upper left", handlelength=3.2)
    return figure


def _roc_tips(curve: RocCurve, lowest_fpr: float) -> Iterator[tuple[float, float, str]]:
    """Points of a curve at equal steps of the signal efficiency, and its working points."""
    for asked in np.linspace(0.02, 0.98, TIPS):
        index = min(int(np.searchsorted(curve.tpr, asked)), len(curve.tpr) - 1)
        tpr, fpr = float(curve.tpr[index]), float(curve.fpr[index])
        if fpr >= lowest_fpr:
            yield tpr, fpr, f"{curve.name}: signal {tpr:.1%}, background {fpr:.2%}"
    for tpr, error, fpr in curve.points:
        yield tpr, fpr, f"{curve.name}, working point: signal {tpr:.1%} ± {error:.1%}, background {fpr:.2%}"


@styled
def confusion_figure(classes: Sequence[str], counts: NDArray[np.int64]) -> Figure:
    """Confusion matrix: colour and percentage are shares of the true class, the numbers below are events.

    Args:
        classes: names.
        counts: shape (classes, classes), rows true class, columns chosen class.
    """
    figure, axes = single_axes()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mesh = axes.pcolormesh(shares, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="white", linewidth=1.0)
    size = 11 if len(classes) <= 6 else 8
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share > _DARK_CELL else INK
        text = f"{100 * share:.1f} %\n{counts[row, column]:,}"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink, fontsize=size)
    centres = np.arange(len(classes)) + 0.5
    names = [label(name, 12) for name in classes]
    axes.set_xticks(centres, names)
    axes.set_yticks(centres, names)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.invert_yaxis()
    axes.set(xlabel="chosen class (largest score)", ylabel="true class")
    figure.colorbar(mesh, ax=axes, label="share of the true class", pad=0.02)
    return figure


@styled
def probability_figure(classes: Sequence[str], edges: NDArray[np.float64], densities: NDArray[np.float64]) -> Figure:
    """Distribution of every class probability, one panel each, for jets of every true class.

    Args:
        classes: names.
        edges: bin edges, shape (bins + 1,).
        densities: share of the true class per bin, shape (probability of class, true class, bins).
    """
    columns = min(len(classes), 2)
    rows = -(-len(classes) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, name, by_class in zip(grid, classes, densities, strict=False):
        _probability_panel(axes, classes, edges, by_class)
        axes.set(title=f"probability of {label(name)}", yscale="log", xlim=(edges[0], edges[-1]))
    for axes in grid[len(classes) :]:
        axes.set_visible(False)
    figure.supxlabel("class probability (softmax of the scores)", fontsize=12)
    figure.supylabel("share of the true class per bin", fontsize=12)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, title="true class", loc="outside upper center", ncols=min(len(classes), 6))
    return figure


def _probability_panel(
    axes: Axes, classes: Sequence[str], edges: NDArray[np.float64], by_class: NDArray[np.float64]
) -> None:
    indices = range(len(classes))
    mplhep.histplot(
        list(by_class), bins=edges, ax=axes, histtype="step", yerr=False, edges=False, linewidth=1.5,
        label=[label(name) for name in classes], color=[colour(i) for i in indices],
        linestyle=[line_style(i) for i in indices],
    )  # fmt: skip
