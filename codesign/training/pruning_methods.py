"""The methods of pruning by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codesign.config import Config, PruningSection
from codesign.errors import ConfigError
from codesign.models.network import Network
from codesign.training.pruning import (
    MaskRule,
    Pruning,
    masked_variables,
    prunable_layers,
    smallest_neurons,
    smallest_weights,
)
from codesign.training.sample import Sample


@dataclass(frozen=True)
class PruningMethod:
    """What a method does during the fit.

    Attributes:
        callback: prunes.
        masked: variables that the optimiser must keep at zero where the callback says so.
        end: epoch from which on the network has its final zeros.
        finish: leaves the chosen network as plain layers.
    """

    callback: Any
    masked: list[Any]
    end: int
    finish: Callable[[], None] = lambda: None


def pruning_method(network: Network, train: Sample, config: Config) -> PruningMethod | None:
    """The configured method, None if nothing is to be pruned.

    Raises:
        ConfigError: the method does not fit the network or its other settings.
    """
    section, epochs = config.pruning, config.training.epochs
    if section is None:
        return None
    if section.structured != "none" and section.method not in ("magnitude", "activation"):
        raise ConfigError(
            f"pruning.structured: method {section.method!r} prunes single weights; "
            'use "magnitude" or "activation" to prune neurons'
        )
    layers = prunable_layers(network)
    masked = masked_variables(layers)
    if section.method in ("pdp", "cs"):
        from codesign.training.pruning_in_graph import InGraphPruning

        in_graph = InGraphPruning(layers, section, epochs)
        return PruningMethod(in_graph, masked, in_graph.end, in_graph.finish)
    callback = Pruning(layers, _rule(network, train, section), section, epochs)
    return PruningMethod(callback, masked, callback.end)


def _rule(network: Network, train: Sample, section: PruningSection) -> MaskRule:
    from codesign.training.pruning_by_rows import rarely_active, weight_times_input

    match section.method:
        case "wanda":
            return weight_times_input(network, train)
        case "activation":
            return rarely_active(network, train, section.threshold)
    return smallest_neurons if section.structured == "neurons" else smallest_weights
