"""Plots of an anomaly detector."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from codesign.report.plots.style import INK, MARKERS, TIPS, add_tips, colour, label, line_style, single_axes, styled

BACKGROUND = "#8a939c"  # filled, so that signals are lines in front of it
ROOM = 0.05  # share of the axis that a vertical label takes
LONG_RANGE = 30.0  # last over first threshold from which their axis is logarithmic


@dataclass(frozen=True)
class DetectorCurve:
    """One signal against the background.

    Attributes:
        name: signal.
        area: text of the area under the curve.
        fpr: background efficiency, shape (n,), rising.
        tpr: signal efficiency, shape (n,).
        points: background and signal efficiency of the working points, ``Efficiency`` records.
    """

    name: str
    area: str
    fpr: NDArray[np.float64]
    tpr: NDArray[np.float64]
    points: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]


@dataclass(frozen=True)
class Mark:
    """A working point on an axis of scores or thresholds.

    Attributes:
        place: where it stands.
        name: what was asked for.
        height: what it accepts, where that is drawn.
    """

    place: float
    name: str
    height: float = 0.0


@styled
def score_figure(
    edges: NDArray[np.float64],
    densities: Mapping[str, NDArray[np.float64]],
    marks: Sequence[Mark],
    score: str,
    *,
    log_x: bool,
) -> Figure:
    """Distributions of a score, logarithmic: the background filled, signals as lines.

    Args:
        edges: bin edges, shape (bins + 1,).
        densities: by name, the background first, shape (bins,).
        marks: thresholds.
        score: name of the score.
        log_x: logarithmic scores.
    """
    figure, axes = single_axes()
    (background, filled), *signals = densities.items()
    axes.stairs(filled, edges, fill=True, color=BACKGROUND, alpha=0.45, label=label(background))
    for index, (name, heights) in enumerate(signals):
        # A step down to zero has no place on a logarithmic axis: it leaves a gap.
        shown = np.where(heights > 0, heights, np.nan)
        axes.stairs(shown, edges, baseline=None, color=colour(index), linestyle=line_style(index), linewidth=1.6,
                    label=label(name))  # fmt: skip
    axes.set(yscale="log", xscale="log" if log_x else "linear", xlim=(edges[0], edges[-1]))
    axes.set(xlabel=f"score {label(score)}", ylabel="probability density")
    last = -1.0
    for mark in sorted(marks, key=lambda mark: mark.place):
        if not edges[0] <= mark.place <= edges[-1]:
            continue
        axes.axvline(mark.place, color=INK, linestyle=":", linewidth=1.0)
        along = axes.transAxes.inverted().transform(axes.transData.transform((mark.place, 1.0)))[0]
        if along - last > ROOM:
            axes.text(mark.place, 0.99, label(mark.name), transform=axes.get_xaxis_transform(), rotation=90,
                      ha="right", va="top", fontsize=9)  # fmt: skip
            last = along
    figure.legend(loc="outside upper center", ncols=3)
    return figure


@styled
def detector_roc_figure(curves: Sequence[DetectorCurve], lowest_fpr: float) -> Figure:
    """Signal against background efficiency, both logarithmic; towards the upper left is better.

    Args:
        curves: one per signal.
        lowest_fpr: background efficiency of a single event, where the axis begins.
    """
    figure, axes = single_axes()
    for index, curve in enumerate(curves):
        shown = (curve.fpr >= lowest_fpr) & (curve.tpr > 0)
        axes.plot(
            curve.fpr[shown], curve.tpr[shown], color=colour(index), linestyle=line_style(index),
            label=f"{label(curve.name, 14)} (AUC {curve.area})",
        )  # fmt: skip
        for background, signal in curve.points:
            if signal["value"] > 0:
                _error_cross(axes, background, signal, index)
        add_tips(axes, _roc_tips(curve, shown))
    smallest = min((float(curve.tpr[curve.tpr > 0].min()) for curve in curves), default=lowest_fpr)
    line = np.geomspace(lowest_fpr, 1.0, 20)
    axes.plot(line, line, color=INK, linestyle=":", linewidth=1.0)
    axes.set(xscale="log", yscale="log", xlim=(lowest_fpr, 1.0), ylim=(max(0.5 * smallest, lowest_fpr), 1.3))
    axes.set(xlabel="background efficiency (FPR)", ylabel="signal efficiency (TPR)")
    figure.legend(loc="outside upper center", ncols=2, handlelength=3.2, fontsize=10)
    return figure


def _roc_tips(curve: DetectorCurve, shown: NDArray[np.bool_]) -> Iterator[tuple[float, float, str]]:
    """Points of a curve at equal steps of the axis of the background, and its working points."""
    fpr, tpr = curve.fpr[shown], curve.tpr[shown]
    if len(fpr):
        for asked in np.geomspace(fpr[0], 1.0, TIPS):
            index = min(int(np.searchsorted(fpr, asked)), len(fpr) - 1)
            said = f"{curve.name}: signal {tpr[index]:.2%}, background {fpr[index]:.2e}"
            yield float(fpr[index]), float(tpr[index]), said
    for background, signal in curve.points:
        if signal["value"] > 0:
            said = f"{curve.name}, working point: signal {signal['value']:.2%}, background {background['value']:.2e}"
            yield background["value"], signal["value"], said


def _error_cross(axes: Axes, background: Mapping[str, Any], signal: Mapping[str, Any], index: int) -> None:
    errors = [[[end["value"] - end["low"]], [end["high"] - end["value"]]] for end in (background, signal)]
    axes.errorbar(
        background["value"], signal["value"], xerr=errors[0], yerr=errors[1], color=colour(index),
        marker=MARKERS[index % len(MARKERS)], markersize=5, markeredgecolor=INK, markeredgewidth=0.7, elinewidth=1.0,
        linestyle="none",
    )  # fmt: skip


@styled
def threshold_figure(
    thresholds: NDArray[np.float64],
    accepted: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    marks: Sequence[Mark],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Accepted background, logarithmic, against the threshold.

    Args:
        thresholds: rising, shape (n,).
        accepted: rate or fraction, shape (n,).
        low: lower ends of the intervals.
        high: upper ends.
        marks: working points.
        xlabel: what the thresholds are.
        ylabel: what is accepted.
    """
    figure, axes = single_axes()
    axes.fill_between(thresholds, low, high, color=colour(0), alpha=0.3, linewidth=0)
    axes.plot(thresholds, np.where(accepted > 0, accepted, np.nan), color=colour(0))
    for index, mark in enumerate(sorted(marks, key=lambda mark: mark.place)):
        axes.plot(mark.place, mark.height, color=INK, marker="o", markersize=5)
        # By turns on either side of the curve, or neighbours would hide each other.
        offset, side = ((7, 4), "left") if index % 2 else ((-7, -12), "right")
        axes.annotate(label(mark.name), (mark.place, mark.height), xytext=offset, textcoords="offset points", ha=side)
    positive = thresholds[thresholds > 0]
    far = positive.size > 1 and thresholds[0] >= 0 and positive[-1] > LONG_RANGE * np.median(positive)
    axes.set(xscale="log" if far else "linear", yscale="log", xlabel=xlabel, ylabel=ylabel)
    axes.set_ylim(bottom=0.5 * float(accepted[accepted > 0].min(initial=1.0)))
    return figure


@styled
def stability_figure(
    edges: Sequence[float],
    accepted: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    overall: float,
    variable: str,
    ylabel: str,
) -> Figure:
    """What is accepted in bins of a variable, and over all of them.

    Args:
        edges: shape (bins + 1,).
        accepted: rate or fraction, None in an empty bin, shape (bins,).
        low: lower ends of the intervals.
        high: upper ends.
        overall: over all events.
        variable: what the bins are of.
        ylabel: what is accepted.
    """
    figure, axes = single_axes()
    borders = np.asarray(edges, np.float64)
    centres, widths = (borders[1:] + borders[:-1]) / 2, np.diff(borders) / 2
    found, lower, upper = (
        np.array([np.nan if value is None else value for value in column]) for column in (accepted, low, high)
    )
    axes.errorbar(centres, found, xerr=widths, yerr=[found - lower, upper - found], color=colour(0), marker="o",
                  linestyle="none", capsize=2)  # fmt: skip
    axes.axhline(overall, color=INK, linestyle="--", linewidth=1.2)
    axes.set(xlabel=label(variable, 40), ylabel=ylabel)
    axes.set_ylim(bottom=0.0)
    return figure
