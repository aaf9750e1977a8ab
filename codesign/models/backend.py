"""Keras with its backend chosen: ``KERAS_BACKEND`` when it is set, else JAX.

JAX is the default since quantisation-aware training runs several times faster on it than on TensorFlow on a CPU
(``benchmarks/training_backends.py`` measures it); saved models do not depend on the choice.
"""

import os
from typing import Any

from codesign.errors import ModelError

DEFAULT_BACKEND = "jax"


def import_keras() -> Any:
    """The ``keras`` module, with the HGQ2 layers registered for loading.

    Raises:
        ModelError: Keras, its backend or HGQ2 is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", DEFAULT_BACKEND)
    # Both backends print start-up notices about missing GPUs to stderr; they are not about the user's work.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import hgq.layers  # noqa: F401
        import keras
    except ImportError as error:
        raise ModelError(
            f"networks need Keras, HGQ2 and the Keras backend {os.environ['KERAS_BACKEND']!r} ({error}): "
            "pip install 'codesign[ml]'"
        ) from error
    return keras
