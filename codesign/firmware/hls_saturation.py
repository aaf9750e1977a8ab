"""Corrects how hls4ml 1.3 narrows a quantiser. Importing the module registers the correction.

Where the input has fewer bits than the quantiser, hls4ml takes them for the result too, and errs twice. With ``SAT`` it
does so even where values saturate, and the largest value, ``2**i - 2**-f``, loses its last bits; with ``SAT_SYM`` it
keeps them. And a quantiser of one format for several values gets the largest width and the largest integer part, each
by itself: beside a value with many integer bits, one with many fractional bits loses its last ones.
"""

from typing import Any

from hls4ml.model.optimizer.passes.bit_exact import _produce_kif
from hls4ml.model.optimizer.passes.hgq_proxy_model import FixedPointQuantizer

_narrowed = _produce_kif.dispatch(FixedPointQuantizer)


@_produce_kif.register(FixedPointQuantizer)  # type: ignore[untyped-decorator]
def produce_kif(layer: Any) -> Any:
    """Format of a quantiser's result; one with ``SAT`` is narrowed by the rule for ``SAT_SYM``."""
    mode, shape = layer.SAT, layer.mask_kbi[0].shape[1:]
    layer.SAT = "SAT_SYM" if mode == "SAT" else mode
    try:
        signed, integer, fractional = _narrowed(layer)
    finally:
        layer.SAT = mode
    common = tuple(axis for axis, size in enumerate(shape) if size == 1) if shape else tuple(range(signed.ndim))
    parts = (signed, signed + integer, fractional)
    sign, before, after = (part.max(axis=common, keepdims=True) for part in parts)
    layer.mask_kbi = (sign[None], (before + after)[None], before[None])
    return signed, integer, fractional
