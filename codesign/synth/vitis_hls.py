"""C synthesis, co-simulation and export with Vitis HLS of a project that hls4ml or conifer has written."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from codesign.assets import asset
from codesign.errors import ConfigError, ReportError
from codesign.progress import Progress, silent
from codesign.synth.build_host import BuildHost
from codesign.synth.reports.cosim import CosimReport, parse_cosim
from codesign.synth.reports.csynth import CsynthReport, parse_csynth_xml
from codesign.synth.reports.export import ExportReport, parse_export
from codesign.synth.vendor_log import VendorError
from codesign.synth.vendor_run import OUT, VendorJob, read_report, run_job
from codesign.tools import TOOLS, find_tool

PROGRAMS = ("vitis-run", "vitis_hls")
"""Programs that run the script, the newer first."""

_SOURCES = frozenset({".cpp", ".h", ".tcl", ".txt", ".dat"})
_NAMES = {"project.tcl": r'^set project_name "?(\w+)"?', "hls_parameters.tcl": r"^set top (\w+)"}
_ANNOUNCED = re.compile(r"^INFO: \[HLS 200-1510\] Running: (\w+)|^\*{3,} ?(.*?) ?\*{3,}$")


@dataclass(frozen=True)
class VitisHlsOptions:
    """What Vitis HLS does with the project; synthesis always.

    Attributes:
        csim: run the test bench against the C++ code.
        cosim: run the test bench against the RTL.
        export: write the RTL as IP.
        flow: with ``export``: Vivado synthesis ("syn") or implementation ("impl") of the RTL too; None: neither.
        part: another device than the project's; None: the project's.
        clock_period_ns: another clock period than the project's; None: the project's.
        version: version the tool must have, such as ``2024.1``; None: any.
        timeout_s: seconds after which the run is stopped.
    """

    csim: bool = False
    cosim: bool = False
    export: bool = False
    flow: Literal["syn", "impl"] | None = None
    part: str | None = None
    clock_period_ns: float | None = None
    version: str | None = None
    timeout_s: float = 24 * 3600


@dataclass(frozen=True)
class VitisHlsResult:
    """What Vitis HLS reports.

    Attributes:
        tool: program that ran.
        tool_version: its version.
        wall_time_s: seconds of the run that gave the numbers.
        host: build host; None: this machine.
        reports: folder of the reports.
        csynth: estimates of C synthesis.
        cosim: latency and status of co-simulation; None where it was not asked for.
        export: Vivado's numbers of the exported RTL, out of context; None where they were not asked for.
    """

    tool: str
    tool_version: str
    wall_time_s: float
    host: str | None
    reports: str
    csynth: CsynthReport
    cosim: CosimReport | None
    export: ExportReport | None


def run_vitis_hls(
    project: Path,
    folder: Path,
    options: VitisHlsOptions | None = None,
    *,
    host: BuildHost | None = None,
    progress: Progress = silent,
) -> VitisHlsResult:
    """Run Vitis HLS on a copy of a project.

    Leaves ``folder/hls`` with the copy, the command, the log (``tool.log``) and, in ``out``, the reports. An unchanged
    run is taken up again; after a failure the log is in ``hls.failed``.

    Args:
        project: HLS project, ``firmware/hls`` in a run; it is not changed.
        folder: folder of this part's results, ``synth/vitis_hls/<board>`` in a run.
        options: what to do.
        host: build host that has Vitis HLS; None: this machine.
        progress: called with each command that the tool announces; the amounts are not known.

    Raises:
        ConfigError: the folder holds no HLS project, or an option makes no sense.
        VendorError: the tool is missing, has the wrong version, no licence, not the part, no memory, no disk, refuses
            the design, took too long, simulation differs, or the build host vanished.
        ReportError: a report that is cut, or of another function or part.
    """
    options = options or VitisHlsOptions()
    name = _project_name(project)
    _check_request(options)
    tool = _program(host)
    script = ("--mode", "hls", "--tcl") if tool == "vitis-run" else ("-f",)
    job = VendorJob(
        tool=tool,
        arguments=(*script, "scripts/vitis_hls.tcl"),
        files={**_sources(project), **_scripts()},
        outputs=_outputs(name, options),
        environment={"CODESIGN_HLS_ARGS": " ".join(_arguments(options))},
        required_version=options.version,
        timeout_s=options.timeout_s,
    )
    check = partial(_read_reports, name, options)
    run = run_job(job, folder / "hls", host=host, on_line=partial(_announce, progress), check=check)
    csynth, cosim, export = check(run.folder / OUT)
    return VitisHlsResult(
        tool, run.tool_version, run.wall_time_s, run.host, str(run.folder / OUT), csynth, cosim, export
    )


def _project_name(project: Path) -> str:
    """Name of the synthesised function, from the project's own settings."""
    for file, pattern in _NAMES.items():
        if (project / file).is_file():
            match = re.search(pattern, (project / file).read_text(errors="replace"), re.MULTILINE)
            if match is None:
                raise ConfigError(f"{project / file}: expected a line {pattern!r}; generate the firmware again")
            return match.group(1)
    raise ConfigError(f"{project}: expected an HLS project with {' or '.join(_NAMES)}; generate the firmware first")


