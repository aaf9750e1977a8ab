"""Layers that hls4ml 1.3 does not take, as layers that it does; importing the module registers them.

A sum over an axis and the repetition of a vector are products with a constant kernel of ones, or of one power of two,
so both become ``EinsumDense``.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler
from hls4ml.converters.keras_v3.hgq2._base import QLayerHandler
from hls4ml.model.layers import Input, Reshape, Transpose
from hls4ml.model.optimizer.optimizer import optimizer_map
from hls4ml.model.optimizer.passes.bit_exact import get_input_layers
from hls4ml.model.optimizer.passes.hgq_proxy_model import FuseFixedPointQuantizer

from codesign.firmware.hls import CONSTANT_KERNEL


class SumHandler(QLayerHandler):  # type: ignore[misc]
    """``QSum`` and ``QMeanPow2``."""

    handles = ("hgq.layers.ops.accum.QSum", "hgq.layers.ops.accum.QMeanPow2")

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> dict[str, Any]:
        """Configuration of the HLS layer."""
        shape = tuple(in_tensors[0].shape[1:])
        letters = "abcdefghij"[: len(shape)]
        summed = [axis - 1 for axis in layer.axes]
        kernel = np.full([shape[axis] for axis in summed], layer.scale, dtype=np.float32)
        kept = "".join(letter for axis, letter in enumerate(letters) if axis not in summed)
        return {
            "class_name": "EinsumDense",
            "equation": f"{letters},{''.join(letters[axis] for axis in summed)}->{kept}",
            "weight_data": kernel,
            "bias_data": None,
            "inp_shape": shape,
            "out_shape": tuple(out_tensors[0].shape[1:]),
            CONSTANT_KERNEL: True,
        }


class RepeatHandler(KerasV3LayerHandler):  # type: ignore[misc]
    """``RepeatVector``."""

    handles = ("keras.src.layers.reshaping.repeat_vector.RepeatVector",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> dict[str, Any]:
        """Configuration of the HLS layer."""
        return {
            "class_name": "EinsumDense",
            "equation": "c,n->nc",
            "weight_data": np.ones((layer.n,), dtype=np.float32),
            "bias_data": None,
            "inp_shape": (prod(in_tensors[0].shape[1:]),),
            "out_shape": tuple(out_tensors[0].shape[1:]),
            CONSTANT_KERNEL: True,
        }


class KeepInputQuantizer(FuseFixedPointQuantizer):  # type: ignore[misc]
    """Fuses a quantiser of one format into the layer before it, except into the input.

    The input port gets the contract's format, which would undo the rounding of a quantiser that was fused into it.
    """

    def match(self, node: Any) -> bool:
        """Whether a node is to be fused."""
        if not super().match(node):
            return False
        before = get_input_layers(node)[0]
        while isinstance(before, Reshape | Transpose):
            before = get_input_layers(before)[0]
        return not isinstance(before, Input)


optimizer_map["fuse_fixed_point_quantizer"] = KeepInputQuantizer()
