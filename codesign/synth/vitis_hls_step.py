"""The synthesis step with Vitis HLS: the HLS project, on the part and at the clock of each board."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codesign.config_synthesis import SynthesisSection
from codesign.progress import Progress, silent
from codesign.synth.attempt import attempt
from codesign.synth.boards import Board
from codesign.synth.result import BoardUse, SynthResult
from codesign.synth.vitis_hls import VitisHlsOptions, VitisHlsResult, run_vitis_hls
from codesign.synth.vivado_step import build_host

CSYNTH = "Vitis HLS, C synthesis: an estimate before any gates, of the HLS project and not of the Verilog"
EXPORTED = {
    "syn": "Vivado, exported HLS project synthesised, not placed or routed",
    "impl": "Vivado, exported HLS project placed and routed",
}


def vitis_hls_boards(
    project: Path,
    boards: Sequence[Board],
    clock_mhz: float,
    section: SynthesisSection,
    synth_dir: Path,
    progress: Progress = silent,
) -> SynthResult:
    """What Vitis HLS reports for an HLS project on each board.

    Args:
        project: the HLS project.
        boards: the boards; the firmware was made for the first one.
        clock_mhz: clock of the first board; the others have their own.
        section: what Vitis HLS does, and where.
        synth_dir: folder of the step inside the run directory.
        progress: called with every command that the tool announces.

    Returns:
        One entry per board; where the tool is missing or failed, with the reason instead of numbers.

    Raises:
        ConfigError: no HLS project, or options that make no sense together.
    """
    host, uses = build_host(section), []
    estimate_class = CSYNTH if section.vitis_hls.flow is None else EXPORTED[section.vitis_hls.flow]
    for index, board in enumerate(boards):
        period_ns = 1000.0 / (clock_mhz if index == 0 else board.clock_mhz)
        options = VitisHlsOptions(
            **section.vitis_hls.model_dump(), part=board.part, clock_period_ns=round(period_ns, 4)
        )
        folder = synth_dir / "vitis_hls" / board.name
        tried = attempt("vitis_hls", partial(run_vitis_hls, project, folder, options, host=host, progress=progress))
        if tried.result is None:
            uses.append(BoardUse.lost(board, "vitis_hls", estimate_class, tried.failed or ""))
        else:
            uses.append(_use(board, tried.result, estimate_class))
    return SynthResult.of(tuple(uses))


def _use(board: Board, found: VitisHlsResult, estimate_class: str) -> BoardUse:
    """Vivado's numbers where the project was exported and synthesised, the estimates of C synthesis otherwise."""
    csynth, export = found.csynth, found.export
    used = csynth.used if export is None else export
    achieved = None if export is None else export.clock_achieved_ns
    return BoardUse.of(
        board,
        used,
        tool=found.tool,
        tool_version=found.tool_version,
        estimate_class=estimate_class,
        uram=used.uram or 0,
        fmax_mhz=None if achieved is None else 1000.0 / achieved,
        timing_met=None if export is None else export.timing_met,
        latency_cycles=csynth.latency_max_cycles,
        initiation_interval=csynth.interval_max_cycles,
    )
