"""Pruning: weights that become exactly zero during the fit and stay so in the firmware."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from codesign.config import PruningSection
from codesign.errors import ConfigError
from codesign.models.network import Network
from codesign.training.optimizer import CosineAdam

Array = NDArray[Any]
# (layer, fraction of zeros) to a mask of the kernel's shape, 0 where the weight is pruned.
MaskRule = Callable[["Prunable", float], Array]


@dataclass(frozen=True)
class Prunable:
    """A layer whose weights may be pruned.

    Attributes:
        layer: HGQ2 layer with a kernel; the last axis of the kernel are its outputs.
        last: whether no other such layer comes after it.
    """

    layer: Any
    last: bool

    @property
    def kernel(self) -> Array:
        """The weights before quantisation."""
        return np.asarray(ops.convert_to_numpy(self.layer.kernel))

    @property
    def widths(self) -> Any | None:
        """The variable of the weights' widths where each weight has its own; None otherwise."""
        width = getattr(self.layer.kq.quantizer, "_b", None)
        return width if width is not None and tuple(width.shape) == tuple(self.layer.kernel.shape) else None


def prunable_layers(network: Network) -> list[Prunable]:
    """Layers of the firmware with trained weights, in network order."""
    layers = {id(layer): layer for layer in network.deployed.layers}
    found: list[Prunable] = []
    for layer in layers.values():
        last = not any(_kernels(layers[after]) for after in _after(layer, layers.keys()))
        found += [Prunable(part, last) for part in _kernels(layer)]
    return found


def _kernels(layer: Any) -> list[Any]:
    parts = layer._flatten_layers()
    return [part for part in parts if hasattr(part, "qkernel") and part.trainable and part.kernel.trainable]


def _after(layer: Any, among: Set[int]) -> set[int]:
    """Identities of the layers that use, directly or not, what a layer gives."""
    found: set[int] = set()
    queue = [layer]
    while queue:
        users = [node.operation for node in queue.pop()._outbound_nodes]
        new = [user for user in users if id(user) in among and id(user) not in found]
        found |= {id(user) for user in new}
        queue += new
    return found


class MaskedAdam(CosineAdam):
    """An optimiser that leaves weights at zero where a mask is zero.

    The masks are variables of the optimiser: every backend compiles them into the step as something that changes, they
    go with its state, and the saved network knows nothing of them.
    """

    def __init__(self, learning_rate: float, steps: int, masked: Sequence[Any]) -> None:
        super().__init__(learning_rate, steps)
        self._masked = {id(variable) for variable in masked}
        self._masks: dict[int, Any] = {}

    def build(self, variables: list[Any]) -> None:
        """Make the masks, all ones."""
        if self.built:
            return
        super().build(variables)
        for variable in variables:
            if id(variable) in self._masked:
                self._masks[id(variable)] = self.add_variable_from_reference(variable, "mask", "ones")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step, then the mask."""
        super().update_step(gradient, variable, learning_rate)
        mask = self._masks.get(id(variable))
        if mask is not None:
            self.assign(variable, variable * mask)

    def set_mask(self, variable: Any, mask: Array) -> None:
        """Zero a variable where the mask is zero, now and after every step."""
        if id(variable) in self._masks:
            self._masks[id(variable)].assign(mask)
        variable.assign(ops.convert_to_numpy(variable) * mask)


def masked_variables(layers: Sequence[Prunable]) -> list[Any]:
    """What the masks of these layers act on."""
    variables = [entry.layer.kernel for entry in layers]
    variables += [entry.layer.bias for entry in layers if getattr(entry.layer, "bias", None) is not None]
    return variables + [entry.widths for entry in layers if entry.widths is not None]


def apply_mask(optimizer: MaskedAdam, entry: Prunable, mask: Array) -> None:
    """Prune weights; a pruned weight loses its width, which would count in EBOPs, an unused neuron its bias."""
    optimizer.set_mask(entry.layer.kernel, mask)
    if entry.widths is not None:
        optimizer.set_mask(entry.widths, mask)
    bias, used = getattr(entry.layer, "bias", None), np.asarray(mask.reshape(-1, mask.shape[-1]).any(axis=0))
    if bias is not None and bias.shape == used.shape and not entry.last:
        optimizer.set_mask(bias, used)


class Pruning(keras.callbacks.Callback):  # type: ignore[misc]
    """Prunes at the beginning of each epoch from ``start`` to ``end``, so that the network can adapt in between.

    The fraction of zeros rises as s(t) = s (1 - (1 - t)³), fast while there are many useless weights
    (arXiv:1710.01878, equation 1). It depends on the epoch alone, and a pruned weight is the smallest one from then on;
    hence there is no state beside the masks.
    """

    def __init__(self, layers: Sequence[Prunable], rule: MaskRule, section: PruningSection, epochs: int) -> None:
        super().__init__()
        self.layers = layers
        self.start, self.end = pruning_epochs(section, epochs)
        self._rule = rule
        self._sparsity = section.sparsity

    def sparsity(self, epoch: int) -> float:
        """Fraction of zeros that is asked for in an epoch."""
        done = min(1.0, max(0.0, (epoch - self.start) / (self.end - self.start)))
        return float(self._sparsity * (1.0 - (1.0 - done) ** 3))

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Prune to the fraction of this epoch."""
        if self.start <= epoch <= self.end:
            masks = [self._rule(entry, self.sparsity(epoch)) for entry in self.layers]
            for entry, mask in zip(self.layers, masks, strict=True):
                apply_mask(self.model.optimizer, entry, mask)


def pruning_epochs(section: PruningSection, epochs: int) -> tuple[int, int]:
    """First epoch that prunes, and the one after whose pruning the zeros stay.

    Raises:
        ConfigError: the pruning would end before it begins.
    """
    start, end = round(section.start_fraction * epochs), round(section.end_fraction * epochs)
    if not start < end < epochs:
        raise ConfigError(
            f"pruning: expected at least one epoch from start_fraction to end_fraction and one after it, found epochs "
            f"{start} to {end} of {epochs}; change the fractions or raise training.epochs"
        )
    return start, end


def smallest_weights(entry: Prunable, sparsity: float) -> Array:
    """Mask of the weights that are smallest in size."""
    return _lowest(np.abs(entry.kernel), sparsity)


def smallest_neurons(entry: Prunable, sparsity: float) -> Array:
    """Mask of the outputs whose weights are smallest in the mean square; the last layer keeps all."""
    kernel = entry.kernel
    if entry.last:
        return np.ones_like(kernel)
    norms = np.square(kernel).reshape(-1, kernel.shape[-1]).mean(axis=0)
    return np.broadcast_to(_lowest(norms, sparsity), kernel.shape).astype(kernel.dtype)


def _lowest(sizes: Array, sparsity: float) -> Array:
    mask = np.ones(sizes.size, np.float32)
    mask[np.argsort(sizes, axis=None, kind="stable")[: int(sparsity * sizes.size)]] = 0.0
    return mask.reshape(sizes.shape)
