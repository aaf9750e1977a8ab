"""MLP-Mixer on the particles of a jet: layers over the particles and over their features in turn (arXiv:2503.03103)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import (
    Sizes,
    Tensor,
    Widths,
    activation_widths,
    as_slots,
    head,
    object_slots,
    over_slots,
    per_slot,
    pool,
)
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        features: features of every particle between the blocks.
        blocks: number of blocks; each mixes the particles, then the features, and adds the result to its input.
        particle_hidden: hidden neurons of the layers over the particles.
        feature_hidden: hidden neurons of the layers over the features.
        jet: neurons of each hidden layer after the pooling.
        widths: activations of each slot ("per_particle": bits go to the hard particles), or of all alike ("shared").
    """

    features: Annotated[int, Field(ge=1, le=1024)] = 16
    blocks: Annotated[int, Field(ge=1, le=8)] = 1
    particle_hidden: Annotated[int, Field(ge=1, le=1024)] = 16
    feature_hidden: Annotated[int, Field(ge=1, le=1024)] = 16
    jet: Sizes = (32,)
    widths: Widths = "per_particle"


def build(request: Request) -> Network:
    """Build the network: embedding, mixing blocks, mean over the slots, dense layers to the logits."""
    keras = import_keras()
    options: Options = request.options
    slots = object_slots(request.contract, "mixer")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths):
            particles = per_slot(as_slots(inputs, slots), options.features, "embedding")
            for index in range(1, options.blocks + 1):
                particles = _block(particles, options, f"mix_{index}")
            jet = pool(particles, "mean", "pooled")
        logits = head(jet, options.jet, request.outputs)
    return classifier(inputs, logits, "mixer")


def _block(particles: Tensor, options: Options, name: str) -> Tensor:
    """One block; input and output have shape (n, slots, features)."""
    from hgq.layers import QAdd

    hidden = over_slots(particles, options.particle_hidden, f"{name}_particles_hidden")
    mixed = over_slots(hidden, particles.shape[1], f"{name}_particles", activation=None)
    particles = QAdd(name=f"{name}_particles_sum")([particles, mixed])
    hidden = per_slot(particles, options.feature_hidden, f"{name}_features_hidden")
    mixed = per_slot(hidden, particles.shape[2], f"{name}_features", activation=None)
    return QAdd(name=f"{name}_features_sum")([particles, mixed])


MIXER = Architecture("classification", Options, build)
