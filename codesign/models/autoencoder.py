"""Dense autoencoder: what it cannot rebuild is anomalous (arXiv:2108.03986). Encoder and decoder become firmware."""

from codesign.models.backend import import_keras
from codesign.models.coders import Latent, Sizes, dense_decoder, dense_encoder
from codesign.models.losses import reconstruction_loss
from codesign.models.network import Architecture, Network, Request
from codesign.models.quantizers import quantizer_scope
from codesign.models.scores import detector, require_score
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of the encoder's hidden layers.
        latent: neurons of the narrowest layer.
        decoder: neurons of the decoder's hidden layers.
    """

    hidden: Sizes = (28, 15)
    latent: Latent = 8
    decoder: Sizes = (15, 28)


def build(request: Request) -> Network:
    """Build the network: inputs to the narrowest layer and back."""
    keras = import_keras()
    require_score(request, "autoencoder", ("reconstruction",))
    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        latent = dense_encoder(options.hidden, options.latent)(inputs)
        rebuilt = dense_decoder(options.decoder, inputs.shape[1], quantized=True)(latent)
        loss = reconstruction_loss(request.contract)
        return detector(request, inputs, {"reconstruction": rebuilt}, rebuilt, loss)


AUTOENCODER = Architecture("anomaly", Options, build)
