"""The input contract: which hardware integer stands for which physical quantity."""

from collections.abc import Mapping
from typing import Any

from codesign.report import text
from codesign.report.blocks import Section, Table, table
from codesign.report.collect import Records
from codesign.report.sections.missing import not_run


def inputs(records: Records) -> Section:
    """Format, range and saturation of every input."""
    if records.data is None:
        return not_run("inputs", "Input contract", "data prepare")
    contract = records.data["contract"]
    saturated = records.data.get("saturated_fraction") or [None] * len(contract["inputs"])
    return Section("inputs", "Input contract", (_table(contract, saturated),))


def physical_range(entry: Mapping[str, Any]) -> tuple[float, float]:
    """Smallest and largest physical value of an input format that do not saturate."""
    counts = entry["period"] or 2 ** entry["width"]
    low = -(counts // 2) if entry["signed"] else 0
    return entry["offset"] + low * entry["lsb"], entry["offset"] + (low + counts - 1) * entry["lsb"]


def _kind(entry: Mapping[str, Any]) -> str:
    sign = "signed" if entry["signed"] else "unsigned"
    return f"{sign}, wraps" if entry["period"] else sign


def _table(contract: Mapping[str, Any], saturated: list[float | None]) -> Table:
    rows = []
    for index, (entry, fraction) in enumerate(zip(contract["inputs"], saturated, strict=True)):
        low, high = physical_range(entry)
        rows.append(
            [
                str(index),
                entry["name"],
                entry["unit"] or "1",
                text.compact(entry["offset"]),
                text.compact(entry["offset"] / entry["lsb"]),
                text.step(entry["lsb"]),
                text.count(entry["width"]),
                text.count(entry["integer"]),
                _kind(entry),
                f"{low:.5g} … {high:.5g}",
                text.percent(fraction, 3),
            ]
        )
    header = (
        "#",
        "input",
        "unit",
        "offset",
        "offset in LSB",
        "LSB",
        "bits",
        "integer",
        "sign",
        "range",
        "saturated",
    )
    note = (
        "Saturated: fraction of the training events outside the range. "
        "Hardware integer = saturate(round((x − offset) / LSB)); offset, LSB and range in the unit of the input. "
        "An angle that wraps has no end. Objects stand in decreasing order; an empty slot is all zeros. "
        "The network sees the integer as ap_fixed<bits, integer>. Training, C-simulation, RTL and test "
        "vectors use this one definition."
    )
    return table("Inputs, in the order of the input word", header, "rllrrrrrlrr", rows, note)
