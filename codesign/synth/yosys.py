"""Synthesis with Yosys: writes a script that can be run by hand, runs it, and counts the netlist that comes out."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from codesign.errors import ConfigError, ReportError
from codesign.naming import unknown_name
from codesign.synth.boards import Family
from codesign.synth.netlist import NetlistResources, count_resources
from codesign.tools import require_tool, run_tool, tool_version
from codesign.yosys_reading import read_commands

FAMILIES: dict[str, str] = {"ultrascale_plus": "xcup", "7series": "xc7"}
"""Yosys' name of each fabric."""

SCRIPT = "synth.ys"
NETLIST = "netlist.json"
NETLIST_VERILOG = "netlist.v"
LOG = "yosys.log"
DIGEST = "digest.txt"

_TEMPLATE = """\
# Run by hand: cd to this folder, then: yosys {script}
# -defer builds a module only where the design uses it, with the parameters it is used with.
{reads}
hierarchy -check -top {top}

# Clean every module before it is copied into the top, then forget the names of dead wires: a third of the run time.
proc
opt_expr
opt_clean
flatten
opt_clean -purge

# -noiopad -noclkbuf: the design is one block inside a larger one; pins and clock buffer are not its own.
# -nowidelut: tables mapped to F7/F8 multiplexers need more LUTs than the same tables shared as logic.
synth_xilinx -family {family} -top {top} -flatten -noiopad -noclkbuf -nowidelut
write_verilog -noattr {verilog}
write_json {netlist}
"""


def synthesise(
    sources: Sequence[Path],
    *,
    include_dirs: Sequence[Path],
    top: str,
    family: Family,
    work_dir: Path,
    timeout_s: float = 1800,
) -> NetlistResources:
    """Synthesise a Verilog design for one fabric and count what it takes.

    Leaves ``synth.ys``, ``yosys.log``, ``netlist.json``, ``netlist.v`` (the mapped design, for simulation) and
    ``digest.txt`` in ``work_dir``. When the sources, the files beside them and in the include folders, the script and
    the Yosys version are those of the finished run in ``work_dir``, its netlist is counted again without running Yosys.

    Multipliers (`` * ``) are mapped to DSP slices where they are large enough, and reported as such.

    Args:
        sources: Verilog or SystemVerilog files.
        include_dirs: folders searched by `` `include ``; also those of the tables that ``$readmemh`` reads, when they
            are not beside the sources.
        top: name of the module to synthesise.
        family: fabric to map to, a key of ``FAMILIES``.
        work_dir: folder for the files named above, made if needed.
        timeout_s: seconds after which Yosys is stopped.

    Raises:
        ConfigError: no sources, a source that is not a file, an unknown family, a top that is not an identifier,
            or an include folder that Yosys cannot be told.
        ToolError: Yosys is missing, failed or ran too long.
        ReportError: the netlist is empty or contains something that cannot be counted.
    """
    _check_request(sources, top, family)
    script = _script(sources, include_dirs, top, family, work_dir)
    job = _digest([tool_version("yosys"), script], input_files(sources, include_dirs, work_dir))
    if not _is_current(work_dir, job):
        _run(script, job, work_dir, timeout_s)
    return count_resources(_read_netlist(work_dir / NETLIST), top)


def _check_request(sources: Sequence[Path], top: str, family: str) -> None:
    if family not in FAMILIES:
        raise ConfigError(unknown_name("FPGA family", family, FAMILIES))
    if not re.fullmatch(r"[A-Za-z_]\w*", top, re.ASCII):
        raise ConfigError(f"synthesis: expected the name of a Verilog module as top, got {top!r}")
    if not sources:
        raise ConfigError(f"synthesis of {top!r}: expected at least one Verilog source, got none")
    for path in sources:
        if not path.is_file():
            raise ConfigError(f"synthesis of {top!r}: source {path} is not a file")


def _script(sources: Iterable[Path], include_dirs: Iterable[Path], top: str, family: Family, work_dir: Path) -> str:
    reads = read_commands(sources, include_dirs, work_dir)
    return _TEMPLATE.format(
        script=SCRIPT, reads=reads, top=top, family=FAMILIES[family], verilog=NETLIST_VERILOG, netlist=NETLIST
    )


def input_files(sources: Iterable[Path], include_dirs: Iterable[Path], work_dir: Path) -> list[Path]:
    """Every file the result can depend on: the sources, their neighbours (tables, headers) and the include folders."""
    beside = {path for source in sources for path in source.resolve().parent.iterdir()}
    included = {path for folder in include_dirs for path in folder.resolve().rglob("*")}
    own = work_dir.resolve()
    return sorted(path for path in beside | included if path.is_file() and not path.is_relative_to(own))


def _digest(texts: Iterable[str], files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for part in [*(text.encode() for text in texts), *(path.read_bytes() for path in files)]:
        # The length keeps two parts apart: a line that moves from one file to the next is a change.
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def _stamp(job: str, work_dir: Path) -> str:
    """What the digest file of a finished run holds: the digest of the job together with its results."""
    return _digest([job], [work_dir / NETLIST, work_dir / NETLIST_VERILOG]) + "\n"


def _is_current(work_dir: Path, job: str) -> bool:
    """Whether the folder holds the finished and unchanged result of exactly this job."""
    if not all((work_dir / name).is_file() for name in (DIGEST, NETLIST, NETLIST_VERILOG)):
        return False
    return (work_dir / DIGEST).read_text(errors="replace") == _stamp(job, work_dir)


def _run(script: str, job: str, work_dir: Path, timeout_s: float) -> None:
    """Run Yosys on a folder cleared of earlier results; the digest, written last, marks the result as finished."""
    work_dir.mkdir(parents=True, exist_ok=True)
    for name in (DIGEST, NETLIST, NETLIST_VERILOG, LOG):
        (work_dir / name).unlink(missing_ok=True)
    (work_dir / SCRIPT).write_text(script)
    run_tool([require_tool("yosys"), "-Q", SCRIPT], cwd=work_dir, timeout_s=timeout_s, log=work_dir / LOG)
    for name in (NETLIST, NETLIST_VERILOG):
        if not (work_dir / name).is_file():
            raise ReportError(f"{work_dir / name}: Yosys ended without an error but did not write it; see {LOG}")
    (work_dir / DIGEST).write_text(_stamp(job, work_dir))


def _read_netlist(path: Path) -> dict[str, Any]:
    """The netlist as written by Yosys.

    Raises:
        ReportError: it is not the JSON of a netlist.
    """
    try:
        netlist = json.loads(path.read_text())
    except ValueError as error:
        raise ReportError(f"{path}: expected the netlist written by Yosys: {error}") from error
    if not isinstance(netlist, dict):
        raise ReportError(f"{path}: expected a netlist, got a JSON {type(netlist).__name__}")
    return netlist
