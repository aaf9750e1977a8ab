"""Layers that alkaid 0.8 does not take, or takes wrongly. Importing the module registers them."""

import keras
import numpy as np
from alkaid.converter.builtin.keras.layers._base import ReplayOperationBase
from alkaid.trace import FVArray


class ReplayReshape(ReplayOperationBase):  # type: ignore[misc]
    """``Reshape`` and ``Flatten`` that keep the leading axis of length 1, which alkaid's own drop."""

    handles = (keras.layers.Reshape, keras.layers.Flatten)

    def call(self, inputs: FVArray) -> FVArray:
        """The reshaped tensor."""
        return np.reshape(inputs, (1, *self.op.compute_output_shape(inputs.shape)[1:]))
