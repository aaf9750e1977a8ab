"""Equality of two Verilog modules: Yosys joins them in a miter, and a SAT solver looks for what tells them apart.

Before that ABC makes of what is equal inside one (SAT sweeping). What is left of two combinational forms goes to
Kissat, what is left of two machines to the induction of Yosys.
"""

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from codesign.errors import ToolError, ToolTimeoutError
from codesign.files import write_whole
from codesign.run import digest, digest_files
from codesign.tools import require_tool, run_tool, tool_version
from codesign.verify import kissat
from codesign.yosys_reading import read_commands

Verdict = Literal["proven", "different", "not decided"]

SCRIPT = """\
# Run by hand: {by_hand}
{gold}
rename {module} gold
design -stash first
{gate}
rename {module} gate
design -stash second
design -copy-from first -as gold gold
design -copy-from second -as gate gate
miter -equiv -flatten gold gate miter
hierarchy -top miter
opt -full
techmap
{decide}
"""
# Nodes that are equal become one (fraiging: Mishchenko et al., ERL Technical Report, Berkeley 2005); then Kissat.
COMBINATIONAL = """\
abc -g AND -script +strash;dc2;fraig;map
opt_clean
aigmap
opt_clean
write_aiger -ascii -symbols {circuit}
"""
# An entry of a table that nothing can select is undefined in both forms, and zero here: early, before the two forms of
# a table are optimised differently; late where there are memories that are written, whose ports lose their enable else.
SIDE = """\
{reads}
hierarchy -check -top {module}
{early}
proc
flatten
{registers}
memory -nordff
{late}
opt_clean
"""
# Registers of the two forms that always hold the same become one (signal correspondence: van Eijk, IEEE TCAD 19, 814,
# 2000); of two equal forms nothing is left, whatever their depth.
SEQUENCES = """\
setundef -zero -init
dfflegalize -cell $_DFF_P_ 0
abc -dff -script +strash;scorr
opt_clean
sat -timeout {timeout_s} -tempinduct -set-init-zero -maxsteps {deepest} -show-inputs -prove trigger 0 miter
"""
DEEPEST = 40  # clocks from clear registers in which a difference is looked for
READING_S = 600.0  # for all that Yosys does before it asks the solver
PROOF_S = 120  # for the solver, unless somebody has more time
BUSY = 4  # times as long by the clock, on a machine with other work
WIRES = """\
(* techmap_celltype = "$dff" *)
module register_as_wire #(parameter WIDTH = 1, parameter CLK_POLARITY = 1) (
    input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q
);
    assign Q = D;
endmodule
"""
# The last line of a proof by induction, or of a search for what tells two machines apart.
PROVEN = "Induction step proven: SUCCESS!"
DIFFERENT = "model found for base case: FAIL!"
UNDECIDED = ("TIMEOUT!", "maximum number of time steps")
# A line of the table of what tells the two apart: name, decimal, hexadecimal, binary.
INPUT = re.compile(r"^ +\\in_(\w+) +\S+ +\S+ +([01x]+)$", re.MULTILINE)
BIT = re.compile(r"^v in_(\w+?)(?:\[(\d+)\])? ([01])$", re.MULTILINE)


@dataclass(frozen=True)
class Form:
    """One way to get a module.

    Attributes:
        sources: Verilog in reading order; a module that comes again takes the place of the one before.
        include_directories: folders of included headers.
        define: a macro, ``NAME=value``; empty: none.
        then: Yosys commands that follow.
    """

    sources: tuple[Path, ...]
    include_directories: tuple[Path, ...] = ()
    define: str = ""
    then: str = ""

    def commands(self, work_dir: Path) -> str:
        """Lines of a Yosys script in a folder."""
        options = ["-overwrite", *([f"-D{self.define}"] if self.define else [])]
        return f"{read_commands(self.sources, self.include_directories, work_dir, *options)}\n{self.then}".rstrip()

    def digests(self) -> list[object]:
        """Of what is read, in reading order."""
        headers = [path for folder in self.include_directories for path in sorted(folder.rglob("*.*v*"))]
        return [digest_files([path], path.parent) for path in (*self.sources, *headers)]


