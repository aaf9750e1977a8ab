"""Fits a quantised network: physics loss plus resource cost, checkpoints on the front of the two."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from codesign.config import Config
from codesign.errors import ModelError, TargetError
from codesign.models.network import Network
from codesign.progress import Progress, silent
from codesign.training.calibration import TRACE_BATCH, calibrate
from codesign.training.callbacks import EarlyStop, report_progress
from codesign.training.checkpoint import Checkpoint, Stateful
from codesign.training.front import FRONT, FrontCheckpoints, FrontPoint
from codesign.training.layers import LayerPrecision, layer_precisions
from codesign.training.optimizer import CosineAdam
from codesign.training.post_training import Rounding
from codesign.training.pruning import MaskedAdam
from codesign.training.pruning_methods import PruningMethod, pruning_method
from codesign.training.recipes import RECIPES, Recipe
from codesign.training.sample import Batches, Sample, label_of

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
        target_ebops: what the schedule aimed at; None where widths are not trained.
        ebops: effective bit operations of the deployed network after calibration on the training rows.
        chosen: the checkpoint that was kept.
        front: the checkpoints on the front of validation quality and EBOPs.
        layers: widths and zero weights by layer.
        rounding: the network before and after post-training quantisation; None with other methods.
        history: per epoch ``loss``, the monitored quantity on both splits, ``ebops``, ``beta``.
    """

    epochs: int
    resumed_epoch: int
    backend: str
    monitor: str
    target_ebops: float | None
    ebops: float
    chosen: FrontPoint
    front: tuple[FrontPoint, ...]
    layers: tuple[LayerPrecision, ...]
    rounding: Rounding | None
    history: dict[str, list[float]]


def fit(
    network: Network,
    train: Sample,
    validation: Sample,
    config: Config,
    progress: Progress = silent,
    state: tuple[Path, str] | None = None,
    until: int | None = None,
) -> TrainResult:
    """Train a network in place and leave it at the best checkpoint that meets the EBOPs target.

    Args:
        network: the network; afterwards its deployed part is calibrated.
        train: training split, with its saturated rows.
        validation: validation split; it selects the checkpoint.
        config: task, training, quantisation and pruning sections.
        progress: called after each epoch.
        state: file for the state of the training and its front, and digest of all that determines it; an interrupted
            training goes on from there, and of one that has ended only another checkpoint is chosen.
        until: epochs after which the training is only interrupted, to look at it; needs a ``state`` to go on from.

    Raises:
        ConfigError: the quantisation or pruning does not fit the network.
        ModelError: the loss became NaN.
        TargetError: no checkpoint met the target.
    """
    monitor, recipe = MONITOR[config.task.kind], RECIPES[config.quantization.method](network, config)
    pruning = pruning_method(network, train, config)
    front = FrontCheckpoints(monitor, recipe.kept_ebops, 0 if pruning is None else pruning.end)
    _compile(network, monitor, len(train.values), config, pruning)
    checkpoint = None if state is None else Checkpoint(*state, _stateful(recipe, front, pruning))
    first = 0 if checkpoint is None else checkpoint.resume(network.trained)
    batches = Batches(train, config.training.batch_size, config.seed)
    callbacks = _callbacks(batches, recipe, front, pruning, config, progress)
    last = min(until or config.training.epochs, config.training.epochs)
    fitted = network.trained.fit(
        batches,
        shuffle=False,
        validation_data=(validation.values, validation.targets, validation.weights),
        validation_batch_size=TRACE_BATCH,
        epochs=first if checkpoint is not None and checkpoint.ended else last,
        initial_epoch=first,
        callbacks=callbacks if checkpoint is None else [*callbacks, checkpoint],
        verbose=0,
    )
    history = _finite(fitted.history if checkpoint is None else checkpoint.history())
    if checkpoint is not None and not checkpoint.ended:
        early = len(history["loss"]) < last  # patience ended it
        checkpoint.write(len(history["loss"]) - 1, history, ended=early or last == config.training.epochs)
    chosen = _choose(front, config.quantization.checkpoint_ebops or recipe.accepted_ebops, history)
    front.restore(chosen)
    ebops, rounding = _finish(network, recipe, pruning, (train, validation), monitor)
    return TrainResult(
        epochs=len(history["loss"]),
        resumed_epoch=0 if checkpoint is None or checkpoint.ended else first,
        backend=keras.backend.backend(),
        monitor=monitor,
        target_ebops=recipe.target_ebops,
        ebops=ebops,
        chosen=chosen,
        front=front.points,
        layers=layer_precisions(network.deployed),
        rounding=rounding,
        history=history,
    )


