"""What Vivado is asked for, and what it answers: the records of ``codesign.synth.vivado``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stage = Literal["synthesised", "implemented"]

ESTIMATE_CLASSES: dict[Stage, str] = {
    "synthesised": "Vivado, synthesised out of context, not placed or routed",
    "implemented": "Vivado, placed and routed out of context",
}

STRATEGIES = (
    "Default", "Performance_Explore", "Performance_ExploreWithRemap", "Performance_WLBlockPlacement",
    "Performance_EarlyBlockPlacement", "Performance_NetDelay_high", "Performance_NetDelay_low", "Performance_Retiming",
    "Performance_ExtraTimingOpt", "Performance_RefinePlacement", "Performance_SpreadSLLs", "Performance_BalanceSLLs",
    "Performance_BalanceSLRs", "Performance_HighUtilSLRs", "Congestion_SpreadLogic_high",
    "Congestion_SpreadLogic_medium", "Congestion_SpreadLogic_low",
)  # fmt: skip
"""Names of the table in ``implement.tcl``."""


@dataclass(frozen=True)
class VivadoDesign:
    """What is synthesised.

    Attributes:
        sources: Verilog, SystemVerilog and VHDL files, in reading order; headers and tables beside them come along.
        include_dirs: folders searched by `` `include ``.
        top: module to synthesise.
        part: full part number.
        clock: clock input of the top; None: the clock is in ``constraints``, or there is none.
        clock_period_ns: period of ``clock`` in ns.
        io_delay_ns: part of the period that belongs to the logic around the design; None: inputs and outputs are free.
        constraints: XDC files of the user's own.
    """

    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...]
    top: str
    part: str
    clock: str | None = None
    clock_period_ns: float | None = None
    io_delay_ns: float | None = None
    constraints: tuple[Path, ...] = ()


@dataclass(frozen=True)
class VivadoOptions:
    """How Vivado is run.

    Attributes:
        stage: how far: synthesis alone, or placed and routed.
        strategy: implementation strategy, one of ``STRATEGIES``.
        synth_directive: directive of ``synth_design``; empty: its default.
        flatten: ``rebuilt``, ``full`` or ``none``.
        incremental: routed checkpoint whose placement is taken up; None: none.
        toggle_rate_percent: assumed activity of the inputs for the power estimate.
        threads: threads Vivado may use, 1 to 8; None: its default.
        version: version it must have, such as ``2024.1``; None: any.
        timeout_s: seconds after which each of the two runs is stopped.
    """

    stage: Stage = "synthesised"
    strategy: str = "Default"
    synth_directive: str = ""
    flatten: str = "rebuilt"
    incremental: Path | None = None
    toggle_rate_percent: float = 12.5
    threads: int | None = None
    version: str | None = None
    timeout_s: float = 24 * 3600


@dataclass(frozen=True)
class VivadoResult:
    """What a design takes on a part, as Vivado counts and times it.

    Attributes:
        part: part number.
        top: synthesised module.
        stage: what the numbers are of.
        estimate_class: how they were obtained, in words.
        tool_version: version of Vivado.
        wall_time_s: seconds of the run that gave the numbers.
        host: build host; None: this machine.
        reports: folder with the reports and the checkpoint.
        lut: look-up tables.
        lut_memory: the part of ``lut`` used as shift registers and distributed RAM.
        ff: flip-flops and latches.
        carry8: eight-bit carry blocks; None on the 7 series.
        dsp: DSP slices.
        bram_18k: 18-kbit block RAMs; a 36-kbit one counts two.
        uram: UltraRAM blocks; None where the part has none.
        clock_period_ns: period that was asked for; None without a clock.
        wns_ns: worst slack of setup; negative: too slow; None where nothing is timed.
        whs_ns: worst slack of hold; None where nothing is timed.
        timing_met: whether every constraint is met; None where there is none. Not met is a result, not an error.
        fmax_mhz: highest clock that the setup slack allows; None without a clock.
        power_w: total power on the chip, an estimate from assumed activity.
        power_dynamic_w: the part that depends on activity; None where the report gives none.
        power_static_w: the part that does not; None where the report gives none.
        power_confidence: Vivado's own word: Low, Medium or High.
    """

    part: str
    top: str
    stage: Stage
    estimate_class: str
    tool_version: str
    wall_time_s: float
    host: str | None
    reports: str
    lut: int
    lut_memory: int
    ff: int
    carry8: int | None
    dsp: int
    bram_18k: int
    uram: int | None
    clock_period_ns: float | None
    wns_ns: float | None
    whs_ns: float | None
    timing_met: bool | None
    fmax_mhz: float | None
    power_w: float
    power_dynamic_w: float | None
    power_static_w: float | None
    power_confidence: str
