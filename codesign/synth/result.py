"""The record of synthesis: what a design takes on each board, or why that is not known."""

from dataclasses import dataclass, fields
from typing import Any, Self

from codesign.synth.boards import Board
from codesign.synth.place_and_route import Routed

OPEN_SYNTHESIS = "open synthesis (Yosys), not placed or routed"


@dataclass(frozen=True)
class BoardUse:
    """What a design takes of one board; every share is a fraction, above 1 when the design does not fit.

    Every quantity is None where the tool does not tell it, and all of them where it failed.

    Attributes:
        board: name of the board.
        part: part number of its FPGA.
        family: fabric that was mapped to.
        tool: program that found the numbers.
        tool_version: its version, ``unknown`` where it did not run.
        estimate_class: how the numbers were obtained.
        failed: why there are no numbers, as ``state: message``; None where there are.
        lut: LUT sites, with Yosys carry-aware; the number to quote.
        lut_low: LUT sites if every small LUT found a partner; the truth lies between the two.
        lut_memory: the part of ``lut`` that is shift registers and distributed RAM.
        ff: flip-flops.
        dsp: DSP slices.
        carry4: four-bit carry cells in the netlist.
        carry8: eight-bit carry blocks; None on the 7 series, whose carry block has four bits.
        bram_18k: 18-kbit block RAMs.
        uram: UltraRAM blocks.
        logic_levels: LUTs and carry chains on the longest path between two registers.
        lut_share: ``lut`` over the LUTs of the board.
        lut_share_slr: ``lut`` over the LUTs of one of its dies.
        ff_share: ``ff`` over the flip-flops of the board.
        dsp_share: ``dsp`` over the DSP slices of the board.
        bram_share: ``bram_18k`` over the 18-kbit block RAMs of the board.
        fmax_mhz: highest clock that the slack allows; None where the tool does not time the design.
        timing_met: whether the clock is met; None where the tool does not time the design.
        power_w: power on the chip, estimated by the tool from assumed activity.
        latency_cycles: latency of the HLS project as its tool states it; that of the RTL is in ``firmware.json``.
        initiation_interval: clocks between two inputs of the HLS project.
    """

    board: str
    part: str
    family: str
    tool: str
    tool_version: str
    estimate_class: str
    failed: str | None = None
    lut: int | None = None
    lut_low: int | None = None
    lut_memory: int | None = None
    ff: int | None = None
    dsp: int | None = None
    carry4: int | None = None
    carry8: int | None = None
    bram_18k: int | None = None
    uram: int | None = None
    logic_levels: int | None = None
    lut_share: float | None = None
    lut_share_slr: float | None = None
    ff_share: float | None = None
    dsp_share: float | None = None
    bram_share: float | None = None
    fmax_mhz: float | None = None
    timing_met: bool | None = None
    power_w: float | None = None
    latency_cycles: int | None = None
    initiation_interval: int | None = None

    @classmethod
    def of(cls, board: Board, found: Any, **named: Any) -> Self:
        """Relate what a tool found to what the board holds.

        Args:
            board: the board.
            found: record with ``lut``, ``ff``, ``dsp``, ``bram_18k`` and other quantities of this one by their names.
            named: what ``found`` does not say, or says otherwise.
        """
        own = {"estimate_class": OPEN_SYNTHESIS, "lut_low": found.lut}
        own |= {field.name: getattr(found, field.name) for field in fields(cls) if hasattr(found, field.name)}
        own |= {"board": board.name, "part": board.part, "family": board.family, **_shares(board, found), **named}
        if board.family == "7series":
            own["carry8"] = None
        return cls(**own)

    @classmethod
    def lost(cls, board: Board, tool: str, estimate_class: str, failed: str) -> Self:
        """The board without numbers, and why."""
        return cls(board.name, board.part, board.family, tool, "unknown", estimate_class, failed)


def _shares(board: Board, found: Any) -> dict[str, float]:
    return {
        "lut_share": found.lut / board.lut,
        "lut_share_slr": found.lut / (board.lut / board.slr),
        "ff_share": found.ff / board.ff,
        "dsp_share": found.dsp / board.dsp,
        "bram_share": found.bram_18k / (2 * board.bram_36k),
    }


@dataclass(frozen=True)
class SynthResult:
    """Resources on every board that was asked for, in the order asked; ``dataclasses.asdict`` gives its JSON.

    Attributes:
        boards: one entry for each, also where the tool failed.
        place_and_route: routed clock on a device that the open tools route; None where it was not asked for.
        failed: what failed, one line each; a step with such a line is repeated when it is asked for again.
    """

    boards: tuple[BoardUse, ...]
    place_and_route: Routed | None = None
    failed: tuple[str, ...] = ()

    @classmethod
    def of(cls, boards: tuple[BoardUse, ...], routed: Routed | None = None) -> Self:
        """The result of boards, with what failed among them."""
        lines = [f"{use.board} with {use.tool}: {use.failed}" for use in boards if use.failed]
        if routed is not None and routed.failed:
            lines.append(f"place and route on {routed.device}: {routed.failed}")
        return cls(boards, routed, tuple(lines))
