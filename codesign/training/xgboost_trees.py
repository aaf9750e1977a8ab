"""Trees that XGBoost grew, as arrays."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.models.trees import NEVER, Trees

LEAF = -1  # left child of a leaf
ROUNDING = 1e-6  # of a sum of float32 leaves, relative to the largest of them and per round


def import_xgboost() -> Any:
    """The ``xgboost`` module.

    Raises:
        ModelError: it is not installed.
    """
    try:
        import xgboost
    except ImportError as error:
        raise ModelError(f"boosted trees need XGBoost ({error}): pip install 'codesign[trees]'") from error
    return xgboost


def read_trees(booster: Any, base: NDArray[np.float32], depth: int) -> Trees:
    """The trees of a booster that was trained on hardware integers.

    Args:
        booster: ``xgboost.Booster`` with one tree per class and round.
        base: logits before the first round, shape (classes,): the base margin that the training was given.
        depth: largest depth of a tree.
    """
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    shape = (len(model["trees"]) // len(base), len(base))
    assert model["tree_info"] == [*range(len(base))] * shape[0], "one tree per class and round, in order"
    nodes = (1 << depth) - 1
    feature = np.zeros((len(model["trees"]), nodes), dtype=np.int32)
    threshold = np.full(feature.shape, NEVER, dtype=np.float32)
    leaf = np.zeros((len(feature), nodes + 1), dtype=np.float32)
    for index, tree in enumerate(model["trees"]):
        _copy(tree, feature[index], threshold[index], leaf[index])
    return Trees(
        feature.reshape(*shape, nodes), threshold.reshape(*shape, nodes), leaf.reshape(*shape, nodes + 1), base
    )


def _copy(
    tree: dict[str, Any], feature: NDArray[np.int32], threshold: NDArray[np.float32], leaf: NDArray[np.float32]
) -> None:
    """Copy a tree of XGBoost into a complete one; both lead left where the input is below the threshold."""
    nodes, waiting = len(feature), [(0, 0)]
    while waiting:
        node, place = waiting.pop()
        left, value = tree["left_children"][node], tree["split_conditions"][node]
        if place >= nodes:
            assert left == LEAF, "no tree is deeper than asked"
            leaf[place - nodes] = value
        elif left == LEAF:
            waiting += [(node, 2 * place + 1), (node, 2 * place + 2)]
        else:
            feature[place] = tree["split_indices"][node]
            threshold[place] = np.ceil(value)  # of whole numbers, the same ones are below
            waiting += [(left, 2 * place + 1), (tree["right_children"][node], 2 * place + 2)]


def require_margins(trees: Trees, integers: NDArray[np.int64], margins: NDArray[np.float32]) -> None:
    """Require that trees give what XGBoost itself predicts.

    XGBoost adds a base score of its own, whose meaning has changed between its versions; a constant that the trees do
    not know would be missing in the firmware.

    Args:
        trees: the trees as they were read, with the leaves of XGBoost.
        integers: hardware integers, shape (n, inputs).
        margins: XGBoost's raw outputs for them, shape (n, classes).

    Raises:
        ModelError: they differ by more than the rounding of float32.
    """
    scale = max(1.0, float(np.abs(trees.leaf).max(initial=0.0)), float(np.abs(trees.base).max()))
    apart = float(np.abs(trees.logits(integers) - margins).max(initial=0.0))
    if not apart <= ROUNDING * scale * (len(trees.leaf) + 1):
        raise ModelError(
            f"boosted trees: XGBoost's outputs differ from the sum of its leaves by up to {apart:g}; this version adds "
            "a base score of its own: install one that keeps a given base margin, such as 3.2"
        )
