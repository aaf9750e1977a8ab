"""Every number of the run, each with how it was obtained; the same as in the CSV and JSON files beside the page."""

from codesign.report import text
from codesign.report.blocks import Cell, Section, table
from codesign.report.collect import Records
from codesign.report.numbers import Number, numbers
from codesign.report.sections.missing import not_run


def all_numbers(records: Records) -> Section:
    """One row per number."""
    found = numbers(records)
    if not found:
        return not_run("numbers", "All numbers", "train")
    rows: list[list[Cell | str]] = [
        [number.name, number.of, _value(number), number.unit, number.obtained] for number in found
    ]
    header = ("quantity", "of", "value", "unit", "how obtained")
    note = "Errors are statistical, 68 %. The same as report_numbers.csv and report_numbers.json."
    return Section("numbers", "All numbers", (table("Numbers", header, "llrll", rows, note),))


def _value(number: Number) -> Cell:
    if number.value is None:
        return Cell(text.MISSING, "missing")
    if number.error is not None:
        return Cell(text.estimate({"value": number.value, "error": number.error}))
    return Cell(text.compact(number.value))
