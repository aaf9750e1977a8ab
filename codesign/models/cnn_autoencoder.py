"""Convolutional autoencoder over the map of an event's objects (arXiv:2108.03986)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.coders import Latent, Size, Sizes, map_decoder, map_encoder
from codesign.models.event_inputs import object_map
from codesign.models.losses import reconstruction_loss
from codesign.models.network import Architecture, Network, Request
from codesign.models.quantizers import quantizer_scope
from codesign.models.scores import detector, require_score
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        filters: filters of the encoder's convolutions, each three rows wide with a stride of two.
        latent: neurons of the narrowest layer.
        decoder_filters: numbers the decoder makes for each row before its convolution.
    """

    filters: Annotated[Sizes, Field(max_length=4)] = (8, 8)
    latent: Latent = 8
    decoder_filters: Size = 4


def build(request: Request) -> Network:
    """Build the network: convolutions to the narrowest layer, dense layer and convolution back to the map."""
    keras = import_keras()
    from hgq.layers import QDense

    require_score(request, "cnn_autoencoder", ("reconstruction",))
    options: Options = request.options
    objects = object_map(request.contract, "cnn_autoencoder")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        features = map_encoder(inputs, request.contract, objects, options.filters)
        latent = QDense(options.latent, name="latent")(features)
        rebuilt = map_decoder(objects, options.decoder_filters, quantized=True)(latent)
        loss = reconstruction_loss(request.contract)
        return detector(request, inputs, {"reconstruction": rebuilt}, rebuilt, loss)


CNN_AUTOENCODER = Architecture("anomaly", Options, build)
