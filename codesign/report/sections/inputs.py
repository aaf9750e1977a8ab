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
    half = 2 ** (entry["width"] - 1)
    low, high = (-half, half - 1) if entry["signed"] else (0, 2 * half - 1)
    lsb = 2.0 ** entry["lsb_exponent"]
    return entry["offset"] + low * lsb, entry["offset"] + high * lsb


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
                text.compact(entry["offset"] / 2.0 ** entry["lsb_exponent"]),
                f"{text.power_of_two(entry['lsb_exponent'])} ({2.0 ** entry['lsb_exponent']:.3g})",
                text.count(entry["width"]),
                "signed" if entry["signed"] else "unsigned",
                f"{low:.5g} … {high:.5g}",
                text.percent(fraction, 3),
            ]
        )
    header = ("#", "input", "unit", "offset", "offset in LSB", "LSB", "bits", "sign", "range", "saturated")
    note = (
        "Saturated: fraction of the training events outside the range. "
        "Hardware integer = saturate(round((x − offset) / LSB)); offset, LSB and range in the unit of the input. "
        f"The network sees the integer as ap_fixed<bits, {contract['network_integer']}>. Training, C-simulation, RTL "
        "and test vectors use this one definition."
    )
    return table("Inputs, in the order of the input word", header, "rllrrrrlrr", rows, note)
