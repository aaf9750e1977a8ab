"""Weights that a training takes over from an earlier one of the same network, to need fewer epochs of its own.

Only what the layers have learned is taken: the widths of a network that was led to few EBOPs would keep the next one
there, and begin as the configuration says (weight inheritance as in arXiv:1703.01041, within one architecture).
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from codesign.errors import ModelError
from codesign.training.checkpoint import read_state
from codesign.training.front import best_weights


def inherit_weights(model: Any, state: Path) -> int:
    """Give a network the weights of the best checkpoint of an earlier training.

    Args:
        model: the network that will be trained, already built.
        state: file that `codesign.training.checkpoint.Checkpoint` left, of a network of the same architecture and size.

    Returns:
        How many arrays were taken over.

    Raises:
        ModelError: there is no such state, or it belongs to another network.
    """
    kept = read_state(state)
    weights = None if kept is None else best_weights(kept)
    if weights is None:
        raise ModelError(f"{state}: expected the state of a training to begin with, found none that can be read")
    shapes, found = [tuple(v.shape) for v in model.weights], [array.shape for array in weights]
    if shapes != found:
        raise ModelError(f"{state}: expected weights of the shapes {shapes}, found {found}: it is of another network")
    learned = [(variable, array) for variable, array in zip(model.weights, weights, strict=True) if _learned(variable)]
    for variable, array in learned:
        variable.assign(array)
    return len(learned)


def _learned(variable: Any) -> bool:
    """Whether a variable is a layer's own and no width, random state or single number that steers the training."""
    floating = np.issubdtype(np.dtype(keras.backend.standardize_dtype(variable.dtype)), np.floating)
    return floating and "quantizer" not in variable.path and tuple(variable.shape) != ()
