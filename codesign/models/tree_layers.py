"""The layer that holds boosted trees in a network, so that they are saved, loaded and proved like any other."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from codesign.models.trees import NEVER, Trees

Tensor = Any


@keras.saving.register_keras_serializable(package="codesign")
class BoostedTrees(keras.layers.Layer):  # type: ignore[misc]
    """Network values of shape (n, inputs) to logits of shape (n, classes).

    Thresholds are hardware integers and leaves multiples of one power of two; no sum reaches 2**24 of them, so that
    float32 is exact on every backend, in every order.

    Attributes:
        rounds: trees per class; those that a training does not need are zero.
        classes: number of logits.
        depth: comparisons from the root of a tree to a leaf.
        lsb: one count of the hardware integer as a network value, for every input.
        width: bits of the hardware integer, for every input.
    """

    def __init__(
        self, rounds: int, classes: int, depth: int, lsb: Sequence[float], width: Sequence[int], **kwargs: Any
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **{"name": "trees", **_without_dtype(kwargs)})
        self.rounds = rounds
        self.classes = classes
        self.depth = depth
        self.lsb = tuple(float(value) for value in lsb)
        self.width = tuple(int(bits) for bits in width)

    def build(self, _input_shape: Any) -> None:
        """Make trees that are zero."""
        trees, nodes = (self.rounds, self.classes), (1 << self.depth) - 1
        never = keras.initializers.Constant(NEVER)
        self.feature = self.add_weight(shape=(*trees, nodes), dtype="int32", initializer="zeros", name="feature")
        self.threshold = self.add_weight(shape=(*trees, nodes), initializer=never, name="threshold")
        self.leaf = self.add_weight(shape=(*trees, nodes + 1), initializer="zeros", name="leaf")
        self.base = self.add_weight(shape=(self.classes,), initializer="zeros", name="base")

    def call(self, inputs: Tensor) -> Tensor:
        """Sum of the leaves that the inputs reach."""
        ops, trees, nodes = keras.ops, self.rounds * self.classes, (1 << self.depth) - 1
        integers = inputs * np.array([1.0 / value for value in self.lsb], np.float32)
        feature, threshold, leaf = (ops.reshape(part, (-1,)) for part in (self.feature, self.threshold, self.leaf))
        first = np.arange(trees, dtype=np.int32)[None, :] * nodes
        node = ops.zeros((ops.shape(inputs)[0], trees), dtype="int32")
        for _ in range(self.depth):
            compared = ops.take_along_axis(integers, ops.take(feature, first + node), axis=1)
            node = 2 * node + 1 + ops.cast(compared >= ops.take(threshold, first + node), "int32")
        reached = first // nodes * (nodes + 1) + node - nodes
        values = ops.reshape(ops.take(leaf, reached), (-1, self.rounds, self.classes))
        return ops.sum(values, axis=1) + self.base

    def compute_output_shape(self, input_shape: Any) -> Any:
        """One logit per class."""
        return (input_shape[0], self.classes)

    @property
    def trees(self) -> Trees:
        """The trees as arrays."""
        parts = (self.feature, self.threshold, self.leaf, self.base)
        return Trees(*(np.asarray(keras.ops.convert_to_numpy(part)) for part in parts))

    def assign(self, trees: Trees) -> None:
        """Take over trees of at most ``rounds`` rounds."""
        full = trees.padded(self.rounds)
        self.set_weights([full.feature, full.threshold, full.leaf, full.base])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        own = {name: getattr(self, name) for name in ("rounds", "classes", "depth", "lsb", "width")}
        return {**super().get_config(), **own}


def _without_dtype(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments that the layer does not fix itself: exactness needs float32, and no gradient reaches a tree."""
    return {key: value for key, value in arguments.items() if key not in ("dtype", "trainable")}
