"""Each step over a run directory: read what earlier steps left, call the library, return the record.

The functions named ``*_inputs`` return what determines a step's result besides the records of the steps before it.
Heavy packages are imported inside the steps that need them, so that verification, synthesis and report run on a host
without the machine-learning stack.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.errors import DataError, RunError
from codesign.files import write_whole
from codesign.input_formats import make_contract
from codesign.presets import Preset, get_preset
from codesign.progress import Progress
from codesign.responses import vectors_and_responses
from codesign.run import Run, digest_files
from codesign.synth.boards import Board, get_board
from codesign.tools import TOOLS, require_tool, verilator_root

MODEL = "model.keras"
SCORES = "test_scores.npz"
BOARDS = "boards.json"  # boards asked for with --board, besides those of the configuration


def check_names(run: Run) -> None:
    """Refuse a configuration that names an unknown architecture, board or preset, before any work is done.

    Raises:
        ConfigError: the message lists the known names.
    """
    from codesign.models.registry import require_architecture

    require_architecture(run.config.model.architecture)
    _boards(run)
    _preset(run)


def check_tools() -> None:
    """Refuse to begin a whole run on a host that could not finish it.

    Raises:
        ToolError: a program is missing; the message says how to install it.
    """
    for name in TOOLS:
        require_tool(name)
    verilator_root()


# --- data -------------------------------------------------------------------------------------------------------------


def prepare_inputs(run: Run) -> object:
    """Data section, contract section, and the digest stored in the data set."""
    with Dataset.open(run.data_file()) as dataset:
        return [run.config.data, run.config.contract, dataset.digest]


def prepare(run: Run, progress: Progress) -> dict[str, Any]:
    """Check the data set and derive the input contract from its training split."""
    section, contract_section = run.config.data, run.config.contract
    with Dataset.open(run.data_file()) as dataset:
        progress(f"reading {run.data_file().name}", 0, 1)
        blocks = input_blocks(dataset, section)
        for split in ("validation", "test"):  # refuse NaN there now, not after the training
            read_inputs(dataset, blocks, split)
        values = read_inputs(dataset, blocks, "train")
        contract = make_contract(
            blocks,
            values,
            width=contract_section.width,
            network_integer=contract_section.network_integer,
            coverage=contract_section.coverage,
            preset=_preset(run),
            given={key: given.model_dump(exclude_none=True) for key, given in contract_section.inputs.items()},
        )
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


# --- training ---------------------------------------------------------------------------------------------------------


def train_inputs(run: Run) -> object:
    """Model, quantisation and training sections, and the seed."""
    config = run.config
    return [config.seed, config.model, config.quantization, config.training]


def train(run: Run, progress: Progress) -> dict[str, Any]:
    """Train the network, prove that it reloads identically, and judge it on the test split."""
    from codesign.models.backend import import_keras

    _require_every_class(run)
    progress("starting Keras", 0, run.config.training.epochs)
    import_keras().utils.set_random_seed(run.config.seed)
    from codesign.models.registry import build_model
    from codesign.models.reload import require_identical_reload
    from codesign.models.store import logits, save_model
    from codesign.training import Sample, evaluate, fit, with_saturated_rows

    contract, classes = _contract(run), run.record("data")["classes"]
    samples = {split: Sample(*_network_rows(run, contract, split)) for split in ("train", "validation", "test")}
    model = build_model(run.config, contract, len(classes))
    rows = with_saturated_rows(samples["train"], contract, run.config.seed)
    result = fit(model, rows, samples["validation"], run.config, progress)
    save_model(model, run.path / MODEL)
    test_logits = logits(model, samples["test"].values)
    progress("reloading the saved network in a new process", 1, 1)
    require_identical_reload(run.path / MODEL, samples["test"].values, test_logits)
    np.savez_compressed(run.path / SCORES, labels=samples["test"].labels, logits=test_logits)
    physics = evaluate(
        classes,
        samples["test"].labels,
        test_logits,
        samples["validation"].labels,
        logits(model, samples["validation"].values),
    )
    run.write_record("metrics", physics)
    return {**dataclasses.asdict(result), "reload_identical_rows": len(test_logits)}


# --- firmware ---------------------------------------------------------------------------------------------------------


def generate_inputs(run: Run) -> object:
    """Firmware section, the board's data, and the trained network itself."""
    return [run.config.firmware, _main_board(run), digest_files([run.path / MODEL], run.path)]


