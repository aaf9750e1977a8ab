"""How the widths of a network come about: one recipe for each ``quantization.method``."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codesign.config import Config
from codesign.models.network import Network
from codesign.training.fixed_widths import fix_widths
from codesign.training.post_training import prepare_wide, round_widths
from codesign.training.sample import Sample
from codesign.training.schedules import SCHEDULES, CostLog, FixedTarget

# A checkpoint may miss the target by this factor before the training counts as failed.
ACCEPTED_EBOPS = 1.05


@dataclass(frozen=True)
class Recipe:
    """What a method does during the fit.

    Attributes:
        cost: callback that logs the cost after each epoch, and steers it where widths are trained.
        kept_ebops: checkpoints above this cost are not kept.
        accepted_ebops: the chosen checkpoint is the best one up to this cost.
        settled: epoch from which on the widths follow no schedule any more.
        target_ebops: what the schedule aims at; None without a target.
        finish: changes the chosen network and returns its EBOPs; None where it stays as it was trained.
    """

    cost: Any
    kept_ebops: float = math.inf
    accepted_ebops: float = math.inf
    settled: int = 0
    target_ebops: float | None = None
    finish: Callable[[Network, Sample], float] | None = None


def trained_widths(_network: Network, config: Config) -> Recipe:
    """HGQ (arXiv:2405.00645): every weight and activation learns its own width under a cost."""
    cost = SCHEDULES[config.quantization.schedule](config.quantization, config.training)
    target = config.quantization.target_ebops
    # Schedules that do not aim at the target go through all costs.
    kept = 2 * target if isinstance(cost, FixedTarget) else math.inf
    # A ramp passes the target on its way and has not arrived before its end; patience would cut it off.
    return Recipe(cost, kept, ACCEPTED_EBOPS * target, cost.arrival, target)


def given_widths(network: Network, config: Config) -> Recipe:
    """Quantisation-aware training at given widths, as with QKeras (arXiv:2006.10159)."""
    fix_widths(network, config.quantization)
    return Recipe(CostLog())


def wide_then_rounded(network: Network, config: Config) -> Recipe:
    """Post-training quantisation: trained wide, calibrated and rounded at the end."""
    prepare_wide(network, config.quantization)
    return Recipe(CostLog(), finish=lambda net, rows: round_widths(net, rows, config.quantization))


def wide(network: Network, config: Config) -> Recipe:
    """Wide numbers throughout."""
    prepare_wide(network, config.quantization)
    return Recipe(CostLog())


RECIPES: dict[str, Callable[[Network, Config], Recipe]] = {
    "hgq": trained_widths,
    "fixed": given_widths,
    "ptq": wide_then_rounded,
    "float": wide,
}
