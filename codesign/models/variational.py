"""What the variational autoencoders share: posterior, sampling, decoder, scores."""

from typing import Any

from codesign.models.coders import Coder
from codesign.models.losses import variational_loss
from codesign.models.network import Network, Request
from codesign.models.scores import detector

Tensor = Any
PARTS = ("mean", "log_variance", "reconstruction")
BETA = 1e-3
# With 1e-3 μ/σ saturates in 11 % of the background of the shipped events; with 1e-2 the detector is worse (AUC of
# A → 4ℓ .53 instead of .67).
BETA_OF_SCORE = {"rz": 3e-3}


def decoder_is_deployed(request: Request) -> bool:
    """Whether the decoder becomes firmware; if not, it stays a float network that only the training needs."""
    return request.score == "reconstruction"


def variational(
    request: Request, inputs: Tensor, features: Tensor, decode: Coder, *, latent: int, beta: float | None
) -> Network:
    """Put posterior, decoder and scores on the features of an encoder; call it where quantisers are configured.

    Args:
        request: what the network is built for.
        inputs: input tensor, shape (n, inputs).
        features: what the encoder made of it, shape (n, features).
        decode: the decoder.
        latent: latent variables.
        beta: weight of the divergence; None takes `BETA`, or that of the score.
    """
    import keras
    from hgq.layers import QDense

    from codesign.models.random_layers import Sample

    mean = QDense(latent, name="mean")(features)
    # Its cost counts where it becomes firmware.
    variance_layer = QDense(latent, enable_ebops=request.score in ("kl", "rz"), name="log_variance")
    log_variance = variance_layer(features)
    sampled = decode(Sample(name="sample")([mean, log_variance]))
    output = keras.layers.Concatenate(name="posterior_and_reconstruction")([mean, log_variance, sampled])
    parts = {"mean": mean, "log_variance": log_variance, "reconstruction": decode(mean)}
    weight = BETA_OF_SCORE.get(request.score, BETA) if beta is None else beta
    return detector(request, inputs, parts, output, variational_loss(request.contract, latent, weight))
