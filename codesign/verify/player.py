"""A compiled program that plays recorded clocks into a design: hw_tests/player.cpp around a Verilator model."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codesign import tools
from codesign.assets import asset
from codesign.errors import ToolError
from codesign.verify.cosim import Design
from codesign.verify.simulators import SIMULATORS, find_simulator
from codesign.verify.trace import Ports

HARNESS = """\
// Generated: the ports of {top} as two words, and the number of the planted fault.
`timescale 1 ns / 1 ps
`default_nettype none

module player (
    input  wire clk,
    input  wire [31:0] mutant,
    input  wire [{stimulus}:0] stimulus,
    output wire [{response}:0] response
);
    {top} dut (
        .clk(clk), .reset(stimulus[{reset}]), .in_valid(stimulus[{valid}]), .in_data(stimulus[{data}:0]),
        .out_valid(response[{response}]), .out_data(response[{word}:0])
    );
endmodule

`default_nettype wire
"""


@dataclass(frozen=True)
class Player:
    """A compiled design.

    Attributes:
        program: the executable.
        build_s: seconds the build took; 0 when it stood there already.
    """

    program: Path
    build_s: float

    def play(self, trace: Path, numbers: Sequence[int], timeout_s: float = 3600.0) -> dict[int, int | None]:
        """First clock at which an output differs from what was due, per number of a fault; None where all is equal.

        Raises:
            ToolError: the program failed or did not say it for every number.
        """
        found: dict[int, int | None] = {}
        for start in range(0, len(numbers), 5000):  # as many as a command line takes
            part = [str(number) for number in numbers[start : start + 5000]]
            output = tools.run_tool([self.program, trace.resolve(), *part], cwd=trace.parent, timeout_s=timeout_s)
            for line in output.splitlines():
                number, clock = line.split()
                found[int(number)] = int(clock) if int(clock) >= 0 else None
        missing = set(numbers) - set(found)
        if missing:
            raise ToolError(f"{self.program}: expected a result for {len(numbers)} runs, {len(missing)} are missing")
        return found


def build_player(design: Design, ports: Ports, folder: Path, *, optimise: str = "-O1") -> Player:
    """Compile a design with the player, unless an equal build stands there already.

    Args:
        design: Verilog with the ports of ``trigger_algorithm``.
        ports: widths of its words.
        folder: receives harness, C++, program and log.
        optimise: option of the C++ compiler; a long run wants more of it than a short one.

    Raises:
        ToolError: Verilator or a compiler is missing, or the design does not compile.
    """
    _, version = find_simulator("verilator")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    harness = folder / "player.v"
    harness.write_text(_harness(design.top, ports))
    main = asset("hw_tests") / "player.cpp"
    program, stamp = folder / "obj" / "player", folder / "digest"
    digest = _digest(version, optimise, (*design.sources, *_headers(design), harness, main))
    if program.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return Player(program, 0.0)
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    environment = SIMULATORS["verilator"].environment()
    environment["MAKEFLAGS"] = environment["MAKEFLAGS"].replace("OPT_FAST=-O0", f"OPT_FAST={optimise}")
    command: list[str | Path] = [
        tools.verilator_root() / "bin" / "verilator", "--cc", "--exe", "--build", "-j", str(tools.available_cores()),
        "-Wno-fatal", "-Wno-lint", "-O3", "--x-initial", "fast", "--top-module", "player", "--prefix", "Vplayer",
        "--Mdir", folder / "obj", "-o", "player",
        "+define+MUTANT=player.mutant",
        *(f"-I{path.resolve()}" for path in design.include_directories),
        *(path.resolve() for path in design.sources), harness, main,
    ]  # fmt: skip
    tools.run_tool(command, cwd=folder, timeout_s=3600, log=folder / "build.log", environment=environment)
    stamp.write_text(digest)
    return Player(program, time.monotonic() - started)


def _harness(top: str, ports: Ports) -> str:
    return HARNESS.format(
        top=top,
        stimulus=ports.stimulus_bits - 1,
        response=ports.response_bits - 1,
        reset=ports.input_bits + 1,
        valid=ports.input_bits,
        data=ports.input_bits - 1,
        word=ports.output_bits - 1,
    )


def _headers(design: Design) -> list[Path]:
    return [file for folder in design.include_directories for file in sorted(folder.glob("*.*v*"))]


def _digest(version: str, optimise: str, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(json.dumps([version, optimise]).encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"\0{file.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
