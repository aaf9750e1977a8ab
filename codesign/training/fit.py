"""Fits a quantised network: cross entropy plus resource cost, checkpoints on the front of the two."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from hgq.utils import trace_minmax
from numpy.typing import NDArray

from codesign.config import Config
from codesign.contract import InputContract
from codesign.errors import ModelError
from codesign.progress import Progress, silent
from codesign.training.callbacks import CostController, report_progress
from codesign.training.front import FrontCheckpoints, FrontPoint
from codesign.training.layers import LayerPrecision, layer_precisions

# A checkpoint may miss the target by this factor before the training counts as failed.
ACCEPTED_EBOPS = 1.05
SATURATED_ROWS = 0.1  # rows with saturated inputs, as a fraction of the training split


@dataclass(frozen=True)
class Sample:
    """Rows of one split as the network sees them.

    Attributes:
        values: network values, float32, shape (n, inputs).
        labels: class indices, shape (n,).
        weights: event weights, shape (n,).
    """

    values: NDArray[np.float32]
    labels: NDArray[np.uint8]
    weights: NDArray[np.float32]


def with_saturated_rows(sample: Sample, contract: InputContract, seed: int) -> Sample:
    """Append rows with saturated inputs and weight zero, a tenth of the sample.

    They add nothing to the loss, but the activations learn ranges that hold them: a jet beyond the contract's range
    must not wrap inside the network and come out as a confident other class.

    Args:
        sample: training split.
        contract: formats of the inputs.
        seed: of the choice of rows.
    """
    lsb = np.array([fmt.lsb for fmt in contract.network_formats])
    events = np.rint(sample.values / lsb).astype(np.int64)
    extra = contract.saturate_some(events, math.ceil(SATURATED_ROWS * len(events)), np.random.default_rng(seed))
    return Sample(
        np.concatenate([sample.values, contract.to_network(extra)]),
        np.concatenate([sample.labels, np.zeros(len(extra), sample.labels.dtype)]),
        np.concatenate([sample.weights, np.zeros(len(extra), sample.weights.dtype)]),
    )


@dataclass(frozen=True)
class TrainResult:
    """What the fit gave.

    Attributes:
        epochs: passes over the training split.
        backend: Keras backend.
        target_ebops: what the schedule aimed at.
        ebops: effective bit operations of the chosen network after calibration on the training rows.
        chosen: the checkpoint that was kept.
        front: the checkpoints on the front of validation accuracy and EBOPs.
        layers: widths and zero weights by layer.
        history: per epoch ``loss``, ``accuracy``, ``val_accuracy``, ``ebops``, ``beta``.
    """

    epochs: int
    backend: str
    target_ebops: float
    ebops: float
    chosen: FrontPoint
    front: tuple[FrontPoint, ...]
    layers: tuple[LayerPrecision, ...]
    history: dict[str, list[float]]


def fit(model: Any, train: Sample, validation: Sample, config: Config, progress: Progress = silent) -> TrainResult:
    """Train a network in place and leave it at the best checkpoint that meets the EBOPs target.

    Args:
        model: Keras model of HGQ2 layers, logits out.
        train: training split, with its saturated rows.
        validation: validation split; it selects the checkpoint.
        config: training and quantisation sections.
        progress: called after each epoch.

    Raises:
        ModelError: the loss became NaN, or no checkpoint met the target.
    """
    target = config.quantization.target_ebops
    front = FrontCheckpoints(limit=2 * target)
    steps = math.ceil(len(train.labels) / config.training.batch_size)
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(config.training.learning_rate, steps * config.training.epochs)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=["accuracy"],
    )
    history = model.fit(
        train.values,
        train.labels,
        sample_weight=train.weights,
        validation_data=(validation.values, validation.labels, validation.weights),
        epochs=config.training.epochs,
        batch_size=config.training.batch_size,
        callbacks=[
            CostController(config.quantization, config.training),
            front,
            keras.callbacks.TerminateOnNaN(),
            report_progress(progress, config.training.epochs),
        ],
        verbose=0,
    ).history
    chosen = _choose(front.points, target, history)
    front.restore(chosen)
    ebops = float(trace_minmax(model, train.values, batch_size=4096))
    return TrainResult(
        epochs=config.training.epochs,
        backend=keras.backend.backend(),
        target_ebops=target,
        ebops=ebops,
        chosen=chosen,
        front=front.points,
        layers=layer_precisions(model),
        history={name: [float(value) for value in values] for name, values in history.items()},
    )


def _choose(points: tuple[FrontPoint, ...], target: float, history: dict[str, list[float]]) -> FrontPoint:
    """The most accurate checkpoint within the target."""
    if not all(math.isfinite(loss) for loss in history["loss"]):
        raise ModelError(f"training: the loss became NaN in epoch {len(history['loss'])}; lower training.learning_rate")
    within = [point for point in points if point.ebops <= ACCEPTED_EBOPS * target]
    if not within:
        lowest = min(history["ebops"])
        raise ModelError(
            f"training: no epoch reached {target:,.0f} EBOPs (lowest {lowest:,.0f}); "
            "raise training.epochs or quantization.target_ebops"
        )
    return max(within, key=lambda point: point.validation_accuracy)
