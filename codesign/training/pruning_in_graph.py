"""Methods of PQuant whose masks take part in the training: the mask stands between a kernel and its quantiser.

Of the methods of pquant-ml 0.1.0, these two work on Keras' JAX backend. "dst" assigns variables inside ``ops.cond``
(``UnexpectedTracerError``), "autosparse" gives a variable to a custom gradient (``Triggering __jax_array__() during
abstractification is no longer supported``), "mdmm" constrains what `codesign.training.pruning` fixes; "wanda" and
"activation_pruning" collect statistics in ways that fail likewise and are written anew in
`codesign.training.pruning_by_rows`.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from codesign.config import PruningSection
from codesign.errors import ModelError
from codesign.training.checkpoint import State
from codesign.training.pruning import Prunable, apply_mask, pruning_epochs


class MaskedQuantizer(keras.layers.Layer):  # type: ignore[misc]
    """A kernel's quantiser with PQuant's mask before it; for the rest like that quantiser."""

    def __init__(self, quantizer: Any, mask: Any) -> None:
        super().__init__(name=f"{quantizer.name}_masked")
        self.inner = quantizer
        self.mask = mask
        self.built = True

    def call(self, kernel: Any, training: Any = None) -> Any:
        """The masked kernel, quantised; PQuant counts the outputs first, Keras last."""
        masked = ops.moveaxis(self.mask(ops.moveaxis(kernel, -1, 0)), 0, -1)
        return self.inner(masked, training=training)

    def bits_(self, shape: Any) -> Any:
        """Width of every weight."""
        return self.inner.bits_(shape)

    @property
    def quantizer(self) -> Any:
        """HGQ2's internal quantiser."""
        return self.inner.quantizer

    @property
    def config(self) -> Any:
        """Configuration of the quantiser."""
        return self.inner.config


class InGraphPruning(keras.callbacks.Callback):  # type: ignore[misc]
    """Leads PQuant's masks through its phases: none before ``start``, trained until ``end``, then zeros for good."""

    def __init__(self, layers: Sequence[Prunable], section: PruningSection, epochs: int) -> None:
        super().__init__()
        self.layers = layers
        self.start, self.end = pruning_epochs(section, epochs)
        self._pruners = [_insert(entry.layer, _pruner(section, self.end - self.start)) for entry in layers]
        self._resumed: int | None = None
        self._epoch = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """PQuant keeps its phase also outside the variables of the network."""
        if self._resumed is not None:
            for pruner in self._pruners:
                pruner._is_pretraining = self._resumed < self.start
                pruner._is_finetuning = self._resumed >= self.end

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Enter the phase of this epoch."""
        self._epoch = epoch
        for entry, pruner in zip(self.layers, self._pruners, strict=True):
            if epoch == self.start:
                pruner.post_pre_train_function()
            if epoch == self.end:
                pruner.pre_finetune_function()
                apply_mask(self.model.optimizer, entry, _hard_mask(pruner))
            elif self.start <= epoch < self.end:
                pruner.pre_epoch_function(epoch - self.start, self.end - self.start)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the mask of this epoch."""
        if self.start <= epoch < self.end:
            for entry, pruner in zip(self.layers, self._pruners, strict=True):
                if hasattr(pruner, "update_mask"):
                    pruner.update_mask(ops.moveaxis(ops.convert_to_tensor(entry.layer.kernel), -1, 0))
                pruner.post_epoch_function(epoch - self.start, self.end - self.start)

    def state(self) -> State:
        """The epoch; all else is in variables of the network."""
        return {"epoch": self._epoch}, []

    def set_state(self, state: State) -> None:
        """Go on, when the training begins, from what ``state`` returned."""
        self._resumed = int(state[0]["epoch"])

    def finish(self) -> None:
        """Leave plain layers, whose kernels hold the zeros."""
        for entry, pruner in zip(self.layers, self._pruners, strict=True):
            entry.layer.kernel.assign(entry.kernel * _hard_mask(pruner))
            _replace(entry.layer, entry.layer.kq.inner)


def _pruner(section: PruningSection, epochs: int) -> Any:
    """PQuant's layer for one kernel.

    Raises:
        ModelError: PQuant is not installed.
    """
    try:
        import pquant
        from pquant.core.keras.utils import get_pruning_layer
    except ImportError as error:
        raise ModelError(
            f"pruning.method {section.method!r} needs pquant-ml ({error}): pip install 'codesign[ml]'"
        ) from error
    config = {"pdp": pquant.pdp_config, "cs": pquant.cs_config}[section.method]()
    parameters = config.pruning_parameters
    if section.method == "pdp":
        parameters.sparsity = section.sparsity
        parameters.epsilon = 1.0 / epochs  # the fraction of zeros rises linearly and arrives with the last epoch
    else:
        parameters.threshold_decay = section.decay
    return get_pruning_layer(config, "linear")


def _insert(layer: Any, pruner: Any) -> Any:
    """Put a pruner between the kernel of a layer and its quantiser."""
    shape = tuple(layer.kernel.shape)
    pruner.build((shape[-1], *shape[:-1]))
    _replace(layer, MaskedQuantizer(layer.kq, pruner))
    return pruner


def _replace(layer: Any, quantizer: Any) -> None:
    """Exchange the quantiser of a kernel; Keras locks a built layer against that, and forgets no layer by itself."""
    layer._tracker.unlock()
    if isinstance(layer.kq, MaskedQuantizer):
        layer._tracker.untrack(layer.kq)
    layer._kq = quantizer
    layer._tracker.lock()


def _hard_mask(pruner: Any) -> Any:
    """PQuant's mask, 0 or 1, outputs last."""
    mask = np.asarray(ops.convert_to_numpy(pruner.get_hard_mask()))
    shape = tuple(pruner.mask.shape)
    return np.moveaxis(np.broadcast_to(mask, shape), 0, -1).astype(np.float32)
