"""Dense variational autoencoder, of which only the encoder becomes firmware (arXiv:2108.03986, arXiv:2411.19506)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.coders import Latent, Sizes, dense_decoder, dense_encoder
from codesign.models.network import Architecture, Network, Request
from codesign.models.quantizers import quantizer_scope
from codesign.models.scores import require_score
from codesign.models.variational import PARTS, decoder_is_deployed, variational
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of the encoder's hidden layers.
        latent: latent variables.
        decoder: neurons of the decoder's hidden layers.
        beta: weight of the divergence against the mean squared error of an input; None takes 3e-3 for the score "rz"
            and 1e-3 for others.
    """

    hidden: Sizes = (28, 15)
    latent: Latent = 8
    decoder: Sizes = (24, 32, 64)
    beta: Annotated[float, Field(gt=0)] | None = None


def build(request: Request) -> Network:
    """Build the network: encoder to μ and log σ², decoder from a sample of them."""
    keras = import_keras()
    require_score(request, "vae", PARTS)
    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        features = dense_encoder(options.hidden)(inputs)
        decode = dense_decoder(options.decoder, inputs.shape[1], quantized=decoder_is_deployed(request))
        return variational(request, inputs, features, decode, latent=options.latent, beta=options.beta)


VAE = Architecture("anomaly", Options, build)
