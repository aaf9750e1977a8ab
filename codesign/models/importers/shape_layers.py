"""Layers without weights: pooling, reshaping, joining of branches."""

import math
from typing import Any

from codesign.errors import ModelError
from codesign.models.importers.graph import Builder, Value
from codesign.models.importers.keras2_file import LayerRecord
from codesign.models.importers.ranges import ValueRange

POOLING = {
    "MaxPooling1D": 1,
    "MaxPooling2D": 2,
    "AveragePooling1D": 1,
    "AveragePooling2D": 2,
    "GlobalMaxPooling1D": 1,
    "GlobalMaxPooling2D": 2,
    "GlobalAveragePooling1D": 1,
    "GlobalAveragePooling2D": 2,
}


def add_pooling(builder: Builder, record: LayerRecord, value: Value) -> Value:
    """Add a pooling layer; the result of a global one is flat.

    Raises:
        ModelError: an option is not supported, or an average divides by no power of two.
    """
    dimensions, config = POOLING[record.kind], record.config
    if len(value.shape) != dimensions + 1:
        raise ModelError(f"{record.where}: expected an input of {dimensions + 1} dimensions, found shape {value.shape}")
    if config.get("data_format", "channels_last") != "channels_last":
        raise ModelError(f"{record.where}: data_format={config['data_format']!r} is not supported")
    if record.kind.startswith("Global"):
        values = _pooled(record, value, math.prod(value.shape[:-1]))
        # Flat also if keepdims, and for tools that otherwise keep dimensions of one.
        return builder.keras(
            builder.keras(value, record.kind, values, record.name, keepdims=True),
            "Flatten",
            values,
            f"{record.name}_flat",
        )
    options = {
        "pool_size": tuple(config["pool_size"]),
        "strides": tuple(config["strides"]),
        "padding": str(config["padding"]),
    }
    if options["padding"] == "same" and _overlaps(value.shape, options):
        raise ModelError(
            f"{record.where}: padding='same' beyond the edge is not supported; pad with zeros or use 'valid'"
        )
    return builder.keras(
        value, record.kind, _pooled(record, value, math.prod(options["pool_size"])), record.name, **options
    )


def _overlaps(shape: tuple[int, ...], options: dict[str, Any]) -> bool:
    """Whether a pool reaches beyond the edge."""
    return any(
        (math.ceil(size / step) - 1) * step + pool > size
        for size, step, pool in zip(shape[:-1], options["strides"], options["pool_size"], strict=True)
    )


def _pooled(record: LayerRecord, value: Value, count: int) -> ValueRange:
    if "Average" not in record.kind:
        return value.range
    shift = math.log2(count)
    if not shift.is_integer():
        raise ModelError(
            f"{record.where}: an average of {count} values is no fixed-point number; averages of 2, 4, 8, … are"
        )
    return ValueRange(value.range.low, value.range.high, value.range.fractional + int(shift))


def add_flatten(builder: Builder, record: LayerRecord, value: Value) -> Value:
    """Add a Flatten layer.

    Raises:
        ModelError: it would reorder the channels.
    """
    if record.config.get("data_format", "channels_last") != "channels_last":
        raise ModelError(f"{record.where}: data_format={record.config['data_format']!r} is not supported")
    return builder.keras(value, "Flatten", value.range, record.name)


def add_reshape(builder: Builder, record: LayerRecord, value: Value) -> Value:
    """Add a Reshape layer.

    Raises:
        ModelError: the sizes do not agree.
    """
    target, size = [int(entry) for entry in record.config["target_shape"]], math.prod(value.shape)
    if target.count(-1) == 1:
        target[target.index(-1)] = size // max(1, -math.prod(target))
    if math.prod(target) != size:
        raise ModelError(f"{record.where}: cannot bring shape {value.shape} to {tuple(record.config['target_shape'])}")
    return builder.keras(value, "Reshape", value.range, record.name, target_shape=tuple(target))


def add_sum(builder: Builder, record: LayerRecord, values: list[Value]) -> Value:
    """Add an Add layer, two tensors at a time.

    Raises:
        ModelError: the shapes differ.
    """
    total = values[0]
    for value in values[1:]:
        if value.shape != total.shape:
            raise ModelError(f"{record.where}: expected tensors of one shape, found {total.shape} and {value.shape}")
        low, high = total.range.low + value.range.low, total.range.high + value.range.high
        fraction = max(total.range.fractional, value.range.fractional)
        total = builder.merge([total, value], "Add", ValueRange(low, high, fraction), record.name)
    return total


def add_concatenation(builder: Builder, record: LayerRecord, values: list[Value]) -> Value:
    """Add a Concatenate layer along the last axis, two tensors at a time.

    Raises:
        ModelError: the other axes differ, or another axis is asked for.
    """
    axis = record.config.get("axis", -1)
    if axis not in (-1, len(values[0].shape)):
        raise ModelError(f"{record.where}: axis={axis!r} is not supported, the last axis is")
    joined = values[0]
    for value in values[1:]:
        if value.shape[:-1] != joined.shape[:-1]:
            raise ModelError(f"{record.where}: cannot join shapes {joined.shape} and {value.shape}")
        ranges = joined.range, value.range
        merged = ValueRange(
            min(entry.low for entry in ranges),
            max(entry.high for entry in ranges),
            max(entry.fractional for entry in ranges),
        )
        joined = builder.merge([joined, value], "Concatenate", merged, record.name, axis=-1)
    return joined
