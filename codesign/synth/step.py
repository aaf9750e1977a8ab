"""The synthesis step: one design, several boards, one Yosys run for each kind of fabric among them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from codesign.errors import ConfigError
from codesign.progress import Progress, silent
from codesign.synth.attempt import Attempt, attempt
from codesign.synth.boards import Board, Family, require_open_synthesis
from codesign.synth.design import Design
from codesign.synth.netlist import NetlistResources
from codesign.synth.result import OPEN_SYNTHESIS, BoardUse, SynthResult
from codesign.synth.yosys import synthesise
from codesign.tools import available_cores, require_tool, tool_version


def synthesise_boards(
    design: Design, boards: Sequence[Board], synth_dir: Path, progress: Progress = silent
) -> SynthResult:
    """Resources of a Verilog design on each board.

    The fabrics are synthesised side by side, in ``synth_dir/yosys/<family>/``; boards of the same fabric share a run.

    Args:
        design: what is synthesised.
        boards: the boards, at least one.
        synth_dir: folder of the step inside the run directory.
        progress: called with a message, the runs finished and the runs in all: at the start and after each.

    Returns:
        One entry per board; where Yosys is missing or failed, or left a netlist that cannot be counted, with the reason
        instead of numbers.

    Raises:
        ConfigError: no board, or what ``synthesise`` refuses.
    """
    if not boards:
        raise ConfigError("synthesis: expected at least one board, got none")
    require_open_synthesis(boards)
    families = tuple(dict.fromkeys(board.family for board in boards))
    tried = _side_by_side(partial(_synthesise_family, design, synth_dir), families, progress)
    return SynthResult.of(tuple(_use(board, tried[board.family]) for board in boards))


def _use(board: Board, tried: Attempt[NetlistResources]) -> BoardUse:
    if tried.result is None:
        return BoardUse.lost(board, "yosys", OPEN_SYNTHESIS, tried.failed or "")
    return BoardUse.of(board, tried.result, tool=require_tool("yosys").name, tool_version=tool_version("yosys"))


def _synthesise_family(design: Design, synth_dir: Path, family: Family) -> Attempt[NetlistResources]:
    work_dir = synth_dir / "yosys" / family

    def work() -> NetlistResources:
        return synthesise(
            design.sources, include_dirs=design.include_dirs, top=design.top, family=family, work_dir=work_dir
        )

    return attempt("yosys", work, "yosys")


def _side_by_side(
    run: Callable[[Family], Attempt[NetlistResources]], families: Sequence[Family], progress: Progress
) -> dict[Family, Attempt[NetlistResources]]:
    """Run the fabrics at the same time, no more than there are cores; the threads only wait for Yosys."""
    results: dict[Family, Attempt[NetlistResources]] = {}
    progress(f"synthesising for {', '.join(families)}", 0, len(families))
    with ThreadPoolExecutor(max_workers=min(len(families), available_cores())) as pool:
        running = {pool.submit(run, family): family for family in families}
        for done in as_completed(running):
            results[running[done]] = done.result()
            progress(f"synthesised for {running[done]}", len(results), len(families))
    return results
