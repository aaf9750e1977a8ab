"""From physics data to verified trigger firmware."""

import os

__version__ = "0.1.0"

# The Keras backend where the user has not chosen one; it must be set before anything imports Keras.
# JAX: quantisation-aware training runs several times faster on it than on TensorFlow (benchmarks/training_backends.py).
os.environ.setdefault("KERAS_BACKEND", "jax")
# TensorFlow, where it is installed, greets with notices about missing GPUs; they are not about the user's work.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
