"""Tables in HLS: ``TableDense`` and ``QUnaryFunctionLUT`` as one layer of our own in hls4ml.

hls4ml 1.3 has no layer with a table for every connection, and its own layer of unary tables takes flat tensors of one
format only. Here a table has any shape, and rounds, wraps or saturates its value by itself. Importing the module
registers the layer.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler
from hls4ml.model.attributes import Attribute, TypeAttribute, WeightAttribute
from hls4ml.model.layers import Layer, register_layer
from hls4ml.model.optimizer.passes.bit_exact import _produce_kif, _request_kif
from hls4ml.utils.qinterval import QIntervalArray, minimal_kif
from numpy.typing import NDArray

from codesign.assets import asset
from codesign.fixed_point import FixedPoint
from codesign.models.element_formats import element_formats, quantized, values_by_address

BACKENDS = ("Vivado", "Vitis")
HEADER = "nnet_tables.h"
CONFIG = """struct config{index} {{
    static const unsigned n_in = {n_in};
    static const unsigned n_out = {n_out};
    static const unsigned n_terms = {n_terms};
    static const unsigned n_entries = {n_entries};
    static const unsigned reuse_factor = {reuse};
    static const int overflow = {overflow};
    typedef {table_t.name} table_t;
    typedef {accum_t.name} accum_t;
{functions}
}};
"""
FUNCTION = """    static int {name}(unsigned lookup) {{
        static const int values[] = {{{values}}};
        return values[lookup];
    }}"""
OVERFLOW = {"WRAP": 0, "SAT": 1, "SAT_SYM": 2}  # as nnet_tables.h counts them
Pair = tuple[FixedPoint | None, FixedPoint | None]


class Tables(Layer):  # type: ignore[misc]
    """A layer of look-ups and sums."""

    _expected_attributes = [  # noqa: RUF012  read by hls4ml's metaclass
        Attribute("n_in"),
        Attribute("n_out"),
        Attribute("n_terms"),
        WeightAttribute("table"),
        TypeAttribute("table"),
        TypeAttribute("accum"),
    ]

    def initialize(self) -> None:
        """Make the output and the entries."""
        self.add_output_variable(list(self.attributes["output_shape"]))
        self.add_weights_variable(name="table")


class TablesConfig(LayerConfigTemplate):  # type: ignore[misc]
    """The C++ configuration of a layer."""

    def __init__(self) -> None:
        super().__init__(Tables)

    def format(self, node: Tables) -> str:
        """Text of the configuration."""
        params = self._default_config_params(node)
        named = {name: node.attributes[name] for name in ("first", "bits", "fractional", "is_signed")}
        functions = "\n".join(
            FUNCTION.format(name=name, values=", ".join(str(value) for value in values))
            for name, values in named.items()
        )
        entries = node.weights["table"].data.size
        return CONFIG.format(**{**params, "functions": functions, "n_entries": entries})


class TablesCall(FunctionCallTemplate):  # type: ignore[misc]
    """The C++ call of a layer."""

    def __init__(self) -> None:
        super().__init__(Tables, include_header=[f"nnet_utils/{HEADER}"])

    def format(self, node: Tables) -> str:
        """Text of the call."""
        params = self._default_function_params(node)
        params["table"] = node.get_weights("table").name
        return "nnet::tables<{input_t}, {output_t}, {config}>({input}, {output}, {table});".format(**params)


@_produce_kif.register  # type: ignore[untyped-decorator]
def _(layer: Tables) -> tuple[NDArray[Any], ...]:
    """Formats of the outputs: from the smallest to the largest sum, in the finest step of any entry."""
    data, first, bits = layer.attributes["table"].data, layer.attributes["first"], layer.attributes["bits"]
    parts = [data[start : start + (1 << width)] for start, width in zip(first, bits, strict=True)]
    shape = (layer.attributes["n_terms"], *layer.get_output_variable().shape)
    low = np.reshape([part.min() for part in parts], shape).sum(axis=0)
    high = np.reshape([part.max() for part in parts], shape).sum(axis=0)
    step = np.full(low.shape, 2.0 ** -float(np.max(minimal_kif(data)[2])))
    sign, integer, fractional = QIntervalArray(low, high, step).to_kif()
    return sign.astype(np.int16), integer, fractional


@_request_kif.register  # type: ignore[untyped-decorator]
def _(layer: Tables) -> tuple[tuple[NDArray[Any], ...], ...]:
    """Bits of the input that a table can depend on: with one more fractional bit, which rounds."""
    shape = tuple(layer.get_input_variable().shape)
    if layer.attributes["overflow"]:
        return ((np.ones(shape, np.int16), np.full(shape, 126, np.int16), np.full(shape, 126, np.int16)),)
    per_value = (-1, layer.attributes["n_out"]) if layer.attributes["n_terms"] > 1 else (-1, 1)
    bits, fractional, sign = (
        np.reshape(layer.attributes[name], per_value) for name in ("bits", "fractional", "is_signed")
    )
    integer = (bits - sign - fractional).max(axis=1).reshape(shape)
    finest = fractional.max(axis=1).reshape(shape) + 1
    return ((np.ones(shape, np.int16), integer.astype(np.int16), finest.astype(np.int16)),)


class TableDenseHandler(KerasV3LayerHandler):  # type: ignore[misc]
    """``TableDense``."""

    handles = ("codesign.models.table_dense.TableDense",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> dict[str, Any]:
        """Configuration of the HLS layer."""
        return _configuration(layer.addresses(), layer.tables(), layer.iq, in_tensors[0], out_tensors[0])


class UnaryTableHandler(KerasV3LayerHandler):  # type: ignore[misc]
    """``QUnaryFunctionLUT`` with any formats."""

    handles = ("hgq.layers.activation.QUnaryFunctionLUT",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> tuple[dict[str, Any], ...]:
        """Configuration of the HLS layer."""
        shape = tuple(in_tensors[0].shape[1:])
        addresses, entries = element_formats(layer.iq, shape), element_formats(layer.oq, shape)
        made: dict[Pair, NDArray[np.float64]] = {}
        for address, entry in zip(addresses, entries, strict=True):
            if (address, entry) not in made:
                values = keras.ops.convert_to_tensor(values_by_address(address))
                made[address, entry] = quantized(entry, keras.ops.convert_to_numpy(layer.activation(values)))
        tables = [made[pair] for pair in zip(addresses, entries, strict=True)]
        return ({**self.default_config, **_configuration(addresses, tables, layer.iq, in_tensors[0], out_tensors[0])},)


def _configuration(
    addresses: Sequence[FixedPoint | None],
    tables: Sequence[NDArray[np.float64]],
    quantizer: Any,
    source: Any,
    result: Any,
) -> dict[str, Any]:
    """What hls4ml keeps of a layer; equal tables stand once."""
    starts: dict[bytes, int] = {}
    first, parts, length = [], [], 0
    for table in tables:
        if table.tobytes() not in starts:
            starts[table.tobytes()] = length
            parts.append(table)
            length += len(table)
        first.append(starts[table.tobytes()])
    size, shape = prod(result.shape[1:]), list(result.shape[1:])
    return {
        "class_name": "Tables",
        "n_in": prod(source.shape[1:]),
        "n_out": size,
        "n_terms": len(tables) // size,
        "output_shape": shape,
        "table_data": np.concatenate(parts),
        "first": first,
        "bits": [0 if fmt is None else fmt.width for fmt in addresses],
        "fractional": [0 if fmt is None else fmt.fractional for fmt in addresses],
        "is_signed": [int(fmt is not None and fmt.signed) for fmt in addresses],
        "overflow": OVERFLOW[quantizer.quantizer.overflow_mode],
    }


register_layer("Tables", Tables)
for _name in BACKENDS:
    get_backend(_name).register_template(TablesConfig)
    get_backend(_name).register_template(TablesCall)
    get_backend(_name).register_source((asset("firmware_templates") / HEADER).resolve())