def _callbacks(
    batches: Batches,
    recipe: Recipe,
    front: FrontCheckpoints,
    pruning: PruningMethod | None,
    config: Config,
    progress: Progress,
) -> list[Any]:
    """What acts in every epoch, in this order: the front must see the cost, and a checkpoint all of it."""
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _logs: batches.shuffle(epoch))
    callbacks = [order, recipe.cost, front, keras.callbacks.TerminateOnNaN()]
    callbacks += [] if pruning is None else [pruning.callback]
    if config.training.patience is not None:
        settled = max(recipe.settled, front.since)
        callbacks.append(EarlyStop(front, recipe.accepted_ebops, config.training.patience, settled))
    callbacks.append(report_progress(progress, front.monitor, config.training.epochs))
    return [callback for callback in callbacks if callback is not None]


def _finish(
    network: Network, recipe: Recipe, pruning: PruningMethod | None, samples: tuple[Sample, Sample], monitor: str
) -> tuple[float, Rounding | None]:
    """Calibrate the network and do what the method does after the training; returns EBOPs and what rounding changed."""
    train, validation = samples
    if pruning is not None:
        pruning.finish()
    ebops = calibrate(network, train)
    if recipe.finish is None:
        return ebops, None
    before = _quality(network, validation, monitor)
    rounded = recipe.finish(network, train)
    return rounded, Rounding(before, _quality(network, validation, monitor), ebops, rounded)


def _stateful(recipe: Recipe, front: FrontCheckpoints, pruning: PruningMethod | None) -> dict[str, Stateful]:
    """The callbacks with a state to go on from, by the name under which it is kept."""
    callbacks = {"cost": recipe.cost, FRONT: front, "pruning": None if pruning is None else pruning.callback}
    return {name: callback for name, callback in callbacks.items() if hasattr(callback, "set_state")}


def _compile(network: Network, monitor: str, rows: int, config: Config, pruning: PruningMethod | None) -> None:
    """The optimiser, and the monitored quantity without the resource cost as a metric."""
    training = config.training
    steps = math.ceil(rows / training.batch_size) * training.epochs
    rate = training.learning_rate
    network.trained.compile(
        CosineAdam(rate, steps) if pruning is None else MaskedAdam(rate, steps, pruning.masked),
        loss=network.loss,
        weighted_metrics=[_metric(network, monitor)],
    )


def _metric(network: Network, monitor: str) -> Any:
    return keras.metrics.MeanMetricWrapper(_correct if monitor == "accuracy" else network.loss, name=monitor)


def _correct(targets: Any, found: Any) -> Any:
    """1 for every row whose largest logit is the one of its label, shape (n,)."""
    return keras.ops.cast(keras.ops.argmax(found, axis=-1) == label_of(targets), "float32")


def _quality(network: Network, validation: Sample, monitor: str) -> float:
    """The monitored quantity on the validation split as `FrontPoint` counts it."""
    found = network.trained.evaluate(
        validation.values,
        validation.targets,
        sample_weight=validation.weights,
        batch_size=TRACE_BATCH,
        verbose=0,
        return_dict=True,
    )
    return float(found[monitor]) * (1.0 if monitor == "accuracy" else -1.0)


def _finite(history: dict[str, list[float]]) -> dict[str, list[float]]:
    """The history as plain numbers, if the loss is one in every epoch."""
    if not all(math.isfinite(loss) for loss in history["loss"]):
        raise ModelError(f"training: the loss became NaN in epoch {len(history['loss'])}; lower training.learning_rate")
    return {name: [float(value) for value in values] for name, values in history.items()}


def _choose(front: FrontCheckpoints, ebops: float, history: dict[str, list[float]]) -> FrontPoint:
    """The best checkpoint within the target."""
    chosen = front.best(ebops)
    if chosen is None:
        raise TargetError(
            f"training: no epoch stayed within {ebops:,.0f} EBOPs (lowest {min(history['ebops']):,.0f}); "
            "raise training.epochs or quantization.target_ebops"
        )
    return chosen
