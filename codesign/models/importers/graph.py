"""The network under construction: tensors with the range of their values, and the frozen HGQ2 layers that make them.

HGQ2 ships a module ``qkeras`` with layers under the names of QKeras. It is not used: importing ``qkeras.qlayers``
replaces the constructors of HGQ2's own layers for the whole process (no EBOPs, no default quantisers), and it knows
neither ``alpha='auto'`` nor ternary, binary, power-of-two, tanh or sigmoid quantisers.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.fixed_point import FixedPoint
from codesign.models.importers.ranges import ValueRange, format_of, fraction_of

RESHAPING = ("Flatten", "Reshape")
PLAIN = {"enable_iq": False, "enable_oq": False, "enable_ebops": False}  # quantisers stand alone


@dataclass(frozen=True)
class Value:
    """A tensor of the network.

    Attributes:
        tensor: Keras tensor.
        range: values it can take.
        quantized: whether nothing but a change of shape stands between it and a quantiser.
    """

    tensor: Any
    range: ValueRange
    quantized: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(self.tensor.shape[1:])


@dataclass
class Builder:
    """Adds layers to the network.

    Attributes:
        notes: what the user should know about the conversion.
    """

    notes: list[str] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _input: Any = None

    def start(self, size: int, values: ValueRange) -> Value:
        """Make the flat input."""
        import keras

        self._input = keras.Input((size,), name=self.name("inputs"))
        return Value(self._input, values)

    def network(self, output: Value) -> Any:
        """The network up to a tensor, made flat, as ``keras.Model``."""
        import keras

        if len(output.shape) > 1:
            output = self.keras(output, "Flatten", output.range, "scores_flat")
        return keras.Model(self._input, output.tensor, name="imported")

    def name(self, wanted: str) -> str:
        """A free name that is also one in C++."""
        clean = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        clean = clean if clean[:1].isalpha() else f"layer_{clean}"
        free, number = clean, 1
        while free in self._names:
            number += 1
            free = f"{clean}_{number}"
        self._names.add(free)
        return free

    def keras(self, value: Value, kind: str, values: ValueRange, name: str, **options: Any) -> Value:
        """Add a layer of Keras by its class."""
        import keras

        layer = getattr(keras.layers, kind)(name=self.name(name), **options)
        return Value(layer(value.tensor), values, value.quantized and kind in RESHAPING)

    def merge(self, values: list[Value], kind: str, merged: ValueRange, name: str, **options: Any) -> Value:
        """Add a layer of Keras that takes two tensors."""
        import keras

        layer = getattr(keras.layers, kind)(name=self.name(name), **options)
        return Value(layer([value.tensor for value in values]), merged)

    def quantize(self, value: Value, fixed: FixedPoint, name: str) -> Value:
        """Add a quantiser of one fixed format.

        hls4ml keeps only one of two quantisers in a row. A second one works on twice the value, which costs nothing.
        """
        from hgq.quantizer import Quantizer

        if value.quantized:
            double = self.affine(value, 2.0, 0.0, f"{name}_double")
            rounded = self.quantize(double, replace(fixed, integer=fixed.integer + 1), name)
            return self.affine(rounded, 0.5, 0.0, f"{name}_half")
        layer = Quantizer(config=frozen(fixed, "datalane"), name=self.name(name))
        return Value(layer(value.tensor), value.range.through(fixed), quantized=True)

    def linear(
        self,
        value: Value,
        kind: str,
        weights: tuple[NDArray[np.float32], NDArray[np.float32]],
        values: ValueRange,
        name: str,
        formats: tuple[FixedPoint, FixedPoint] | None = None,
        **options: Any,
    ) -> Value:
        """Add a layer of HGQ2 with kernel and bias, which are fixed-point already; absent formats are the narrowest."""
        import hgq.layers

        kernel, bias = weights
        of_kernel, of_bias = formats or (format_of(kernel), format_of(bias))
        layer = getattr(hgq.layers, kind)(
            **options,
            **PLAIN,
            name=self.name(name),
            kq_conf=frozen(of_kernel, "weight"),
            bq_conf=frozen(of_bias, "bias"),
        )
        tensor = layer(value.tensor)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
        return Value(tensor, values)

    def affine(self, value: Value, scale: ArrayLike, offset: ArrayLike, name: str) -> Value:
        """Add ``scale * value + offset``, fixed-point numbers per channel or one for all."""
        from hgq.layers import QBatchNormalization

        channels = value.shape[-1:]
        factors, shifts = (np.broadcast_to(np.asarray(entry, np.float32), channels) for entry in (scale, offset))
        layer = QBatchNormalization(
            epsilon=0.0,  # with mean 0 and variance 1 the scale is gamma itself
            **PLAIN,
            name=self.name(name),
            kq_conf=frozen(format_of(factors), "weight"),
            bq_conf=frozen(format_of(shifts), "bias"),
        )
        tensor = layer(value.tensor)
        layer.bn_gamma.assign(factors)
        layer.bn_beta.assign(shifts)
        ends = [factors * value.range.low + shifts, factors * value.range.high + shifts]
        fraction = max(value.range.fractional + fraction_of(factors), fraction_of(shifts))
        return Value(tensor, ValueRange(float(np.min(ends)), float(np.max(ends)), fraction))


def frozen(fixed: FixedPoint, place: str) -> Any:
    """HGQ2 quantiser of one fixed format for a whole tensor."""
    from hgq.quantizer import QuantizerConfig

    negative, integer, fractional = fixed.kif
    return QuantizerConfig(
        "kif",
        place,
        k0=negative,
        i0=integer,
        f0=fractional,
        round_mode=fixed.rounding,
        overflow_mode=fixed.overflow,
        ic=None,
        ir=None,
        fc=None,
        fr=None,
        homogeneous_axis=None,
        heterogeneous_axis=(),
        trainable=False,
    )
