"""Gradient-boosted decision trees on high-level features, the baseline of every trigger network (arXiv:2002.02534)."""

from typing import Annotated

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table. Of the ``training`` table only ``patience`` counts, in rounds.

    Attributes:
        rounds: trees per class, at most: as many are kept as do best on the validation split within
            ``quantization.target_ebops``.
        depth: comparisons from the root of a tree to a leaf.
        learning_rate: factor on the leaves of every round.
        min_child_weight: least sum of second derivatives of the loss in a leaf, with weights of mean 1.
        l2: regularisation of the leaves.
        subsample: fraction of the rows that each round sees.
        bins: values that the thresholds of one input can have, at most; equal comparisons of different trees are the
            same logic.
        leaf_bits: bits of the largest leaf, sign included; all leaves share its binary point.
    """

    rounds: Annotated[int, Field(ge=1, le=1000)] = 60
    depth: Annotated[int, Field(ge=1, le=6)] = 3
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    min_child_weight: Annotated[float, Field(ge=0)] = 1.0
    l2: Annotated[float, Field(ge=0)] = 1.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 1.0
    bins: Annotated[int, Field(ge=2, le=1024)] = 64
    leaf_bits: Annotated[int, Field(ge=2, le=12)] = 6


def build(request: Request) -> Network:
    """Build the network: one layer of trees that are zero until they are trained."""
    keras = import_keras()
    from codesign.models.tree_layers import BoostedTrees

    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    layer = BoostedTrees(
        options.rounds,
        request.outputs,
        options.depth,
        [fmt.lsb for fmt in request.contract.network_formats],
        request.contract.widths,
    )
    return classifier(inputs, layer(inputs), "boosted_trees")


BOOSTED_TREES = Architecture("classification", Options, build, by_gradient=False)
