"""Plots of precision and resources."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from codesign.report import text
from codesign.report.plots.style import INK, colour, label, single_axes, styled


@styled
def bits_figure(layers: Sequence[str], weight_bits: ArrayLike, input_bits: ArrayLike, most_bits: ArrayLike) -> Figure:
    """Bits per layer.

    Args:
        layers: names in network order.
        weight_bits: mean bits of the weights that are not zero.
        input_bits: mean bits of the used inputs.
        most_bits: most bits any weight has.
    """
    figure, axes = single_axes()
    places = np.arange(len(layers))
    axes.barh(places - 0.2, np.asarray(weight_bits), 0.36, color=colour(0), label="weights, mean of non-zero")
    axes.barh(places + 0.2, np.asarray(input_bits), 0.36, color=colour(1), hatch="//", edgecolor=INK, linewidth=0,
              label="inputs, mean of used")  # fmt: skip
    axes.plot(np.asarray(most_bits), places - 0.2, color=INK, marker="|", markersize=14, markeredgewidth=2,
              linestyle="none", label="widest weight")  # fmt: skip
    _name_rows(figure, layers)
    axes.set(xlabel="bits")
    return figure


@styled
def layer_cost_figure(layers: Sequence[str], ebops: ArrayLike, zero_share: ArrayLike) -> Figure:
    """EBOPs per layer, with the share of zero weights written behind.

    Args:
        layers: names in network order.
        ebops: effective bit operations.
        zero_share: fraction of the weights that are zero.
    """
    figure, axes = single_axes()
    costs = np.asarray(ebops, dtype=np.float64)
    bars = axes.barh(np.arange(len(layers)), costs, 0.6, color=colour(0))
    labels = [f" {cost:,.0f}  ({share:.0%} zero)" for cost, share in zip(costs, np.asarray(zero_share), strict=True)]
    axes.bar_label(bars, labels, fontsize=10)
    axes.set_yticks(np.arange(len(layers)), [label(name) for name in layers])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="EBOPs", xlim=(0, 1.45 * max(float(costs.max(initial=0.0)), 1.0)))
    return figure


@styled
def share_figure(boards: Sequence[str], shares: Mapping[str, Sequence[float]], lut_low: Sequence[float]) -> Figure:
    """Share of every board that the design takes.

    Args:
        boards: names.
        shares: by resource, one fraction per board.
        lut_low: the lower end of the LUT range, one fraction per board.
    """
    figure, axes = single_axes()
    height = 0.8 / len(boards)
    for index, board in enumerate(boards):
        places = np.arange(len(shares)) + (index - (len(boards) - 1) / 2) * height
        values = 100 * np.array([row[index] for row in shares.values()])
        bars = axes.barh(places, values, 0.9 * height, color=colour(index), label=label(board))
        axes.bar_label(bars, [f" {text.percent(value / 100)}" for value in values], fontsize=9.5)
        lut = list(shares).index("LUT")
        axes.plot([100 * lut_low[index], values[lut]], [places[lut]] * 2, color=INK, marker="|", linewidth=1.4)
    axes.set_yticks(np.arange(len(shares)), list(shares))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    highest = 100 * max(max(row) for row in shares.values())
    axes.set(xlabel="share of the board in %", xlim=(0, 1.18 * highest if highest > 0 else 1.0))
    figure.legend(loc="outside upper center", ncols=min(len(boards), 3))
    return figure


def _name_rows(figure: Figure, names: Sequence[str]) -> None:
    """Layer names from top to bottom, and the legend above, where it can hide no bar."""
    axes = figure.axes[0]
    axes.set_yticks(np.arange(len(names)), [label(name) for name in names])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside upper center", ncols=2)
