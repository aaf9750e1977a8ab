"""Synthesis and implementation with Vivado: runs the scripts of ``vivado_scripts`` and reads their reports."""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from codesign.assets import asset
from codesign.errors import ConfigError, ReportError
from codesign.naming import unknown_name
from codesign.progress import Progress, silent
from codesign.synth.build_host import BuildHost
from codesign.synth.reports.power import parse_power
from codesign.synth.reports.timing import ClockTiming, TimingReport, parse_timing_summary
from codesign.synth.reports.utilization import UtilizationReport, parse_utilization
from codesign.synth.vendor_run import OnLine, VendorJob, VendorRun, read_report, run_job
from codesign.synth.vivado_records import (
    ESTIMATE_CLASSES,
    STRATEGIES,
    Stage,
    VivadoDesign,
    VivadoOptions,
    VivadoResult,
)

UTILIZATION, TIMING, POWER, ROUTE_STATUS = "utilization.rpt", "timing_summary.rpt", "power.rpt", "route_status.rpt"
REPORTS = (UTILIZATION, "utilization_hierarchical.rpt", TIMING, POWER)

_HEADERS = frozenset({".vh", ".svh", ".h"})
_DATA = frozenset({".mem", ".dat", ".coe"})
_ANNOUNCED = re.compile(r"^(Start(?:ing)? \w[\w ]*|Phase \d+ .*?)(?: : Time.*|\s*\|.*)?$")


def run_vivado(
    design: VivadoDesign,
    folder: Path,
    options: VivadoOptions | None = None,
    *,
    host: BuildHost | None = None,
    progress: Progress = silent,
) -> VivadoResult:
    """Synthesise a design, and place and route it if asked for.

    Leaves ``folder/synthesised`` and ``folder/implemented``, each with its inputs, command, log (``tool.log``) and, in
    ``out``, reports and checkpoint. Unchanged runs are taken up again; after a failure the log is in ``<name>.failed``.

    Args:
        design: what.
        folder: folder of this part's results, ``synth/vivado/<board>`` in a run.
        options: how.
        host: build host that has Vivado; None: this machine.
        progress: called with each phase that Vivado announces; the amounts are not known.

    Raises:
        ConfigError: a file that is not there, an unknown strategy, a clock without a period.
        VendorError: Vivado is missing, has the wrong version, no licence, not the part, no memory, no disk, refuses the
            design, took too long, or the build host vanished.
        ReportError: a report that is cut, belongs to another design or part, or says that nets are not routed.
    """
    options = options or VivadoOptions()
    _check_request(design, options)
    on_line = partial(_announce, progress, design.part)
    run = _synthesise(design, options, folder / "synthesised", host, on_line)
    if options.stage == "implemented":
        run = _implement(design, options, run, folder / "implemented", host, on_line)
    return _result(design, options.stage, run)


def _check_request(design: VivadoDesign, options: VivadoOptions) -> None:
    if not design.sources:
        raise ConfigError(f"Vivado: expected at least one source of {design.top!r}, got none")
    for path in (*design.sources, *design.constraints):
        if not path.is_file():
            raise ConfigError(f"Vivado: {path} is not a file")
    if (design.clock is None) != (design.clock_period_ns is None):
        raise ConfigError("Vivado: a clock and its period belong together")
    if options.strategy not in STRATEGIES:
        raise ConfigError(unknown_name("implementation strategy", options.strategy, STRATEGIES))
    if options.incremental is not None and not options.incremental.is_file():
        raise ConfigError(f"Vivado: incremental checkpoint {options.incremental} is not a file")


def _synthesise(
    design: VivadoDesign, options: VivadoOptions, folder: Path, host: BuildHost | None, on_line: OnLine
) -> VendorRun:
    files, places = _inputs(design)
    arguments = ["--part", design.part, "--top", design.top, "--out", "out"]
    arguments += ["--sources", *(str(places[path]) for path in design.sources)]
    headers = dict.fromkeys(str(Path(name).parent) for name in files if Path(name).suffix in _HEADERS)
    data = [name for name in files if Path(name).suffix in _DATA]
    arguments += ["--include-dirs", *headers] if headers else []
    arguments += ["--data", *data] if data else []
    arguments += ["--xdc", *(str(places[path]) for path in design.constraints)] if design.constraints else []
    if design.clock is not None:
        arguments += ["--clock", design.clock, "--period", f"{design.clock_period_ns:.4f}"]
        arguments += [] if design.io_delay_ns is None else ["--io-delay", f"{design.io_delay_ns:.4f}"]
    arguments += ["--flatten", options.flatten]
    arguments += ["--directive", options.synth_directive] if options.synth_directive else []
    job = _job("synth.tcl", arguments, files, options, ("synthesised.dcp", *REPORTS))
    return run_job(job, folder, host=host, on_line=on_line, check=partial(_read_reports, design))


def _implement(
    design: VivadoDesign,
    options: VivadoOptions,
    synthesised: VendorRun,
    folder: Path,
    host: BuildHost | None,
    on_line: OnLine,
) -> VendorRun:
    files = {"inputs/synthesised.dcp": synthesised.folder / "out" / "synthesised.dcp"}
    constraints = {f"inputs/{number}.xdc": path for number, path in enumerate(design.constraints)}
    if design.clock is not None:
        constraints["inputs/clock.xdc"] = synthesised.folder / "out" / "clock.xdc"
    files.update(constraints)
    arguments = ["--checkpoint", "inputs/synthesised.dcp", "--strategy", options.strategy, "--out", "out"]
    arguments += ["--xdc", *constraints] if constraints else []
    if options.incremental is not None:
        files["inputs/reference.dcp"] = options.incremental
        arguments += ["--incremental", "inputs/reference.dcp"]
    job = _job("implement.tcl", arguments, files, options, ("implemented.dcp", *REPORTS, ROUTE_STATUS))
    return run_job(job, folder, host=host, on_line=on_line, check=partial(_read_routed, design))