def _check_request(options: VitisHlsOptions) -> None:
    if options.flow is not None and not options.export:
        raise ConfigError("Vitis HLS: a Vivado flow of the exported RTL needs the export")
    if options.part is not None and not re.fullmatch(r"[\w-]+", options.part):
        raise ConfigError(f"Vitis HLS: expected a part number, got {options.part!r}")


def _program(host: BuildHost | None) -> str:
    """The newer of the two programs that is there; the newest, to be missed by name, where none is."""
    for name in PROGRAMS:
        if (find_tool(name) is not None) if host is None else _has(host, name):
            return name
    return PROGRAMS[0]


def _has(host: BuildHost, name: str) -> bool:
    try:
        host.tool_version(TOOLS[name])
    except VendorError as error:
        if error.state != "missing":
            raise
        return False
    return True


def _sources(project: Path) -> dict[str, Path]:
    """What the tool needs of the project, without compiled C-simulations and results of earlier runs."""
    files = (path for path in sorted(project.rglob("*")) if path.suffix in _SOURCES and path.is_file())
    kept = ((path.relative_to(project), path) for path in files)
    return {f"project/{name}": path for name, path in kept if not name.parts[0].endswith("_prj")}


def _scripts() -> dict[str, Path]:
    return {f"scripts/{name}": asset("vivado_scripts") / name for name in ("common.tcl", "vitis_hls.tcl")}


def _outputs(name: str, options: VitisHlsOptions) -> tuple[str, ...]:
    outputs = [f"{name}_csynth.xml", f"{name}_csynth.rpt"]
    outputs += [f"{name}_cosim.rpt"] if options.cosim else []
    outputs += [f"export_{options.flow}.xml"] if options.flow else []
    return tuple(outputs)


def _arguments(options: VitisHlsOptions) -> list[str]:
    words = ["--project", "project", "--out", "out", "--csynth"]
    words += [f"--{flag}" for flag in ("csim", "cosim", "export") if getattr(options, flag)]
    words += ["--flow", options.flow] if options.flow else []
    words += ["--part", options.part] if options.part else []
    words += ["--period", f"{options.clock_period_ns:.4f}"] if options.clock_period_ns else []
    return words


def _read_reports(
    name: str, options: VitisHlsOptions, out: Path
) -> tuple[CsynthReport, CosimReport | None, ExportReport | None]:
    """The reports of what was run.

    Raises:
        ReportError: one is cut, or of another function or part.
    """
    csynth = read_report(parse_csynth_xml, out / f"{name}_csynth.xml")
    if csynth.top != name or (options.part is not None and csynth.part != options.part):
        wanted = name if options.part is None else f"{name} on {options.part}"
        raise ReportError(f"{name}_csynth.xml: expected {wanted}, found {csynth.top} on {csynth.part}")
    cosim = read_report(parse_cosim, out / f"{name}_cosim.rpt") if options.cosim else None
    export = read_report(parse_export, out / f"export_{options.flow}.xml") if options.flow else None
    return csynth, cosim, export


def _announce(progress: Progress, line: str) -> None:
    match = _ANNOUNCED.match(line)
    if match:
        progress(f"Vitis HLS: {match.group(1) or match.group(2)}", 0, 0)
