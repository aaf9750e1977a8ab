"""Plot of several designs: physics against LUT."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from codesign.report.plots.style import CHOSEN, INK, MARKERS, add_tips, colour, label, single_axes, styled

DECADES = 8.0  # largest over smallest design from which the axis is logarithmic


@dataclass(frozen=True)
class FrontPoint:
    """One design.

    Attributes:
        name: what it is called.
        lut: look-up tables.
        quality: accuracy or AUC.
        error: statistical error of it, 0 where it is not known.
        on_front: no other design beats it in both.
    """

    name: str
    lut: int
    quality: float
    error: float
    on_front: bool


@styled
def comparison_figure(points: Sequence[FrontPoint], quality: str) -> Figure:
    """Quality against LUT, logarithmic where the designs differ a lot; towards the upper left is better.

    Args:
        points: the designs.
        quality: name of what is plotted.
    """
    figure, axes = single_axes()
    front = sorted((point for point in points if point.on_front), key=lambda point: point.lut)
    steps = [point.lut for point in front], [point.quality for point in front]
    axes.plot(*steps, color=CHOSEN, linewidth=1.2, drawstyle="steps-post", label="front")
    for index, point in enumerate(points):
        axes.errorbar(
            point.lut, point.quality, yerr=point.error or None, color=colour(index), linestyle="none", capsize=2,
            marker=MARKERS[index % len(MARKERS)], markersize=8, markeredgecolor=INK, markeredgewidth=0.7,
            label=label(point.name, 26),
        )  # fmt: skip
    said = [
        (
            point.lut,
            point.quality,
            f"{point.name}: {quality} {point.quality:.4f} ± {point.error:.4f}, {point.lut:,} LUT",
        )
        for point in points
    ]
    add_tips(axes, said)
    luts = [point.lut for point in points]
    if max(luts) > DECADES * min(luts):
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="LUT", ylabel=quality)
    axes.margins(0.15)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
