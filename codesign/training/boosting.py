"""Trains boosted trees: XGBoost on hardware integers, leaves on a fixed-point grid, rounds on the front."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from codesign.config import Config
from codesign.errors import ConfigError, ModelError
from codesign.models.boosted_trees import Options
from codesign.models.network import Network
from codesign.models.tree_layers import BoostedTrees
from codesign.models.trees import Trees
from codesign.progress import Progress, silent
from codesign.sections import validate_section
from codesign.training.fit import TrainResult
from codesign.training.front import FrontPoint
from codesign.training.layers import LayerPrecision
from codesign.training.recipes import ACCEPTED_EBOPS
from codesign.training.sample import Sample
from codesign.training.xgboost_trees import import_xgboost, read_trees, require_margins

CHECKED_ROWS = 2000  # on which the trees are compared with XGBoost


def fit_trees(
    network: Network, train: Sample, validation: Sample, config: Config, progress: Progress = silent
) -> TrainResult:
    """Train the trees of a network in place and keep the best number of rounds that meets the EBOPs target.

    The same data, options and seed give the same trees: XGBoost runs in one thread.

    Args:
        network: its deployed part has one layer of trees.
        train: training split; rows of weight zero are left out.
        validation: validation split; it ends the training early and selects the number of rounds.
        config: model, quantisation and training sections, and the seed.
        progress: called after each round.

    Returns:
        The result of a fit, with rounds as epochs and `Trees.bit_operations` as EBOPs.

    Raises:
        ConfigError: a section asks for what trees do not have.
        ModelError: XGBoost is missing, a class has no rows, a weight is negative, or no round stays within the target.
    """
    _require_own_widths(config)
    options = validate_section(Options, config.model.options, "model")
    layer = next(layer for layer in network.deployed.layers if isinstance(layer, BoostedTrees))
    rows, checked = (_weighted(sample, layer, name) for sample, name in ((train, "train"), (validation, "validation")))
    base = _priors(rows, layer.classes)
    booster, losses = _boost(rows, checked, base, options, config, progress)
    trees = read_trees(booster, base, options.depth)
    some = rows.values[:CHECKED_ROWS]
    require_margins(trees, some.astype(np.int64), booster.predict(_matrix(some, base), output_margin=True))
    trees = trees.on_grid(options.leaf_bits)
    history = {
        "loss": losses,
        "accuracy": _accuracies(trees, rows),
        "val_accuracy": _accuracies(trees, checked),
        "ebops": [float(trees.first(k).bit_operations(layer.width)) for k in range(1, len(losses) + 1)],
    }
    chosen, front = _choose(history, config.quantization.target_ebops)
    layer.assign(trees.first(chosen.epoch + 1))
    return TrainResult(
        epochs=len(losses),
        resumed_epoch=0,
        backend=keras.backend.backend(),
        monitor="accuracy",
        target_ebops=config.quantization.target_ebops,
        ebops=chosen.ebops,
        chosen=chosen,
        front=front,
        layers=(_precision(layer, chosen.ebops),),
        rounding=None,
        history=history,
    )


def _require_own_widths(config: Config) -> None:
    if config.quantization.method != "hgq":
        raise ConfigError(
            f"quantization.method: boosted trees know no {config.quantization.method!r}, their widths are "
            "model.leaf_bits and those of the inputs: leave the key out"
        )
    for name in ("pruning", "distillation"):
        if getattr(config, name) is not None:
            raise ConfigError(f"{name}: boosted trees have none: leave the table out")


def _weighted(sample: Sample, layer: BoostedTrees, split: str) -> Sample:
    """The rows that count, as hardware integers, with weights of mean 1: regularisation depends on their scale."""
    negative = int((sample.weights < 0).sum())
    if negative:
        raise ModelError(f"boosted trees need weights from 0 on: {negative} rows of {split} have negative ones")
    counts = sample.weights > 0
    if not counts.any():
        raise ModelError(f"boosted trees: expected rows with a weight above 0 in {split}, found none")
    weights = sample.weights[counts].astype(np.float64)
    integers = np.rint(sample.values[counts] / np.array(layer.lsb, dtype=np.float64)).astype(np.float32)
    return Sample(integers, sample.targets[counts].astype(np.int64), (weights / weights.mean()).astype(np.float32))


def _priors(rows: Sample, classes: int) -> NDArray[np.float32]:
    """Logarithm of the fraction of each class: what the first round starts from."""
    sums = np.bincount(rows.targets, weights=rows.weights, minlength=classes)
    if not (sums > 0).all():
        raise ModelError(f"boosted trees: class {int(np.argmin(sums))} has no row with a weight above 0 in train")
    return np.asarray(np.log(sums / sums.sum()), dtype=np.float32)


def _matrix(values: NDArray[np.float32], base: NDArray[np.float32], **columns: Any) -> Any:
    """Rows for XGBoost. With a base margin it adds no base score, whose meaning differs between versions."""
    return import_xgboost().DMatrix(values, base_margin=np.tile(base, (len(values), 1)), **columns)


def _boost(
    rows: Sample, checked: Sample, base: NDArray[np.float32], options: Options, config: Config, progress: Progress
) -> tuple[Any, list[float]]:
    """The booster, and the loss on the training rows after each round."""
    xgboost = import_xgboost()
    matrices = [
        (_matrix(sample.values, base, label=sample.targets, weight=sample.weights), name)
        for sample, name in ((rows, "train"), (checked, "validation"))
    ]
    parameters = {
        "objective": "multi:softprob",
        "eval_metric": "mlogloss",
        "num_class": len(base),
        "base_score": 0.0,
        "tree_method": "hist",
        "max_depth": options.depth,
        "max_bin": options.bins,
        "eta": options.learning_rate,
        "min_child_weight": options.min_child_weight,
        "lambda": options.l2,
        "subsample": options.subsample,
        "seed": config.seed,
        "nthread": 1,
        "verbosity": 0,
    }

    losses: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        parameters,
        matrices[0][0],
        options.rounds,
        evals=matrices,
        evals_result=losses,
        early_stopping_rounds=config.training.patience,
        callbacks=[_report(progress, options.rounds)],
        verbose_eval=False,
    )
    return booster, [float(loss) for loss in losses["train"]["mlogloss"]]


def _report(progress: Progress, rounds: int) -> Any:
    """A callback that tells after each round what a user watches."""
    base: Any = import_xgboost().callback.TrainingCallback

    class Report(base):  # type: ignore[misc]
        def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:
            progress(f"loss {evals_log['validation']['mlogloss'][-1]:.4f} (validation)", epoch + 1, rounds)
            return False

    return Report()


def _accuracies(trees: Trees, rows: Sample) -> list[float]:
    """Weighted accuracy of the trees as they become firmware, after each round."""
    stages = trees.staged(rows.values.astype(np.int64))
    right = [(logits.argmax(axis=1) == rows.targets) for logits in stages]
    return [float(np.average(hits, weights=rows.weights)) for hits in right]


def _choose(history: dict[str, list[float]], target: float) -> tuple[FrontPoint, tuple[FrontPoint, ...]]:
    """The best number of rounds within the target, and the front of accuracy and cost."""
    front: list[FrontPoint] = []
    for epoch, (quality, ebops) in enumerate(zip(history["val_accuracy"], history["ebops"], strict=True)):
        point = FrontPoint(epoch, quality, ebops)
        if not any(other.beats(point) for other in front):
            front = [other for other in front if not point.beats(other)] + [point]
    within = [point for point in front if point.ebops <= ACCEPTED_EBOPS * target]
    if not within:
        raise ModelError(
            f"training: one round of trees takes {history['ebops'][0]:,.0f} bit operations, more than "
            f"{ACCEPTED_EBOPS * target:,.0f}; lower model.depth or model.bins, or raise quantization.target_ebops"
        )
    return max(within, key=lambda point: point.quality), tuple(front)


def _precision(layer: BoostedTrees, ebops: float) -> LayerPrecision:
    """Leaves as weights, inputs that no tree compares as dead."""
    trees = layer.trees
    leaves = trees.leaves & trees.decides.any(axis=-1, keepdims=True)
    used = np.unique(trees.feature[trees.decides])
    bits = trees.leaf_bits()[leaves & (trees.leaf != 0)]
    return LayerPrecision(
        name=layer.name,
        weights=int(leaves.sum()),
        zero_weights=int((leaves & (trees.leaf == 0)).sum()),
        weight_bits=float(bits.mean()) if bits.size else 0.0,
        weight_bits_max=float(bits.max(initial=0)),
        input_bits=float(np.asarray(layer.width)[used].mean()) if used.size else 0.0,
        dead_inputs=len(layer.width) - len(used),
        ebops=ebops,
    )
