"""A network of fixed-point weights as HGQ2 layers with frozen quantisers, and its input contract."""

from dataclasses import replace

import numpy as np

from codesign.contract import InputContract, InputFormat
from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint
from codesign.models.backend import import_keras
from codesign.models.importers.graph import Builder, Value
from codesign.models.importers.network import ImportedNetwork
from codesign.models.importers.ranges import EXACT_BITS, ValueRange, format_of, sum_range
from codesign.models.importers.summary import summarize
from codesign.models.importers.weights_file import LayerSection, WeightsFile


def weights_contract(file: WeightsFile) -> InputContract:
    """The hardware integers that the network takes."""
    return InputContract(
        tuple(_input(entry.name, entry.unit, entry.format, entry.offset, entry.lsb) for entry in file.network.inputs)
    )


def _input(name: str, unit: str, text: str, offset: float, lsb: float | None) -> InputFormat:
    fixed = FixedPoint.parse(text)
    return InputFormat(name, unit, offset, lsb or fixed.lsb, fixed.width, fixed.signed, integer=fixed.integer)


def import_weights(file: WeightsFile) -> ImportedNetwork:
    """Make a network of our own that computes exactly what the description says.

    Raises:
        ModelError: a number is not exact in its format, an accumulator can overflow or rounds, a sum needs more bits
            than float32 holds, or the layers do not fit each other; the message names the layer.
    """
    import_keras()
    formats = weights_contract(file).network_formats
    signed, integer, fractional = (int(part) for part in np.max([fixed.kif for fixed in formats], axis=0))
    # Holds every input as it is; hls4ml wants a quantiser before other layers.
    common = FixedPoint(bool(signed), signed + integer + fractional, signed + integer, "RND", "WRAP")
    if common.width > EXACT_BITS:
        raise ModelError(
            f"{file.path}: inputs: one format for all needs {common.width} bits, {EXACT_BITS} are possible"
        )
    builder = Builder()
    lows, highs = ([getattr(fixed, end) * fixed.lsb for fixed in formats] for end in ("min_int", "max_int"))
    value = builder.start(len(formats), ValueRange(min(lows), max(highs), fractional))
    value = builder.quantize(value, common, "input_quantizer")
    for layer in file.network.layers:
        value = _dense(builder, file, layer, value) if layer.kind == "dense" else value
        value = _rounded(builder, file, layer, value)
    scores = value.shape[-1]
    if scores != len(file.network.scores):
        raise ModelError(
            f"{file.path}: scores: {len(file.network.scores)} names for {scores} outputs of the last layer"
        )
    model = builder.network(value)
    return ImportedNetwork(
        model, "fixed-point weights", len(formats), scores, None, summarize(model), tuple(builder.notes)
    )


def _dense(builder: Builder, file: WeightsFile, layer: LayerSection, value: Value) -> Value:
    """Products and sums, without any rounding."""
    where = f"{file.path}: layer {layer.name!r}"
    kernel = file.values(layer, "weights", (value.shape[-1], None))
    bias = np.zeros(kernel.shape[1:], np.float32)
    if layer.biases is not None:
        bias = file.values(layer, "biases", kernel.shape[1:])
    sums = sum_range(kernel, bias, value.range)
    if sums.bits > EXACT_BITS:
        raise ModelError(
            f"{where}: sums can need {sums.bits} bits, {EXACT_BITS} are possible; round its inputs to fewer bits"
        )
    if layer.accumulator is not None:
        _require_exact(where, file.format(layer, layer.accumulator), sums)
    # The stated formats, not the narrowest: other weights of the same formats may be loaded later.
    formats = tuple(
        replace(file.format(layer, numbers.format), rounding="RND", overflow="SAT") if numbers else format_of(bias)
        for numbers in (layer.weights, layer.biases)
    )
    return builder.linear(
        value, "QDense", (kernel, bias), sums, layer.name, (formats[0], formats[1]), units=kernel.shape[1]
    )


def _require_exact(where: str, fixed: FixedPoint, sums: ValueRange) -> None:
    """Refuse an accumulator in which a sum of products could round or overflow: the order of adding would count."""
    low, high = fixed.min_int * fixed.lsb, fixed.max_int * fixed.lsb
    if sums.fractional > fixed.fractional or sums.low < low or sums.high > high:
        raise ModelError(
            f"{where}: the accumulator {fixed} holds {low:g} to {high:g} in steps of {fixed.lsb:g}; the sums can reach "
            f"{sums.low:g} to {sums.high:g} in steps of {2.0**-sums.fractional:g}, so the order of adding would count"
        )


def _rounded(builder: Builder, file: WeightsFile, layer: LayerSection, value: Value) -> Value:
    """The activation of a layer."""
    fixed = None if layer.format is None else file.format(layer, layer.format)
    if fixed is not None and fixed.width > EXACT_BITS:
        raise ModelError(f"{file.path}: layer {layer.name!r}: {fixed} has more than {EXACT_BITS} bits")
    cuts = (
        fixed is not None and not fixed.signed and fixed.overflow != "WRAP"
    )  # negative values become zero by themselves
    name = f"{layer.name}_activation" if layer.kind == "dense" else layer.name
    if layer.kind == "relu" and not cuts:
        positive = ValueRange(0.0, max(value.range.high, 0.0), value.range.fractional)
        value = builder.keras(value, "Activation", positive, f"{layer.name}_cut" if fixed else name, activation="relu")
    if fixed is None:
        return value
    low, high = fixed.min_int * fixed.lsb, fixed.max_int * fixed.lsb
    if fixed.overflow == "WRAP" and (value.range.low < low or value.range.high > high):
        builder.notes.append(
            f"layer {layer.name!r}: {fixed} wraps around above {high:g}; its input could reach {value.range.high:g}"
        )
        rounded = builder.quantize(value, fixed, name)
        return Value(rounded.tensor, ValueRange(low, high, fixed.fractional), rounded.quantized)
    return builder.quantize(value, fixed, name)
