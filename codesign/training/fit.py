"""Fits a quantised network: physics loss plus resource cost, checkpoints on the front of the two."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from hgq.utils import trace_minmax

from codesign.config import Config
from codesign.errors import ModelError
from codesign.models.network import Network
from codesign.progress import Progress, silent
from codesign.training.callbacks import EarlyStop, report_progress
from codesign.training.checkpoint import Checkpoint
from codesign.training.front import FrontCheckpoints, FrontPoint
from codesign.training.layers import LayerPrecision, layer_precisions
from codesign.training.recipes import RECIPES
from codesign.training.sample import Batches, Sample

TRACE_BATCH = 4096
# What the fit watches on the validation split, by task.
MONITOR = {"classification": "accuracy", "anomaly": "objective"}


@dataclass(frozen=True)
class TrainResult:
    """What the fit gave.

    Attributes:
        epochs: passes over the training split.
        resumed_epoch: epoch at which an interrupted training went on, 0 if it was not interrupted.
        backend: Keras backend.
        monitor: what chose the checkpoint: "accuracy", or the "objective" (loss without cost) of an anomaly detector.
        target_ebops: what the schedule aimed at.
        ebops: effective bit operations of the deployed network after calibration on the training rows.
        chosen: the checkpoint that was kept.
        front: the checkpoints on the front of validation quality and EBOPs.
        layers: widths and zero weights by layer.
        history: per epoch ``loss``, the monitored quantity on both splits, ``ebops``, ``beta``.
    """

    epochs: int
    resumed_epoch: int
    backend: str
    monitor: str
    target_ebops: float
    ebops: float
    chosen: FrontPoint
    front: tuple[FrontPoint, ...]
    layers: tuple[LayerPrecision, ...]
    history: dict[str, list[float]]


def fit(
    network: Network,
    train: Sample,
    validation: Sample,
    config: Config,
    progress: Progress = silent,
    state: tuple[Path, str] | None = None,
) -> TrainResult:
    """Train a network in place and leave it at the best checkpoint that meets the EBOPs target.

    Args:
        network: the network; afterwards its deployed part is calibrated.
        train: training split, with its saturated rows.
        validation: validation split; it selects the checkpoint.
        config: task, training and quantisation sections.
        progress: called after each epoch.
        state: file that takes the state of an unfinished training, and the digest of all that determines it; an
            interrupted training goes on from there, and the file is removed at the end.

    Raises:
        ModelError: the loss became NaN, or no checkpoint met the target.
    """
    monitor, recipe = MONITOR[config.task.kind], RECIPES[config.quantization.method](network, config)
    front = FrontCheckpoints(monitor, recipe.kept_ebops)
    _compile(network, monitor, len(train.values), config)
    checkpoint = None if state is None else Checkpoint(*state, front, recipe.controller)
    first = 0 if checkpoint is None else checkpoint.resume(network.trained)
    batches = Batches(train, config.training.batch_size, config.seed)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _logs: batches.shuffle(epoch))
    callbacks = [order, recipe.controller, front, keras.callbacks.TerminateOnNaN()]
    if config.training.patience is not None:
        callbacks.append(EarlyStop(front, recipe.accepted_ebops, config.training.patience, recipe.settled))
    callbacks += [report_progress(progress, monitor, config.training.epochs), checkpoint]
    fitted = network.trained.fit(
        batches,
        shuffle=False,
        validation_data=(validation.values, validation.targets, validation.weights),
        validation_batch_size=TRACE_BATCH,
        epochs=config.training.epochs,
        initial_epoch=first,
        callbacks=[callback for callback in callbacks if callback is not None],
        verbose=0,
    )
    history = fitted.history if checkpoint is None else checkpoint.history()
    chosen = _choose(front, recipe.accepted_ebops, history)
    front.restore(chosen)
    ebops = calibrate(network, train)
    if checkpoint is not None:
        checkpoint.path.unlink(missing_ok=True)
    return TrainResult(
        epochs=len(history["loss"]),
        resumed_epoch=first,
        backend=keras.backend.backend(),
        monitor=monitor,
        target_ebops=config.quantization.target_ebops,
        ebops=ebops,
        chosen=chosen,
        front=front.points,
        layers=layer_precisions(network.deployed),
        history={name: [float(value) for value in values] for name, values in history.items()},
    )


def calibrate(network: Network, train: Sample) -> float:
    """Give every activation the range of the training rows; returns the EBOPs of the deployed network."""
    for score in network.scores.values():
        if score is not network.deployed:
            trace_minmax(score, train.values, batch_size=TRACE_BATCH)
    return float(trace_minmax(network.deployed, train.values, batch_size=TRACE_BATCH))


def _compile(network: Network, monitor: str, rows: int, config: Config) -> None:
    """Adam with a cosine schedule; the monitored quantity without the resource cost as a metric."""
    training = config.training
    steps = math.ceil(rows / training.batch_size) * training.epochs
    network.trained.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)),
        loss=network.loss,
        weighted_metrics=[_metric(network, monitor)],
    )


def _metric(network: Network, monitor: str) -> Any:
    if monitor == "accuracy":
        return keras.metrics.SparseCategoricalAccuracy(name=monitor)
    return keras.metrics.MeanMetricWrapper(network.loss, name=monitor)


def _choose(front: FrontCheckpoints, ebops: float, history: dict[str, list[float]]) -> FrontPoint:
    """The best checkpoint within the target."""
    if not all(math.isfinite(loss) for loss in history["loss"]):
        raise ModelError(f"training: the loss became NaN in epoch {len(history['loss'])}; lower training.learning_rate")
    chosen = front.best(ebops)
    if chosen is None:
        raise ModelError(
            f"training: no epoch stayed within {ebops:,.0f} EBOPs (lowest {min(history['ebops']):,.0f}); "
            "raise training.epochs or quantization.target_ebops"
        )
    return chosen
