"""The simulators: which there are, which versions work with cocotb 2, and how each is called."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from codesign import tools
from codesign.errors import ToolError


@dataclass(frozen=True)
class Simulator:
    """A simulator that cocotb can drive.

    Attributes:
        name: cocotb's name for it.
        minimum: oldest (major, minor) version that cocotb 2 supports; its runner does not look.
        four_state: it computes with X and Z.
        programs: entries of ``codesign.tools.TOOLS`` it needs.
        build_args: arguments of its compiler.
        version: asks for the installed version.
        environment: variables it needs besides those of this process.
        language: what it reads, "verilog" or "vhdl".
        run_args: arguments of the running simulation.
    """

    name: str
    minimum: tuple[int, int]
    four_state: bool
    programs: tuple[str, ...]
    build_args: tuple[str, ...]
    version: Callable[[], str]
    environment: Callable[[], dict[str, str]]
    language: str = "verilog"
    run_args: tuple[str, ...] = ()


def find_simulator(name: str) -> tuple[Simulator, str]:
    """A usable simulator and its version.

    Raises:
        ToolError: the name is unknown, a program is missing, or the version is too old.
    """
    if name not in SIMULATORS:
        raise ToolError(f"unknown simulator {name!r}; known are {sorted(SIMULATORS)}")
    simulator = SIMULATORS[name]
    for program in simulator.programs:
        tools.require_tool(program)
    version = simulator.version()
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None or (int(match[1]), int(match[2])) < simulator.minimum:
        raise ToolError(
            f"{name}: expected version {simulator.minimum[0]}.{simulator.minimum[1]} or newer, found {version}"
        )
    return simulator, version


def _icarus_version() -> str:
    return tools.tool_version("iverilog")


def _icarus_environment() -> dict[str, str]:
    return {"PATH": _path("iverilog")}


def _ghdl_version() -> str:
    return tools.tool_version("ghdl")


def _ghdl_environment() -> dict[str, str]:
    return {"PATH": _path("ghdl")}


def _verilator_version() -> str:
    tools.verilator_root()
    return tools.verilator_version()


def _verilator_environment() -> dict[str, str]:
    environment = tools.verilator_environment()
    # The model runs for a second or two and is compiled for half a minute, two thirds more with -O1.
    environment["MAKEFLAGS"] += f" OPT_FAST=-O0 OPT_GLOBAL=-O0 CXX={tools.require_tool('g++')}"
    environment["PATH"] = f"{tools.verilator_root() / 'bin'}{os.pathsep}{_path('make', 'perl', 'g++')}"
    if shutil.which("ccache"):
        environment["OBJCACHE"] = "ccache"
    return environment


def _path(*programs: str) -> str:
    """PATH on which the programs are found first where their overrides say."""
    folders = dict.fromkeys(str(tools.require_tool(program).parent) for program in programs)
    return os.pathsep.join([*folders, os.environ.get("PATH", "")])


SIMULATORS = {
    # Below 5.36 the C++ interface that cocotb 2 compiles against is missing. cocotb's runner makes every signal of the
    # design public, which turns a network into 50 MB of C++; the bench needs the ports of the top module only.
    "verilator": Simulator(
        name="verilator",
        minimum=(5, 36),
        four_state=False,
        programs=("g++", "make", "perl"),
        build_args=("-Wno-fatal", "-Wno-lint", "-O3", "--no-public-flat-rw", "--public-depth", "1"),
        version=_verilator_version,
        environment=_verilator_environment,
    ),
    "icarus": Simulator(
        name="icarus",
        minimum=(11, 0),
        four_state=True,
        programs=("iverilog",),
        build_args=(),
        version=_icarus_version,
        environment=_icarus_environment,
    ),
    # numeric_std warns at every unknown bit that a test applies on purpose.
    "ghdl": Simulator(
        name="ghdl",
        minimum=(2, 0),
        four_state=True,
        programs=("ghdl",),
        build_args=("--std=08",),
        version=_ghdl_version,
        environment=_ghdl_environment,
        language="vhdl",
        run_args=("--ieee-asserts=disable",),
    ),
}
