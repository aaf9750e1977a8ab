"""Place and route without a licence: nextpnr on an ECP5 or on a Zynq of the 7 series, devices of older processes.

What comes out is a routed clock on a real device, a cross-check of the pipeline, and nothing about the target: no open
tool routes or times UltraScale+. It is labelled as a proxy wherever it stands.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codesign.assets import asset
from codesign.errors import ReportError
from codesign.files import write_whole
from codesign.progress import Progress, silent
from codesign.run import digest, digest_files
from codesign.synth.attempt import attempt
from codesign.synth.design import Design
from codesign.synth.reports.nextpnr import NextpnrReport, parse_nextpnr_json
from codesign.synth.yosys import input_files, read_commands
from codesign.tools import require_tool, run_tool, tool_version

PROXY = "placed and routed by nextpnr on a proxy device, not the target"
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
class Proxy:
    """A device that the open tools place and route.

    Attributes:
        device: what it is called.
        tool: nextpnr for it, a key of ``TOOLS``.
        synthesis: Yosys command that maps to it.
        arguments: the tool's, that choose the device.
        cells: names of LUT, flip-flop and multiplier in the tool's report.
        pins: place of each pin of the harness; empty where the tool may choose.
    """

    device: str
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


PROXIES = {
    "ecp5": Proxy(
        "Lattice ECP5-85 (LFE5U-85F), CABGA756, speed grade 8",
        "nextpnr-ecp5",
        "synth_ecp5",
        ("--85k", "--package", "CABGA756", "--speed", "8", "--lpf-allow-unconstrained"),
        ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D"),
    ),
    "xc7z020": Proxy(
        "Xilinx Zynq xc7z020clg400-1, delays of project X-Ray",
        "nextpnr-xilinx",
        "synth_xilinx -family xc7 -flatten -nosrl -nodsp",
        ("--device", "xc7z020clg400-1", "-o", f"xdc={PINS}"),
        ("SLICE_LUTX", "SLICE_FFX", "DSP48E1"),
        {"clk": "H16", "si": "R14", "load": "P14", "so": "N16"},  # clock, LED and buttons of a Pynq-Z2
    ),
}
"""The devices by the name that ``synthesis.place_and_route`` has for them."""


@dataclass(frozen=True)
class RoutedProxy:
    """A routed design on a device that is not the target.

    Attributes:
        device: the device.
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
    estimate_class: str
    tool_version: str
    failed: str | None
    fmax_mhz: float | None
    asked_mhz: float
    logic_cells: int | None = None
    ff: int | None = None
    dsp: int | None = None
    wall_time_s: float | None = None


def route_proxy(
    design: Design,
    clock_mhz: float,
    work_dir: Path,
    *,
    proxy: str,
    lut: int | None,
    max_lut: int,
    progress: Progress = silent,
) -> RoutedProxy:
    """Place and route a trigger algorithm on another device, inside a harness of four pins.

    Leaves script, netlist, logs and ``nextpnr.json`` in ``work_dir``; an unchanged result is taken up again.

    Args:
        design: the trigger algorithm.
        clock_mhz: clock to ask for.
        work_dir: folder for the files.
        proxy: key of ``PROXIES``.
        lut: LUTs that synthesis counted; None where it failed.
        max_lut: a larger design is not routed.
        progress: called before each of the two tools.
    """
    target = PROXIES[proxy]
    if lut is None or lut > max_lut:
        reason = (
            "synthesis did not say how large the design is"
            if lut is None
            else f"not tried: {lut:,} LUT are more than synthesis.place_and_route_max_lut = {max_lut:,}"
        )
        return RoutedProxy(target.device, PROXY, "unknown", f"size: {reason}", None, clock_mhz)
    tried = attempt(target.tool, lambda: _route(design, clock_mhz, work_dir, target, progress), target.tool)
    return tried.result or RoutedProxy(target.device, PROXY, "unknown", tried.failed, None, clock_mhz)


def _route(design: Design, clock_mhz: float, work_dir: Path, proxy: Proxy, progress: Progress) -> RoutedProxy:
    sources = (*design.sources, asset("firmware_templates") / f"{HARNESS}.v")
    work_dir.mkdir(parents=True, exist_ok=True)
    reads = read_commands(sources, design.include_dirs, work_dir)
    script = _YOSYS.format(script=SCRIPT, reads=reads, synthesis=proxy.synthesis, top=HARNESS, netlist=NETLIST)
    version = tool_version(proxy.tool)
    files = [digest_files([path], path.parent) for path in input_files(sources, design.include_dirs, work_dir)]
    command = [*proxy.arguments, "--seed", str(SEED), "--json", NETLIST, "--freq", f"{clock_mhz:g}"]
    command += ["--timing-allow-fail", "--report", REPORT]
    job = digest(tool_version("yosys"), version, script, files, command, proxy.constraints)
    stamp = work_dir / STAMP
    if not (stamp.is_file() and stamp.read_text().partition(" ")[0] == job and (work_dir / REPORT).is_file()):
        stamp.unlink(missing_ok=True)
        (work_dir / REPORT).unlink(missing_ok=True)
        (work_dir / SCRIPT).write_text(script)
        (work_dir / PINS).write_text(proxy.constraints)
        seconds = _run([require_tool(proxy.tool), *command], proxy, work_dir, progress)
        write_whole(stamp, f"{job} {seconds:.1f}")
    return _result(parse_nextpnr_json((work_dir / REPORT).read_text()), proxy, version, clock_mhz, stamp)


def _run(command: Sequence[str | Path], proxy: Proxy, work_dir: Path, progress: Progress) -> float:
    """Run both tools; the seconds of the second one."""
    progress(f"mapping to {proxy.device}", 0, 2)
    run_tool([require_tool("yosys"), "-Q", SCRIPT], cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "yosys.log")
    progress(f"placing and routing on {proxy.device}", 1, 2)
    started = time.monotonic()
    run_tool(command, cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "nextpnr.log")
    if not (work_dir / REPORT).is_file():
        raise ReportError(f"{work_dir / REPORT}: nextpnr ended without an error but did not write it")
    return time.monotonic() - started


def _result(report: NextpnrReport, proxy: Proxy, version: str, clock_mhz: float, stamp: Path) -> RoutedProxy:
    """Numbers of the one clock there is.

    Raises:
        ReportError: none or several clocks, or no logic.
    """
    used = {name: cells.used for name, cells in report.utilization.items()}
    logic_cells, ff, dsp = (used.get(name, 0) for name in proxy.cells)
    if len(report.clocks) != 1 or not logic_cells or not ff:
        found = ", ".join(clock.name for clock in report.clocks) or "none"
        raise ReportError(f"{REPORT}: expected one clock, LUTs and flip-flops; found clocks {found}, cells {used}")
    return RoutedProxy(
        device=proxy.device,
        estimate_class=PROXY,
        tool_version=version,
        failed=None,
        fmax_mhz=report.clocks[0].fmax_mhz,
        asked_mhz=clock_mhz,
        logic_cells=logic_cells,
        ff=ff,
        dsp=dsp,
        wall_time_s=float(stamp.read_text().split()[1]),
    )
