"""Distillation: what a large network of wide numbers has learned becomes the target of the one for the firmware.

A classifier learns the softened probabilities of its teacher beside the labels (arXiv:1503.02531), an anomaly detector
the score of its teacher (arXiv:2310.06047).
"""

import dataclasses
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from codesign.config import Config, DistillationSection
from codesign.contract import InputContract
from codesign.errors import ConfigError, ModelError
from codesign.models.network import Loss, Network, Tensor
from codesign.models.store import outputs as network_outputs
from codesign.progress import Progress, silent
from codesign.training.sample import Sample, label_of
from codesign.training.teacher import TeacherPlace, TeacherRecord, trained_teacher

STUDENT = "score_mlp"  # the one anomaly detector that learns a score instead of its inputs


def distil(
    network: Network,
    train: Sample,
    validation: Sample,
    contract: InputContract,
    outputs: int,
    config: Config,
    place: TeacherPlace,
    progress: Progress = silent,
) -> tuple[Network, Sample, Sample, TeacherRecord | None]:
    """Train the configured teacher, or take the one that lies there, and give its student new targets and a new loss.

    Args:
        network: the student.
        train: training rows, with the saturated ones.
        validation: validation rows.
        contract: formats of the inputs.
        outputs: number of classes, 1 for an anomaly detector.
        config: the configuration of the student.
        place: where the teacher is kept.
        progress: called after each epoch.

    Returns:
        Student, training and validation rows for the fit, and what became of the teacher; without a ``distillation``
        table the arguments themselves and None.

    Raises:
        ConfigError: student and teacher do not fit each other.
        ModelError: the teacher's training failed, or it gives one score for all.
    """
    section = config.distillation
    _require_fit(config)
    if section is None:
        return network, train, validation, None
    teacher, record = trained_teacher(train, validation, contract, outputs, config, place, progress)
    found, checked = (network_outputs(teacher, sample.values) for sample in (train, validation))
    if config.task.kind == "classification":
        taught = dataclasses.replace(network, loss=distilled_loss(network.loss, section))
        return taught, _with_logits(train, found), _with_logits(validation, checked), record
    first, second = _standardised(found, checked, train.weights > 0)
    train, validation = dataclasses.replace(train, targets=first), dataclasses.replace(validation, targets=second)
    return network, train, validation, record


def _standardised(
    train: NDArray[Any], validation: NDArray[Any], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logarithms of scores with mean 0 and spread 1 on the known training rows: scores have long tails."""
    logarithms = np.log1p(np.maximum(train, 0.0)), np.log1p(np.maximum(validation, 0.0))
    mean, spread = logarithms[0][known].mean(), logarithms[0][known].std()
    if not np.isfinite(spread) or spread == 0.0:
        raise ModelError("distillation: the teacher gives the same score for every event; change distillation.teacher")
    first, second = (((part - mean) / spread).astype(np.float32) for part in logarithms)
    return first, second


def _require_fit(config: Config) -> None:
    """Refuse an anomaly detector that cannot learn a score, and one that can learn nothing else."""
    regression = config.model.architecture == STUDENT
    if regression and config.distillation is None:
        raise ConfigError(f"model.architecture: {STUDENT!r} learns the score of a teacher; add a [distillation] table")
    if config.distillation is not None and config.task.kind == "anomaly" and not regression:
        raise ConfigError(
            f"distillation: of the anomaly detectors only model.architecture = {STUDENT!r} learns a teacher's score, "
            f"found {config.model.architecture!r}"
        )


def distilled_loss(of_labels: Loss, section: DistillationSection) -> Loss:
    """(1 - w) of the labels' loss + w T² KL(teacher ‖ student) at temperature T; the T² keeps the gradients' size."""
    weight, temperature = section.weight, section.temperature

    def loss(targets: Tensor, found: Tensor) -> Tensor:
        taught, softened = ops.log_softmax(targets[:, 1:] / temperature), ops.log_softmax(found / temperature)
        distance = ops.sum(ops.exp(taught) * (taught - softened), axis=-1)
        return (1.0 - weight) * of_labels(label_of(targets), found) + weight * temperature**2 * distance

    return loss


def _with_logits(sample: Sample, logits: NDArray[Any]) -> Sample:
    targets = np.concatenate([sample.targets[:, None].astype(np.float32), logits], axis=1)
    return dataclasses.replace(sample, targets=targets)
