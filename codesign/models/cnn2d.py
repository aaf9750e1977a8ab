"""Two-dimensional convolutions over an image: calorimeter towers, or the map of particles × columns.

An image is not made in the network: with free coordinates every particle would need a decoder for every pixel. The
inputs are the pixels themselves, row by row, as a trigger's calorimeter sends them. Particles can be taken as a map of
slots × columns, as the convolutional autoencoders of arXiv:2108.03986 take their objects.
"""

from typing import Annotated

from pydantic import Field

from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models.backend import import_keras
from codesign.models.convolution import require_fitting_layers
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import Sizes, Widths, activation_widths, head, object_slots
from codesign.sections import Section

Length = Annotated[int, Field(ge=1, le=256)]
Window = Annotated[tuple[Length, ...], Field(min_length=2, max_length=2)]


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        height: rows of the image; absent means the slots of the only block of objects.
        width: columns of the image; absent means the columns of that block. The inputs are height × width × channels.
        filters: channels of each convolution.
        kernel: rows and columns that one output looks at, for each convolution.
        strides: rows and columns from one output to the next, for each convolution.
        dense: neurons of each hidden layer after the convolutions.
        widths: activations of each pixel ("per_particle"), or of all pixels alike ("shared").
    """

    height: Length | None = None
    width: Length | None = None
    filters: Annotated[Sizes, Field(min_length=1)] = (8, 8)
    kernel: Annotated[tuple[Window, ...], Field(min_length=1)] = ((3, 3), (3, 1))
    strides: Annotated[tuple[Window, ...], Field(min_length=1)] = ((1, 1), (2, 1))
    dense: Sizes = (32,)
    widths: Widths = "per_particle"


def build(request: Request) -> Network:
    """Build the network: convolutions without padding, then dense layers to the logits."""
    keras = import_keras()
    from hgq.layers import QConv2D

    options: Options = request.options
    shape = _image_shape(options, request.contract)
    require_fitting_layers(shape[:2], options.filters, options.kernel, options.strides)
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths, axes=2):
            image = keras.layers.Reshape(shape, name="image")(inputs)
            layers = zip(options.filters, options.kernel, options.strides, strict=True)
            for index, (filters, kernel, stride) in enumerate(layers, start=1):
                image = QConv2D(filters, kernel, strides=stride, activation="relu", name=f"conv_{index}")(image)
        logits = head(keras.layers.Flatten(name="flat")(image), options.dense, request.outputs)
    return classifier(inputs, logits, "cnn2d")


def _image_shape(options: Options, contract: InputContract) -> tuple[int, int, int]:
    """Rows, columns and channels; the channels of a pixel lie side by side in the inputs.

    Raises:
        ConfigError: the inputs are no such image.
    """
    if options.height is None and options.width is None:
        slots = object_slots(contract, "cnn2d")
        return slots.slots, slots.columns, 1
    if options.height is None or options.width is None:
        raise ConfigError("model: expected both height and width of the image, or neither, got one of them")
    pixels, inputs = options.height * options.width, len(contract.inputs)
    if inputs % pixels:
        raise ConfigError(
            f"model.height, model.width: {options.height} × {options.width} = {pixels} pixels do not divide the "
            f"{inputs} inputs into channels; state the shape of the block in [data.blocks] that is the image"
        )
    return options.height, options.width, inputs // pixels


CNN2D = Architecture("classification", Options, build)
