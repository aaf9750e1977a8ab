"""The synthesis step with Vivado: one design, several boards, each with its own clock."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codesign.config_synthesis import SynthesisSection
from codesign.progress import Progress, silent
from codesign.synth.attempt import attempt
from codesign.synth.boards import Board
from codesign.synth.build_host import BuildHost
from codesign.synth.design import Design
from codesign.synth.result import BoardUse, SynthResult
from codesign.synth.vivado import run_vivado
from codesign.synth.vivado_records import ESTIMATE_CLASSES, VivadoDesign, VivadoOptions

IO_DELAY_SHARE = 0.2  # of the period, for the logic around the algorithm; as in algorithm.xdc.j2


def vivado_boards(
    design: Design,
    boards: Sequence[Board],
    clock_mhz: float,
    section: SynthesisSection,
    synth_dir: Path,
    progress: Progress = silent,
) -> SynthResult:
    """What Vivado reports for a Verilog design on each board.

    Args:
        design: what is synthesised.
        boards: the boards; the firmware was made for the first one.
        clock_mhz: clock of the first board; the others have their own.
        section: how Vivado is run, and where.
        synth_dir: folder of the step inside the run directory.
        progress: called with every phase that Vivado announces.

    Returns:
        One entry per board; where Vivado is missing or failed, with the reason instead of numbers.

    Raises:
        ConfigError: an unknown strategy or host.
    """
    options = VivadoOptions(**section.vivado.model_dump())
    host = build_host(section)
    uses = []
    for index, board in enumerate(boards):
        period_ns = 1000.0 / (clock_mhz if index == 0 else board.clock_mhz)
        asked = VivadoDesign(
            design.sources,
            design.include_dirs,
            design.top,
            board.part,
            clock=design.clock,
            clock_period_ns=period_ns,
            io_delay_ns=IO_DELAY_SHARE * period_ns,
        )
        folder = synth_dir / "vivado" / board.name
        run = partial(run_vivado, asked, folder, options, host=host, progress=progress)
        tried = attempt("vivado", run)
        if tried.result is None:
            uses.append(BoardUse.lost(board, "vivado", ESTIMATE_CLASSES[options.stage], tried.failed or ""))
        else:
            uses.append(BoardUse.of(board, tried.result, tool="vivado", uram=tried.result.uram or 0))
    return SynthResult.of(tuple(uses))


def build_host(section: SynthesisSection) -> BuildHost | None:
    """The build host that is configured, None for this machine."""
    host = section.host
    return None if host is None else BuildHost(host.host, host.folder, host.settings or "")
