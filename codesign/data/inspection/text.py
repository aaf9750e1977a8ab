"""The record of a data set as lines for a terminal of 100 columns."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 100
BARS = 20
NAME = 22
_LEVELS = "▁▂▃▄▅▆▇█"
Record = Mapping[str, Any]


def text_lines(record: Record) -> list[str]:
    """Lay a record of `inspect_dataset` out as lines.

    Args:
        record: what the data set holds.

    Returns:
        Header, rows per split and class, and one table per block; no line is longer than 100 characters unless a
        name or text of the file is.
    """
    lines = [*_header(record), "", *_counts(record)]
    for name, block in record["blocks"].items():
        lines += ["", *_block(name, block)]
    return lines


def _header(record: Record) -> Iterator[str]:
    part = f" of split {record['split']}" if record["split"] else ""
    yield f"{record['file']}: {_one_line(record['name'])}, {record['rows']:,} rows{part}"
    for title in ("origin", "format", "generator", "citation", "digest"):
        if record[title]:
            yield f"  {title:<10} {_one_line(record[title])}"
    for what, rows in record["repairs"].items():
        yield f"  {'repaired':<10} {_one_line(what)}: {rows}"
    weights = record["weights"]
    if weights:
        yield f"  {'weights':<10} " + (
            _one_line(weights["fault"])
            or f"{_figure(weights['min'])} to {_figure(weights['max'])}, mean {_figure(weights['mean'])}, "
            f"{weights['negative']:,} negative; means and distributions use them"
        )


def _counts(record: Record) -> Iterator[str]:
    """Rows per class and split; classes are lines, for there may be many."""
    splits = [*record["counts"], "all"]
    names = [_one_line(name) for name in record["classes"]]
    width = max(len("class"), *(len(name) for name in names))
    yield f"  {'class':<{width}} " + "".join(f"{split:>12}" for split in splits)
    for name, shown in zip(record["classes"], names, strict=True):
        numbers = [by_class[name] for by_class in record["counts"].values()]
        yield f"  {shown:<{width}} " + "".join(f"{number:>12,}" for number in [*numbers, sum(numbers)])
    sums = [sum(by_class.values()) for by_class in record["counts"].values()]
    yield f"  {'all':<{width}} " + "".join(f"{number:>12,}" for number in [*sums, sum(sums)])


def _block(name: str, block: Record) -> Iterator[str]:
    yield f"{_one_line(name)}: {_shape(block)}"
    for bad in block["not_finite"]:
        yield f"  ! {_one_line(bad['column'])}: {bad['values']:,} NaN or infinite, first in row {bad['first_row']}"
    objects = block["objects"]
    if objects:
        yield from _objects(objects)
    if block["bits"]:
        yield from _bits(block["bits"], len(block["column_names"]))
    elif block["columns"]:
        yield from _table(block)
    elif block["range"]:
        low, high = (_figure(end) for end in block["range"])
        names = [_one_line(name) for name in block["column_names"]]
        yield f"  {len(names):,} columns, {names[0]} to {names[-1]}, values from {low} to {high}"


def _shape(block: Record) -> str:
    rows, *shape = block["shape"]
    if len(shape) == 1:
        return f"{rows:,} × {shape[0]:,} columns"
    what = "slots" if block["kind"] == "objects" else "cells"
    return f"{rows:,} × {shape[0]:,} {what} × {shape[1]:,} columns"


def _objects(objects: Record) -> Iterator[str]:
    share = objects["filled_share"]
    means = objects["multiplicity"]["mean"]
    shown = [f"{_one_line(name)} {'–' if mean is None else f'{mean:.2f}'}" for name, mean in list(means.items())[:8]]
    more = ", …" if len(means) > len(shown) else ""
    if share is not None:
        yield f"  {100 * share:.1f} % of the slots filled ({objects['momentum']} > 0), the numbers below are of these"
    yield f"  mean multiplicity: {', '.join(shown)}{more}"
    if objects["unsorted_rows"]:
        yield f"  ! {objects['unsorted_rows']:,} rows are not in decreasing {objects['momentum']}"


def _bits(bits: Record, columns: int) -> Iterator[str]:
    yield f"  {columns:,} yes-or-no columns, {bits['never']:,} of them never 1; most frequent:"
    for entry in bits["most_frequent"]:
        yield f"  {_cut(entry['name'], 60):<60} {100 * entry['share']:8.3f} %"


def _table(block: Record) -> Iterator[str]:
    titles = "".join(f"{title:>10}" for title in ("min", "mean", "std", "max"))
    yield f"  {'column':<{NAME}} {'unit':<5}{titles}{'zeros':>8}  distribution"
    for column in block["columns"]:
        numbers = "".join(f"{_figure(column[key]):>10}" for key in ("min", "mean", "std", "max"))
        zeros = "–" if column["zeros"] is None else f"{100 * column['zeros']:.1f} %"
        line = f"  {_cut(column['name'], NAME):<{NAME}} {_cut(column['unit'], 5):<5}{numbers}{zeros:>8}"
        yield f"{line}  {sparkline(column['histogram'])}".rstrip()
    logarithmic = [c["name"] for c in block["columns"] if c["histogram"] and c["histogram"]["scale"] == "log"]
    if logarithmic:
        names = ", ".join(_one_line(name) for name in logarithmic)
        yield from textwrap.wrap(f"logarithmic bins: {names}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def sparkline(histogram: Record | None) -> str:
    """A histogram of all classes together as up to 20 block characters; an empty bin is a blank."""
    if histogram is None:
        return ""
    counts = [sum(entries) for entries in zip(*histogram["counts"].values(), strict=True)]
    group = -(-len(counts) // BARS)
    # The last group may be smaller: means, not sums.
    groups = [counts[start : start + group] for start in range(0, len(counts), group)]
    heights = [sum(part) / len(part) for part in groups]
    highest = max(heights)
    return "".join(_LEVELS[min(int(8 * height / highest), 7)] if height > 0 else " " for height in heights)


def _figure(value: float | None) -> str:
    """Four significant digits in at most nine characters; whole numbers below a million in full."""
    if value is None:
        return "–"
    if 1e4 <= abs(value) < 1e6:
        return f"{value:.0f}"
    text = f"{value + 0.0:.4g}"  # no negative zero
    return text if len(text) <= 9 else f"{value:.2e}"


def _one_line(text: Any) -> str:
    """Text of the file without line breaks or control characters, which could rewrite a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(str(text or "").split()))


def _cut(text: str, longest: int) -> str:
    line = _one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
