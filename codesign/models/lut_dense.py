"""LUT-dense network on high-level features: every connection of two layers is a learned table (HGQ-LUT).

A table takes one value of a few bits and gives one of a few bits, so it fills a handful of the FPGA's own LUTs, and a
neuron adds up its tables. While training, a table is a small network of one hidden layer.
"""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import Sizes, require_trained_widths
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of each hidden layer.
        table_hidden: hidden neurons of the small network that a table is while training.
    """

    hidden: Annotated[Sizes, Field(min_length=1)] = (16,)
    table_hidden: Annotated[int, Field(ge=1, le=64)] = 8


def build(request: Request) -> Network:
    """Build the network: layers of tables from all inputs to the logits."""
    keras = import_keras()
    from codesign.models.table_dense import TableDense

    options: Options = request.options
    require_trained_widths(request.quantization, "lut_dense")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    tensor = inputs
    with quantizer_scope(request.quantization):
        for index, units in enumerate(options.hidden, start=1):
            tensor = TableDense(units, options.table_hidden, name=f"tables_{index}")(tensor)
        logits = TableDense(request.outputs, options.table_hidden, name="scores")(tensor)
    return classifier(inputs, logits, "lut_dense")


LUT_DENSE = Architecture("classification", Options, build)