def generate(run: Run, progress: Progress) -> dict[str, Any]:
    """Write HLS project, RTL and wrapper, and compile the C-simulation."""
    from codesign.firmware import FirmwareTarget
    from codesign.firmware import generate as generate_firmware
    from codesign.firmware.hls import HlsFirmware
    from codesign.fixed_point import FixedPoint
    from codesign.models.store import load_model

    section, board, contract = run.config.firmware, _main_board(run), _contract(run)
    progress("loading the network", 0, 3)
    model = load_model(run.path / MODEL)
    progress("RTL and HLS", 1, 3)
    target = FirmwareTarget(
        board=board.name,
        part=board.part,
        clock_mhz=section.clock_mhz or board.clock_mhz,
        latency_cutoff=section.latency_cutoff,
        hls_backend=section.hls_backend,
        reuse_factor=section.reuse_factor,
    )
    directory = run.path / "firmware"
    result = generate_firmware(model, contract, run.record("data")["classes"], target, directory)
    progress("compiling the C-simulation", 2, 3)
    HlsFirmware(directory / result.hls_project, contract, FixedPoint.parse(result.score_format)).compile()
    progress("manifest", 3, 3)
    return {**dataclasses.asdict(result), "files": _firmware_files(run)}


# --- verification -----------------------------------------------------------------------------------------------------


def verify_inputs(run: Run) -> object:
    """Verification section, seed, and the firmware files as they are now: hand-edited RTL is verified again."""
    return [run.config.verification, run.config.seed, _firmware_files(run)]


def verify(run: Run, progress: Progress) -> dict[str, Any]:
    """Prove that network, integer model, C-simulation and RTL compute the same integers."""
    from codesign.verify.step import verify_firmware

    section, firmware = run.config.verification, run.record("firmware")
    vectors, responses = vectors_and_responses(run, _contract(run), firmware, progress)
    result = verify_firmware(
        run.path / "firmware",
        firmware,
        vectors,
        responses,
        run.path / "verify",
        simulator=section.simulator,
        x_vectors=section.x_vectors,
        seed=run.config.seed,
        progress=progress,
    )
    changed = [path for path, sha in _firmware_files(run).items() if firmware["files"].get(path) != sha]
    return {**dataclasses.asdict(result), "modified_files": changed}


# --- synthesis --------------------------------------------------------------------------------------------------------


def synth_inputs(run: Run) -> object:
    """Boards and the RTL as it is now."""
    return [[dataclasses.asdict(board) for board in _boards(run)], _firmware_files(run)]


def synth(run: Run, progress: Progress) -> dict[str, Any]:
    """Synthesise the wrapper for every board."""
    from codesign.synth.step import synthesise_boards

    firmware, directory = run.record("firmware"), run.path / "firmware"
    result = synthesise_boards(
        [directory / source for source in firmware["rtl_sources"]],
        [directory / folder for folder in firmware["include_directories"]],
        firmware["top"],
        _boards(run),
        run.path / "synth",
        progress,
    )
    return dataclasses.asdict(result)


def remember_boards(run: Run, names: Sequence[str]) -> None:
    """Add boards to those the synthesis of this run reports.

    Raises:
        ConfigError: a name is unknown.
    """
    if names:
        known = [board.name for board in _boards(run)]
        added = [get_board(name).name for name in names]
        write_whole(run.path / BOARDS, json.dumps(list(dict.fromkeys((*known, *added)))))


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


def _network_rows(run: Run, contract: InputContract, split: str) -> tuple[Any, Any, Any]:
    """Network values, labels and weights of a split: exactly what the trigger could send."""
    with Dataset.open(run.data_file()) as dataset:
        physical = read_inputs(dataset, input_blocks(dataset, run.config.data), split)
        values = contract.to_network(contract.to_hardware(physical))
        return values, dataset.labels(split), dataset.weights(split)


def _require_every_class(run: Run) -> None:
    """Refuse to train a classifier on a data set of which a class, or a whole split, has no rows."""
    counts = run.record("data")["counts"]
    for split in ("train", "validation", "test"):
        missing = [name for name, rows in counts[split].items() if rows == 0]
        if missing:
            raise DataError(
                f"{run.data_file()}: the {split} split has no rows of {', '.join(missing)}; a classifier needs every "
                "class in every split: codesign data split divides the data set anew"
            )


def _preset(run: Run) -> Preset | None:
    name = run.config.contract.preset
    return None if name is None else get_preset(name)


def _main_board(run: Run) -> Board:
    return get_board(run.config.firmware.board)


def _boards(run: Run) -> list[Board]:
    """The firmware's board first, then those of the configuration and of ``--board``, each once."""
    asked = run.path / BOARDS
    extra = json.loads(asked.read_text()) if asked.is_file() else []
    names = dict.fromkeys((run.config.firmware.board, *run.config.synthesis.boards, *extra))
    return [get_board(name) for name in names]


def _firmware_files(run: Run) -> dict[str, str]:
    """Digests of the sources in the firmware directory, without what compilers leave there."""
    root = run.path / "firmware"
    suffixes = {".v", ".vh", ".xdc", ".cpp", ".h", ".tcl", ".txt", ".gz"}
    return digest_files((path for path in root.rglob("*") if path.suffix in suffixes), root)
