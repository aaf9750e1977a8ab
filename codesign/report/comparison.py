"""Several runs side by side: one table and one front for each convention, and the published figures apart."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from codesign.errors import ConfigError
from codesign.files import write_whole
from codesign.report import text
from codesign.report.blocks import Block, Cell, Paragraph, Plot, Section, Table, table
from codesign.report.collect import collect
from codesign.report.conventions import Convention, Row, read_anchors, row_of
from codesign.report.numbers import to_csv
from codesign.report.plots import to_svg
from codesign.report.plots.comparison import FrontPoint, comparison_figure
from codesign.report.rendering import render
from codesign.report.tables import escape, section_to_markdown
from codesign.run import Run, to_json

FILES = ("comparison.html", "comparison.md", "comparison.csv", "comparison.json")
TEMPLATE = "comparison.html.j2"


@dataclass(frozen=True)
class Group:
    """Rows that may stand in one column.

    Attributes:
        convention: what they share.
        rows: as they were asked for.
        front: names of those that no other one beats in both physics and LUT.
    """

    convention: Convention
    rows: tuple[Row, ...]
    front: tuple[str, ...]


def group_rows(rows: Iterable[Row]) -> tuple[Group, ...]:
    """Rows by convention, in the order of their first rows."""
    found: dict[Convention, list[Row]] = {}
    for row in rows:
        found.setdefault(row.convention, []).append(row)
    return tuple(Group(convention, tuple(members), _front(members)) for convention, members in found.items())


def column(rows: Sequence[Row], name: str) -> list[Any]:
    """One quantity of several rows, to be compared.

    Raises:
        ConfigError: the rows are of different conventions; the message says which.
    """
    for row in rows[1:]:
        reasons = rows[0].convention.differences(row.convention)
        if reasons:
            raise ConfigError(
                f"{rows[0].name} and {row.name} are of different conventions and cannot stand in one column: "
                f"{'; '.join(reasons)}"
            )
    return [getattr(row, name) for row in rows]


def physics_of(row: Row) -> tuple[float, float] | None:
    """Accuracy, or the worst AUC of a detector, with its error; None where it is not known."""
    value, error = (row.auc, row.auc_error) if row.convention.task == "anomaly" else (row.accuracy, row.accuracy_error)
    return None if value is None else (value, error or 0.0)


def _front(rows: Sequence[Row]) -> tuple[str, ...]:
    known = [(row, physics[0], row.lut) for row in rows if (physics := physics_of(row)) and row.lut is not None]
    return tuple(
        row.name
        for row, quality, lut in known
        if not any(q >= quality and n <= lut and (q > quality or n < lut) for _, q, n in known)
    )


def write_comparison(runs: Sequence[Run], folder: Path, *, anchors: bool = False) -> dict[str, Any]:
    """Write page, Markdown, CSV and JSON of several runs.

    Args:
        runs: the runs, at least two.
        folder: takes the four files.
        anchors: also the published figures for the tasks of the runs, each convention in a table of its own.

    Returns:
        The groups with their rows and fronts, and the paths of the files.

    Raises:
        ConfigError: two runs have the same name.
    """
    own = [row_of(collect(run)) for run in runs]
    names = [row.name for row in own]
    if len(set(names)) < len(names):
        own = [_renamed(row, run.path.name) for row, run in zip(own, runs, strict=True)]
    if len({row.name for row in own}) < len(own):
        raise ConfigError(f"report: expected runs of different names, found {', '.join(row.name for row in own)}")
    quoted = [row for task in dict.fromkeys(row.convention.task for row in own) for row in read_anchors(task)]
    groups = group_rows([*own, *(quoted if anchors else [])])
    sections = _sections(groups, len(own))
    images = {plot.name: to_svg(plot.figure) for section in sections for plot in section.plots}
    html, markdown, csv_file, json_file = (folder / name for name in FILES)
    title = f"Comparison of {len(own)} runs"
    write_whole(html, render(TEMPLATE, images, title=title, sections=sections))
    write_whole(markdown, "\n\n".join([f"# {escape(title)}", *map(section_to_markdown, sections)]) + "\n")
    record = [_record(group) for group in groups]
    write_whole(csv_file, to_csv(_flat(groups), [*(f.name for f in fields(Convention)), *_NUMBERS, "front"]))
    write_whole(json_file, to_json({"groups": record}))
    return {"groups": record, "files": [str(path) for path in (html, markdown, csv_file, json_file)]}


def _renamed(row: Row, name: str) -> Row:
    return Row(**{field.name: getattr(row, field.name) for field in fields(row)} | {"name": name})


_NUMBERS = tuple(field.name for field in fields(Row) if field.name != "convention")


def _record(group: Group) -> dict[str, Any]:
    rows = [{name: getattr(row, name) for name in _NUMBERS} for row in group.rows]
    return {"convention": asdict(group.convention), "rows": rows, "front": list(group.front)}


def _flat(groups: Iterable[Group]) -> list[dict[str, Any]]:
    return [
        {**asdict(group.convention), **row, "front": row["name"] in group.front}
        for group in groups
        for row in _record(group)["rows"]
    ]


def _sections(groups: Sequence[Group], runs: int) -> list[Section]:
    """One chapter per convention; why the others are not in the first table stands at their head."""
    sections = []
    for index, group in enumerate(groups):
        quoted = group.rows[0].source.startswith("quoted")
        blocks: list[Block] = [Paragraph(_meaning(group.convention))]
        if index and not quoted:
            reasons = "; ".join(groups[0].convention.differences(group.convention))
            blocks.append(Paragraph(f"Not in one table with {groups[0].rows[0].name}, because of {reasons}.", "warn"))
        elif quoted:
            reasons = "; ".join(groups[0].convention.differences(group.convention))
            blocks.append(Paragraph(f"Published, and not comparable with the runs above: {reasons}.", "warn"))
        blocks.append(_table(group))
        plot = _plot(group, index)
        blocks += [plot] if plot else []
        what = group.convention
        title = f"Published: {what.dataset}; {what.counted}; {what.part}" if quoted else f"Runs: {what.dataset}"
        sections.append(Section(f"group{index}", title, tuple(blocks)))
    return sections


def _meaning(convention: Convention) -> str:
    return (
        f"Task: {convention.task}; data: {convention.dataset}; inputs: {convention.inputs}; counted: "
        f"{convention.counted}; resources: {convention.estimate}, {convention.part}."
    )


def _table(group: Group) -> Table:
    quality = "lowest AUC" if group.convention.task == "anomaly" else "accuracy"
    header = ("name", quality, "EBOPs", "LUT", "FF", "DSP", "latency", "clock reached", "mismatches", "front", "source")
    rows: list[list[Cell | str]] = [
        [
            row.name,
            _physics_text(row),
            text.count(row.ebops),
            text.count(row.lut),
            text.count(row.ff),
            text.count(row.dsp),
            text.number(row.latency_ns, "ns"),
            text.number(row.fmax_mhz, "MHz"),
            _mismatches(row),
            "yes" if row.name in group.front else "",
            row.source,
        ]
        for row in group.rows
    ]
    note = "On the front: no other row of this table is as good with fewer LUT. Errors are statistical, 68 %."
    return table("Side by side", header, "lrrrrrrrrll", rows, note)


def _physics_text(row: Row) -> str:
    physics = physics_of(row)
    if physics is None:
        return text.MISSING
    if not physics[1]:
        return text.percent(physics[0])
    return text.estimate({"value": physics[0], "error": physics[1]})


def _mismatches(row: Row) -> Cell | str:
    if row.mismatches is None:
        return text.MISSING
    return Cell(text.count(row.mismatches), "bad" if row.mismatches else "plain")


def _plot(group: Group, index: int) -> Plot | None:
    """Physics against LUT, where more than one row has both."""
    names, luts = [row.name for row in group.rows], column(group.rows, "lut")
    points = [
        FrontPoint(name, lut, *physics, name in group.front)
        for row, name, lut in zip(group.rows, names, luts, strict=True)
        if (physics := physics_of(row)) and lut
    ]
    if len(points) < 2:
        return None
    quality = "lowest AUC" if group.convention.task == "anomaly" else "accuracy"
    figure = comparison_figure(points, quality)
    caption = f"{quality} against LUT; upper left is better. Line: the front."
    return Plot(f"front{index}", caption, figure)
