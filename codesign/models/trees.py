"""Boosted decision trees as arrays, evaluated in exact arithmetic.

Every tree is stored as a complete binary tree: the children of node ``i`` are ``2 i + 1``, where the input is below the
threshold, and ``2 i + 2``. A branch that ends early goes on with nodes that always lead left, over copies of its leaf.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Threshold of a node that decides nothing. No hardware integer reaches it: they have 24 bits at most.
NEVER = float(1 << 24)
# Finest grid of the leaves: the logits before the first round and all sums stay below 2**24 steps of it.
FINEST = 2.0**-16


@dataclass(frozen=True)
class Trees:
    """An ensemble with one tree per class and round.

    Attributes:
        feature: index of the input each node compares, int32, shape (rounds, classes, 2**depth - 1).
        threshold: hardware integers, float32, of the same shape; an input at or above its threshold leads right.
        leaf: values of the leaves from left to right, float32, shape (rounds, classes, 2**depth).
        base: logits before the first round, float32, shape (classes,).
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    leaf: NDArray[np.float32]
    base: NDArray[np.float32]

    @property
    def depth(self) -> int:
        """Comparisons from the root of a tree to a leaf."""
        return int(self.leaf.shape[-1]).bit_length() - 1

    @property
    def decides(self) -> NDArray[np.bool_]:
        """Which nodes compare, of the shape of ``threshold``."""
        return np.asarray(self.threshold != NEVER)

    @property
    def leaves(self) -> NDArray[np.bool_]:
        """Which entries of ``leaf`` are leaves of their own and no copies of the one to their left."""
        own = np.zeros(self.leaf.shape, dtype=bool)
        own[..., 0] = True
        for level in range(self.depth):
            nodes, below = _nodes(level), self.leaf.shape[-1] >> level
            own[..., below // 2 :: below] |= self.decides[..., nodes]
        return own

    def first(self, rounds: int) -> Self:
        """The ensemble after so many rounds."""
        return replace(self, feature=self.feature[:rounds], threshold=self.threshold[:rounds], leaf=self.leaf[:rounds])

    def padded(self, rounds: int) -> Self:
        """The same with rounds of trees that are zero, up to a total."""
        more = ((0, rounds - len(self.leaf)), (0, 0), (0, 0))
        return replace(
            self,
            feature=np.pad(self.feature, more),
            threshold=np.pad(self.threshold, more, constant_values=NEVER),
            leaf=np.pad(self.leaf, more),
        )

    def on_grid(self, bits: int) -> Self:
        """Leaves rounded to the finest power of two on which the largest of them has so many bits, sign included.

        Comparisons whose outcomes have become equal are left out.
        """
        largest = float(np.abs(self.leaf).max(initial=FINEST))
        lsb = max(2.0 ** (np.floor(np.log2(largest)) + 2 - bits), FINEST)
        # The largest may round up to one step beyond the positive end; there it stays.
        steps = np.minimum(np.rint(self.leaf.astype(np.float64) / lsb), 2.0 ** (bits - 1) - 1)
        base = np.rint(self.base.astype(np.float64) / lsb) * lsb
        return replace(self, leaf=(steps * lsb).astype(np.float32), base=base.astype(np.float32))._pruned()

    def staged(self, integers: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
        """Logits after each round, each of shape (n, classes), for hardware integers of shape (n, inputs)."""
        rows, classes = np.arange(len(integers))[:, None], np.arange(len(self.base))[None, :]
        total = np.tile(self.base.astype(np.float64), (len(integers), 1))
        for feature, threshold, leaf in zip(self.feature, self.threshold, self.leaf, strict=True):
            node = np.zeros((len(integers), len(self.base)), dtype=np.int64)
            for _ in range(self.depth):
                right = integers[rows, feature[classes, node]] >= threshold[classes, node]
                node = 2 * node + 1 + right
            total = total + leaf[classes, node - feature.shape[-1]]
            yield total

    def logits(self, integers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Logits of the whole ensemble, shape (n, classes), for hardware integers of shape (n, inputs)."""
        total = np.tile(self.base.astype(np.float64), (len(integers), 1))
        for after in self.staged(integers):
            total = after
        return total

    def bit_operations(self, widths: Sequence[int]) -> int:
        """Bits that are compared, selected and added, an upper bound of the LUT count as EBOPs are for a network.

        Equal comparisons are made once. A tree of n leaves makes n - 1 selections and one addition of its width.

        Args:
            widths: bits of every input.
        """
        compared = np.unique(np.stack([self.feature[self.decides], self.threshold[self.decides]]), axis=1)
        bits = np.asarray(widths)[compared[0].astype(np.int64)].sum()
        live = self.decides.any(axis=-1)
        return int(bits + (self.leaves.sum(axis=-1) * self.leaf_bits().max(axis=-1))[live].sum())

    def leaf_bits(self) -> NDArray[np.int64]:
        """Bits of every leaf in steps of the finest one of the ensemble, sign included, of the shape of ``leaf``."""
        steps = self.leaf.astype(np.float64) / lsb_of(self.leaf)
        # As two's complement: -4 needs as many bits as 3.
        magnitude = np.where(steps < 0, -steps - 1, steps)
        bits = np.ceil(np.log2(magnitude + 1)) + 1
        return np.where(steps == 0, 0, bits).astype(np.int64)

    def _pruned(self) -> Self:
        """Without comparisons that lead to the same value either way."""
        feature, threshold = self.feature.copy(), self.threshold.copy()
        for level in range(self.depth):
            below = self.leaf.reshape(*self.leaf.shape[:-1], 1 << level, -1)
            useless = np.ptp(below, axis=-1) == 0
            feature[..., _nodes(level)][useless] = 0
            threshold[..., _nodes(level)][useless] = NEVER
        return replace(self, feature=feature, threshold=threshold)


def lsb_of(values: NDArray[np.float32]) -> float:
    """The largest power of two of which all values are whole multiples; 1 where they are all zero."""
    mantissa, exponent = np.frexp(values[values != 0].astype(np.float64))
    if not mantissa.size:
        return 1.0
    whole = (np.abs(mantissa) * 2.0**24).astype(np.int64)  # float32 has 24 bits
    trailing = np.log2(whole & -whole)
    return float(2.0 ** (exponent - 24 + trailing).min())


def _nodes(level: int) -> slice:
    """The nodes so many comparisons below the root."""
    return slice((1 << level) - 1, (2 << level) - 1)
