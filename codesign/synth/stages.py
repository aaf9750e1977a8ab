"""Resources of the network stage by stage: each stage of the pipeline with its output registers, in a run of its own.

The stages are synthesised side by side, one Yosys per core. Nothing is optimised across registers, so the sum differs
from a flat synthesis by little (a test compares them); it tells where the logic lies and which stage is the deepest.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from codesign.errors import ReportError
from codesign.files import write_whole
from codesign.synth.boards import Family
from codesign.synth.design import Design
from codesign.synth.netlist import NetlistResources
from codesign.synth.yosys import synthesise
from codesign.tools import available_cores

_STAGE = re.compile(r"logic(\d+)\.v")
_PORTS = re.compile(r"input\s+(?:wire\s+)?\[(\d+):0\]\s*model_inp,\s*output\s+(?:wire\s+)?\[(\d+):0\]\s*model_out\b")
_REGISTERED = """\
module registered_{name} (input wire clk, input wire [{inputs}:0] model_inp, output reg [{outputs}:0] model_out);
    wire [{outputs}:0] found;
    {name} stage (.model_inp(model_inp), .model_out(found));
    always @(posedge clk) model_out <= found;
endmodule
"""


@dataclass(frozen=True)
class StageUse:
    """What one stage of the pipeline takes.

    Attributes:
        stage: name of its module.
        used: its logic and the registers behind it.
    """

    stage: str
    used: NetlistResources


def synthesise_stages(design: Design, family: Family, work_dir: Path) -> tuple[StageUse, ...]:
    """Synthesise every stage of a network alone.

    Leaves ``registered.v`` and a folder of `codesign.synth.yosys.synthesise` for each stage in ``work_dir``.

    Args:
        design: sources that hold the stages as the RTL compiler writes them: ``logic0.v``, ``logic1.v`` and so on.
        family: fabric to map to.
        work_dir: folder for the files.

    Returns:
        The stages in the order of the pipeline; empty where the network is not made of such stages.

    Raises:
        ToolError: Yosys is missing or failed.
        ReportError: a stage has other ports than the compiler gives it, or its netlist cannot be counted.
    """
    stages = sorted((path for path in design.sources if _STAGE.fullmatch(path.name)), key=_number)
    work_dir.mkdir(parents=True, exist_ok=True)
    registered = work_dir / "registered.v"
    write_whole(registered, "".join(map(_with_registers, stages)))
    others = [path for path in design.sources if path not in stages]

    def run(stage: Path) -> StageUse:
        sources = (*others, stage, registered)
        folder, top = work_dir / stage.stem, f"registered_{stage.stem}"
        used = synthesise(sources, include_dirs=design.include_dirs, top=top, family=family, work_dir=folder)
        return StageUse(stage.stem, used)

    with ThreadPoolExecutor(max_workers=available_cores()) as pool:
        return tuple(pool.map(run, stages))


def _number(path: Path) -> int:
    found = _STAGE.fullmatch(path.name)
    return int(found.group(1)) if found else -1


def _with_registers(path: Path) -> str:
    ports = _PORTS.search(path.read_text())
    if ports is None:
        raise ReportError(f"{path}: expected a stage with the ports model_inp and model_out, found others")
    return _REGISTERED.format(name=path.stem, inputs=ports.group(1), outputs=ports.group(2))
