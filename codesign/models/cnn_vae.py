"""Convolutional variational autoencoder over the map of an event's objects (arXiv:2108.03986)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.coders import Latent, Size, Sizes, map_decoder, map_encoder
from codesign.models.event_inputs import object_map
from codesign.models.network import Architecture, Network, Request
from codesign.models.quantizers import quantizer_scope
from codesign.models.scores import require_score
from codesign.models.variational import PARTS, decoder_is_deployed, variational
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        filters: filters of the encoder's convolutions, each three rows wide with a stride of two.
        latent: latent variables.
        decoder_filters: numbers the decoder makes for each row before its convolution.
        beta: weight of the divergence against the mean squared error of an input; None takes 3e-3 for the score "rz"
            and 1e-3 for others.
    """

    filters: Annotated[Sizes, Field(max_length=4)] = (8, 8)
    latent: Latent = 8
    decoder_filters: Size = 8
    beta: Annotated[float, Field(gt=0)] | None = None


def build(request: Request) -> Network:
    """Build the network: convolutions to μ and log σ², decoder from a sample of them back to the map."""
    keras = import_keras()
    require_score(request, "cnn_vae", PARTS)
    options: Options = request.options
    objects = object_map(request.contract, "cnn_vae")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        features = map_encoder(inputs, request.contract, objects, options.filters)
        decode = map_decoder(objects, options.decoder_filters, quantized=decoder_is_deployed(request))
        return variational(request, inputs, features, decode, latent=options.latent, beta=options.beta)


CNN_VAE = Architecture("anomaly", Options, build)
