"""The tables of the page on a data set, from its record."""

from collections.abc import Iterator, Mapping
from typing import Any

from codesign.report import text
from codesign.report.blocks import Table, facts, table
from codesign.report.sections.provenance import flatten

TITLES = ("origin", "format", "generator", "citation", "digest")
WEIGHTED = "Plots, means, deviations and quantiles on this page use them; numbers of rows and zeros do not."
Record = Mapping[str, Any]


def content(record: Record) -> Iterator[Table]:
    """Rows per class and split, weights, origin and repairs."""
    counts = record["counts"]
    rows = [
        [name, *(text.count(by_class[name]) for by_class in counts.values()),
         text.count(sum(by_class[name] for by_class in counts.values()))]
        for name in record["classes"]
    ]  # fmt: skip
    sums = [sum(by_class.values()) for by_class in counts.values()]
    rows.append(["all", *(text.count(amount) for amount in sums), text.count(sum(sums))])
    yield table("Rows by class and split", ("class", *counts, "all"), "l" + "r" * (len(counts) + 1), rows, half=True)
    weights = record["weights"]
    if weights is None:
        yield facts("Weights", [("weights", "none: every row counts once")], half=True)
    elif not weights["fault"]:
        quantities = [(key, figure(weights[key])) for key in ("min", "mean", "max")]
        quantities += [("negative", text.count(weights["negative"]))]
        quantities += [(f"sum, {name}", figure(value)) for name, value in weights["sum"].items()]
        yield facts("Weights", quantities, WEIGHTED, half=True)
    yield facts("Where it comes from", [(title, str(record[title] or text.MISSING)) for title in TITLES])
    if record["repairs"]:
        repairs = [(what, str(rows)) for what, rows in record["repairs"].items()]
        yield table("Repairs at conversion", ("what", "rows"), "lr", repairs)


def making(record: Record) -> Iterator[Table]:
    """What else the file says about how it was made."""
    others = {key: value for key, value in record["provenance"].items() if key not in {*TITLES, "repairs"}}
    rows = list(flatten(others))
    if rows:
        yield facts("How the data set was made, as stored in it", rows)


def about_block(block: Record) -> str:
    """Shape, filled slots and multiplicities in sentences."""
    rows, *shape = block["shape"]
    columns = text.plural(shape[-1], "column")
    if block["kind"] == "columns":
        about = f"{text.plural(rows, 'row')} of {columns}."
    else:
        what = "slot" if block["kind"] == "objects" else "cell"
        about = f"{text.plural(rows, 'row')} of {text.plural(shape[0], what)} with {columns}."
    objects = block["objects"]
    if objects:
        means = ", ".join(
            f"{name} {text.number(mean, digits=2)}" for name, mean in objects["multiplicity"]["mean"].items()
        )
        about += f" {text.percent(objects['filled_share'], 1)} of the slots are filled ({objects['momentum']} > 0)."
        about += f" Mean multiplicity: {means}."
    if block["range"]:
        names = block["column_names"]
        low, high = (figure(end) for end in block["range"])
        about += f" Too many to show each: {names[0]} to {names[-1]}, values from {low} to {high}."
    return about


def column_table(block: Record) -> Table:
    """One row per column."""
    rows = [
        [
            column["name"],
            column["unit"] or "1",
            *(figure(value) for value in _numbers(column)),
            text.percent(column["zeros"], 1),
            column["description"],
        ]
        for column in block["columns"]
    ]
    header = ("column", "unit", "min", "1 %", "median", "mean", "99 %", "max", "std", "zeros", "description")
    return table("Columns", header, "llrrrrrrrrl", rows, _sample_note(block))


def _numbers(column: Record) -> list[float | None]:
    q = column["quantiles"]
    return [column["min"], q["0.01"], q["0.5"], column["mean"], q["0.99"], column["max"], column["std"]]


def _sample_note(block: Record) -> str:
    every, rows = block["sample"]["every"], block["sample"]["rows"]
    of = f"Over {block['entries']}. " if block["kind"] != "columns" else ""
    if every == 1:
        return f"{of}Quantiles from all rows."
    return f"{of}Quantiles from one row in {every:,} ({rows:,} rows), all else from all rows."


def bit_table(bits: Record) -> Table:
    """The columns that are 1 most often."""
    rows = [[entry["name"], text.percent(entry["share"], 3)] for entry in bits["most_frequent"]]
    note = f"{text.plural(bits['never'], 'column')} never 1."
    return table("Most frequent of the yes-or-no columns", ("column", "share of the rows"), "lr", rows, note)


def figure(value: float | None) -> str:
    """Four significant digits; whole numbers below a million in full."""
    if value is None:
        return text.MISSING
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e6 else f"{value + 0.0:.4g}"  # no negative zero
