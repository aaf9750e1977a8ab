"""The firmware of a trained network."""

import dataclasses
from typing import Any

from codesign import __version__
from codesign.config_firmware import WorkingPointSection
from codesign.files import write_whole
from codesign.progress import Progress
from codesign.run import Run, digest_files, to_json
from codesign.source_presets import source_unpacker
from codesign.steps.settings import MODEL, SCORES, clock_mhz, firmware_files, main_board, read_contract
from codesign.task import score_names


def generate_inputs(run: Run) -> object:
    """Name, firmware section, what the firmware takes from the board, the trained network itself, the decision."""
    board = main_board(run)
    network = digest_files([run.path / MODEL], run.path)
    return [
        run.config.name,
        run.config.firmware,
        board.name,
        board.part,
        board.clock_mhz,
        network,
        _working_points(run),
    ]


def _working_points(run: Run) -> tuple[dict[str, WorkingPointSection], dict[str, float]] | None:
    """The working points behind the network and the thresholds that the scores give them; None for scores only."""
    from codesign.evaluation.thresholds import thresholds, working_points

    if run.config.firmware.interface == "scores":
        return None
    classes = run.record("data")["classes"]
    return working_points(run.config, classes), thresholds(run.config, classes, run.path / SCORES)


def generate(run: Run, progress: Progress) -> dict[str, Any]:
    """Write HLS project, RTL, wrapper and emulator, and compile what is C++."""
    from codesign.firmware import FirmwareTarget
    from codesign.firmware import generate as generate_firmware
    from codesign.firmware.decision import DecisionRequest
    from codesign.firmware.emulator import Emulator
    from codesign.firmware.generate import HLS_FIRMWARE
    from codesign.firmware.readme import write_readme
    from codesign.fixed_point import FixedPoint
    from codesign.models.store import load_model

    section, board, contract = run.config.firmware, main_board(run), read_contract(run)
    unpacker = source_unpacker(section.source, contract)
    progress("loading the network", 0, 3)
    model = load_model(run.path / MODEL)
    progress("RTL and HLS", 1, 3)
    target = FirmwareTarget(
        board=board.name,
        part=board.part,
        clock_mhz=clock_mhz(run),
        latency_cutoff=section.latency_cutoff,
        hls_backend=section.hls_backend,
        reuse_factor=section.reuse_factor,
        hls_io=section.hls_io,
        weights=section.weights,
        multipliers=section.multipliers,
        strategy=section.strategy,
        layers={name: layer.model_dump(exclude_none=True) for name, layer in section.layers.items()},
    )
    points, request = _working_points(run), None
    if points is not None:
        request = DecisionRequest(section.interface, *points, section.decision.tmr)
    directory = run.path / "firmware"
    names = score_names(run.config.task, run.record("data")["classes"])
    result = generate_firmware(model, contract, names, target, directory, run.config.name, request, unpacker)
    progress("compiling C-simulation and emulator", 2, 3)
    project, score_format = HLS_FIRMWARE[result.hls_generator], FixedPoint.parse(result.score_format)
    if not result.hls_simulation_needs:
        project(directory / result.hls_project, contract, score_format).compile()
    Emulator(directory / result.emulator_project, contract, score_format).compile()
    progress("manifest", 3, 3)
    write_readme(directory, result, run.config.name)
    record = {**dataclasses.asdict(result), "files": firmware_files(run)}
    write_whole(directory / "manifest.json", to_json({"codesign": __version__, "name": run.config.name, **record}))
    return record
