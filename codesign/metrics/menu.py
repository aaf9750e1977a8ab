"""What a new trigger adds to an existing menu."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError
from codesign.metrics.inputs import Weights, checked_bits, checked_mask, checked_weights, weights_of
from codesign.metrics.intervals import LEVEL, Efficiency, efficiency_of, sums
from codesign.metrics.rates import COLLIDING_BUNCHES, Rate, as_rate, full_rate_khz

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PureRate:
    """Rates of a new trigger with and without those crossings that the menu accepts anyway.

    Attributes:
        rate: of the new trigger.
        menu: of the menu, any of its bits.
        pure: of the new trigger where no bit of the menu fires.
        overlap: share of the new trigger's crossings that the menu accepts as well; None where it accepts none.
    """

    rate: Rate
    menu: Rate
    pure: Rate
    overlap: Efficiency | None


def pure_rate(
    accepted: ArrayLike,
    menu_bits: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    colliding_bunches: int = COLLIDING_BUNCHES,
    level: float = LEVEL,
) -> PureRate:
    """Rate that an existing menu does not yet take.

    With weights, rates are shares of their sum, and intervals those of `efficiency` unweighted events.

    Args:
        accepted: which crossings, as they come, the new trigger accepts, shape (n,).
        menu_bits: which bits of the menu fire, shape (n, bits), or whether any does, shape (n,).
        weights: event weights, none negative, shape (n,).
        colliding_bunches: pairs of bunches that collide in one turn.
        level: probability content of intervals.

    Raises:
        DataError: no crossings, wrong shapes, other values than 0 and 1, or weights that are no weights.
    """
    new, bits = checked_mask("accepted", accepted), checked_bits("menu_bits", menu_bits)
    if bits.ndim not in (1, 2) or len(bits) != new.size:
        raise DataError(f"menu_bits: expected shape ({new.size},) or ({new.size}, bits), found {bits.shape}")
    menu = np.asarray(bits if bits.ndim == 1 else bits.any(axis=1))
    checked = checked_weights("accepted", weights, new.size)
    full_khz = full_rate_khz(colliding_bunches)
    rate, all_menu, pure = (
        as_rate(efficiency_of(sums(mask, checked), level), full_khz) for mask in (new, menu, new & ~menu)
    )
    return PureRate(rate, all_menu, pure, _share_of(new, menu, checked, level))


def _share_of(new: Mask, menu: Mask, weights: Weights, level: float) -> Efficiency | None:
    chosen = weights_of(weights, new)
    if not new.any() or (chosen is not None and not chosen.any()):
        return None
    return efficiency_of(sums(menu[new], chosen), level)
