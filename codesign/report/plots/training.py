"""Plots of the training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from codesign.report.plots.style import CHOSEN, INK, add_tips, colour, single_axes, styled


@styled
def quality_figure(history: dict[str, Sequence[float]], chosen_epoch: int | None, monitor: str = "accuracy") -> Figure:
    """What chose the checkpoint above, loss below, against the epoch.

    Args:
        history: values per epoch of the monitored quantity and of the loss, ``val_`` before those of the validation
            split; those that exist are drawn.
        chosen_epoch: epoch of the checkpoint that was kept, counted from 0; None if unknown.
        monitor: the monitored quantity, "accuracy" or "objective".
    """
    figure = Figure(layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axes, quantity in ((upper, monitor), (lower, "loss")):
        for index, (prefix, split) in enumerate((("", "training"), ("val_", "validation"))):
            if prefix + quantity in history:
                axes.plot(history[prefix + quantity], color=colour(index), label=split, linewidth=1.2)
        if chosen_epoch is not None:
            axes.axvline(chosen_epoch, color=CHOSEN, linestyle="--", linewidth=1.2, label="chosen checkpoint")
    upper.set(ylabel=monitor)
    lower.set(ylabel="loss", xlabel="epoch")
    _legend_above(figure, upper)
    return figure


@styled
def cost_figure(history: dict[str, Sequence[float]], chosen_epoch: int | None, target_ebops: float | None) -> Figure:
    """EBOPs above, their weight beta in the loss below, both logarithmic, against the epoch.

    Args:
        history: ``ebops`` and ``beta`` per epoch, those that exist are drawn.
        chosen_epoch: epoch of the checkpoint that was kept, counted from 0; None if unknown.
        target_ebops: what the schedule aimed at.
    """
    figure = Figure(layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axes, name, label in ((upper, "ebops", "EBOPs"), (lower, "beta", "weight β of EBOPs")):
        axes.plot(_positive(history.get(name, ())), color=colour(0), linewidth=1.5)
        axes.set(ylabel=label, yscale="log")
        if chosen_epoch is not None:
            axes.axvline(chosen_epoch, color=CHOSEN, linestyle="--", linewidth=1.2, label="chosen checkpoint")
    if target_ebops is not None:
        upper.axhline(target_ebops, color=INK, linestyle=":", linewidth=1.4, label=f"target {target_ebops:,.0f}")
    _legend_above(figure, upper)
    lower.set(xlabel="epoch")
    return figure


@styled
def front_figure(
    ebops: ArrayLike,
    quality: ArrayLike,
    chosen: tuple[float, float] | None,
    target_ebops: float | None,
    monitor: str = "accuracy",
    tips: Sequence[str] = (),
) -> Figure:
    """The checkpoints that no other one beats, what chose among them against EBOPs.

    Args:
        ebops: effective bit operations, shape (n,).
        quality: validation accuracy or objective, shape (n,).
        chosen: (EBOPs, quality) of the checkpoint that was kept.
        target_ebops: what the schedule aimed at.
        monitor: the monitored quantity, "accuracy" or "objective".
        tips: what each checkpoint says when it is pointed at; empty for nothing.
    """
    figure, axes = single_axes()
    axes.plot(np.asarray(ebops), np.asarray(quality), color=colour(0), marker="o", markersize=4, label="front")
    if chosen is not None:
        axes.plot(*chosen, color=CHOSEN, marker="D", markersize=9, linestyle="none", label="chosen checkpoint")
    if target_ebops is not None:
        axes.axvline(target_ebops, color=INK, linestyle=":", linewidth=1.4, label=f"target {target_ebops:,.0f}")
    add_tips(axes, zip(np.asarray(ebops), np.asarray(quality), tips, strict=False))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="EBOPs (effective bit operations)", ylabel=f"validation {monitor}")
    _legend_above(figure, axes)
    return figure


def _legend_above(figure: Figure, axes: Axes) -> None:
    """The legend of one of the axes above all of them, where it can hide no point."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)


def _positive(values: ArrayLike) -> NDArray[np.float64]:
    """Values for a logarithmic axis: what is not positive leaves a gap."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(array > 0, array, np.nan)
