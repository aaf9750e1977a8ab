"""Data, training and physics."""

import dataclasses
from typing import Any

from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.errors import RunError
from codesign.files import write_whole
from codesign.imported import imported_files, is_imported, prepare_imported, take_network
from codesign.input_formats import make_contract
from codesign.progress import Progress
from codesign.run import Run, digest, digest_files
from codesign.steps.settings import MODEL, SCORES, TRAINING_STATE, read_contract, run_preset
from codesign.task import require_rows


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
        preset=run_preset(run),
        given={key: given.model_dump(exclude_none=True) for key, given in section.inputs.items()},
    )
    return contract, values


def train_inputs(run: Run) -> list[object]:
    """Everything of the configuration that a training depends on."""
    config = run.config
    sections = [config.task, config.model, config.quantization, config.pruning, config.distillation, config.training]
    return [config.seed, *sections]


def train(run: Run, progress: Progress) -> dict[str, Any]:
    """Train the network, prove that it reloads identically, and keep its scores of the test split."""
    if is_imported(run.config):
        return take_network(run, read_contract(run), MODEL, progress)
    from codesign.models.backend import import_keras

    data = run.record("data")
    require_rows(run.config.task, data["classes"], data["counts"], str(run.data_file()))
    _require_training_contract(run)
    progress("starting Keras", 0, run.config.training.epochs)
    import_keras().utils.set_random_seed(run.config.seed)
    from codesign.training.step import train_network

    fit = fit_key(run, data["digest"]), TRAINING_STATE
    return train_network(run, read_contract(run), fit, MODEL, SCORES, progress)


def fit_key(run: Run, data_digest: str) -> str:
    """Digest of all that determines the fit: everything but which of its checkpoints is chosen."""
    chosen = run.config.quantization
    inputs = [
        chosen.model_copy(update={"checkpoint_ebops": None}) if item is chosen else item for item in train_inputs(run)
    ]
    return digest(data_digest, inputs)


def evaluate_inputs(run: Run) -> object:
    """The working points, and the scores as they are now."""
    return [run.config.evaluation, digest_files([run.path / SCORES], run.path)]


def evaluate(run: Run, progress: Progress) -> dict[str, Any]:
    """Judge the network on the test split."""
    from codesign.evaluation import evaluate_run

    progress("physics of the test split", 0, 1)
    return dataclasses.asdict(evaluate_run(run, run.path / SCORES))


def _require_training_contract(run: Run) -> None:
    """Refuse a contract that is not the one of the training split, for instance one that has seen test rows."""
    if read_contract(run) != _derive_contract(run)[0]:
        raise RunError(
            f"{run.path / 'contract.json'}: is not the contract of the training split of {run.data_file()}; "
            f"it was changed after it was derived: codesign data prepare --force {run.path}"
        )
