"""Embedding learned from augmented views, and a small autoencoder of it: the idea of AXOL1TL version 5.

The embedding is trained with VICReg (arXiv:2105.04906) on two views of an event (`codesign.models.random_layers`). The
autoencoder learns the embeddings of the background without changing them; what it misses is the score. Projector and
views exist in training only.
"""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.coders import Latent, Size, Sizes, dense_decoder, dense_encoder
from codesign.models.losses import contrastive_loss
from codesign.models.network import Architecture, Network, Request
from codesign.models.quantizers import quantizer_scope
from codesign.models.scores import detector, require_score
from codesign.sections import Section

NotNegative = Annotated[float, Field(ge=0)]


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of the hidden layers before the embedding.
        embedding: size of the embedding.
        autoencoder: neurons of the hidden layers of the embedding's autoencoder.
        projector: neurons of the projector on which VICReg acts; its last layer is as wide.
        momentum_smearing: relative standard deviation of momenta in a view.
        eta_smearing: standard deviation of η in a view, as network values, which spread by about one.
        soft: objects below a random momentum up to this one (GeV) are left out of a view.
    """

    hidden: Sizes = (29,)
    embedding: Latent = 10
    autoencoder: Sizes = (9, 6, 4, 6, 9)
    projector: Size = 32
    momentum_smearing: NotNegative = 0.1
    eta_smearing: NotNegative = 0.1
    soft: NotNegative = 30.0


def build(request: Request) -> Network:
    """Build the network: embedding, its autoencoder and, for training, views and projector."""
    keras = import_keras()
    require_score(request, "contrastive", ("embedding", "decoded_embedding"))
    from codesign.models.random_layers import SideBySide, Views

    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    smearing = (options.momentum_smearing, options.eta_smearing, options.soft)
    views = Views(request.contract, *smearing, name="views")(inputs)
    with quantizer_scope(request.quantization):
        encode = dense_encoder(options.hidden, options.embedding)
        decode = dense_decoder(options.autoencoder, options.embedding, quantized=True, name="autoencoder")
        project = dense_decoder((options.projector,), options.projector, quantized=False, name="projector")
        stacked = encode(views)
        embedded = SideBySide(name="embeddings")(stacked)[:, : options.embedding]
        projected = SideBySide(name="projections")(project(stacked))[:, options.projector :]
        decoded = decode(keras.ops.stop_gradient(embedded))
        output = keras.layers.Concatenate(name="embeddings_and_projections")([embedded, decoded, projected])
        embedding = encode(inputs)
        parts = {"embedding": embedding, "decoded_embedding": decode(embedding)}
        loss = contrastive_loss(request.contract, options.embedding, options.projector)
        return detector(request, inputs, parts, output, loss)


CONTRASTIVE = Architecture("anomaly", Options, build)
