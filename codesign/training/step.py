"""The training step over a run directory."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.models.network import Network
from codesign.models.registry import MODELS, build_network
from codesign.models.reload import require_identical_reload
from codesign.models.store import outputs, save_model
from codesign.progress import Progress
from codesign.run import Run
from codesign.task import background_classes, score_names
from codesign.training.boosting import fit_trees
from codesign.training.checks import layer_health, require_healthy
from codesign.training.distillation import distil
from codesign.training.fit import TrainResult, fit
from codesign.training.inheritance import inherit_weights
from codesign.training.sample import Sample, with_saturated_rows
from codesign.training.teacher import TeacherPlace, TeacherRecord

SCORED = ("validation", "test")


def train_network(
    run: Run,
    contract: InputContract,
    state: tuple[str, str],
    model_file: str,
    scores_file: str,
    progress: Progress,
) -> dict[str, Any]:
    """Train the configured network, prove that it reloads identically, and keep its scores of the test split.

    Args:
        run: the run directory.
        contract: formats of the inputs.
        state: digest of all that determines the fit, and name of the file that takes its state and its checkpoints; an
            interrupted fit goes on, and a finished one is not repeated, if the digest is the same.
        model_file: name of the file that takes the network.
        scores_file: name of the file that takes labels, weights and scores of the validation and test splits.
        progress: called after each epoch.

    Returns:
        The record of the step.

    Raises:
        ModelError: the training failed, or the saved network is not the trained one.
    """
    data = run.record("data")
    network, result, teacher = fit_network(run, contract, state, progress)
    save_model(network.deployed, run.path / model_file)
    progress("scores of the validation and test splits", 1, 1)
    scores = {f"{split}_{name}": value for split in SCORED for name, value in scores_of(run, contract, network, split)}
    test = network_values(run, contract, "test")
    health = layer_health(network.deployed, test, read_sample(run, contract, "validation", data["classes"]).values)
    require_healthy(health)
    deployed = outputs(network.deployed, test)
    progress("reloading the saved network in a new process", 1, 1)
    require_identical_reload(run.path / model_file, test, deployed)
    np.savez_compressed(run.path / scores_file, **scores)
    return {
        **dataclasses.asdict(result),
        "teacher": None if teacher is None else dataclasses.asdict(teacher),
        "health": [dataclasses.asdict(layer) for layer in health],
        "reload_identical_rows": len(deployed),
    }


def fit_network(
    run: Run,
    contract: InputContract,
    state: tuple[str, str],
    progress: Progress,
    until: int | None = None,
    teachers: Path | None = None,
    start: Path | None = None,
) -> tuple[Network, TrainResult, TeacherRecord | None]:
    """Build and train the configured network, after its teacher where it has one; nothing is saved but the state.

    Args:
        run: the run directory.
        contract: formats of the inputs.
        state: as in ``train_network``.
        progress: called after each epoch.
        until: epochs after which to look at an unfinished training; absent it is trained to its end.
        teachers: as ``shared`` of `codesign.training.teacher.TeacherPlace`.
        start: state of an earlier training whose weights this one begins with (`codesign.training.inheritance`).
    """
    config, data = run.config, run.record("data")
    classes = data["classes"]
    train, validation = (read_sample(run, contract, split, classes) for split in ("train", "validation"))
    size = len(score_names(config.task, classes))
    network, rows = build_network(config, contract, size), with_saturated_rows(train, contract, config.seed)
    place = TeacherPlace(run.path, data["digest"], teachers)
    network, rows, validation, teacher = distil(network, rows, validation, contract, size, config, place, progress)
    if not MODELS[config.model.architecture].by_gradient:
        result = fit_trees(network, rows, validation, config, progress)
    else:
        if start is not None:
            inherit_weights(network.trained, start)
        result = fit(network, rows, validation, config, progress, (run.path / state[1], state[0]), until)
    return network, result, teacher


def scores_of(run: Run, contract: InputContract, network: Network, split: str) -> list[tuple[str, Any]]:
    """Labels, weights and scores of all rows of a split: the logits, or every anomaly score by its name."""
    values = network_values(run, contract, split)
    with Dataset.open(run.data_file()) as dataset:
        rows = [("labels", dataset.labels(split)), ("weights", dataset.weights(split))]
    if run.config.task.kind == "classification":
        return [*rows, ("logits", outputs(network.deployed, values))]
    return [*rows, *((f"score_{name}", outputs(model, values)[:, 0]) for name, model in network.scores.items())]


def read_sample(run: Run, contract: InputContract, split: str, classes: list[str]) -> Sample:
    """Rows to learn from; an anomaly detector describes its own inputs and meets nothing but background."""
    values, task = network_values(run, contract, split), run.config.task
    with Dataset.open(run.data_file()) as dataset:
        labels, weights = dataset.labels(split), dataset.weights(split)
    if task.kind == "classification":
        return Sample(values, labels, weights)
    known = np.isin(labels, [classes.index(name) for name in background_classes(task, classes)])
    return Sample(values[known], values[known], weights[known])


def network_values(run: Run, contract: InputContract, split: str) -> Any:
    """Rows as the network sees them: exactly what the trigger could send."""
    with Dataset.open(run.data_file()) as dataset:
        physical = read_inputs(dataset, input_blocks(dataset, run.config.data), split)
    return contract.to_network(contract.to_hardware(physical))
