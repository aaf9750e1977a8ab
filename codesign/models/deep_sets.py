"""Deep Sets on the particles of a jet: one network for every particle, a sum, one for the jet (arXiv:2402.01876)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.models.slots import (
    Pooling,
    Sizes,
    Widths,
    activation_widths,
    as_slots,
    head,
    object_slots,
    per_slot,
    pool,
)
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        particle: neurons of each layer that is applied to every particle.
        jet: neurons of each hidden layer after the pooling.
        pooling: "mean" (times a power of two) or "sum" over the slots.
        widths: activations of all particles alike ("shared"), or of each slot ("per_particle").
    """

    particle: Annotated[Sizes, Field(min_length=1)] = (32, 32, 16)
    jet: Sizes = (32,)
    pooling: Pooling = "mean"
    widths: Widths = "shared"


def build(request: Request) -> Network:
    """Build the network: layers of every particle, pooling over the slots, dense layers to the logits."""
    keras = import_keras()
    options: Options = request.options
    slots = object_slots(request.contract, "deep_sets")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths):
            particles = as_slots(inputs, slots)
            for index, size in enumerate(options.particle, start=1):
                particles = per_slot(particles, size, f"particle_{index}")
            jet = pool(particles, options.pooling, "pooled")
        logits = head(jet, options.jet, request.outputs)
    return classifier(inputs, logits, "deep_sets")


DEEP_SETS = Architecture("classification", Options, build)
