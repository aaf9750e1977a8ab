"""The finally judged candidates as records and as a table: what a note may quote."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from codesign.metrics import Estimate, Spread, spread
from codesign.report.blocks import Cell, Table, check_mark, table
from codesign.scan.final import FinalResult
from codesign.scan.front import leading_physics, quantity
from codesign.scan.pareto import Directions, groups, non_dominated, oriented

COSTS = ("lut", "ff", "dsp", "latency_cycles", "latency_ns")
# Shown where a candidate has them: by name of the value, title of the column.
OPTIONAL = {"network_lut": "LUT, network", "routed_mhz": "routed [MHz]"}
NOTE = (
    "Physics of the events that no choice has seen, ± statistical error (68 %); of seeds: mean ± standard deviation of "
    "the candidate and its further trainings, LUT there as the compiler counts those of the network. The other costs "
    "are those of the whole algorithm after synthesis, LUT also of the network alone, and the clock that [synthesis] "
    "place_and_route reached on its device, where they are known. A group holds the candidates whose physics "
    "cannot be told apart within statistical error and seed spread; its cheapest is marked."
)


def final_records(results: Sequence[FinalResult], directions: Directions) -> list[dict[str, Any]]:
    """One record per candidate that could be judged: values, errors, spread over seeds, group, verdicts."""
    judged = [result for result in results if not result.retrained]
    records = [_record(result, results, directions) for result in judged]
    whole = [record for record in records if record["values"]]
    name = leading_physics(directions)
    if name is not None and whole:
        errors = [float(np.hypot(record["errors"][name], record["spread"][name]["std"] or 0.0)) for record in whole]
        found = groups([record["values"][name] for record in whole], errors, directions[name])
        for record, group in zip(whole, found, strict=True):
            record["group"] = group
    _mark(whole, directions)
    return records


def _record(result: FinalResult, results: Sequence[FinalResult], directions: Directions) -> dict[str, Any]:
    others = [other for other in results if other.candidate == result.candidate and other.reason is None]
    spreads: dict[str, Spread] = {}
    for name in directions:
        if name in result.errors:
            spreads[name] = spread([Estimate(other.values[name], other.errors[name]) for other in others] or [0.0])
    luts = [other.traced_lut for other in others if other.traced_lut is not None]
    if luts:
        spreads["traced_lut"] = spread(luts)
    return {
        "candidate": result.candidate,
        "trial": result.trial,
        "folder": result.folder,
        "reason": result.reason,
        "verified": result.verified,
        "values": result.values,
        "errors": result.errors,
        "violations": result.violations,
        "feasible": all(violation <= 0 for violation in result.violations.values()),
        "spread": {name: {"mean": s.mean, "std": s.std, "n": s.n} for name, s in spreads.items()},
        "group": None,
        "on_front": False,
        "recommended": False,
    }


def _mark(records: Sequence[dict[str, Any]], directions: Directions) -> None:
    """Mark what is on the final front, verified and within all limits, and the cheapest of each group there."""
    good = [record for record in records if record["verified"] and record["feasible"]]
    if not good:
        return
    costs = np.array([oriented(record["values"], directions) for record in good])
    for record, kept in zip(good, non_dominated(costs), strict=True):
        record["on_front"] = bool(kept)
    cheap = next((name for name in directions if name in COSTS or name == "ebops"), "lut")
    for group in {record["group"] for record in good}:
        members = [record for record in good if record["group"] == group and record["on_front"]]
        if members:
            min(members, key=lambda record: record["values"].get(cheap, np.inf))["recommended"] = True


def final_table(records: Sequence[Mapping[str, Any]], directions: Directions) -> Table:
    """The candidates for a reader."""
    physics = [name for name in directions if name not in (*COSTS, "ebops", "lut_share", "latency_bunch_crossings")]
    optional = [name for name in OPTIONAL if any(name in record["values"] for record in records)]
    header = (
        "trial", "group", *(part for name in physics for part in (name, f"{name}, seeds")), "LUT",
        *(OPTIONAL[name] for name in optional), "LUT traced, seeds", "FF", "latency [ns]", "verified", "limits",
    )  # fmt: skip
    rows = [_row(record, physics, optional) for record in records]
    return table("Candidates", header, "rl" + "r" * (len(header) - 4) + "ll", rows, NOTE)


def _row(record: Mapping[str, Any], physics: Sequence[str], optional: Sequence[str]) -> list[Cell | str]:
    if not record["values"]:
        blank = [""] * (2 * len(physics) + len(optional) + 4)
        return [str(record["trial"]), "", *blank, Cell("failed", "bad"), Cell(record["reason"] or "", "bad")]
    values, errors = record["values"], record["errors"]
    group = "" if record["group"] is None else chr(ord("A") + record["group"])
    cells: list[Cell | str] = [str(record["trial"]), Cell(group, "good" if record["recommended"] else "plain")]
    for name in physics:
        cells += [quantity(values[name], errors[name]), _spread(record["spread"].get(name), 4)]
    cells += [quantity(values["lut"]), *(quantity(values.get(name)) for name in optional)]
    cells += [_spread(record["spread"].get("traced_lut"), 0)]
    cells += [quantity(values.get("ff")), quantity(values.get("latency_ns"))]
    missed = ", ".join(name for name, violation in record["violations"].items() if violation > 0)
    return [*cells, check_mark(bool(record["verified"])), Cell(missed, "bad") if missed else check_mark(True)]


def _spread(found: Mapping[str, Any] | None, digits: int) -> str:
    if found is None:
        return "–"
    deviation = "" if found["std"] is None else f" ± {found['std']:,.{digits}f}"
    return f"{found['mean']:,.{digits}f}{deviation} ({found['n']})"
