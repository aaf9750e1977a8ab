"""Small transformer on the particles of a jet, with full or Linformer attention (arXiv:2510.24784).

In Linformer attention, keys and values are projected from the slots to fewer ones by a dense layer over the slots, so
the cost grows with slots × projected and not with slots². The attention is composed of elementary layers, because
hls4ml 1.3 does not know the attention layers of HGQ2 0.2.
"""

from typing import Annotated, Literal

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
    require_trained_widths,
)
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        features: features of every particle between the blocks.
        blocks: number of blocks; each adds attention, then a layer of every particle, to its input.
        heads: attention heads.
        key: features of a query and a key in one head.
        attention: "linformer" (keys and values of ``projected`` combinations of particles) or "full".
        projected: combinations of particles, for "linformer".
        hidden: hidden neurons of the layer of every particle.
        jet: neurons of each hidden layer after the pooling.
        widths: activations of all particles alike ("shared"), or of each slot ("per_particle").
    """

    features: Annotated[int, Field(ge=1, le=256)] = 16
    blocks: Annotated[int, Field(ge=1, le=4)] = 1
    heads: Annotated[int, Field(ge=1, le=16)] = 2
    key: Annotated[int, Field(ge=1, le=64)] = 4
    attention: Literal["linformer", "full"] = "linformer"
    projected: Annotated[int, Field(ge=1, le=128)] = 4
    hidden: Annotated[int, Field(ge=1, le=1024)] = 16
    jet: Sizes = (32,)
    widths: Widths = "shared"


def build(request: Request) -> Network:
    """Build the network: embedding, transformer blocks, mean over the slots, dense layers to the logits."""
    keras = import_keras()
    options: Options = request.options
    slots = object_slots(request.contract, "transformer")
    require_trained_widths(request.quantization, "transformer")
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    with quantizer_scope(request.quantization):
        with activation_widths(options.widths):
            particles = per_slot(as_slots(inputs, slots), options.features, "embedding")
            for index in range(1, options.blocks + 1):
                particles = _block(particles, options, f"block_{index}")
            jet = pool(particles, "mean", "pooled")
        logits = head(jet, options.jet, request.outputs)
    return classifier(inputs, logits, "transformer")


def _block(particles: Tensor, options: Options, name: str) -> Tensor:
    """One block; input and output have shape (n, slots, features)."""
    from hgq.layers import QAdd

    attended = _attention(particles, options, f"{name}_attention")
    particles = QAdd(name=f"{name}_attention_sum")([particles, attended])
    hidden = per_slot(particles, options.hidden, f"{name}_hidden")
    mixed = per_slot(hidden, particles.shape[2], f"{name}_mixed", activation=None)
    return QAdd(name=f"{name}_sum")([particles, mixed])


def _attention(particles: Tensor, options: Options, name: str) -> Tensor:
    """Multi-head attention of the particles among themselves; input and output have shape (n, slots, features)."""
    from hgq.layers import QEinsum, QEinsumDense

    from codesign.models.attention import at_least_one_bit, softmax

    partners = particles
    if options.attention == "linformer":
        partners = over_slots(particles, options.projected, f"{name}_projected", activation=None)
    # Scores that are cut have no gradient, so they start small.
    query = _heads(particles, options, f"{name}_query", scale=0.25 / options.key)
    key = _heads(partners, options, f"{name}_key")
    value = _heads(partners, options, f"{name}_value")
    scores = QEinsum("bnhk,bmhk->bnhm", iq_confs=at_least_one_bit(), name=f"{name}_scores")([query, key])
    weights = softmax(scores, name)
    mixed = QEinsum("bnhm,bmhk->bnhk", iq_confs=at_least_one_bit(), name=f"{name}_mixed")([weights, value])
    shape = tuple(particles.shape[1:])
    return QEinsumDense("bnhk,hkd->bnd", shape, bias_axes="d", name=f"{name}_output")(mixed)


def _heads(tensor: Tensor, options: Options, name: str, scale: float = 1.0) -> Tensor:
    """Queries, keys or values: shape (n, slots, features) to (n, slots, heads, key)."""
    import keras
    from hgq.layers import QEinsumDense

    shape = (tensor.shape[1], options.heads, options.key)
    start = keras.initializers.VarianceScaling(scale, mode="fan_avg", distribution="uniform")
    return QEinsumDense("bnc,chk->bnhk", shape, bias_axes="hk", kernel_initializer=start, name=name)(tensor)


TRANSFORMER = Architecture("classification", Options, build)
