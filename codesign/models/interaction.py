"""Interaction network in the form of JEDI-linear (arXiv:2508.15468).

With an edge function that is affine in the pair of particles, the sum over all pairs is a dense layer of the particle
plus a dense layer of the mean particle: O(slots) in place of O(slots²).
"""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import Sizes, Tensor, Widths, activation_widths, as_slots, head, object_slots, per_slot, pool
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        embedding: neurons of each layer that is applied to every particle before the interaction.
        interaction: neurons of the interaction, the affine edge function summed over all partners.
        particle: neurons of each layer that is applied to every particle after it.
        jet: neurons of each hidden layer after the pooling.
        widths: activations of all particles alike ("shared": permutation invariant), or of each slot ("per_particle":
            less than half of the LUTs for somewhat less accuracy in the paper).
    """

    embedding: Sizes = (32,)
    interaction: Annotated[int, Field(ge=1, le=1024)] = 32
    particle: Sizes = (32, 16)
    jet: Sizes = (32,)
    widths: Widths = "shared"


def build(request: Request) -> Network:
    """Build the network: embedding, interaction, layers of every particle, mean over the slots, logits."""
    keras = import_keras()
    options: Options = request.options
    slots = object_slots(request.contract, "interaction")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths):
            particles = as_slots(inputs, slots)
            for index, size in enumerate(options.embedding, start=1):
                particles = per_slot(particles, size, f"embedding_{index}")
            particles = _interact(particles, options.interaction)
            for index, size in enumerate(options.particle, start=1):
                particles = per_slot(particles, size, f"particle_{index}")
            jet = pool(particles, "mean", "pooled")
        logits = head(jet, options.jet, request.outputs)
    return classifier(inputs, logits, "interaction")


def _interact(particles: Tensor, size: int) -> Tensor:
    """relu(A x_i + B mean_j x_j + c) for every particle i: shape (n, slots, features) to (n, slots, size)."""
    import keras
    from hgq.config import QuantizerConfigScope
    from hgq.layers import QAdd, QDense

    own = per_slot(particles, size, "edge_own", activation=None)
    mean = pool(particles, "mean", "edge_mean")
    with QuantizerConfigScope(place="datalane", homogeneous_axis=(0,)):
        partners = QDense(size, use_bias=False, name="edge_partners")(mean)
    repeated = keras.layers.RepeatVector(particles.shape[1], name="edge_repeated")(partners)
    return keras.layers.Activation("relu", name="edge_relu")(QAdd(name="edge")([own, repeated]))


INTERACTION = Architecture("classification", Options, build)
