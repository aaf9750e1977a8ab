"""How the widths of a network come about: one recipe for each ``quantization.method``."""

from collections.abc import Callable
from dataclasses import dataclass

from codesign.config import Config
from codesign.models.network import Network
from codesign.training.callbacks import CostController

# A checkpoint may miss the target by this factor before the training counts as failed.
ACCEPTED_EBOPS = 1.05


@dataclass(frozen=True)
class Recipe:
    """What a method does during the fit.

    Attributes:
        controller: steers the cost of the widths, or None where they are not trained.
        kept_ebops: checkpoints above this cost are not kept.
        accepted_ebops: the chosen checkpoint is the best one up to this cost.
        settled: epoch from which on the widths follow no schedule any more.
    """

    controller: CostController | None
    kept_ebops: float
    accepted_ebops: float
    settled: int


def trainable_widths(_network: Network, config: Config) -> Recipe:
    """HGQ (arXiv:2405.00645): every weight and activation learns its own width under a cost that is led to a target."""
    controller = CostController(config.quantization, config.training)
    target = config.quantization.target_ebops
    return Recipe(controller, 2 * target, ACCEPTED_EBOPS * target, controller.arrival)


RECIPES: dict[str, Callable[[Network, Config], Recipe]] = {"hgq": trainable_widths}
