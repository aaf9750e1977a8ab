"""Equality of two Verilog modules by SAT: Yosys joins them in a miter and looks for inputs that tell them apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from codesign.errors import ToolError, ToolTimeoutError
from codesign.tools import require_tool, run_tool

Verdict = Literal["proven", "different", "not decided"]

SCRIPT = """\
# Run by hand: yosys {name}
{gold}
rename {module} gold
design -stash first
{gate}
rename {module} gate
design -stash second
design -copy-from first -as gold gold
design -copy-from second -as gate gate
miter -equiv -flatten -make_outputs gold gate miter
hierarchy -top miter
opt -full
{sweep}
sat -timeout {timeout_s} {method} -show-inputs -prove trigger 0 miter
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
SWEEP = """\
techmap
setundef -zero -init
dfflegalize -cell $_DFF_P_ 0
abc -dff -script +strash;scorr
opt_clean
"""
DEEPEST = 40  # clocks from clear registers in which a difference is looked for
READING_S = 600.0  # for all that Yosys does before it asks the solver
PROOF_S = 60  # for the solver, unless somebody has more time
WIRES = """\
(* techmap_celltype = "$dff" *)
module register_as_wire #(parameter WIDTH = 1, parameter CLK_POLARITY = 1) (
    input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q
);
    assign Q = D;
endmodule
"""
# The last line of a proof by induction or of one over all inputs.
PROVEN = ("SAT proof finished - no model found: SUCCESS!", "Induction step proven: SUCCESS!")
DIFFERENT = ("model found: FAIL!", "model found for base case: FAIL!")
# A line of the table of what tells the two apart: name, decimal, hexadecimal, binary.
INPUT = re.compile(r"^ +\\in_(\w+) +\S+ +\S+ +([01x]+)$", re.MULTILINE)
UNDECIDED = ("TIMEOUT!", "maximum number of time steps")


@dataclass(frozen=True)
class Form:
    """One way to get a module.

    Attributes:
        reads: Yosys commands that read it.
    """

    reads: str


@dataclass(frozen=True)
class Comparison:
    """What SAT says about two forms.

    Attributes:
        verdict: whether they are equal.
        inputs: where they differ, a word for each input that tells them apart; of a sequence those of its first clock.
    """

    verdict: Verdict
    inputs: Mapping[str, int] = field(default_factory=dict)


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
    """Compare two forms of a module for all inputs.

    Args:
        gold: one form.
        gate: the other.
        module: its name in both.
        script: Yosys script to write; its log stands beside it.
        sequences: for all sequences of inputs, beginning with clear registers, instead of for all inputs at one time.
        wires: registers are wires, so that a pipeline is one combinational function.
        timeout_s: limit of the solver, seconds.

    Raises:
        ToolError: Yosys is missing, or does not read a form.
    """
    script.parent.mkdir(parents=True, exist_ok=True)
    registers = ""
    if wires:
        techmap = script.with_suffix(".wires.v")  # a script's own: others may run at the same time
        techmap.write_text(WIRES)
        registers = f"techmap -map {techmap.name}"
    early, late = ("", "setundef -zero") if sequences else ("setundef -zero", "")
    sides = {
        side: SIDE.format(reads=form.reads, module=module, registers=registers, early=early, late=late)
        for side, form in (("gold", gold), ("gate", gate))
    }
    sweep, method = (SWEEP, f"-tempinduct -set-init-zero -maxsteps {DEEPEST}") if sequences else ("", "")
    script.write_text(
        SCRIPT.format(name=script.name, module=module, timeout_s=timeout_s, sweep=sweep, method=method, **sides)
    )
    log = script.with_suffix(".log")
    try:
        output = run_tool(
            [require_tool("yosys"), "-Q", script.name], cwd=script.parent, timeout_s=READING_S + timeout_s, log=log
        )
    except ToolTimeoutError:  # the sweep knows no limit of its own
        return Comparison("not decided")
    if any(text in output for text in PROVEN):
        return Comparison("proven")
    if any(text in output for text in DIFFERENT):
        found = {name: int(bits.replace("x", "0"), 2) for name, bits in reversed(INPUT.findall(output))}
        return Comparison("different", found)
    if any(text in output for text in UNDECIDED):
        return Comparison("not decided")
    raise ToolError(f"{script}: Yosys ended without a verdict; see {log}")
