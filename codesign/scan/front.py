"""The front of a scan as a table: for people, for machines, and as files in its directory."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from codesign.files import write_whole
from codesign.report.blocks import Table, table
from codesign.report.tables import table_to_markdown
from codesign.scan.driver import FrontEntry, Scan, front
from codesign.scan.pareto import groups
from codesign.scan.quantities import Physics, parse_objective

SHOWN = ("lut", "ff", "latency_cycles", "ebops")
NOTE = (
    "Measured on the events that choose (so the physics is optimistic), costs from the compiler's trace of the network "
    "alone. Points of one group cannot be told apart within their statistical errors (68 %)."
)


def front_records(scan: Scan) -> list[dict[str, Any]]:
    """The current front, one record per point: trial, group, values, errors and what varies."""
    entries = front(scan.results, scan.directions)
    numbers = _groups(entries, scan)
    values = {trial.number: trial.params for trial in scan.study.get_trials(deepcopy=False)}
    return [
        {
            "trial": entry.trial,
            "group": group,
            "checkpoint_ebops": entry.point.ebops,
            "values": entry.point.values,
            "errors": entry.point.errors,
            "parameters": values.get(entry.trial, {}),
        }
        for entry, group in zip(entries, numbers, strict=True)
    ]


def leading_physics(directions: Mapping[str, Any]) -> str | None:
    """The first objective that has a statistical error, None if all are costs."""
    return next((name for name in directions if isinstance(parse_objective(name), Physics)), None)


def _groups(entries: Sequence[FrontEntry], scan: Scan) -> list[int]:
    name = leading_physics(scan.directions)
    if name is None:
        return list(range(len(entries)))
    return groups(
        [entry.point.values[name] for entry in entries],
        [entry.point.errors[name] for entry in entries],
        scan.directions[name],
    )


def front_table(scan: Scan, records: Sequence[Mapping[str, Any]]) -> Table:
    """The front for a reader."""
    costs = [name for name in SHOWN if name not in scan.directions]
    paths = [parameter.name for parameter in scan.space.parameters]
    header = ("trial", "group", *scan.directions, *costs, *(path.rsplit(".", 1)[-1] for path in paths))
    rows = [
        [
            str(record["trial"]),
            _letter(record["group"]),
            *(quantity(record["values"].get(name), record["errors"].get(name)) for name in (*scan.directions, *costs)),
            *(_text(record["parameters"].get(path)) for path in paths),
        ]
        for record in records
    ]
    align = "rl" + "r" * (len(scan.directions) + len(costs)) + "l" * len(paths)
    return table("Front", header, align, rows, NOTE)


def write_front(scan: Scan) -> list[dict[str, Any]]:
    """Write ``front.json``, ``front.csv`` and ``front.md`` and return the records."""
    records = front_records(scan)
    write_whole(scan.folder / "front.json", json.dumps(records, indent=2) + "\n")
    write_whole(scan.folder / "front.csv", _csv(records))
    write_whole(scan.folder / "front.md", table_to_markdown(front_table(scan, records)) + "\n")
    return records


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        {"trial": record["trial"], "group": record["group"], "checkpoint_ebops": record["checkpoint_ebops"]}
        | record["values"]
        | {f"{name}_error": error for name, error in record["errors"].items()}
        | record["parameters"]
        for record in records
    ]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def text_table(shown: Table) -> list[str]:
    """A table as aligned plain lines."""
    rows = [list(shown.header), *([cell.text for cell in row] for row in shown.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(shown.header))]
    return [
        "  ".join(
            text.rjust(width) if side == "r" else text.ljust(width)
            for text, width, side in zip(row, widths, shown.align, strict=True)
        ).rstrip()
        for row in rows
    ]


def quantity(value: float | None, error: float | None = None) -> str:
    """A value, with its error where it has one."""
    if value is None:
        return "–"
    if error:
        return f"{value:.4f} ± {error:.4f}"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.4g}"


def _letter(group: int) -> str:
    return chr(ord("A") + group) if group < 26 else str(group)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
