"""The plots of a block of a data set, from its record."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.report import text
from codesign.report.blocks import Plot
from codesign.report.plots.distributions import (
    Curve,
    axis_text,
    distribution_figure,
    occupancy_figure,
    picture_figure,
    profile_figure,
    shares_figure,
)

Record = Mapping[str, Any]
PICTURES = 6  # classes of which the mean picture is shown
STEEP = 100.0  # highest over median bin from which the heights are shown on a logarithmic axis
STEEP_BINS = 10  # filled bins below which they are not


def block_plots(prefix: str, block: Record, shown: Sequence[tuple[int, str]], columns: int) -> Iterator[Plot]:
    """Draw a block.

    Args:
        prefix: start of the names of the plots.
        block: its record.
        shown: place and name of the classes that are drawn.
        columns: most columns that get a histogram.
    """
    for plot in _plots(prefix, block, shown, columns):
        yield replace(plot, caption=f"{plot.caption} Weighted.") if block["weighted"] else plot


def _plots(prefix: str, block: Record, shown: Sequence[tuple[int, str]], columns: int) -> Iterator[Plot]:
    objects = block["objects"]
    if objects:
        yield from _object_plots(prefix, block, objects, shown)
    if block["bits"]:
        yield from _bit_plots(prefix, block["bits"], shown)
    else:
        for number, column in enumerate(block["columns"][:columns]):
            if column["histogram"]:
                yield _histogram_plot(
                    f"{prefix}-{number}", column, column["histogram"], _of_column(block, column), shown
                )
    if block["profile"] and not block["bits"]:
        yield from _profile_plots(prefix, block, shown)


def _histogram_plot(
    name: str, column: Record, histogram: Record, caption: str, shown: Sequence[tuple[int, str]], prefix: str = ""
) -> Plot:
    is_log = histogram["scale"] == "log"
    exponent = 0 if is_log else _exponent(histogram["edges"])
    edges = np.asarray(histogram["edges"]) / 10.0**exponent
    curves = [
        Curve(index, share / np.diff(edges) if is_log else share)
        for index, title in shown
        if (share := _share(histogram, title)) is not None
    ]
    unit = f"{column['unit']}⁻¹" if column["unit"] else ""
    ylabel = f"density [{unit}]" if is_log and unit else "density" if is_log else "share per bin"
    xlabel = axis_text(column["name"], column["unit"], prefix, exponent)
    figure = distribution_figure(
        curves,
        edges,
        xlabel,
        ylabel,
        log_x=is_log,
        log_y=is_log or _is_steep(curves),
        whole=histogram["scale"] == "integer",
    )
    return Plot(name, caption + _outside(histogram), figure)


def _exponent(edges: Sequence[float]) -> int:
    """Power of ten, a multiple of three, that is taken out of an axis of very small or large values."""
    largest = max(abs(edges[0]), abs(edges[-1]))
    return 0 if 1e-3 <= largest < 1e6 or largest == 0 else 3 * math.floor(math.log10(largest) / 3)


def _is_steep(curves: Sequence[Curve]) -> bool:
    """Whether a linear axis would hide most bins."""
    heights = np.concatenate([curve.heights for curve in curves]) if curves else np.zeros(0)
    filled = heights[heights > 0]
    return bool(filled.size > STEEP_BINS and filled.max() > STEEP * np.median(filled))


def _share(histogram: Record, name: str) -> NDArray[np.float64] | None:
    """Share of the entries (or of their weights) of a class in each bin, None where they add up to nothing."""
    counts = np.asarray(histogram["counts"][name], np.float64)
    total = counts.sum() + histogram["below"][name] + histogram["above"][name]
    return counts / total if total > 0 else None


def _outside(histogram: Record) -> str:
    """Remark on what lies outside of the bins, all classes together."""
    below, above = sum(histogram["below"].values()), sum(histogram["above"].values())
    total = below + above + sum(sum(counts) for counts in histogram["counts"].values())
    sides = ((below, "below"), (above, "above")) if total > 0 else ()
    parts = [f"{100 * n / total:.2g} % {side}" for n, side in sides if n]
    return f" Not shown: {', '.join(parts)}." if parts else ""


def _of_column(block: Record, column: Record) -> str:
    of = {"rows": "", "filled slots": ", all filled slots", "all cells": ", all cells"}[block["entries"]]
    low, middle, high = (text.compact(_rounded(column["quantiles"][q])) for q in ("0.01", "0.5", "0.99"))
    unit = f" {column['unit']}" if column["unit"] else ""
    return f"{column['name']}{of}: median {middle}{unit}, 98 % between {low} and {high}{unit}."


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}") + 0.0


def _object_plots(prefix: str, block: Record, objects: Record, shown: Sequence[tuple[int, str]]) -> Iterator[Plot]:
    edges = np.arange(objects["slots"] + 2) - 0.5
    counts = objects["multiplicity"]["counts"]
    curves = [
        Curve(index, entries / entries.sum())
        for index, name in shown
        if (entries := np.asarray(counts[name], np.float64)).sum() > 0
    ]
    figure = distribution_figure(curves, edges, "filled slots per row", "share of the rows", whole=True)
    yield Plot(f"{prefix}-multiplicity", f"Multiplicity: slots with {objects['momentum']} > 0.", figure)
    column = next((c for c in block["columns"] if c["name"] == objects["momentum"]), None)
    if objects["leading"] and column:
        caption = f"Leading {column['name']}: the largest of each row that has an object."
        yield _histogram_plot(f"{prefix}-leading", column, objects["leading"], caption, shown, "leading ")
    plane = objects["occupancy"]
    if plane:
        units = {c["name"]: c["unit"] for c in block["columns"]}
        (x, y), (x_edges, y_edges) = plane["columns"], plane["edges"]
        outside = f" {plane['outside']:,} entries lie outside." if plane["outside"] else ""
        yield Plot(
            f"{prefix}-occupancy",
            f"Occupancy of {x} and {y}, filled slots of all classes.{outside}",
            occupancy_figure(x_edges, y_edges, plane["counts"], axis_text(x, units[x]), axis_text(y, units[y])),
        )


def _bit_plots(prefix: str, bits: Record, shown: Sequence[tuple[int, str]]) -> Iterator[Plot]:
    frequent = [entry for entry in bits["most_frequent"] if entry["by_class"]]
    if frequent:
        present = [(index, name) for index, name in shown if name in frequent[0]["by_class"]]
        shares = {entry["name"]: [entry["by_class"][name] for _, name in present] for entry in frequent}
        caption = "The columns that are 1 most often: share of the rows of each class."
        yield Plot(f"{prefix}-bits", caption, shares_figure(shares, [index for index, _ in present]), wide=True)


def _profile_plots(prefix: str, block: Record, shown: Sequence[tuple[int, str]]) -> Iterator[Plot]:
    profile = block["profile"]
    means = {name: np.asarray(mean) for name, mean in profile["mean"].items()}
    places = {name: index for index, name in shown}
    drawn = {name: mean for name, mean in means.items() if name in places or len(means) == 1}
    shape = tuple(profile["shape"])
    if profile["grid"] or (len(shape) == 2 and shape[1] > 4):
        grid = tuple(profile["grid"] or shape)
        axes = ("column of the picture", "row of the picture") if profile["grid"] else ("column", "cell")
        for number, (name, mean) in enumerate(list(drawn.items())[:PICTURES]):
            caption = f"Mean of each cell over the rows: {name}."
            yield Plot(f"{prefix}-mean-{number}", caption, picture_figure(mean.reshape(grid), name, *axes))
        return
    names = block["column_names"] if len(shape) == 2 else [""]
    for number, name in enumerate(names):
        curves = [Curve(places.get(key, 0), mean.reshape(-1, len(names))[:, number]) for key, mean in drawn.items()]
        what = "cell" if len(shape) == 2 else "column"
        caption = f"Mean over the rows against the {what}{f': {name}' if name else ''}."
        yield Plot(f"{prefix}-mean-{number}", caption, profile_figure(curves, what, axis_text(name, "", "mean ")))
