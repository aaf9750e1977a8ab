"""Which earlier trial a training takes its first weights from (`codesign.training.inheritance`)."""

from collections.abc import Mapping
from typing import Any

from codesign.config import Config
from codesign.run import digest
from codesign.scan.pareto import Directions
from codesign.scan.trial import TrialResult


def network_key(config: Config) -> str | None:
    """What two trials have in common whose weights fit each other; None for a network without such weights."""
    from codesign.models.registry import MODELS

    if not MODELS[config.model.architecture].by_gradient:
        return None
    method = config.quantization.method, None if config.pruning is None else config.pruning.method
    return digest(config.data, config.task, config.model, *method, config.quantization.layers)


def best_donor(
    results: Mapping[int, TrialResult], networks: Mapping[int, str | None], key: str | None, directions: Directions
) -> int | None:
    """Of the finished trials of one network the one that is best in the first objective, the earliest of equals."""
    first, direction = next(iter(directions.items()))
    sign = 1.0 if direction == "maximize" else -1.0
    best = {
        number: max(sign * point.values[first] for point in result.points)
        for number, result in results.items()
        if key is not None and result.points and networks[number] == key
    }
    return max(best, key=lambda number: (best[number], -number), default=None)


def with_epochs(content: Mapping[str, Any], config: Config, factor: float) -> dict[str, Any]:
    """A configuration with so many times the epochs."""
    return {
        **content,
        "training": {**content.get("training", {}), "epochs": max(1, round(factor * config.training.epochs))},
    }
