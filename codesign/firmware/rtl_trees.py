"""Boosted trees for alkaid: constant comparisons, small tables of their bits, multiplexers above them.

Importing the module registers the layer. Equal comparisons of different trees are made once. A comparison is a chain of
tables of six inputs: three look-up tables of the FPGA for 12 bits, where a subtraction would take twelve.
"""

import numpy as np
from alkaid.converter.builtin.keras.layers._base import ReplayOperationBase
from alkaid.trace import FVariable, FVArray
from numpy.typing import NDArray

from codesign.models.tree_layers import BoostedTrees
from codesign.models.trees import NEVER

# Bits that address one table: the inputs of a look-up table of the FPGA.
TABLE_INPUTS = 6

Comparisons = dict[tuple[int, float], FVariable]


class ReplayBoostedTrees(ReplayOperationBase):  # type: ignore[misc]
    """``BoostedTrees``."""

    handles = (BoostedTrees,)

    def call(self, inputs: FVArray) -> FVArray:
        """The logits, shape (1, classes)."""
        trees, values = self.op.trees, np.asarray(inputs)[0]
        made: Comparisons = {}
        for feature, threshold in sorted(set(zip(trees.feature.flat, trees.threshold.flat, strict=True))):
            if threshold != NEVER:
                made[int(feature), float(threshold)] = _below(values[feature], int(threshold))
        logits = []
        for index, base in enumerate(trees.base):
            terms = [
                _subtree(0, trees.feature[round_, index], trees.threshold[round_, index], leaf[index], made)
                for round_, leaf in enumerate(trees.leaf)
            ]
            constant = float(base) + sum(term for term in terms if isinstance(term, float))
            varying = [term for term in terms if isinstance(term, FVariable)]
            array = FVArray(np.array([*varying, constant]), inputs.solver_options, hwconf=inputs.hwconf)
            logits.append(np.sum(array))
        return FVArray(np.array(logits), inputs.solver_options, hwconf=inputs.hwconf).reshape(1, -1)


def _below(value: FVariable, threshold: int) -> FVariable:
    """1 where a value is below a threshold, given in its LSBs, else 0: from the lowest bits that matter to the sign."""
    signed, integer, fractional = (int(part) for part in value.kif)
    width, carry = signed + integer + fractional, None
    # The threshold's zeros at the end decide nothing, nor do these bits of the value.
    position = (threshold & -threshold).bit_length() - 1 if threshold else width - 1
    while position < width:
        bits = min(TABLE_INPUTS - (carry is not None), width - position)
        limit, below = threshold >> position, fractional - position
        if position + bits == width:
            part = value.quantize(signed, integer, below)
        else:
            limit &= (1 << bits) - 1
            part = value.quantize(0, bits - below, below)
        counts = np.arange(round(part.low / part.step), round(part.high / part.step) + 1)
        if carry is None:
            carry = (part * (1 / part.step)).lookup((counts < limit).astype(float))
        else:
            table = np.stack([counts < limit, counts <= limit], axis=1).ravel()
            carry = (part * (2 / part.step) + carry).lookup(table.astype(float))
        position += bits
    return carry


def _subtree(
    node: int,
    feature: NDArray[np.int32],
    threshold: NDArray[np.float32],
    leaf: NDArray[np.float32],
    made: Comparisons,
) -> FVariable | float:
    """Value of a subtree: a number where nothing is compared, a table where few bits decide, else a multiplexer."""
    if node >= len(feature):
        return float(leaf[node - len(feature)])
    if threshold[node] == NEVER:
        return _subtree(2 * node + 1, feature, threshold, leaf, made)
    keys = _compared(node, feature, threshold)
    if len(keys) <= TABLE_INPUTS:
        return _table(node, keys, feature, threshold, leaf, made)
    below, above = (_subtree(child, feature, threshold, leaf, made) for child in (2 * node + 1, 2 * node + 2))
    return made[int(feature[node]), float(threshold[node])].msb_mux(below, above)


def _compared(node: int, feature: NDArray[np.int32], threshold: NDArray[np.float32]) -> list[tuple[int, float]]:
    """The different comparisons of a subtree."""
    if node >= len(feature) or threshold[node] == NEVER:
        return []
    below = (_compared(child, feature, threshold) for child in (2 * node + 1, 2 * node + 2))
    own = (int(feature[node]), float(threshold[node]))
    return list(dict.fromkeys([own, *(key for keys in below for key in keys)]))


def _table(
    node: int,
    keys: list[tuple[int, float]],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float32],
    leaf: NDArray[np.float32],
    made: Comparisons,
) -> FVariable | float:
    """A subtree as a table that its comparisons address, the first of them as the lowest bit."""
    entries = []
    for address in range(1 << len(keys)):
        place = node
        while place < len(feature):
            key = (int(feature[place]), float(threshold[place]))
            below = threshold[place] == NEVER or bool(address >> keys.index(key) & 1)
            place = 2 * place + (1 if below else 2)
        entries.append(float(leaf[place - len(feature)]))
    if len(set(entries)) == 1:
        return entries[0]
    bits = [made[key] * 2.0**position for position, key in enumerate(keys)]
    address_word = bits[0]
    for bit in bits[1:]:
        address_word = address_word + bit
    return address_word.lookup(np.array(entries))
