"""Layers that alkaid 0.8 does not take, or takes wrongly. Importing the module registers them."""

import keras
import numpy as np
from alkaid.converter.builtin.keras.layers._base import ReplayOperationBase
from alkaid.trace import FVArray
from hgq._alkaid_keras_plugin._base import QLayerMixin, mirror_quantizer

from codesign.models.element_formats import addresses
from codesign.models.table_dense import TableDense


class ReplayReshape(ReplayOperationBase):  # type: ignore[misc]
    """``Reshape`` and ``Flatten`` that keep the leading axis of length 1, which alkaid's own drop."""

    handles = (keras.layers.Reshape, keras.layers.Flatten)

    def call(self, inputs: FVArray) -> FVArray:
        """The reshaped tensor."""
        return np.reshape(inputs, (1, *self.op.compute_output_shape(inputs.shape)[1:]))


class ReplayTableDense(QLayerMixin, ReplayOperationBase):  # type: ignore[misc]
    """``TableDense``: a look-up for every connection and the sums of them."""

    handles = (TableDense,)
    __input_quantizer_handled__ = True

    def call(self, inputs: FVArray) -> FVArray:
        """The sums, shape (1, units)."""
        shape = (*inputs.shape, self.op.units)
        quantised = mirror_quantizer(self.op.iq, np.broadcast_to(inputs[..., None], shape))
        lowest, highest, step = (part.ravel() for part in quantised.lhs)
        entries = []
        for index, variable in enumerate(np.asarray(quantised).ravel()):
            count = round((highest[index] - lowest[index]) / step[index]) + 1
            reached = np.linspace(lowest[index], highest[index], count)
            entries.append(variable.lookup(self._tables[index][addresses(self._formats[index], reached)]))
        looked_up = FVArray(np.array(entries).reshape(shape), inputs.solver_options, hwconf=inputs.hwconf)
        return np.sum(looked_up, axis=-2)

    def __init__(self, layer: TableDense) -> None:
        super().__init__(layer)
        self._formats, self._tables = layer.addresses(), layer.tables()
