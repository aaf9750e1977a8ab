"""What the firmware takes on each board."""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from codesign.progress import Progress
from codesign.run import Run
from codesign.steps.settings import firmware_files, run_boards
from codesign.synth.boards import Board

if TYPE_CHECKING:
    from codesign.synth.layers import LayerUse


def synth_inputs(run: Run) -> object:
    """Boards, tool, what is placed and routed, and the firmware as it is now."""
    section = run.config.synthesis
    tool = [section.tool, *([] if section.tool == "yosys" else [getattr(section, section.tool)])]
    routed = [] if section.place_and_route == "off" else [section.place_and_route, section.place_and_route_max_lut]
    return [[dataclasses.asdict(board) for board in run_boards(run)], [*tool, *routed], firmware_files(run)]


def synth(run: Run, progress: Progress) -> dict[str, Any]:
    """Synthesise the wrapper, or the HLS project, for every board."""
    from codesign.synth.dispatch import synthesise_firmware

    firmware, section = run.record("firmware"), run.config.synthesis
    boards, folder = run_boards(run), run.path / "synth"
    with ThreadPoolExecutor(max_workers=1) as beside:  # Yosys takes one core
        parts = beside.submit(_parts, run, boards)
        result = synthesise_firmware(run.path / "firmware", firmware, boards, section, folder, progress)
        found, failed = parts.result()
    return {**dataclasses.asdict(result), **found, "failed": (*result.failed, *failed)}


def _parts(run: Run, boards: Sequence[Board]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What to compare with, on the firmware's board, and what of it failed.

    That is the network alone, its stages, its layers, and the firmware with weights in registers.
    """
    from codesign.synth.attempt import attempt
    from codesign.synth.design import Design
    from codesign.synth.dispatch import firmware_design
    from codesign.synth.stages import synthesise_stages
    from codesign.synth.step import synthesise_boards

    firmware, directory = run.record("firmware"), run.path / "firmware"
    parts: dict[str, Design] = {}
    if firmware.get("unpacking") or firmware.get("decision"):
        parts["network_alone"] = dataclasses.replace(firmware_design(directory, firmware), top=firmware["network"])
    if firmware.get("reloadable"):
        made = firmware["reloadable"]
        files = [tuple(directory / name for name in made[key]) for key in ("sources", "include_directories")]
        parts["reloadable"] = Design(files[0], files[1], made["top"])
    if run.config.synthesis.tool != "yosys":
        return {}, ()
    results = {name: synthesise_boards(part, boards[:1], run.path / "synth" / name) for name, part in parts.items()}
    found: dict[str, Any] = {name: dataclasses.asdict(result)["boards"] for name, result in results.items()}
    failed = [f"{name}: {line}" for name, result in results.items() for line in result.failed]
    design, folder = firmware_design(directory, firmware), run.path / "synth" / "stages"
    stages = attempt("yosys", lambda: synthesise_stages(design, boards[0].family, folder), "yosys")
    failed += [f"stages of the network with yosys: {stages.failed}"] if stages.failed else []
    layers = attempt("yosys", lambda: _layers(run, boards[0]), "yosys")
    failed += [f"layers of the network with yosys: {layers.failed}"] if layers.failed else []
    for name, uses in (("stages", stages.result), ("layers", layers.result)):
        found[name] = [dataclasses.asdict(use) for use in uses or ()]
    return found, tuple(failed)


def _layers(run: Run, board: Board) -> "tuple[LayerUse, ...]":
    """What each layer adds; nothing for a network that is too large for that, or that was generated without layers."""
    from codesign.firmware.rtl import write_layers
    from codesign.synth.design import Design
    from codesign.synth.layers import MOST_LUT, lut_to_synthesise, synthesise_layers

    firmware, folder = run.record("firmware"), run.path / "synth" / "layers"
    layers, project = firmware["layers"], run.path / "firmware" / firmware["rtl_project"]
    if lut_to_synthesise([layer["lut_estimate"] for layer in layers]) > MOST_LUT:
        return ()
    written = write_layers(project, folder)
    if not written:
        return ()
    up_to = [Design(sources, (sources[-1].parent,), firmware["network"]) for sources in written]
    return synthesise_layers(up_to, [layer["name"] for layer in layers], board.family, folder)
