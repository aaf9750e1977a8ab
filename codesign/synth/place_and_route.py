"""Place and route without a licence: nextpnr on an ECP5, a device of another vendor and an older process.

What comes out is a routed clock on a real device, a cross-check of the pipeline, and nothing about the target: no open
tool routes or times UltraScale+. It is labelled as a proxy wherever it stands.
"""

import time
from dataclasses import dataclass
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

DEVICE = "Lattice ECP5-85 (LFE5U-85F), CABGA756, speed grade 8"
PROXY = "placed and routed by nextpnr on a proxy device, not the target"
HARNESS = "scan_harness"
TIMEOUT_S = 1800.0
SEED = 1
_PART = ("--85k", "--package", "CABGA756", "--speed", "8", "--seed", str(SEED))
SCRIPT, NETLIST, REPORT, STAMP = "ecp5.ys", "ecp5.json", "nextpnr.json", "digest.txt"

_YOSYS = """\
# Run by hand: cd to this folder, then: yosys {script}
{reads}
hierarchy -check -top {top}
synth_ecp5 -top {top} -json {netlist}
"""


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
        lut4: four-input LUTs and carry cells (TRELLIS_COMB), the harness included; not comparable with the target's.
        ff: flip-flops (TRELLIS_FF), the harness included.
        dsp: multipliers (MULT18X18D).
        wall_time_s: seconds of placement and routing.
    """

    device: str
    estimate_class: str
    tool_version: str
    failed: str | None
    fmax_mhz: float | None
    asked_mhz: float
    lut4: int | None = None
    ff: int | None = None
    dsp: int | None = None
    wall_time_s: float | None = None


def route_proxy(
    design: Design, clock_mhz: float, work_dir: Path, *, lut: int | None, max_lut: int, progress: Progress = silent
) -> RoutedProxy:
    """Place and route a trigger algorithm on the ECP5, inside a harness of four pins.

    Leaves script, netlist, logs and ``nextpnr.json`` in ``work_dir``; an unchanged result is taken up again.

    Args:
        design: the trigger algorithm.
        clock_mhz: clock to ask for.
        work_dir: folder for the files.
        lut: LUTs that synthesis counted; None where it failed.
        max_lut: a larger design is not routed.
        progress: called before each of the two tools.
    """
    if lut is None or lut > max_lut:
        reason = (
            "synthesis did not say how large the design is"
            if lut is None
            else f"not tried: {lut:,} LUT are more than synthesis.place_and_route_max_lut = {max_lut:,}"
        )
        return RoutedProxy(DEVICE, PROXY, "unknown", f"size: {reason}", None, clock_mhz)
    tried = attempt("nextpnr-ecp5", lambda: _route(design, clock_mhz, work_dir, progress), "nextpnr-ecp5")
    return tried.result or RoutedProxy(DEVICE, PROXY, "unknown", tried.failed, None, clock_mhz)


def _route(design: Design, clock_mhz: float, work_dir: Path, progress: Progress) -> RoutedProxy:
    sources = (*design.sources, asset("firmware_templates") / f"{HARNESS}.v")
    work_dir.mkdir(parents=True, exist_ok=True)
    reads = read_commands(sources, design.include_dirs, work_dir)
    script = _YOSYS.format(script=SCRIPT, reads=reads, top=HARNESS, netlist=NETLIST)
    version = tool_version("nextpnr-ecp5")
    files = [digest_files([path], path.parent) for path in input_files(sources, design.include_dirs, work_dir)]
    job = digest(tool_version("yosys"), version, script, files, _PART, clock_mhz)
    stamp = work_dir / STAMP
    if not (stamp.is_file() and stamp.read_text().partition(" ")[0] == job and (work_dir / REPORT).is_file()):
        stamp.unlink(missing_ok=True)
        (work_dir / REPORT).unlink(missing_ok=True)
        seconds = _run(script, clock_mhz, work_dir, progress)
        write_whole(stamp, f"{job} {seconds:.1f}")
    return _result(parse_nextpnr_json((work_dir / REPORT).read_text()), version, clock_mhz, stamp)


def _run(script: str, clock_mhz: float, work_dir: Path, progress: Progress) -> float:
    """Run both tools; the seconds of the second one."""
    (work_dir / SCRIPT).write_text(script)
    progress("mapping to ECP5", 0, 2)
    run_tool([require_tool("yosys"), "-Q", SCRIPT], cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "yosys.log")
    progress("placing and routing on ECP5", 1, 2)
    started = time.monotonic()
    command: list[str | Path] = [require_tool("nextpnr-ecp5"), *_PART, "--json", NETLIST, "--freq", f"{clock_mhz:g}"]
    command += ["--lpf-allow-unconstrained", "--timing-allow-fail", "--report", REPORT]
    run_tool(command, cwd=work_dir, timeout_s=TIMEOUT_S, log=work_dir / "nextpnr.log")
    if not (work_dir / REPORT).is_file():
        raise ReportError(f"{work_dir / REPORT}: nextpnr ended without an error but did not write it")
    return time.monotonic() - started


def _result(report: NextpnrReport, version: str, clock_mhz: float, stamp: Path) -> RoutedProxy:
    """Numbers of the one clock there is.

    Raises:
        ReportError: none or several clocks, or no logic.
    """
    used = {name: cells.used for name, cells in report.utilization.items()}
    if len(report.clocks) != 1 or not used.get("TRELLIS_COMB") or not used.get("TRELLIS_FF"):
        found = ", ".join(clock.name for clock in report.clocks) or "none"
        raise ReportError(f"{REPORT}: expected one clock, LUTs and flip-flops; found clocks {found}, cells {used}")
    return RoutedProxy(
        device=DEVICE,
        estimate_class=PROXY,
        tool_version=version,
        failed=None,
        fmax_mhz=report.clocks[0].fmax_mhz,
        asked_mhz=clock_mhz,
        lut4=used["TRELLIS_COMB"],
        ff=used["TRELLIS_FF"],
        dsp=used.get("MULT18X18D", 0),
        wall_time_s=float(stamp.read_text().split()[1]),
    )
