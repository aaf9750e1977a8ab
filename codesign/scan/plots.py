"""Plots of a scan: its points and their front, what the good ones have in common, and what matters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from codesign.report.plots.style import CHOSEN, GRID, INK, colour, label, single_axes, styled


@styled
def front_figure(
    names: tuple[str, str],
    points: ArrayLike,
    kept: ArrayLike,
    errors: ArrayLike,
    final: ArrayLike,
    log: tuple[bool, bool],
) -> Figure:
    """Two objectives of all points against each other.

    Args:
        names: objectives on the horizontal and the vertical axis.
        points: their values, shape (n, 2).
        kept: which of them are on the front, shape (n,).
        errors: statistical errors, shape (n, 2).
        final: candidates as finally judged, with errors: shape (m, 4), values then errors; may be empty.
        log: whether an axis is logarithmic.
    """
    figure, axes = single_axes()
    values, bars, on_front = np.reshape(points, (-1, 2)), np.reshape(errors, (-1, 2)), np.asarray(kept, bool)
    axes.plot(
        values[~on_front, 0],
        values[~on_front, 1],
        "o",
        color=GRID,
        markeredgecolor="#94a4a2",
        markersize=4,
        label="all points",
    )
    front = values[on_front]
    order = np.argsort(front[:, 0])
    axes.errorbar(
        front[order, 0], front[order, 1], xerr=bars[on_front][order, 0], yerr=bars[on_front][order, 1], fmt="o-",
        color=colour(0), markersize=5, capsize=2, linewidth=1.0, label="front of the search",
    )  # fmt: skip
    judged = np.reshape(final, (-1, 4))
    if len(judged):
        axes.errorbar(
            judged[:, 0], judged[:, 1], xerr=judged[:, 2], yerr=judged[:, 3], fmt="D", color=CHOSEN, capsize=3,
            markersize=6,
            label="candidates on untouched events",
        )  # fmt: skip
    axes.set(xlabel=label(names[0], 40), ylabel=label(names[1], 40))
    for which, wanted in zip(("x", "y"), log, strict=True):
        if wanted:
            axes.set(**{f"{which}scale": "log"})
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@styled
def parallel_figure(columns: Mapping[str, Sequence[Any]], kept: ArrayLike) -> Figure:
    """Parameters and objectives of every trial as one line across parallel axes; the front is drawn on top.

    What all trials have in common has no axis.

    Args:
        columns: values by name, one per trial; None where a trial has none.
        kept: which trials are on the front.
    """
    figure, axes = single_axes()
    figure.set_size_inches(11.2, 4.4)
    scaled = []
    varied = {name: values for name, values in columns.items() if len({str(v) for v in values if v is not None}) > 1}
    for place, (name, values) in enumerate((varied or columns).items()):
        positions, ends = _positions(values)
        scaled.append(positions)
        axes.plot([place, place], [0, 1], color=INK, linewidth=0.8)
        axes.annotate(ends[0], (place, -0.04), ha="center", va="top", fontsize=8.5)
        axes.annotate(ends[1], (place, 1.04), ha="center", va="bottom", fontsize=8.5)
        axes.annotate(label(name.split(".")[-1], 24), (place, -0.14), ha="center", va="top", fontsize=9, rotation=12)
    lines = np.array(scaled).T
    for on_front, line in sorted(zip(np.asarray(kept, bool), lines, strict=True), key=lambda pair: bool(pair[0])):
        axes.plot(
            line,
            "o-",
            color=colour(0) if on_front else GRID,
            alpha=0.9 if on_front else 0.6,
            linewidth=1.3,
            markersize=2,
        )
    axes.set(xlim=(-0.4, len(scaled) - 0.6), ylim=(-0.3, 1.15))
    axes.axis("off")
    return figure


def _positions(values: Sequence[Any]) -> tuple[list[float], tuple[str, str]]:
    """Places between 0 and 1 on an axis, NaN where there is no value, and what its ends are called."""
    known = [value for value in values if value is not None]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    if numeric and known:
        low, high = float(min(known)), float(max(known))
        width = (high - low) or 1.0
        return [np.nan if v is None else (v - low) / width for v in values], (f"{low:.4g}", f"{high:.4g}")
    names = sorted({str(value) for value in known})
    steps = {name: index / max(len(names) - 1, 1) for index, name in enumerate(names)}
    ends = (label(names[0], 14), label(names[-1], 14)) if names else ("", "")
    return [np.nan if v is None else steps[str(v)] for v in values], ends


@styled
def importance_figure(importances: Mapping[str, Mapping[str, float]]) -> Figure:
    """How much of the variation of each objective each parameter explains.

    Args:
        importances: share by parameter, by objective.
    """
    figure, axes = single_axes()
    names = list(dict.fromkeys(name for found in importances.values() for name in found))
    height = 0.8 / max(len(importances), 1)
    for index, (objective, found) in enumerate(importances.items()):
        places = np.arange(len(names)) + (index - (len(importances) - 1) / 2) * height
        shares = [100 * found.get(name, 0.0) for name in names]
        axes.barh(places, shares, 0.9 * height, color=colour(index), label=label(objective))
    axes.set_yticks(np.arange(len(names)), [label(name, 32) for name in names])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="share of the variation in %")
    figure.legend(loc="outside upper center", ncols=min(max(len(importances), 1), 3))
    return figure
