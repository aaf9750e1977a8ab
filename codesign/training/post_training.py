"""Post-training quantisation: a network trained with wide numbers is rounded to given widths."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from codesign.config import LayerQuantization, QuantizationSection
from codesign.errors import ModelError
from codesign.models.network import Network
from codesign.training.calibration import calibrate
from codesign.training.sample import Sample
from codesign.training.widths import Width, freeze, layer_settings, refuse_keys, set_format, widths


@dataclass(frozen=True)
class Rounding:
    """What post-training quantisation cost.

    Attributes:
        wide_quality: what the training maximised, on the validation split, with wide numbers.
        quality: the same after rounding.
        wide_ebops: effective bit operations with wide numbers.
        ebops: the same after rounding.
    """

    wide_quality: float
    quality: float
    wide_ebops: float
    ebops: float


PASSES = 32  # of the calibration, each with the rounding that the one before has set


def prepare_wide(network: Network, section: QuantizationSection) -> None:
    """Check the settings of single layers and freeze the wide numbers for the training.

    Raises:
        ConfigError: a layer is unknown, or has a setting of another method.
    """
    keys = ("weights", "biases", "activations")
    bits = ("weight_bits", "activation_bits")
    refuse_keys(section, (*keys, *bits) if section.method == "float" else keys, bits * (section.method == "ptq"))
    layer_settings(network, section)
    freeze(network)


def round_widths(network: Network, train: Sample, section: QuantizationSection) -> float:
    """Round weights and activations to the configured widths, binary points from the data.

    Weights have one binary point for each output of a layer (arXiv:1806.08342), the smallest that holds
    the largest weight; activations the smallest that holds all training rows, feature by feature.

    Args:
        network: trained with wide numbers.
        train: training rows, with the saturated ones.
        section: the widths.

    Returns:
        EBOPs of the deployed network.

    Raises:
        ModelError: rounding one layer moves the range of the next one again and again.
    """
    settings = layer_settings(network, section)
    for width in widths(network):
        if width.place != "datalane":
            _round_weights(width, settings[width.layer.name].weight_bits or section.weight_bits)
    ebops = calibrate(network, train)
    for _ in range(PASSES):
        if not _narrow(network, section, settings):
            return ebops
        # Coarser numbers can round up beyond a range: it may only grow, so that this ends.
        ebops = calibrate(network, train, reset=False)
    raise ModelError(
        f"quantization: the ranges of the activations do not settle within {PASSES} passes over the training rows; "
        "raise quantization.activation_bits"
    )


def _round_weights(width: Width, bits: int) -> None:
    """Symmetric formats of so many bits, each with the largest weight of its output in range."""
    for values in _values(width):
        largest = np.abs(values).max(axis=tuple(range(values.ndim - 1)), keepdims=True)
        shaped = width.quantizer.bw_mapper.x_to_bw_absmax(np.broadcast_to(largest, values.shape))
        integer = smallest_integer(ops.convert_to_numpy(shaped), bits - 1)
        set_format(width.quantizer, 1, integer, bits - 1 - integer)


def _values(width: Width) -> list[NDArray[Any]]:
    """The weights a quantiser rounds."""
    for part in width.layer._flatten_layers():
        for quantizer, name in (("_kq", "_kernel"), ("_kq", "kernel"), ("_bq", "bias")):
            outer = getattr(part, quantizer, None)
            if getattr(outer, "quantizer", None) is width.quantizer and getattr(part, name, None) is not None:
                return [np.asarray(ops.convert_to_numpy(getattr(part, name)))]
    return []


def smallest_integer(largest: NDArray[Any], bits: int) -> NDArray[Any]:
    """Fewest integer bits i for which values up to ``largest`` fit (2**bits - 1) steps of 2**(i - bits) after rounding.

    The format of zeros alone is the one of numbers up to one.
    """
    steps = 2.0**bits - 0.5  # values up to half a step beyond the last code round to it
    safe = np.where(largest > 0, largest, 0.5)
    return np.asarray(np.ceil(np.log2(safe / steps) + bits))


def _narrow(network: Network, section: QuantizationSection, settings: dict[str, LayerQuantization]) -> bool:
    """Give every activation fractional bits up to its width; whether any changed."""
    changed = False
    for width in widths(network):
        if width.place != "datalane":
            continue
        bits = settings[width.layer.name].activation_bits or section.activation_bits
        signed, integer, fractional = (np.asarray(ops.convert_to_numpy(part)) for part in width.quantizer.kif)
        used = signed + integer + fractional > 0
        wanted = np.where(used, np.minimum(fractional, bits - signed - integer), fractional)
        changed |= bool((wanted != fractional).any())
        set_format(width.quantizer, signed, integer, wanted)
    return changed
