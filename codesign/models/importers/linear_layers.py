"""Dense, convolution and batch normalisation, quantised or not, as HGQ2 layers with fixed-point weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.models.importers.activations import add_activation
from codesign.models.importers.graph import Builder, Value
from codesign.models.importers.keras2_file import LayerRecord
from codesign.models.importers.quantizer_specs import QuantizerSpec, read_quantizer
from codesign.models.importers.ranges import round_weights, sum_range
from codesign.models.importers.weight_quantizers import quantize_weights

Weights = NDArray[np.float32]

LINEAR = {"Dense": 0, "QDense": 0, "Conv1D": 1, "QConv1D": 1, "Conv2D": 2, "QConv2D": 2}  # spatial dimensions
NORMALIZATIONS = ("BatchNormalization", "QBatchNormalization")


@dataclass(frozen=True)
class Folding:
    """Batch normalisations that a layer absorbs in its weights.

    Attributes:
        before: the one in front of it.
        after: the one behind it.
    """

    before: LayerRecord | None = None
    after: LayerRecord | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(record.name for record in (self.before, self.after) if record is not None)


def absorbs_before(record: LayerRecord) -> bool:
    """Whether a batch normalisation in front of a layer can be folded into it: not where zeros are padded behind it."""
    return record.kind in LINEAR and record.config.get("padding", "valid") == "valid"


def add_linear(builder: Builder, record: LayerRecord, value: Value, folding: Folding) -> Value:
    """Add a Dense or convolution layer.

    Args:
        builder: the network.
        record: the layer.
        value: its input.
        folding: batch normalisations to fold into the weights.

    Raises:
        ModelError: an option is not supported, or the weights do not fit.
    """
    dimensions = LINEAR[record.kind]
    if dimensions and len(value.shape) != dimensions + 1:  # a Dense layer acts on the last axis of any
        raise ModelError(f"{record.where}: expected an input of {dimensions + 1} dimensions, found shape {value.shape}")
    options, shape = _options(record, dimensions)
    kernel, bias = _weights(record, (*shape[:-1], value.shape[-1], shape[-1]))
    kernel, bias = _fold(kernel, bias, folding)
    where = record.where + (f", {' and '.join(folding.names)} folded into it" if folding.names else "")
    inputs = value.range.with_zero() if options.get("padding") == "same" else value.range
    kernel, bias, note = round_weights(kernel, bias, inputs, where)
    if note is not None:
        builder.notes.append(note)
    kind = f"QConv{dimensions}D" if dimensions else "QDense"
    result = builder.linear(value, kind, (kernel, bias), sum_range(kernel, bias, inputs), record.name, **options)
    return add_activation(builder, result, activation_of(record), f"{record.name}_activation", record.where)


def _fold(kernel: Weights, bias: Weights, folding: Folding) -> tuple[Weights, Weights]:
    wide, offset = kernel.astype(np.float64), bias.astype(np.float64)
    if folding.before is not None:
        scale, shift = scale_and_offset(folding.before, kernel.shape[-2])
        offset = offset + (wide * shift[:, None]).reshape(-1, kernel.shape[-1]).sum(axis=0)
        wide = wide * scale[:, None]
    if folding.after is not None:
        scale, shift = scale_and_offset(folding.after, kernel.shape[-1])
        wide, offset = wide * scale, offset * scale + shift
    return wide.astype(np.float32), offset.astype(np.float32)


def activation_of(record: LayerRecord) -> QuantizerSpec | None:
    """The activation inside a layer."""
    return read_quantizer(record.config.get("activation"), f"{record.where}: activation")


def _options(record: LayerRecord, dimensions: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Options of the layer, and the shape of its kernel without the input channels."""
    config = record.config
    if dimensions == 0:
        return {"units": int(config["units"])}, (int(config["units"]),)
    for option, value in (
        ("data_format", "channels_last"),
        ("groups", 1),
        ("dilation_rate", [1] * dimensions),
    ):
        if config.get(option, value) != value:
            raise ModelError(f"{record.where}: {option}={config[option]!r} is not supported, {value!r} is")
    if config["padding"] not in ("valid", "same"):
        raise ModelError(f"{record.where}: padding={config['padding']!r} is not supported, 'valid' and 'same' are")
    size = tuple(int(entry) for entry in config["kernel_size"])
    options = {
        "filters": int(config["filters"]),
        "kernel_size": size,
        "strides": tuple(int(entry) for entry in config["strides"]),
        "padding": str(config["padding"]),
    }
    return options, (*size, int(config["filters"]))


