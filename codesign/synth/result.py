"""The record of synthesis: what a design takes on each board."""

from dataclasses import dataclass
from typing import Any, Self

from codesign.synth.boards import Board
from codesign.synth.netlist import NetlistResources
from codesign.synth.vivado_records import VivadoResult

OPEN_SYNTHESIS = "open synthesis (Yosys), not placed or routed"


@dataclass(frozen=True)
class BoardUse:
    """What a design takes of one board; every share is a fraction, above 1 when the design does not fit.

    Attributes:
        board: name of the board.
        part: part number of its FPGA.
        family: fabric that was mapped to.
        tool: program that made the netlist.
        tool_version: its version.
        estimate_class: how the numbers were obtained.
        lut: LUT sites, carry-aware; the number to quote.
        lut_low: LUT sites if every small LUT found a partner; the truth lies between the two.
        lut_memory: the part of ``lut`` that is shift registers and distributed RAM.
        ff: flip-flops.
        dsp: DSP slices.
        carry4: four-bit carry cells in the netlist; None where the tool does not list them.
        carry8: eight-bit carry blocks; None on the 7 series, whose carry block has four bits.
        bram_18k: 18-kbit block RAMs.
        uram: UltraRAM blocks.
        lut_share: ``lut`` over the LUTs of the board.
        lut_share_slr: ``lut`` over the LUTs of one of its dies.
        ff_share: ``ff`` over the flip-flops of the board.
        dsp_share: ``dsp`` over the DSP slices of the board.
        bram_share: ``bram_18k`` over the 18-kbit block RAMs of the board.
        fmax_mhz: highest clock that the slack allows; None where the tool does not time the design.
        timing_met: whether the clock is met; None where the tool does not time the design.
        power_w: power on the chip, estimated by the tool from assumed activity; None where it does not.
    """

    board: str
    part: str
    family: str
    tool: str
    tool_version: str
    estimate_class: str
    lut: int
    lut_low: int
    lut_memory: int
    ff: int
    dsp: int
    carry4: int | None
    carry8: int | None
    bram_18k: int
    uram: int
    lut_share: float
    lut_share_slr: float
    ff_share: float
    dsp_share: float
    bram_share: float
    fmax_mhz: float | None = None
    timing_met: bool | None = None
    power_w: float | None = None

    @classmethod
    def of(cls, board: Board, resources: NetlistResources, *, tool: str, tool_version: str) -> Self:
        """Relate the resources of a netlist, mapped for the fabric of ``board``, to what the board holds."""
        return cls(
            board=board.name,
            part=board.part,
            family=board.family,
            tool=tool,
            tool_version=tool_version,
            estimate_class=OPEN_SYNTHESIS,
            lut=resources.lut,
            lut_low=resources.lut_low,
            lut_memory=resources.lut_memory,
            ff=resources.ff,
            dsp=resources.dsp,
            carry4=resources.carry4,
            carry8=resources.carry8 if board.family == "ultrascale_plus" else None,
            bram_18k=resources.bram_18k,
            uram=resources.uram,
            **_shares(board, resources.lut, resources.ff, resources.dsp, resources.bram_18k),
        )

    @classmethod
    def of_vivado(cls, board: Board, found: VivadoResult) -> Self:
        """Relate what Vivado reports for the part of ``board`` to what the board holds."""
        return cls(
            board=board.name,
            part=board.part,
            family=board.family,
            tool="vivado",
            tool_version=found.tool_version,
            estimate_class=found.estimate_class,
            lut=found.lut,
            lut_low=found.lut,
            lut_memory=found.lut_memory,
            ff=found.ff,
            dsp=found.dsp,
            carry4=None,
            carry8=found.carry8,
            bram_18k=found.bram_18k,
            uram=found.uram or 0,
            **_shares(board, found.lut, found.ff, found.dsp, found.bram_18k),
            fmax_mhz=found.fmax_mhz,
            timing_met=found.timing_met,
            power_w=found.power_w,
        )


def _shares(board: Board, lut: int, ff: int, dsp: int, bram_18k: int) -> dict[str, Any]:
    return {
        "lut_share": lut / board.lut,
        "lut_share_slr": lut / (board.lut / board.slr),
        "ff_share": ff / board.ff,
        "dsp_share": dsp / board.dsp,
        "bram_share": bram_18k / (2 * board.bram_36k),
    }


@dataclass(frozen=True)
class SynthResult:
    """Resources on every board that was asked for, in the order asked; ``dataclasses.asdict`` gives its JSON."""

    boards: tuple[BoardUse, ...]
