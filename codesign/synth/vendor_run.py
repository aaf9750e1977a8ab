"""Runs of vendor tools in folders of their own: a result is either whole and belongs to its inputs, or is not there."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from codesign.errors import CodesignError, ReportError, ToolError
from codesign.files import write_whole
from codesign.run import digest, digest_files, to_json
from codesign.synth.build_host import BuildHost
from codesign.synth.vendor_log import DISK_FULL, VendorError, explain_failure, explain_system_error
from codesign.tools import TOOLS, require_tool, stream_tool, tool_version

RECORD = "record.json"
LOG = "tool.log"
OUT = "out"
COMPLETE = "complete.txt"  # written last by every script
VERSION_TIMEOUT_S = 180.0
FULL_BELOW_BYTES = 1 << 20

OnLine = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True)
class VendorJob:
    """One run of a vendor tool: everything that decides its result.

    Attributes:
        tool: program, a key of ``TOOLS``.
        arguments: its arguments; paths are relative to the folder of the run.
        files: file or folder to copy for each path in the folder of the run.
        outputs: files it must leave in ``out``, besides the mark of completeness.
        environment: variables it needs.
        required_version: version it must have, such as ``2024.1``; None: any.
        timeout_s: seconds after which it is stopped.
    """

    tool: str
    arguments: tuple[str, ...]
    files: Mapping[str, Path]
    outputs: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    required_version: str | None = None
    timeout_s: float = 24 * 3600


@dataclass(frozen=True)
class VendorRun:
    """A finished run.

    Attributes:
        folder: its folder, with the inputs, the log and the results in ``out``.
        tool_version: version of the tool that ran.
        wall_time_s: seconds the tool took.
        host: build host it ran on; None: this machine.
    """

    folder: Path
    tool_version: str
    wall_time_s: float
    host: str | None


def run_job(
    job: VendorJob, folder: Path, *, host: BuildHost | None, on_line: OnLine, check: Callable[[Path], object]
) -> VendorRun:
    """Run a job into its folder, or take up the finished run that is there.

    The run works in ``<folder>.part``, which replaces the folder when everything is there; after a failure it stays as
    ``<folder>.failed``. An earlier result is never read unless the digest of files, arguments and version is the same.

    Args:
        job: what to run.
        folder: folder of the result.
        host: build host; None: this machine.
        on_line: called with each line that the tool prints.
        check: called with the folder of a new result; what it refuses by a ``ReportError`` does not become one.

    Raises:
        VendorError: the tool is missing, has another version than required, or gave no complete result.
        ReportError: of ``check``.
    """
    try:
        version = _version(job, host)
        wanted = _job_digest(job, version)
        current = _current(folder, wanted)
        return current or _run(job, folder, wanted, version, host, on_line, check)
    except OSError as error:
        raise explain_system_error(job.tool, error) from error


def _version(job: VendorJob, host: BuildHost | None) -> str:
    try:
        # An installation on a network disk takes its time.
        version = tool_version(job.tool, VERSION_TIMEOUT_S) if host is None else host.tool_version(TOOLS[job.tool])
    except VendorError:
        raise
    except ToolError as error:
        raise VendorError("missing", str(error)) from error
    if job.required_version not in (None, version):
        where = "" if host is None else f" on {host.host}"
        raise VendorError(
            "version", f"{job.tool}: expected version {job.required_version}, found {version}{where}: "
            "source the settings64.sh of the right installation, or change the required version"
        )  # fmt: skip
    return version


def _job_digest(job: VendorJob, version: str) -> str:
    files = {name: _content(path) for name, path in job.files.items()}
    return digest(job.tool, version, job.arguments, files, job.environment, job.outputs)


def _content(path: Path) -> dict[str, str]:
    return digest_files(path.rglob("*") if path.is_dir() else [path], path if path.is_dir() else path.parent)


def _current(folder: Path, wanted: str) -> VendorRun | None:
    """The finished run in the folder, if it is the one that is wanted and nobody changed its results."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text())
        if record["digest"] != wanted or record["outputs"] != _content(folder / OUT):
            return None
        return VendorRun(folder, record["tool_version"], record["wall_time_s"], record["host"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _run(
    job: VendorJob,
    folder: Path,
    wanted: str,
    version: str,
    host: BuildHost | None,
    on_line: OnLine,
    check: Callable[[Path], object],
) -> VendorRun:
    part, failed = (folder.with_name(f"{folder.name}.{state}") for state in ("part", "failed"))
    _stage(job, part)
    try:
        status, wall_time_s = _execute(job, part, digest(wanted, str(folder.resolve())), host, on_line)
        _require_complete(job, part, status)
        check(part / OUT)
    except CodesignError as error:
        _replace(part, failed)
        raise _with_log(error, failed / LOG) from error
    name = None if host is None else host.host
    record = {"digest": wanted, "tool": job.tool, "tool_version": version, "wall_time_s": wall_time_s, "host": name}
    write_whole(part / RECORD, to_json({**record, "outputs": _content(part / OUT)}))
    _replace(part, folder)
    shutil.rmtree(failed, ignore_errors=True)
    return VendorRun(folder, version, wall_time_s, name)


def _with_log(error: CodesignError, path: Path) -> CodesignError:
    """The error with the place of the log; one that has no state yet is a run that took too long."""
    text = f"{error}; whole output: {path}"
    if isinstance(error, VendorError):
        return VendorError(error.state, text)
    return VendorError("time", text) if isinstance(error, ToolError) else type(error)(text)


def _stage(job: VendorJob, part: Path) -> None:
    """Make a fresh folder with a copy of every input and the command, so that the run can be repeated by hand."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, source in job.files.items():
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    command = {"command": [TOOLS[job.tool].program, *job.arguments], "environment": dict(job.environment)}
    write_whole(part / "command.json", to_json(command))


def _execute(job: VendorJob, part: Path, name: str, host: BuildHost | None, on_line: OnLine) -> tuple[int, float]:
    """Exit status of the tool and the seconds it took."""
    if host is not None:
        command = [TOOLS[job.tool].program, *job.arguments]
        return host.run(
            name[:32], part, command, job.environment,
            log=part / LOG, out=OUT, on_line=on_line, timeout_s=job.timeout_s,
        )  # fmt: skip
    started = time.monotonic()
    status = stream_tool(
        [require_tool(job.tool).absolute(), *job.arguments],
        cwd=part,
        timeout_s=job.timeout_s,
        log=part / LOG,
        on_line=on_line,
        environment=job.environment,
    )
    return status, round(time.monotonic() - started, 1)


def _require_complete(job: VendorJob, part: Path, status: int) -> None:
    """Refuse a run that failed, or that left less than it should have.

    Raises:
        VendorError: with the cause, as far as the log tells it.
    """
    missing = [name for name in (*job.outputs, COMPLETE) if not (part / OUT / name).is_file()]
    if status == 0 and not missing:
        return
    error = explain_failure(job.tool, (part / LOG).read_text(errors="replace"), status)
    # On a full disk the end of the log, with the reason in it, could not be written either.
    if error.state in ("crash", "design") and shutil.disk_usage(part).free < FULL_BELOW_BYTES:
        raise VendorError("disk", f"{job.tool}: {DISK_FULL}")
    raise error


def _replace(new: Path, old: Path) -> None:
    """Put a folder in the place of another one."""
    shutil.rmtree(old, ignore_errors=True)
    new.replace(old)


def read_report(parse: Callable[[str], T], path: Path) -> T:
    """Read a report with its parser.

    Raises:
        ReportError: of the parser, with the name of the file before it.
    """
    try:
        return parse(path.read_text(errors="replace"))
    except ReportError as error:
        raise ReportError(f"{path.name}: {error}") from error
