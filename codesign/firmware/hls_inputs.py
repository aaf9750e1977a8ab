"""Keeps the quantiser of the network's inputs where hls4ml 1.3 would drop it. Importing the module registers it.

hls4ml turns a quantiser with one format for all values into the type of the layer before it. Before the first layer
that is the input port, whose type is the contract's (`codesign.firmware.hls`): the quantiser would be lost.
"""

from typing import Any

from hls4ml.model.layers import Input, Reshape, Transpose
from hls4ml.model.optimizer.passes.bit_exact import get_input_layers
from hls4ml.model.optimizer.passes.hgq_proxy_model import FixedPointQuantizer, FuseFixedPointQuantizer

_fused = FuseFixedPointQuantizer.match


def match(self: Any, node: Any) -> bool:
    """Whether hls4ml may fuse a node into the one before it; not a quantiser into the input port."""
    return bool(_fused(self, node)) and not (isinstance(node, FixedPointQuantizer) and _rounds_inputs(node))


def _rounds_inputs(node: Any) -> bool:
    before = get_input_layers(node)[0]
    return isinstance(before, Input) or (isinstance(before, Reshape | Transpose) and _rounds_inputs(before))


FuseFixedPointQuantizer.match = match
