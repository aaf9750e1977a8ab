"""Every number of a run by name, with its error, its unit and how it was obtained: for tables, CSV, JSON and diffs."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from codesign.report import text
from codesign.report.collect import Record, Records

BOARD_QUANTITIES = {
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram_18k": "BRAM18",
    "lut_share": "of the board",
    "lut_share_slr": "of one SLR",
    "fmax_mhz": "MHz",
}
"""Unit of what is known of every board."""


@dataclass(frozen=True)
class Number:
    """One number of a run.

    Attributes:
        name: quantity, such as ``accuracy``, ``auc``, ``lut``.
        of: class, signal or board that it is of; empty where there is only one.
        value: the number; None where it is not known.
        error: statistical error (68 %); None for what is counted.
        unit: of both; empty for fractions.
        obtained: how it was obtained.
    """

    name: str
    of: str
    value: float | None
    error: float | None
    unit: str
    obtained: str

    @property
    def key(self) -> str:
        """Name by which the same number of another run is found: ``lut [pynq-z2]``."""
        return f"{self.name} [{self.of}]" if self.of else self.name


def numbers(records: Records) -> tuple[Number, ...]:
    """All numbers, physics first; a step that has not run has none."""
    return (*_physics(records), *_training(records), *_timing(records), *_proof(records), *_resources(records))


def obtained(found: Sequence[Number], name: str) -> str:
    """How a number was obtained; of the first board, class or signal where there are several."""
    return next((number.obtained for number in found if number.name == name and number.value is not None), text.MISSING)


def to_csv(rows: Iterable[Any], header: Sequence[str]) -> str:
    """Records or mappings as CSV with the columns of ``header``; None is an empty cell."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row if isinstance(row, dict) else asdict(row) for row in rows)
    return stream.getvalue()


def numbers_csv(found: Iterable[Number]) -> str:
    """One line per number."""
    return to_csv(found, [field.name for field in fields(Number)])


def _physics(records: Records) -> Iterator[Number]:
    result = records.metrics
    if result is None:
        return
    if "deployed" in result:
        yield from _detector(result)
        return
    how = f"measured on {text.count(result['events'])} test events"
    yield _estimate("accuracy", "", result["accuracy"], how)
    for entry in result["classes"]:
        yield _estimate("auc", entry["name"], entry["auc"], how)


def _detector(result: Record) -> Iterator[Number]:
    score = result["scores"][0]
    how = f"measured against {text.count(result['background_events'])} test events of background"
    for signal in score["signals"]:
        yield _estimate("auc", signal["name"], signal["auc"], how)
    for point in score["points"]:
        for name, tpr in point["tpr"].items():
            error = (tpr["high"] - tpr["low"]) / 2
            yield Number(f"tpr at FPR {point['asked_fpr']:.3g}", name, tpr["value"], error, "", how)


def _estimate(name: str, of: str, record: Record, how: str) -> Number:
    return Number(name, of, record["value"], record["error"], "", how)


def _training(records: Records) -> Iterator[Number]:
    if records.train is not None:
        yield Number("ebops", "", records.train.get("ebops"), None, "EBOPs", "computed from the trained network")


def _timing(records: Records) -> Iterator[Number]:
    firmware = records.firmware
    if firmware is None:
        return
    how = _latency_origin(records)
    units = {"latency_cycles": "cycles", "latency_ns": "ns", "latency_bunch_crossings": "BX"}
    for name, unit in units.items():
        yield Number(name, "", firmware.get(name), None, unit, how)
    yield Number("initiation_interval", "", firmware.get("initiation_interval"), None, "cycles", how)
    cost = "cost model of the RTL compiler, network only"
    yield Number("lut_estimate", "", firmware.get("lut_estimate"), None, "LUT", f"estimated: {cost}")
    yield Number("register_bits", "", firmware.get("register_bits"), None, "FF", "counted by the RTL compiler")


def _latency_origin(records: Records) -> str:
    """Measured only where a simulation saw what the generator promises."""
    verify = records.verify or {}
    measured = verify.get("latency_cycles_measured")
    if measured is None or records.firmware is None or measured != records.firmware.get("latency_cycles"):
        return "stated by the RTL generator, not confirmed by simulation"
    bench = next(iter(verify.get("benches") or ()), None)
    simulator = f" ({bench['simulator']} {bench['version']})" if bench else ""
    return f"measured in RTL simulation{simulator}, at the target clock"


def _proof(records: Records) -> Iterator[Number]:
    if records.verify is None:
        return
    how = "counted: integers of every implementation against the trained network"
    comparisons = records.verify.get("comparisons") or ()
    worst = max((entry["mismatches"] for entry in comparisons), default=None)
    yield Number("mismatches", "", worst, None, "vectors", how)
    yield Number("vectors", "", records.verify.get("vectors"), None, "vectors", how)


def _resources(records: Records) -> Iterator[Number]:
    synth = records.synth or {}
    for use in synth.get("boards") or ():
        how = f"{use['tool']} {use['tool_version']}: {use['estimate_class']}"
        if use.get("failed"):
            how = f"not known: {use['failed']}"
        for name, unit in BOARD_QUANTITIES.items():
            if use.get(name) is not None or (name == "lut" and use.get("failed")):
                yield Number(name, use["board"], use.get(name), None, unit, how)
    routed = synth.get("place_and_route")
    if routed:
        how = f"nextpnr {routed['tool_version']}: {routed['estimate_class']}"
        how = f"not known: {routed['failed']}" if routed["failed"] else how
        yield Number("routed_fmax_mhz", routed["device"], routed["fmax_mhz"], None, "MHz", how)
