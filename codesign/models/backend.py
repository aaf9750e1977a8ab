"""Keras with the HGQ2 layers, or an error that says what to install."""

import os
from typing import Any

from codesign.errors import ModelError


def import_keras() -> Any:
    """The ``keras`` module, with the HGQ2 layers and the project's own functions registered for loading.

    The backend is the one of ``KERAS_BACKEND``; ``codesign`` sets a default. Saved models do not depend on it.

    Raises:
        ModelError: Keras, its backend or HGQ2 is not installed.
    """
    try:
        import hgq.layers  # noqa: F401
        import keras

        import codesign.models.attention
        import codesign.models.table_dense
        import codesign.models.tables
        import codesign.models.tree_layers  # noqa: F401
    except ImportError as error:
        backend = os.environ["KERAS_BACKEND"]
        extras = "ml,tensorflow" if backend == "tensorflow" else "ml"
        raise ModelError(
            f"networks need Keras, HGQ2 and the Keras backend {backend!r} ({error}): pip install 'codesign[{extras}]'"
        ) from error
    return keras
