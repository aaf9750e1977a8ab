"""The synthesis step: one design, several boards, one Yosys run for each kind of fabric among them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codesign.errors import ConfigError
from codesign.progress import Progress, silent
from codesign.synth.boards import Board, Family, require_open_synthesis
from codesign.synth.netlist import NetlistResources
from codesign.synth.result import BoardUse, SynthResult
from codesign.synth.yosys import synthesise
from codesign.tools import tool_version


@dataclass(frozen=True)
class Design:
    """What is synthesised.

    Attributes:
        sources: Verilog files, in reading order.
        include_dirs: folders searched by `` `include ``.
        top: module to synthesise.
        clock: its clock.
    """

    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...]
    top: str
    clock: str = "clk"


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

    Raises:
        ConfigError: no board, or what ``synthesise`` refuses.
        ToolError: Yosys is missing or failed.
        ReportError: a netlist that cannot be counted.
    """
    if not boards:
        raise ConfigError("synthesis: expected at least one board, got none")
    require_open_synthesis(boards)
    version = tool_version("yosys")
    families = tuple(dict.fromkeys(board.family for board in boards))
    run = partial(_synthesise_family, design, synth_dir)
    resources = _side_by_side(run, families, progress)
    uses = (BoardUse.of(board, resources[board.family], tool="yosys", tool_version=version) for board in boards)
    return SynthResult(tuple(uses))


def _synthesise_family(design: Design, synth_dir: Path, family: Family) -> NetlistResources:
    work_dir = synth_dir / "yosys" / family
    return synthesise(
        design.sources, include_dirs=design.include_dirs, top=design.top, family=family, work_dir=work_dir
    )


def _side_by_side(
    run: Callable[[Family], NetlistResources], families: Sequence[Family], progress: Progress
) -> dict[Family, NetlistResources]:
    """Run the fabrics at the same time, no more than there are cores; the threads only wait for Yosys."""
    results: dict[Family, NetlistResources] = {}
    progress(f"synthesising for {', '.join(families)}", 0, len(families))
    with ThreadPoolExecutor(max_workers=min(len(families), os.cpu_count() or 1)) as pool:
        running = {pool.submit(run, family): family for family in families}
        for done in as_completed(running):
            results[running[done]] = done.result()
            progress(f"synthesised for {running[done]}", len(results), len(families))
    return results
