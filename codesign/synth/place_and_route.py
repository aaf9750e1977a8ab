"""Place and route without a licence: nextpnr on an ECP5 or on a Zynq of the 7 series, devices of older processes.

What comes out is a routed clock on a real device. Where one of the boards carries this device, it is the clock of that
board; for every other it is a cross-check of the pipeline on a proxy, and labelled so wherever it stands: no open tool
routes or times UltraScale+.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesign.assets import asset
from codesign.errors import ReportError
from codesign.files import write_whole
from codesign.progress import Progress, silent
from codesign.run import digest, digest_files
from codesign.synth.attempt import attempt
from codesign.synth.boards import Board
from codesign.synth.design import Design
from codesign.synth.reports.nextpnr import NextpnrReport, parse_nextpnr_json
from codesign.synth.yosys import input_files
from codesign.tools import require_tool, run_tool, tool_version
from codesign.yosys_reading import read_commands

PROXY = "placed and routed by nextpnr on a proxy device, not the target"
ON_BOARD = "placed and routed by nextpnr on the device of {board}, inside a harness"
HARNESS = "scan_harness"
TIMEOUT_S = 1800.0
SEED = 1
SCRIPT, NETLIST, REPORT, STAMP, PINS = "map.ys", "mapped.json", "nextpnr.json", "digest.txt", "pins.xdc"

_YOSYS = """\
# Run by hand: cd to this folder, then: yosys {script}
{reads}
hierarchy -check -top {top}
{synthesis} -top {top}
write_json {netlist}
"""


@dataclass(frozen=True)
class Device:
    """A device that the open tools place and route.

    Attributes:
        name: what it is called.
        part: part number, as boards have it.
        tool: nextpnr for it, a key of ``TOOLS``.
        synthesis: Yosys command that maps to it.
        arguments: the tool's, that choose the device.
        cells: names of LUT, flip-flop and multiplier in the tool's report.
        pins: place of each pin of the harness; empty where the tool may choose.
    """

    name: str
    part: str
    tool: str
    synthesis: str
    arguments: tuple[str, ...]
    cells: tuple[str, str, str]
    pins: Mapping[str, str] = field(default_factory=dict)

    @property
    def constraints(self) -> str:
        """Text of ``pins.xdc``."""
        lines = "set_property LOC {} [get_ports {}]\nset_property IOSTANDARD LVCMOS33 [get_ports {}]\n"
        return "".join(lines.format(place, pin, pin) for pin, place in self.pins.items())


DEVICES = {
    "ecp5": Device(
        "Lattice ECP5-85 (LFE5U-85F), CABGA756, speed grade 8",
        "LFE5U-85F-8BG756",
        "nextpnr-ecp5",
        "synth_ecp5",
        ("--85k", "--package", "CABGA756", "--speed", "8", "--lpf-allow-unconstrained"),
        ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D"),
    ),
    "xc7z020": Device(
        "Xilinx Zynq xc7z020clg400-1, delays of project X-Ray",
        "xc7z020clg400-1",
        "nextpnr-xilinx",
        "synth_xilinx -family xc7 -flatten -nosrl -nodsp",
        ("--device", "xc7z020clg400-1", "-o", f"xdc={PINS}"),
        ("SLICE_LUTX", "SLICE_FFX", "DSP48E1"),
        {"clk": "H16", "si": "R14", "load": "P14", "so": "N16"},  # clock, LED and buttons of a Pynq-Z2
    ),
}
"""The devices by the name that ``synthesis.place_and_route`` has for them."""


@dataclass(frozen=True)
class Routed:
    """A design on a device that the open tools route.

    Attributes:
        device: the device.
        board: the board of the run that carries it; None: it is a proxy.
        estimate_class: what the numbers are worth.
        tool_version: of nextpnr; ``unknown`` where it did not run.
        failed: why there is no number, as ``state: message``; None where there is one.
        fmax_mhz: highest clock after routing, all paths from register to register.
        asked_mhz: clock of the algorithm, which the router was asked for.
        logic_cells: LUTs as nextpnr counts them, with those that lead into carry chains, the harness included; not
            comparable with the target's.
        ff: flip-flops, the harness included.
        dsp: multipliers.
        wall_time_s: seconds of placement and routing.
    """

    device: str
    board: str | None
    estimate_class: str
    tool_version: str
    failed: str | None
    fmax_mhz: float | None
    asked_mhz: float
    logic_cells: int | None = None
    ff: int | None = None
    dsp: int | None = None
    wall_time_s: float | None = None


def place_and_route(
    design: Design,
    clock_mhz: float,
    work_dir: Path,
    *,
    device: str,
    boards: Sequence[Board] = (),
    lut: int | None,
    max_lut: int,
    progress: Progress = silent,
) -> Routed:
    """Place and route a trigger algorithm inside a harness of four pins.

    Leaves script, netlist, logs and ``nextpnr.json`` in ``work_dir``; an unchanged result is taken up again.

    Args:
        design: the trigger algorithm.
        clock_mhz: clock to ask for.
        work_dir: folder for the files.
        device: key of ``DEVICES``.
        boards: the boards of the run; one of them may carry the device.
        lut: LUTs that synthesis counted; None where it failed.
        max_lut: a larger design is not routed.
        progress: called before each of the two tools.
    """
    target = DEVICES[device]
    board = next((board.name for board in boards if board.part == target.part), None)
    worth = PROXY if board is None else ON_BOARD.format(board=board)
    if lut is None or lut > max_lut:
        reason = (
            "synthesis did not say how large the design is"
            if lut is None
            else f"not tried: {lut:,} LUT are more than synthesis.place_and_route_max_lut = {max_lut:,}"
        )
        return Routed(target.name, board, worth, "unknown", f"size: {reason}", None, clock_mhz)
    tried = attempt(target.tool, lambda: _route(design, clock_mhz, work_dir, target, progress), target.tool)
    if tried.result is None:
        return Routed(target.name, board, worth, "unknown", tried.failed, None, clock_mhz)
    return Routed(target.name, board, worth, failed=None, asked_mhz=clock_mhz, **tried.result)


def _route(design: Design, clock_mhz: float, work_dir: Path, device: Device, progress: Progress) -> dict[str, Any]:
    sources = (*design.sources, asset("firmware_templates") / f"{HARNESS}.v")
    work_dir.mkdir(parents=True, exist_ok=True)
    reads = read_commands(sources, design.include_dirs, work_dir)
    script = _YOSYS.format(script=SCRIPT, reads=reads, synthesis=device.synthesis, top=HARNESS, netlist=NETLIST)
    version = tool_version(device.tool)
    files = [digest_files([path], path.parent) for path in input_files(sources, design.include_dirs, work_dir)]
    command = [*device.arguments, "--seed", str(SEED), "--json", NETLIST, "--freq", f"{clock_mhz:g}"]
    command += ["--timing-allow-fail", "--report", REPORT]
    job = digest(tool_version("yosys"), version, script, files, command, device.constraints)
    stamp = work_dir / STAMP
    if not (stamp.is_file() and stamp.read_text().partition(" ")[0] == job and (work_dir / REPORT).is_file()):
        stamp.unlink(missing_ok=True)
        (work_dir / REPORT).unlink(missing_ok=True)
        (work_dir / SCRIPT).write_text(script)
        (work_dir / PINS).write_text(device.constraints)
        seconds = _run([require_tool(device.tool), *command], device, work_dir, progress)
        write_whole(stamp, f"{job} {seconds:.1f}")
    report = parse_nextpnr_json((work_dir / REPORT).read_text())
    return {**_numbers(report, device), "tool_version": version, "wall_time_s": float(stamp.read_text().split()[1])}


def _run(command: Sequence[str | Path], device: Device, work_dir: Path, progress: Progress) -> float:
    """Run both tools; the seconds of the second one."""
    progress(f"mapping to {device.name}", 0, 2)
    run_tool([require_tool("yosys"), "-Q", SCRIPT], cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "yosys.log")
    progress(f"placing and routing on {device.name}", 1, 2)
    started = time.monotonic()
    run_tool(command, cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "nextpnr.log")
    if not (work_dir / REPORT).is_file():
        raise ReportError(f"{work_dir / REPORT}: nextpnr ended without an error but did not write it")
    return time.monotonic() - started


def _numbers(report: NextpnrReport, device: Device) -> dict[str, Any]:
    """The one clock there is, and the cells.

    Raises:
        ReportError: none or several clocks, or no logic.
    """
    used = {name: cells.used for name, cells in report.utilization.items()}
    logic_cells, ff, dsp = (used.get(name, 0) for name in device.cells)
    if len(report.clocks) != 1 or not logic_cells or not ff:
        found = ", ".join(clock.name for clock in report.clocks) or "none"
        raise ReportError(f"{REPORT}: expected one clock, LUTs and flip-flops; found clocks {found}, cells {used}")
    return {"fmax_mhz": report.clocks[0].fmax_mhz, "logic_cells": logic_cells, "ff": ff, "dsp": dsp}