def _weights(record: LayerRecord, shape: tuple[int, ...]) -> tuple[Weights, Weights]:
    """Kernel and bias as the layer computes with them; a layer without bias has one of zeros."""
    kernel = _quantized(record, "kernel", shape, kernel=True)
    if not record.config.get("use_bias", True):
        return kernel, np.zeros(shape[-1:], np.float32)
    return kernel, _quantized(record, "bias", shape[-1:], kernel=False)


def _quantized(record: LayerRecord, name: str, shape: tuple[int, ...], *, kernel: bool) -> Weights:
    where = f"{record.where}: {name}"
    spec = read_quantizer(record.config.get(f"{name}_quantizer"), f"{where}_quantizer")
    return quantize_weights(record.weight(name, shape), spec, where, kernel=kernel)


def add_normalization(builder: Builder, record: LayerRecord, value: Value, most_bits: int) -> Value:
    """Add a batch normalisation that is not folded: one scale and one offset per channel.

    Args:
        builder: the network.
        record: the layer.
        value: its input.
        most_bits: bits that its output may have.

    Raises:
        ModelError: it does not normalise the last axis, or the weights do not fit.
    """
    channels = value.shape[-1]
    scale, offset = scale_and_offset(record, channels, rank=len(value.shape))
    # One weight per output: the sums of a matrix with the scales on its diagonal.
    scale, offset, note = round_weights(scale[None, :], offset, value.range, record.where, most_bits=most_bits)
    if note is not None:
        builder.notes.append(note)
    return builder.affine(value, scale[0], offset, record.name)


def scale_and_offset(record: LayerRecord, channels: int, rank: int | None = None) -> tuple[Weights, Weights]:
    """What a batch normalisation does at inference, as ``scale * x + offset``.

    Args:
        record: the layer, of Keras or QKeras; QKeras quantises each of the four statistics.
        channels: size of the last axis.
        rank: dimensions of the input without the batch, to read a positive axis.

    Raises:
        ModelError: another axis is normalised, or weights are missing or make no sense.
    """
    config = record.config
    axis = config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis != -1 and rank is not None and axis != rank:
        raise ModelError(f"{record.where}: axis={config['axis']!r} is not supported, the last axis is")
    mean, variance = _statistic(record, "moving_mean", channels), _statistic(record, "moving_variance", channels)
    gamma = _statistic(record, "gamma", channels) if config.get("scale", True) else np.ones_like(mean)
    beta = _statistic(record, "beta", channels) if config.get("center", True) else np.zeros_like(mean)
    wide = variance.astype(np.float64) + float(config["epsilon"])
    if not (wide > 0).all():
        raise ModelError(f"{record.where}: the variance of a channel is not positive")
    scale = gamma / np.sqrt(wide)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)


_STATISTIC_QUANTIZERS: Mapping[str, tuple[str, bool]] = {  # option, and whether QKeras fits a scale where none is given
    "gamma": ("gamma_quantizer", True),
    "beta": ("beta_quantizer", False),
    "moving_mean": ("mean_quantizer", False),
    "moving_variance": ("variance_quantizer", True),
}


def _statistic(record: LayerRecord, name: str, channels: int) -> Weights:
    option, fitted = _STATISTIC_QUANTIZERS[name]
    spec = read_quantizer(record.config.get(option), f"{record.where}: {option}")
    return quantize_weights(record.weight(name, (channels,)), spec, f"{record.where}: {name}", kernel=fitted)