def _job(
    script: str, arguments: list[str], files: dict[str, Path], options: VivadoOptions, outputs: tuple[str, ...]
) -> VendorJob:
    scripts = asset("vivado_scripts")
    threads = [] if options.threads is None else ["--threads", str(options.threads)]
    vivado = ("-mode", "batch", "-nojournal", "-notrace", "-log", "vivado.log", "-source", f"scripts/{script}")
    return VendorJob(
        tool="vivado",
        arguments=(*vivado, "-tclargs", *arguments, "--toggle-rate", f"{options.toggle_rate_percent:g}", *threads),
        files={**files, **{f"scripts/{name}": scripts / name for name in ("common.tcl", script)}},
        outputs=outputs,
        required_version=options.version,
        timeout_s=options.timeout_s,
    )


def _inputs(design: VivadoDesign) -> tuple[dict[str, Path], dict[Path, Path]]:
    """Files to copy by their place in the run, and the place of each file that the design names."""
    folders: dict[Path, str] = {}
    places: dict[Path, Path] = {}
    files: dict[str, Path] = {}
    for path in (*design.sources, *design.constraints):
        folder = folders.setdefault(path.resolve().parent, f"inputs/{len(folders)}")
        places[path] = Path(folder) / path.name
        files[str(places[path])] = path
    for path in design.include_dirs:
        folders.setdefault(path.resolve(), f"inputs/{len(folders)}")
    for parent, folder in folders.items():
        files.update({f"{folder}/{path.relative_to(parent)}": path for path in _companions(parent)})
    return files, places


def _companions(folder: Path) -> Iterable[Path]:
    """Headers and tables directly in a folder."""
    return (path for path in sorted(folder.iterdir()) if path.suffix in _HEADERS | _DATA and path.is_file())


def _announce(progress: Progress, part: str, line: str) -> None:
    match = _ANNOUNCED.match(line)
    if match:
        progress(f"Vivado {part}: {match.group(1)}", 0, 0)


# --- reports ----------------------------------------------------------------------------------------------------------


def _read_reports(design: VivadoDesign, out: Path) -> tuple[UtilizationReport, TimingReport]:
    """Utilisation and timing, which must be of this design on this part.

    Raises:
        ReportError: one of the three reports is cut, foreign or of something else.
    """
    utilization = read_report(parse_utilization, out / UTILIZATION)
    timing = read_report(parse_timing_summary, out / TIMING)
    read_report(parse_power, out / POWER)
    if utilization.design != design.top or not _bare(design.part).startswith(_bare(utilization.device)):
        found = f"{utilization.design} on {utilization.device}"
        raise ReportError(f"{out / UTILIZATION}: expected {design.top} on {design.part}, found {found}")
    return utilization, timing


def _read_routed(design: VivadoDesign, out: Path) -> None:
    """Refuse a design that is not wholly routed; its numbers would be those of something that cannot work."""
    _read_reports(design, out)
    path = out / ROUTE_STATUS
    match = re.search(r"# of nets with routing errors\.*\s*:\s*(\d+)", path.read_text(errors="replace"))
    if match is None:
        raise ReportError(f"{path}: expected a line '# of nets with routing errors', found none")
    if int(match.group(1)):
        raise ReportError(f"{path}: {match.group(1)} nets are not routed: the design does not fit or is too congested")


def _bare(part: str) -> str:
    """A part number without what Vivado's versions write differently: hyphens and the prefix."""
    return re.sub(r"[^a-z0-9]", "", part.lower()).removeprefix("xc")


def _result(design: VivadoDesign, stage: Stage, run: VendorRun) -> VivadoResult:
    out = run.folder / "out"
    utilization, timing = _read_reports(design, out)
    power = read_report(parse_power, out / POWER)
    clock = _main_clock(design, timing)
    used = utilization.used
    return VivadoResult(
        part=design.part,
        top=design.top,
        stage=stage,
        estimate_class=ESTIMATE_CLASSES[stage],
        tool_version=run.tool_version,
        wall_time_s=run.wall_time_s,
        host=run.host,
        reports=str(out),
        lut=used.lut,
        lut_memory=used.lut_memory,
        ff=used.ff,
        carry8=used.carry8,
        dsp=used.dsp,
        bram_18k=used.bram_18k,
        uram=used.uram,
        clock_period_ns=None if clock is None else clock.period_ns,
        wns_ns=timing.slacks.wns_ns,
        whs_ns=timing.slacks.whs_ns,
        timing_met=timing.constraints_met,
        fmax_mhz=None if clock is None else clock.fmax_mhz,
        power_w=power.total_on_chip_w,
        power_dynamic_w=power.dynamic_w,
        power_static_w=power.static_w,
        power_confidence=power.confidence,
    )


def _main_clock(design: VivadoDesign, timing: TimingReport) -> ClockTiming | None:
    """The clock that the design names, or the only one there is.

    Raises:
        ReportError: the clock that was asked for is not in the report.
    """
    if design.clock is None:
        return timing.clocks[0] if len(timing.clocks) == 1 else None
    named = [clock for clock in timing.clocks if clock.name == design.clock]
    if not named:
        found = ", ".join(clock.name for clock in timing.clocks) or "none"
        raise ReportError(f"{TIMING}: expected the clock {design.clock!r}, found {found}")
    return named[0]
