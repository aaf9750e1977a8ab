"""The anomaly scores, as layers that become firmware.

Their widths are fixed (`codesign.models.fixed_layers`), so that every number below is a whole multiple of its LSB and
all sums stay under 2**24 of them: float32 is exact. The ranges are wide where the network values spread by about one.

===============  ====================================  =======================================================
part             format (sign, integer, fractional)    meaning
===============  ====================================  =======================================================
μ                1, 4, 3                               mean of a latent variable, ±16 in steps of 1/8
log σ²           1, 3, 3                               its log variance, ±8 in steps of 1/8: exp cannot overflow
μ / σ            1, 5, 3                               their ratio, ±32 in steps of 1/8
x̂ - x            1, 4, 3                               what a decoder misses, ±16 in steps of 1/8
===============  ====================================  =======================================================

Squares and exponentials are tables of 128 or 256 entries: for eight latent variables a square costs 419 LUT as a table
and 571 as a multiplier by alkaid's estimate, and two adder levels less. μ²/σ² is the square of μ · (1/σ), 1,500 LUT
against 2,000 for the product of two tables, whose sum would not fit 24 bits either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models.event_inputs import EventInputs, event_inputs
from codesign.models.fixed_layers import (
    Format,
    common_format,
    difference,
    exact_inputs,
    linear,
    product,
    saturated,
    table,
    total,
)
from codesign.models.network import Loss, Network, Request
from codesign.naming import unknown_name

Tensor = Any
Parts = Mapping[str, Tensor]

MEAN = Format(1, 4, 3)
LOG_VARIANCE = Format(1, 3, 3)
RATIO = Format(1, 5, 3)
DIFFERENCE = Format(1, 4, 3)
SQUARE = Format(0, 8, 6)  # of MEAN and of DIFFERENCE, exact
RATIO_SQUARE = Format(0, 10, 6)  # of RATIO, exact
# σ² - log σ² - 1 over the range of LOG_VARIANCE. With four fractional bits one entry lies so near to a rounding tie
# that the last bit of an exponential would decide it.
EXCESS = Format(0, 12, 5)
INVERSE_SIGMA = Format(0, 6, 4)
DECODED = Format(1, 8, 3)  # what a decoder says
FILLED = Format(0, 1, 0)


def mu2(parts: Parts, _contract: InputContract) -> Tensor:
    """Σ μ²: the distance of an event from the centre of the background, without its spread."""
    from codesign.models.tables import square

    squares = table(parts["mean"], square, MEAN, SQUARE, "mu2_squares")
    return total([(squares, SQUARE, _all(squares))], 1.0, "mu2")


def kl(parts: Parts, _contract: InputContract) -> Tensor:
    """½ Σ (μ² + σ² - log σ² - 1): the Kullback-Leibler divergence of the posterior from the prior."""
    from codesign.models.tables import square, variance_excess

    squares = table(parts["mean"], square, MEAN, SQUARE, "kl_squares")
    excess = table(parts["log_variance"], variance_excess, LOG_VARIANCE, EXCESS, "kl_excess")
    return total([(squares, SQUARE, _all(squares)), (excess, EXCESS, _all(excess))], 0.5, "kl")


def rz(parts: Parts, _contract: InputContract) -> Tensor:
    """Σ μ²/σ²: the distance in units of what the encoder can resolve (R_z of arXiv:2108.03986)."""
    from codesign.models.tables import inverse_sigma, square

    mean = saturated(parts["mean"], MEAN, "rz_mean")
    inverse = table(parts["log_variance"], inverse_sigma, LOG_VARIANCE, INVERSE_SIGMA, "rz_inverse")
    squares = table(product(mean, inverse, None, "rz_ratio"), square, RATIO, RATIO_SQUARE, "rz_squares")
    return total([(squares, RATIO_SQUARE, _all(squares))], 1.0, "rz")


def reconstruction(parts: Parts, contract: InputContract) -> Tensor:
    """Σ (x̂ - x)² over the inputs of objects that are there, angles the shorter way around the circle.

    In firmware an empty slot zeroes its differences by one AND gate per bit, and the table of an angle holds the square
    of the wrapped difference.
    """
    from codesign.models.tables import WrappedSquare, square

    roles, exact = event_inputs(contract), common_format(contract)
    # One more bit before the point, since rounding may carry there.
    given = Format(1, exact.integer + 1, DIFFERENCE.fractional)
    sides = parts["reconstruction"], parts["inputs"]
    missed = difference(*sides, (DECODED, given), "reconstruction_difference", second_fits=True)
    if roles.order.size:
        missed = product(_filled(parts["inputs"], roles, contract), missed, (FILLED, DIFFERENCE), "reconstruction_kept")
    squares = table(missed, square, DIFFERENCE, SQUARE, "reconstruction_squares")
    terms = [(squares, SQUARE, roles.period == 0)]
    for index, period in enumerate(roles.periods):
        wrapped = table(missed, WrappedSquare(period), DIFFERENCE, SQUARE, f"reconstruction_angles_{index}")
        terms.append((wrapped, SQUARE, roles.period == np.float32(period)))
    return total(terms, 1.0, "reconstruction_score")


def embedding(parts: Parts, _contract: InputContract) -> Tensor:
    """Σ (ê - e)²: what an autoencoder of the embedding misses."""
    from codesign.models.tables import square

    sides = parts["decoded_embedding"], parts["embedding"]
    missed = difference(*sides, (DECODED, DECODED), "embedding_difference")
    squares = table(missed, square, DIFFERENCE, SQUARE, "embedding_squares")
    return total([(squares, SQUARE, _all(squares))], 1.0, "embedding_score")


@dataclass(frozen=True)
class Score:
    """One entry of ``SCORES``.

    Attributes:
        needs: parts of a network it is made of.
        build: makes the score, shape (n, 1), of the parts and the contract.
    """

    needs: tuple[str, ...]
    build: Callable[[Parts, InputContract], Tensor]


SCORES: dict[str, Score] = {
    "mu2": Score(("mean",), mu2),
    "kl": Score(("mean", "log_variance"), kl),
    "rz": Score(("mean", "log_variance"), rz),
    "reconstruction": Score(("inputs", "reconstruction"), reconstruction),
    "embedding": Score(("embedding", "decoded_embedding"), embedding),
}


def require_score(request: Request, architecture: str, parts: tuple[str, ...]) -> None:
    """Refuse a score that an architecture cannot give.

    Args:
        request: what the network is built for.
        architecture: its name in the error.
        parts: what it has to offer.

    Raises:
        ConfigError: the score is unknown, or needs other parts.
    """
    possible = [name for name, score in SCORES.items() if set(score.needs) <= {"inputs", *parts}]
    if request.score not in SCORES:
        raise ConfigError(f"task.score: {unknown_name('score', request.score, SCORES)}")
    if request.score not in possible:
        raise ConfigError(
            f"task.score: {architecture!r} cannot give {request.score!r}; choose one of {', '.join(possible)}"
        )


def detector(request: Request, inputs: Tensor, parts: Parts, output: Tensor, loss: Loss) -> Network:
    """An anomaly detector: the network that is trained, and a model for every score its parts allow.

    Args:
        request: what the network is built for; its score is one of those (`require_score`).
        inputs: input tensor, shape (n, inputs).
        parts: tensors by name, each of shape (n, size).
        output: what the loss reads.
        loss: per-row loss.
    """
    import keras

    available = {"inputs": inputs, **parts}
    scores = {
        name: keras.Model(inputs, score.build(available, request.contract), name=name)
        for name, score in SCORES.items()
        if set(score.needs) <= set(available)
    }
    trained = keras.Model(inputs, output, name="trained")
    return Network(deployed=scores[request.score], trained=trained, loss=loss, scores=scores)


def _filled(inputs: Tensor, roles: EventInputs, contract: InputContract) -> Tensor:
    """1 for inputs that count, 0 in empty slots, shape (n, inputs), from the counts of the order columns."""
    counts = np.zeros((len(contract.inputs), len(roles.order)), dtype=np.float32)
    counts[roles.order, np.arange(len(roles.order))] = 1.0 / roles.order_lsb
    above = linear(exact_inputs(inputs, contract, "counts_inputs"), counts, "counts", -roles.empty_counts)
    return linear(saturated(above, FILLED, "slots_filled"), roles.slot_inputs, "inputs_filled", roles.lone)


def _all(tensor: Tensor) -> NDArray[np.bool_]:
    """Every column counts."""
    return np.ones(tensor.shape[-1], dtype=bool)
