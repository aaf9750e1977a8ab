"""The synthesis step with Vivado: one design, several boards, each with its own clock."""

from collections.abc import Sequence
from pathlib import Path

from codesign.config import BuildHostSection, SynthesisSection
from codesign.progress import Progress, silent
from codesign.synth.boards import Board
from codesign.synth.build_host import BuildHost
from codesign.synth.result import BoardUse, SynthResult
from codesign.synth.step import Design
from codesign.synth.vivado import run_vivado
from codesign.synth.vivado_records import VivadoDesign, VivadoOptions

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

    Raises:
        ConfigError: an unknown strategy or host.
        ToolError: Vivado is missing or failed; the message says in which way.
        ReportError: a report is cut or belongs to another design.
    """
    options = VivadoOptions(**section.vivado.model_dump())
    host = None if section.host is None else _host(section.host)
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
        found = run_vivado(asked, synth_dir / "vivado" / board.name, options, host=host, progress=progress)
        uses.append(BoardUse.of_vivado(board, found))
    return SynthResult(tuple(uses))


def _host(section: BuildHostSection) -> BuildHost:
    return BuildHost(section.host, section.folder, section.settings or "")
