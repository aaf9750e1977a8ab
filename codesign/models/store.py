"""Saving, loading and evaluating trained networks."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.models.backend import import_keras

BATCH = 4096


def save_model(model: Any, path: Path) -> None:
    """Save a network in Keras format, in one piece."""
    temporary = path.with_name(f".{path.stem}.part.keras")
    model.save(temporary)
    temporary.replace(path)


def load_model(path: Path) -> Any:
    """Load a network saved by ``save_model``.

    Raises:
        ModelError: the file is missing or not a Keras model of known layers.
    """
    keras = import_keras()
    if not path.is_file():
        raise ModelError(f"{path}: expected a trained network, found no file: train first")
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise ModelError(f"{path}: not a Keras model that this installation can load: {error}") from error


def outputs(model: Any, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Network output, shape (n, outputs), for network values of shape (n, inputs)."""
    return np.asarray(model.predict(values, batch_size=BATCH, verbose=0), dtype=np.float32)
