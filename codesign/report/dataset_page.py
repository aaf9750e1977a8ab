"""One self-contained page on what a data set holds, from the record of ``codesign data inspect``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codesign.files import write_whole
from codesign.report import text
from codesign.report.blocks import Block, Paragraph, Plot, Section
from codesign.report.dataset_plots import block_plots
from codesign.report.dataset_tables import about_block, bit_table, column_table, content, making
from codesign.report.plots.style import LINE_STYLES, colour, line_style, to_svg
from codesign.report.rendering import render
from codesign.report.verdict import Tile

TEMPLATE = "dataset.html.j2"
CLASSES_DRAWN = 10  # as many colours as there are
HISTOGRAMS = 60  # on the whole page: more would be slow to draw and to look through
IMAGE_BYTES = 2_000_000  # base64 makes 2.7 MB of it; a page stays below 3 MB
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """Line of the legend.

    Attributes:
        text: class and number of rows.
        colour: of its curves.
        dashes: of its curves, as an SVG attribute; empty for a full line.
    """

    text: str
    colour: str
    dashes: str


@dataclass(frozen=True)
class DatasetPage:
    """The content of the page.

    Attributes:
        name: name of the data set.
        subtitle: file, origin.
        remarks: what needs attention.
        tiles: the key numbers.
        legend: classes as drawn.
        sections: the chapters.
        counting: how much a row counts in the plots.
    """

    name: str
    subtitle: str
    remarks: tuple[Paragraph, ...]
    tiles: tuple[Tile, ...]
    legend: tuple[Key, ...]
    sections: tuple[Section, ...]
    counting: str


def write_dataset_page(record: Record, path: Path) -> Path:
    """Write the page.

    Args:
        record: what ``inspect_dataset`` found.
        path: HTML file; replaced if it exists.

    Returns:
        The path.
    """
    page = build_dataset_page(record)
    images = {plot.name: _short(to_svg(plot.figure)) for section in page.sections for plot in section.plots}
    write_whole(path, render(TEMPLATE, images, page=_within_limit(page, images)))
    return path


def _short(svg: bytes) -> bytes:
    """Coordinates with two decimals, a hundredth of a point: half the file."""
    return re.sub(rb' d="[^"]*"', lambda path: re.sub(rb"(\.\d\d)\d+", rb"\1", path.group()), svg)


def _within_limit(page: DatasetPage, images: Mapping[str, bytes]) -> DatasetPage:
    """Leave out the last plots of a page that would become too large, and say so where they would stand."""
    sections, size = [], 0
    for section in page.sections:
        blocks: list[Block] = []
        left_out = 0
        for block in section.blocks:
            size += len(images[block.name]) if isinstance(block, Plot) else 0
            if isinstance(block, Plot) and size > IMAGE_BYTES:
                left_out += 1
            else:
                blocks.append(block)
        if left_out:
            blocks.append(
                Paragraph(f"{text.plural(left_out, 'plot')} left out: the page would become too large.", "warn")
            )
        sections.append(replace(section, blocks=tuple(blocks)))
    return replace(page, sections=tuple(sections))


def build_dataset_page(record: Record) -> DatasetPage:
    """The content of the page on this record."""
    shown = _classes_drawn(record)
    sections = [Section("content", "Content and origin", tuple(content(record)))]
    allowed = _histograms_allowed(record["blocks"])
    for number, (name, block) in enumerate(record["blocks"].items()):
        sections.append(Section(f"block-{number}", f"Block {name}", _block(f"b{number}", block, shown, allowed[name])))
    made = tuple(making(record))
    if made:
        sections.append(Section("provenance", "Provenance", made))
    part = f"split {record['split']}" if record["split"] else "all splits"
    return DatasetPage(
        name=record["name"] or text.MISSING,
        subtitle=" · ".join([str(record["file"]), part]),
        remarks=tuple(_remarks(record, shown)),
        tiles=_tiles(record),
        legend=tuple(_legend(record, shown)),
        sections=tuple(sections),
        counting=f"In plots and means {_counting(record)}.",
    )


def _counting(record: Record) -> str:
    is_weighted = record["weights"] and not record["weights"]["fault"]
    return "rows count with their weights" if is_weighted else "every row counts once"


def _class_rows(record: Record) -> dict[str, int]:
    """Rows per class in the splits that were looked at."""
    splits = [record["split"]] if record["split"] else list(record["counts"])
    return {name: sum(record["counts"][split][name] for split in splits) for name in record["classes"]}


def _classes_drawn(record: Record) -> list[tuple[int, str]]:
    """Place and name of the classes with most rows, in their own order."""
    rows = _class_rows(record)
    largest = sorted(record["classes"], key=lambda name: -rows[name])[:CLASSES_DRAWN]
    return [(index, name) for index, name in enumerate(record["classes"]) if name in largest]


def _legend(record: Record, shown: Sequence[tuple[int, str]]) -> Iterator[Key]:
    rows = _class_rows(record)
    for index, name in shown:
        amount = text.plural(rows[name], "row") if rows[name] else "no rows"
        yield Key(f"{name} ({amount})", colour(index), _DASHES[LINE_STYLES.index(line_style(index))])


_DASHES = ("", "9 4", "10 4 2.5 4", "2.5 4", "12 3 3 3 3 3")  # the line styles of the plots


def _remarks(record: Record, shown: Sequence[tuple[int, str]]) -> Iterator[Paragraph]:
    for name, block in record["blocks"].items():
        for bad in block["not_finite"]:
            yield Paragraph(
                f"{name}.{bad['column']}: {text.plural(bad['values'], 'value')} NaN or infinite, "
                f"first in row {bad['first_row']}; left out of every number and plot below.",
                "bad",
            )
        if block["objects"] and block["objects"]["unsorted_rows"]:
            momentum = block["objects"]["momentum"]
            unsorted = text.plural(block["objects"]["unsorted_rows"], "row")
            yield Paragraph(f"{name}: {unsorted} not in decreasing {momentum}.", "warn")
    empty = [name for name, rows in _class_rows(record).items() if rows == 0]
    if empty:
        yield Paragraph(f"Classes without a row: {', '.join(empty)}.", "warn")
    if len(shown) < len(record["classes"]):
        yield Paragraph(f"Drawn are the {len(shown)} classes with most rows of {len(record['classes'])}.")
    if record["weights"] and record["weights"]["fault"]:
        yield Paragraph(f"Weights: {record['weights']['fault']}.", "bad")


def _tiles(record: Record) -> tuple[Tile, ...]:
    blocks, counts = record["blocks"], record["counts"]
    splits = ", ".join(f"{split} {sum(by_class.values()):,}" for split, by_class in counts.items())
    bad = sum(entry["values"] for block in blocks.values() for entry in block["not_finite"])
    repaired = sum(rows for rows in record["repairs"].values() if isinstance(rows, int))
    return (
        Tile("rows", text.count(record["rows"]), splits),
        Tile("classes", text.count(len(record["classes"])), ", ".join(record["classes"][:12])),
        Tile("blocks", text.count(len(blocks)), ", ".join(blocks)),
        Tile("NaN or infinite", text.count(bad), "values in all blocks", "bad" if bad else "good"),
        Tile("repaired rows", text.count(repaired), "at conversion" if record["repairs"] else "none recorded"),
    )


def _histograms_allowed(blocks: Record) -> dict[str, int]:
    """How many columns of each block get a histogram: the narrow blocks all, the widest what is left."""
    left, allowed = HISTOGRAMS, {}
    for number, (name, block) in enumerate(sorted(blocks.items(), key=lambda item: len(item[1]["columns"]))):
        allowed[name] = min(len(block["columns"]), left // (len(blocks) - number))
        left -= allowed[name]
    return allowed


def _block(prefix: str, block: Record, shown: Sequence[tuple[int, str]], allowed: int) -> tuple[Block, ...]:
    parts: list[Block] = [Paragraph(about_block(block))]
    if block["bits"]:
        parts.append(bit_table(block["bits"]))
    if block["columns"]:
        parts.append(column_table(block))
    if allowed < len(block["columns"]) and not block["bits"]:
        parts.append(Paragraph(f"Histograms of the first {allowed} of {len(block['columns'])} columns are drawn."))
    plots: list[Plot] = list(block_plots(prefix, block, shown, allowed))
    return (*parts, *plots)