@dataclass(frozen=True)
class Comparison:
    """What is known of two forms.

    Attributes:
        verdict: whether they are equal.
        inputs: where they differ, a word for each input that tells them apart; of a sequence those of its first clock.
        seconds: how long the search took.
    """

    verdict: Verdict
    inputs: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def compare_forms(
    gold: Form,
    gate: Form,
    module: str,
    script: Path,
    *,
    sequences: bool = False,
    wires: bool = False,
    timeout_s: int = PROOF_S,
) -> Comparison:
    """Compare two forms of a module for all inputs; what was decided of the same files is not searched again.

    Args:
        gold: one form.
        gate: the other.
        module: its name in both.
        script: Yosys script to write; log and what was found stand beside it, and a circuit that was not decided.
        sequences: for all sequences of inputs, beginning with clear registers, instead of for all inputs at one time.
        wires: registers are wires, so that a pipeline is one combinational function.
        timeout_s: limit of the solver, seconds of processor time.

    Raises:
        ToolError: Yosys is missing, or does not read a form.
    """
    script.parent.mkdir(parents=True, exist_ok=True)
    circuit = None if sequences else script.with_suffix(".aag")
    text = _script(gold, gate, module, script, circuit, wires, timeout_s)
    # The first line, how to run it by hand, decides nothing.
    memory = _Memory(
        script.with_suffix(".json"), digest(_method(), text.partition("\n")[2], gold.digests(), gate.digests())
    )
    known = memory.recall()
    if known is None:
        script.write_text(text)
        started = time.monotonic()
        known = _searched(script, circuit, timeout_s)
        known = replace(known, seconds=time.monotonic() - started)
        if known.verdict != "not decided":  # which may be so because the machine was busy
            memory.keep(known)
            if circuit is not None:
                circuit.unlink()  # megabytes, which the script makes again
    return known


def _script(
    gold: Form, gate: Form, module: str, script: Path, circuit: Path | None, wires: bool, timeout_s: int
) -> str:
    """Text of the script that compares two machines, or writes the circuit that is 1 where two functions differ."""
    registers = ""
    if wires:
        techmap = script.with_suffix(".wires.v")  # a script's own: others may run at the same time
        techmap.write_text(WIRES)
        registers = f"techmap -map {techmap.name}"
    early, late = ("", "setundef -zero") if circuit is None else ("setundef -zero", "")
    sides = {
        side: SIDE.format(
            reads=form.commands(script.parent), module=module, registers=registers, early=early, late=late
        )
        for side, form in (("gold", gold), ("gate", gate))
    }
    by_hand = f"yosys {script.name}"
    if circuit is None:
        decide = SEQUENCES.format(timeout_s=timeout_s, deepest=DEEPEST)
    else:
        decide = COMBINATIONAL.format(circuit=circuit.name)
        by_hand += f", then: python -P .../codesign/verify/kissat.py {circuit.name} {timeout_s}"
    return SCRIPT.format(by_hand=by_hand, module=module, decide=decide, **sides)


def _searched(script: Path, circuit: Path | None, timeout_s: int) -> Comparison:
    """Run a script, and Kissat where it writes a circuit."""
    log = script.with_suffix(".log")
    try:
        output = run_tool(
            [require_tool("yosys"), "-Q", script.name], cwd=script.parent, timeout_s=READING_S + timeout_s, log=log
        )
        if circuit is not None:
            program = Path(kissat.__file__).resolve()
            command: list[str | Path] = [sys.executable, "-P", program, circuit.name, str(timeout_s)]
            return _answer(run_tool(command, cwd=script.parent, timeout_s=BUSY * timeout_s), script)
    except ToolTimeoutError:  # the sweep knows no limit of its own
        return Comparison("not decided")
    if PROVEN in output:
        return Comparison("proven")
    if DIFFERENT in output:
        found = {name: int(bits.replace("x", "0"), 2) for name, bits in reversed(INPUT.findall(output))}
        return Comparison("different", found)
    if any(text in output for text in UNDECIDED):
        return Comparison("not decided")
    raise ToolError(f"{script}: Yosys ended without a verdict; see {log}")


def _answer(output: str, script: Path) -> Comparison:
    """What Kissat says."""
    lines = output.splitlines()
    if kissat.UNSATISFIABLE in lines:
        return Comparison("proven")
    if kissat.SATISFIABLE not in lines:
        raise ToolError(f"{script}: Kissat ended without a verdict: {output.strip()[-200:]!r}")
    words: dict[str, int] = {}
    for name, place, bit in BIT.findall(output):
        words[name] = words.get(name, 0) | int(bit) << int(place or 0)
    return Comparison("different", words)


@dataclass(frozen=True)
class _Memory:
    """A file with what was decided of two forms.

    Attributes:
        path: of the file.
        digest: of all that the verdict depends on.
    """

    path: Path
    digest: str

    def recall(self) -> Comparison | None:
        """What was found; None if nothing was, or of other forms."""
        try:
            kept = json.loads(self.path.read_text())
            found = Comparison(kept["verdict"], kept["inputs"], kept["seconds"])
            return found if kept["digest"] == self.digest else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, found: Comparison) -> None:
        """Remember it."""
        write_whole(self.path, json.dumps({"digest": self.digest, **asdict(found)}))


def _method() -> list[object]:
    """What decides, besides the script: a mistake that is mended in it must not leave its verdicts behind."""
    solver = Path(kissat.__file__)
    return [_version(require_tool("yosys")), version("python-sat"), digest_files([solver], solver.parent), WIRES]


@cache
def _version(_: Path) -> str:
    return tool_version("yosys")
