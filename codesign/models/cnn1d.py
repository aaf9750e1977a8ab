"""One-dimensional convolutions over the ordered particles of a jet; the columns of a particle are the channels."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.convolution import require_fitting_layers
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import Sizes, Widths, activation_widths, as_slots, head, object_slots
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        filters: channels of each convolution.
        kernel: particles that one output looks at, for each convolution; as many entries as ``filters``.
        strides: particles from one output to the next, likewise.
        dense: neurons of each hidden layer after the convolutions.
        widths: activations of each slot ("per_particle"), or of all alike ("shared").
    """

    filters: Annotated[Sizes, Field(min_length=1)] = (16, 16)
    kernel: Annotated[Sizes, Field(min_length=1)] = (3, 3)
    strides: Annotated[Sizes, Field(min_length=1)] = (1, 2)
    dense: Sizes = (32,)
    widths: Widths = "per_particle"


def build(request: Request) -> Network:
    """Build the network: convolutions without padding, then dense layers to the logits."""
    keras = import_keras()
    from hgq.layers import QConv1D

    options: Options = request.options
    slots = object_slots(request.contract, "cnn1d")
    kernel, strides = [(length,) for length in options.kernel], [(length,) for length in options.strides]
    require_fitting_layers((slots.slots,), options.filters, kernel, strides)
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths):
            particles = as_slots(inputs, slots)
            layers = zip(options.filters, options.kernel, options.strides, strict=True)
            for index, (filters, length, stride) in enumerate(layers, start=1):
                layer = QConv1D(filters, length, strides=stride, activation="relu", name=f"conv_{index}")
                particles = layer(particles)
        logits = head(keras.layers.Flatten(name="flat")(particles), options.dense, request.outputs)
    return classifier(inputs, logits, "cnn1d")


CNN1D = Architecture("classification", Options, build)
