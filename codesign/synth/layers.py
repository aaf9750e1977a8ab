"""Resources of the network layer by layer: by how much its logic grows with each of them.

A pipeline is flat: layers share stages, and logic moves between them. So the network up to each layer is synthesised
without registers, side by side, one Yosys per core, and the differences are shown. They add up to the whole network
without registers; the stages of the pipeline (`codesign.synth.stages`) say where its registers lie.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from codesign.synth.boards import Family
from codesign.synth.design import Design
from codesign.synth.netlist import NetlistResources
from codesign.synth.yosys import synthesise
from codesign.tools import available_cores

MOST_LUT = 40_000.0  # of all these syntheses together: some minutes


@dataclass(frozen=True)
class LayerUse:
    """What one layer adds.

    Attributes:
        layer: its name.
        lut, carry4, dsp, bram_18k: growth of the logic; below zero where a layer lets logic before it be simplified.
    """

    layer: str
    lut: int
    carry4: int
    dsp: int
    bram_18k: int


def lut_to_synthesise(estimates: Sequence[float]) -> float:
    """LUT of all syntheses of `synthesise_layers` together, from the estimate of each layer."""
    return sum(sum(estimates[: count + 1]) for count in range(len(estimates)))


def synthesise_layers(
    up_to: Sequence[Design], names: Sequence[str], family: Family, work_dir: Path
) -> tuple[LayerUse, ...]:
    """Synthesise the network up to each of its layers.

    Args:
        up_to: the network up to each layer, without registers.
        names: the layers, in the order of the network.
        family: fabric to map to.
        work_dir: gets a folder of `codesign.synth.yosys.synthesise` for each layer.

    Returns:
        One entry per layer.

    Raises:
        ToolError: Yosys is missing or failed.
        ReportError: a netlist cannot be counted.
    """

    def run(numbered: tuple[int, Design]) -> NetlistResources:
        number, design = numbered
        folder = work_dir / f"{number}" / "synth"
        return synthesise(
            design.sources, include_dirs=design.include_dirs, top=design.top, family=family, work_dir=folder
        )

    with ThreadPoolExecutor(max_workers=available_cores()) as pool:
        found = list(pool.map(run, enumerate(up_to)))
    uses, before = [], (0, 0, 0, 0)
    for name, used in zip(names, found, strict=True):
        now = (used.lut, used.carry4, used.dsp, used.bram_18k)
        uses.append(LayerUse(name, *(new - old for new, old in zip(now, before, strict=True))))
        before = now
    return tuple(uses)
