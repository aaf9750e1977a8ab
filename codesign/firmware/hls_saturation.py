"""Corrects how hls4ml 1.3 narrows a quantiser that saturates. Importing the module registers the correction.

Where the input has fewer fractional bits than the quantiser, hls4ml takes them for the result too. With ``SAT`` it does
so even where values saturate, and the largest value, ``2**i - 2**-f``, loses its last bits; with ``SAT_SYM`` it keeps
them.
"""

from typing import Any

from hls4ml.model.optimizer.passes.bit_exact import _produce_kif
from hls4ml.model.optimizer.passes.hgq_proxy_model import FixedPointQuantizer

_narrowed = _produce_kif.dispatch(FixedPointQuantizer)


@_produce_kif.register(FixedPointQuantizer)  # type: ignore[untyped-decorator]
def produce_kif(layer: Any) -> Any:
    """Format of a quantiser's result; one with ``SAT`` is narrowed by the rule for ``SAT_SYM``."""
    mode = layer.SAT
    layer.SAT = "SAT_SYM" if mode == "SAT" else mode
    try:
        return _narrowed(layer)
    finally:
        layer.SAT = mode
