"""Softmax attention from elementary layers, with tables small enough for firmware.

A score is cut to [-2, 2) in steps of no less than 1/16, an address of six bits, so one LUT6 holds one bit of its
exponential. The cut bounds the ratio of two attention weights to e⁴. The exponentials are not shifted by the largest
score, which would be a chain of comparisons; the sum of m of them lies between m e⁻² and m e², which bounds the second
table, the reciprocal.
"""

import math
from typing import Any

import keras
from hgq.config import QuantizerConfig
from hgq.constraints import Constant, MinMax
from hgq.layers import QEinsum, QSum, QUnaryFunctionLUT

Tensor = Any
SCORE_INTEGER, SCORE_FRACTIONAL = 1, 4  # bits of a score beside its sign
SUM_FRACTIONAL = 3  # bits of a sum at the start
ENTRY_FRACTIONAL = 5  # bits of an entry at the start; of a reciprocal more, since it gets smaller with the partners
MOST_BITS = 12  # of any table's address or entry


@keras.saving.register_keras_serializable(package="codesign")  # type: ignore[untyped-decorator]
def exponential(scores: Tensor) -> Tensor:
    """exp, the content of the first table."""
    return keras.ops.exp(scores)


exponential.cuts = True  # what is beyond its address reads the last entry, by design (`codesign.training.checks`)


@keras.saving.register_keras_serializable(package="codesign")  # type: ignore[untyped-decorator]
def reciprocal(sums: Tensor) -> Tensor:
    """1 / x, the content of the second table; addresses below 1/8, which only coarse exponentials give, read 8."""
    return 1.0 / keras.ops.maximum(sums, 0.125)


def at_least_one_bit() -> QuantizerConfig:
    """Activations that keep a fractional bit whatever they cost, so that a cost on bits cannot switch attention off."""
    return QuantizerConfig(place="datalane", fc=MinMax(1, MOST_BITS))


def softmax(scores: Tensor, name: str) -> Tensor:
    """Softmax over the last axis: shape (n, slots, heads, partners) to the same."""
    partners = scores.shape[-1]
    weights = _lookup(exponential, scores, _score_format(), _table(SCORE_INTEGER + 2, ENTRY_FRACTIONAL), f"{name}_exp")
    total = QSum(axes=-1, enable_iq=False, enable_ebops=False, name=f"{name}_total")(weights)
    sums = QuantizerConfig(place="datalane", f0=SUM_FRACTIONAL, fc=MinMax(1, MOST_BITS))
    largest = max(0, math.ceil(math.log2(math.exp(2) / partners)))
    finest = ENTRY_FRACTIONAL + math.ceil(math.log2(partners))
    scale = _lookup(reciprocal, total, _one_format(sums), _table(largest, finest), f"{name}_reciprocal")
    return QEinsum("bnhm,bnh->bnhm", name=f"{name}_softmax")([weights, scale])


def _lookup(function: Any, tensor: Tensor, address: QuantizerConfig, entries: QuantizerConfig, name: str) -> Tensor:
    """The same table for every element."""
    return QUnaryFunctionLUT(function, iq_conf=address, oq_conf=entries, allow_heterogeneous_table=False, name=name)(
        tensor
    )


def _score_format() -> QuantizerConfig:
    """Fixed integer bits, saturating."""
    return _one_format(
        QuantizerConfig(
            place="datalane",
            q_type="kif",
            overflow_mode="SAT",
            i0=SCORE_INTEGER,
            ic=Constant(SCORE_INTEGER),
            f0=SCORE_FRACTIONAL,
            fc=MinMax(1, SCORE_FRACTIONAL),
        )
    )


def _one_format(config: QuantizerConfig) -> QuantizerConfig:
    """The same format for the whole tensor, so that there is one table."""
    config.config["homogeneous_axis"], config.config["heterogeneous_axis"] = None, ()
    return config


def _table(integer: int, fractional: int) -> QuantizerConfig:
    """Entries without sign, saturating, below 2**integer."""
    return QuantizerConfig(
        place="table",
        q_type="kif",
        k0=0,
        i0=integer,
        ic=Constant(integer),
        f0=fractional,
        fc=MinMax(1, MOST_BITS),
        overflow_mode="SAT",
        round_mode="RND_CONV",
    )
