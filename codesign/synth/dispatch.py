"""The synthesis of generated firmware: with the tool that is configured, and placed and routed if it is asked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codesign.config_synthesis import SynthesisSection
from codesign.progress import Progress, silent
from codesign.synth.boards import Board
from codesign.synth.design import Design
from codesign.synth.place_and_route import place_and_route
from codesign.synth.result import SynthResult
from codesign.synth.step import synthesise_boards
from codesign.synth.vitis_hls_step import vitis_hls_boards
from codesign.synth.vivado_step import vivado_boards


def synthesise_firmware(
    directory: Path,
    firmware: Mapping[str, Any],
    boards: Sequence[Board],
    section: SynthesisSection,
    synth_dir: Path,
    progress: Progress = silent,
) -> SynthResult:
    """Synthesise the firmware of a run for every board.

    Args:
        directory: the firmware directory.
        firmware: its record.
        boards: the boards; the firmware was made for the first one.
        section: which tool, how and where.
        synth_dir: folder of the step inside the run directory.
        progress: receives the progress of the tools.

    Raises:
        ConfigError: a request that no tool can fulfil; a tool that fails becomes part of the result.
    """
    clock_mhz, design = firmware["target"]["clock_mhz"], firmware_design(directory, firmware)
    if section.tool == "vivado":
        result = vivado_boards(design, boards, clock_mhz, section, synth_dir, progress)
    elif section.tool == "vitis_hls":
        project = directory / firmware["hls_project"]
        result = vitis_hls_boards(project, boards, clock_mhz, section, synth_dir, progress)
    else:
        result = synthesise_boards(design, boards, synth_dir, progress)
    if section.place_and_route == "off":
        return result
    routed = place_and_route(
        design,
        clock_mhz,
        synth_dir / f"nextpnr_{section.place_and_route}",
        device=section.place_and_route,
        boards=boards,
        lut=result.boards[0].lut,
        max_lut=section.place_and_route_max_lut,
        progress=progress,
    )
    return SynthResult.of(result.boards, routed)


def firmware_design(directory: Path, firmware: Mapping[str, Any]) -> Design:
    """The Verilog of a firmware, from its directory and record."""
    return Design(
        tuple(directory / source for source in firmware["rtl_sources"]),
        tuple(directory / folder for folder in firmware["include_directories"]),
        firmware["top"],
        firmware["clock"],
    )
