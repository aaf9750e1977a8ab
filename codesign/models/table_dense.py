"""Layer whose every connection is a learned table, for firmware made of the FPGA's own LUTs (HGQ-LUT).

While training, a table is a network of one hidden layer with tanh of a quantised value; its result is quantised too.
The layer does what ``QDenseT`` of HGQ2 does, and adds what equal integers need: floating-point results differ in the
last digit between compiled and interpreted code, which moves a table entry that happens to lie on the edge between two
roundings. So whenever the ranges are traced (``hgq.utils.trace_minmax``), every table is shifted by a small part of its
step until none of its entries is near an edge (``settle``).
"""

from typing import Any

import keras
import numpy as np
from hgq.config import QuantizerConfig
from hgq.constraints import MinMax
from hgq.layers.core.base import QLayerBaseSingleInput
from hgq.quantizer import Quantizer
from keras import ops
from numpy.typing import NDArray

from codesign.fixed_point import FixedPoint
from codesign.models.element_formats import element_formats, quantized, values_by_address

Tensor = Any
MARGIN = 1e-3  # of a step, between an entry and the nearest edge; float32 errs by less than 1e-4 of it
LUT_INPUTS = 6  # of the LUTs of AMD devices, which hold one table of six or two of five inputs


@keras.saving.register_keras_serializable(package="codesign")
class TableDense(QLayerBaseSingleInput):  # type: ignore[misc]
    """Sum of tables: shape (n, inputs) to (n, units).

    Attributes:
        units: neurons.
        hidden: hidden neurons of the network that a table is while training.
    """

    def __init__(
        self,
        units: int,
        hidden: int = 8,
        iq_conf: QuantizerConfig | None = None,
        toq_conf: QuantizerConfig | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(iq_conf=iq_conf or _address(), **kwargs)
        self.units = units
        self.hidden = hidden
        self._toq = Quantizer(toq_conf or _entries(), name=f"{self.name}_toq")

    @property
    def toq(self) -> Any:
        """Quantiser of the entries, one format for each table."""
        return self._toq

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        edges = (int(input_shape[-1] or 0), self.units)
        self.iq.build((None, *edges))
        self.toq.build((None, *edges))
        wide, spread = (*edges, self.hidden), keras.initializers.RandomNormal
        self.slope = self.add_weight(shape=wide, initializer=spread(stddev=1.0), name="slope")
        self.shift = self.add_weight(shape=wide, initializer=spread(stddev=0.5), name="shift")
        scale = (edges[0] * self.hidden) ** -0.5
        self.gain = self.add_weight(shape=wide, initializer=spread(stddev=scale), name="gain")
        self.offset = self.add_weight(shape=edges, initializer="zeros", name="offset")
        super().build(input_shape)

    def repeated(self, inputs: Tensor) -> Tensor:
        """What the input quantiser takes, shape (n, inputs, units): every value once for each of its tables."""
        return ops.repeat(inputs[..., None], self.units, axis=-1)

    def call(self, inputs: Tensor, training: Any = None) -> Tensor:
        """The sums, shape (n, units)."""
        address = self.iq(self.repeated(inputs), training=training)
        if training == "tracing":
            self.settle()
        entries = ops.sum(ops.tanh(address[..., None] * self.slope + self.shift) * self.gain, axis=-1) + self.offset
        return ops.sum(self.toq(entries, training=training), axis=1)

    def addresses(self) -> list[FixedPoint | None]:
        """Format of the value that each table is asked for, unit by unit within an input."""
        return element_formats(self.iq, self.offset.shape)

    def tables(self) -> list[NDArray[np.float64]]:
        """Entries of every table, in the order of ``values_by_address``."""
        formats = element_formats(self.toq, self.offset.shape)
        return [quantized(fmt, raw) for fmt, raw in zip(formats, self._raw_tables(), strict=True)]

    def settle(self) -> None:
        """Shift every table by a small part of its step, so that no entry is within ``MARGIN`` of an edge."""
        offset = ops.convert_to_numpy(self.offset).ravel().copy()
        formats = element_formats(self.toq, self.offset.shape)
        for index, (raw, fmt) in enumerate(zip(self._raw_tables(), formats, strict=True)):
            if fmt is not None:
                offset[index] += shift_off_edges(raw / fmt.lsb) * fmt.lsb
        self.offset.assign(offset.reshape(self.offset.shape))

    def _raw_tables(self) -> list[NDArray[np.float64]]:
        weights = [ops.convert_to_numpy(weight) for weight in (self.slope, self.shift, self.gain)]
        slope, shift, gain = (weight.astype(np.float64).reshape(-1, self.hidden) for weight in weights)
        offset = ops.convert_to_numpy(self.offset).ravel()
        return [
            np.tanh(values_by_address(fmt)[:, None] * slope[index] + shift[index]) @ gain[index] + offset[index]
            for index, fmt in enumerate(self.addresses())
        ]

    def _compute_ebops(self, shape: tuple[int, ...]) -> Tensor:
        """LUTs of the tables and of the sums.

        A table of m input bits takes 2^(m - 6) LUTs for every bit of its entries, and below that a part of one.
        """
        edges = (1, *self.offset.shape)
        inputs, entries = self.iq.fbits_(edges), self.toq.fbits_(edges)
        entries = entries * ops.cast(self.toq.bits_(edges) > 0, entries.dtype)
        small = LUT_INPUTS - 1
        luts = ops.where(inputs >= small, 2.0 ** (inputs - LUT_INPUTS), inputs / small / 2.0)
        return ops.sum(luts * entries) + ops.sum(entries)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        own = {"units": self.units, "hidden": self.hidden, "toq_conf": self.toq.config}
        return {**super().get_config(), **keras.saving.serialize_keras_object(own)}


def shift_off_edges(values: NDArray[np.float64]) -> float:
    """The smallest shift after which no value is within ``MARGIN`` of a half-integer, or the best there is.

    Args:
        values: entries of a table before rounding, in steps.

    Returns:
        The shift in steps, at most half of one.
    """
    edges = np.sort(np.mod(0.5 - values, 1.0))  # shifts that put a value on an edge
    following = np.append(edges[1:], edges[0] + 1.0)
    gap, middle = following - edges, (following + edges) / 2.0
    free = gap >= 2 * MARGIN
    if not free.any():
        free = gap == gap.max()
    # The nearest point to zero within each gap, seen from both sides of the circle.
    lowest, highest = edges[free] + MARGIN, following[free] - MARGIN
    lowest, highest = np.minimum(lowest, middle[free]), np.maximum(highest, middle[free])
    candidates = np.concatenate([np.clip(turn, lowest, highest) - turn for turn in (0.0, 1.0)])
    return float(candidates[np.argmin(np.abs(candidates))])


def _address() -> QuantizerConfig:
    """A format of its own for every table; short, since a table doubles with every bit."""
    return QuantizerConfig(place="datalane", q_type="kif", overflow_mode="WRAP", f0=3, fc=MinMax(-8, 8))


def _entries() -> QuantizerConfig:
    """A format of its own for every table; saturating, which costs nothing in a table."""
    return QuantizerConfig(
        place="table", q_type="kbi", homogeneous_axis=(0,), overflow_mode="SAT_SYM", round_mode="RND", bc=MinMax(0, 10)
    )
