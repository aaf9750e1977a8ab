"""Proofs by Yosys instead of samples: VHDL = Verilog and RTL = netlist, for every input and for ever.

The design is taken apart: every stage of the adder graph as one combinational function, and each module around them,
up to the top with its registers and counters, as a machine that begins with clear registers, with a stand-in for what
is proven already, in which every output bit is the parity of other inputs.
"""

import dataclasses
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations, cycle
from pathlib import Path

from codesign.progress import Progress, silent
from codesign.tools import available_cores, require_tool, run_tool
from codesign.verify.mutation.sites import MODULE
from codesign.verify.proofs import FormalCheck
from codesign.verify.sat import PROOF_S, Form, compare_forms
from codesign.verify.step import FirmwareUnderTest

STAGE = re.compile(r"logic\d+")
LANGUAGES, NETLIST = "VHDL = Verilog", "netlist = Verilog"
HEADER = re.compile(r"\bmodule\s+(?P<name>\w+)\s*(?:#.*?)?\((?P<ports>.*?)\);", re.DOTALL)
PORT = re.compile(r"\b(input|output)\s+(?:wire\s+|reg\s+)*(?:\[(\d+):0\]\s*)?(\w+)")
WITHOUT_DEFAULT = re.compile(
    r"(?P<cases>^ *case \(\w+\)\n(?:^ *\d+'b[01]+: (?P<target>\w+) <= [^;]+;\n)+)(?P<end>^ *endcase)", re.MULTILINE
)
SYNTHESIS = """\
hierarchy -check -top {module}
setundef -zero
synth_xilinx -family xcup -top {module} -flatten -noiopad -noclkbuf -nowidelut
read_verilog +/xilinx/cells_sim.v
"""


def formal_checks(
    under_test: FirmwareUnderTest, folder: Path, proof_s: int = PROOF_S, progress: Progress = silent
) -> tuple[FormalCheck, ...]:
    """Compare VHDL and Verilog module by module, and the netlist of the smallest stage with its Verilog.

    Args:
        under_test: the firmware.
        folder: receives the VHDL as GHDL synthesises it, scripts and logs.
        proof_s: limit of each proof, seconds.
        progress: called with (what, done, total).

    Raises:
        ToolError: Yosys or GHDL is missing or does not read the design.
    """
    folder.mkdir(parents=True, exist_ok=True)
    claims = tuple(_claims(under_test, _synthesised_vhdl(under_test, folder), folder))
    checks: list[FormalCheck] = []
    with ThreadPoolExecutor(max_workers=available_cores()) as pool:  # a proof is a process of its own
        for check in pool.map(partial(_Claim.checked, proof_s=proof_s), claims):
            progress(f"proved {check.module}", len(checks), len(claims))
            checks.append(check)
    return tuple(checks)


@dataclass(frozen=True)
class _Claim:
    """That two forms of a module are equal."""

    forms: str
    module: str
    gold: Form
    gate: Form
    script: Path
    sequences: bool = False

    def checked(self, proof_s: int) -> FormalCheck:
        found = compare_forms(
            self.gold, self.gate, self.module, self.script, sequences=self.sequences, timeout_s=proof_s
        )
        method = "all sequences of inputs from clear registers" if self.sequences else "all inputs"
        return FormalCheck(self.forms, self.module, found.verdict, method, found.seconds)


def _claims(under_test: FirmwareUnderTest, vhdl: Path, folder: Path) -> Iterator[_Claim]:
    modules, design = _modules(under_test), under_test.whole
    verilog, include_directories = tuple(design.sources), tuple(design.include_directories)
    for module in modules:
        script = folder / f"vhdl_{module}.ys"
        if STAGE.fullmatch(module):
            yield _Claim(LANGUAGES, module, Form(verilog, include_directories), Form((vhdl,)), script)
            continue
        others = [name for name in modules if name != module]  # those that it does not hold do no harm
        stubs = folder / f"stubs_{module}.v"
        stubs.write_text(_stubs(vhdl.read_text(), others))
        gold, gate = Form((*verilog, stubs), include_directories), Form((vhdl, stubs))
        yield _Claim(LANGUAGES, module, gold, gate, script, sequences=True)
    stages = [name for name in modules if STAGE.fullmatch(name)]
    if stages:  # one of them: a synthesis takes longer than all the proofs
        smallest = min(stages, key=lambda name: modules[name].stat().st_size)
        gold = Form(verilog, include_directories)
        netlist = dataclasses.replace(gold, then=SYNTHESIS.format(module=smallest))
        yield _Claim(NETLIST, smallest, gold, netlist, folder / f"netlist_{smallest}.ys")


def _modules(under_test: FirmwareUnderTest) -> dict[str, Path]:
    """The modules that the design uses, by name, without those that the network compiler ships.

    Modules of several sizes (``name #(``) are left out: GHDL gives each size a name of its own, and they are proven
    within what contains them.
    """
    own = [path for path in under_test.whole.sources if path.parent.name != "static" and "_tables" not in path.name]
    text = "\n".join(path.read_text() for path in own)
    modules = {MODULE.findall(path.read_text())[0]: path for path in own}
    used = {name for name in modules if re.search(rf"^\s*{name}\s+\w+\s*\(", text, re.MULTILINE)}
    return {name: path for name, path in modules.items() if name in {*used, under_test.whole.top}}


def _synthesised_vhdl(under_test: FirmwareUnderTest, folder: Path) -> Path:
    """Verilog that GHDL makes of the VHDL."""
    target, ghdl = folder / "from_vhdl.v", require_tool("ghdl")
    sources = [source.resolve() for source in under_test.vhdl.sources]
    log = folder / "ghdl.log"
    run_tool([ghdl, "-a", "--std=08", *sources], cwd=folder, timeout_s=600, log=log)
    text = run_tool(
        [ghdl, "--synth", "--std=08", "--out=verilog", under_test.whole.top], cwd=folder, timeout_s=600, log=log
    )
    target.write_text(WITHOUT_DEFAULT.sub(with_default, text[text.index("module ") :]))
    return target


def with_default(found: re.Match[str]) -> str:
    """A selection that GHDL writes one-hot without saying that nothing else can come, which Yosys takes for a latch."""
    return f"{found['cases']}      default: {found['target']} <= 'bx;\n{found['end']}"


def _stubs(text: str, names: list[str]) -> str:
    """Modules of the same ports in which every output bit is the parity of other inputs, the reset not among them.

    The ends of the ports are numbers in this text.
    """
    headers = {match["name"]: PORT.findall(match["ports"]) for match in HEADER.finditer(text)}
    return "\n".join(
        _stub(name, [(kind, int(high or 0), port) for kind, high, port in headers[name]]) for name in names
    )


def _stub(name: str, ports: list[tuple[str, int, str]]) -> str:
    bits = {
        kind: [f"{port}[{bit}]" for side, high, port in ports if side == kind for bit in range(high + 1)]
        for kind in ("input", "output")
    }
    free = [bit for bit in bits["input"] if bit.partition("[")[0] not in ("clk", "reset")]
    sets = chain.from_iterable(combinations(free, size) for size in range(1, len(free) + 1))
    parities = cycle(
        " ^ ".join(some) for some in sets
    )  # so few inputs that they must repeat give the outputs no choice
    declared = ", ".join(f"{kind} wire [{high}:0] {port}" for kind, high, port in ports)
    wires = "\n".join(f"    assign {out} = {parity};" for out, parity in zip(bits["output"], parities, strict=False))
    return f"module {name}({declared});\n{wires}\nendmodule\n"
