"""Makes the ``.h5.gz`` and ``.npz`` files of this folder with the real QKeras, which the project does not install.

They are what users have: whole models saved by QKeras 0.9.0 on the Keras 2 of TensorFlow (``tf_keras`` 2.21.0,
TensorFlow 2.21.0, Python 3.11). Weights are random, not trained. ``x`` lies on a grid of 1/64 within ±8, and ``y`` is
what the real QKeras computes for it, before a final softmax. Run by hand, in an environment of its own::

    uv venv qk
    uv pip install --python qk/bin/python tensorflow==2.21.0 tf_keras==2.21.0 qkeras==0.9.0 pyparsing setuptools
    qk/bin/python tests/models/qkeras/make_fixtures.py
"""

import os

os.environ |= {"TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}

import gzip
from pathlib import Path

import numpy as np
import tensorflow as tf
from qkeras import QActivation, QBatchNormalization, QConv1D, QConv2D, QDense, get_quantizer, quantized_bits
from tensorflow.keras import Model, Sequential
from tensorflow.keras import layers as kl

ROWS = 200
# Of every quantiser, what it makes of random weights: a matrix with a column of zeros, and a vector.
WEIGHT_QUANTIZERS = (
    "quantized_bits(6,0,alpha=1)",
    "quantized_bits(4,1,1,alpha=0.5)",
    "quantized_bits(5,0,keep_negative=False,alpha=1)",
    "quantized_bits(1,0,alpha=1)",
    "quantized_bits(4,0,alpha='auto')",
    "quantized_bits(4,2,alpha='auto_po2')",
    "quantized_bits(3,0,alpha='auto_po2',use_stochastic_rounding=True)",
    "quantized_relu(4,0)",
    "ternary()",
    "ternary(alpha=0.5,threshold=0.2)",
    "ternary(alpha='auto')",
    "ternary(alpha='auto_po2')",
    "stochastic_ternary(alpha='auto_po2')",
    "binary(alpha=1)",
    "binary(use_01=1,alpha=2)",
    "binary(alpha='auto')",
    "binary(alpha='auto_po2')",
    "stochastic_binary(alpha='auto_po2')",
    "quantized_po2(4)",
    "quantized_po2(3,max_value=1)",
    "quantized_po2(4,2,log2_rounding='floor')",
    "quantized_po2(4,quadratic_approximation=True)",
    "quantized_relu_po2(3,max_value=1)",
    "quantized_relu_po2(4,2,negative_slope=0.25)",
)
ACTIVATIONS = (
    "quantized_bits(6,2,alpha=1)",
    "quantized_bits(6,2,1,alpha=1)",
    "quantized_bits(5,2,keep_negative=False)",
    "quantized_bits(5,1,alpha=0.25)",
    "quantized_bits(1,0,alpha=2)",
    "quantized_relu(4,2)",
    "quantized_relu(8,1,use_stochastic_rounding=True)",
    "quantized_tanh(5)",
    "quantized_tanh(3,symmetric=1)",
    "quantized_sigmoid(2)",
    "quantized_sigmoid(6,symmetric=1)",
    "binary(alpha=1)",
    "binary(use_01=1,alpha=0.5)",
    "ternary()",
    "ternary(alpha=2,threshold=0.5)",
    "relu",
)
FOLDER = Path(__file__).parent


def bits(text: str) -> dict[str, str]:
    """Both quantisers of a layer: the given one for the kernel, six bits for the bias."""
    return {"kernel_quantizer": text, "bias_quantizer": "quantized_bits(6,1,alpha=1)"}


def mlp() -> Model:
    """Scales of all kinds that are powers of two, a Dropout, a softmax."""
    return Sequential(
        [
            kl.Input((10,)),
            QDense(12, **bits("quantized_bits(6,0,alpha=1)"), name="fc1"),
            QActivation("quantized_relu(6,2)", name="relu1"),
            QDense(
                8, **bits("quantized_bits(4,0,alpha='auto_po2')"), activation="quantized_bits(7,2,alpha=1)", name="fc2"
            ),
            kl.Dropout(0.2),
            QDense(8, **bits("quantized_bits(5,1,1,alpha=0.5)"), activation="relu", name="fc3"),
            QActivation("quantized_relu(5,3,use_stochastic_rounding=True)", name="relu3"),
            QDense(3, kernel_quantizer=quantized_bits(6, 1, alpha=1), use_bias=False, name="scores"),
            kl.Activation("softmax", name="softmax"),
        ]
    )


def conv1d() -> Model:
    """Padding, strides, both kinds of pooling."""
    return Sequential(
        [
            kl.Input((12, 2)),
            QConv1D(4, 3, padding="same", **bits("quantized_bits(6,0,alpha=1)"), name="c1"),
            QActivation("quantized_relu(6,2)", name="r1"),
            kl.MaxPooling1D(2, name="max"),
            QConv1D(4, 3, strides=1, padding="valid", **bits("quantized_bits(6,0,alpha=1)"), name="c2"),
            QActivation("quantized_relu(6,2)", name="r2"),
            kl.AveragePooling1D(2, name="average"),
            kl.Flatten(name="flatten"),
            QDense(3, **bits("quantized_bits(6,0,alpha=1)"), name="scores"),
        ]
    )


def conv2d() -> Model:
    """Two dimensions from a flat input, strides, global pooling."""
    return Sequential(
        [
            kl.Input((36,)),
            kl.Reshape((6, 6, 1), name="image"),
            QConv2D(4, (3, 3), padding="same", **bits("quantized_bits(6,0,alpha=1)"), name="c1"),
            QActivation("quantized_relu(6,2)", name="r1"),
            kl.MaxPooling2D(2, name="max"),
            QConv2D(4, (2, 2), padding="valid", **bits("quantized_bits(4,0,alpha=1)"), name="c2"),
            QActivation("quantized_relu(5,1)", name="r2"),
            kl.GlobalAveragePooling2D(name="average"),
            QDense(3, **bits("quantized_bits(6,0,alpha=1)"), name="scores"),
        ]
    )


def few_levels() -> Model:
    """Ternary, binary and power-of-two weights, ternary and binary activations."""
    return Sequential(
        [
            kl.Input((10,)),
            QDense(10, **bits("ternary(alpha=1)"), name="ternary"),
            QActivation("quantized_relu(4,2)", name="relu1"),
            QDense(10, **bits("binary(alpha='auto_po2')"), name="binary"),
            QActivation("ternary(alpha=1,threshold=0.5)", name="ternary_activation"),
            QDense(10, **bits("stochastic_ternary(alpha='auto_po2')"), name="stochastic"),
            QActivation("binary(alpha=1)", name="binary_activation"),
            QDense(8, **bits("quantized_po2(4)"), name="po2"),
            QActivation("quantized_bits(6,3,alpha=1)", name="bits"),
            QDense(3, **bits("quantized_relu_po2(4,max_value=1)"), name="scores"),
        ]
    )


def branches() -> Model:
    """Two branches through tanh and sigmoid, joined and added."""
    inputs = kl.Input((10,), name="particles")
    left = QDense(8, **bits("quantized_bits(6,0,alpha=1)"), name="left")(inputs)
    left = QActivation("quantized_tanh(6)", name="tanh")(left)
    right = QDense(8, **bits("quantized_bits(6,0,alpha=1)"), name="right")(inputs)
    right = QActivation("quantized_sigmoid(5)", name="sigmoid")(right)
    both = kl.Concatenate(name="both")([left, right])
    deep = QDense(8, **bits("quantized_bits(6,0,alpha=1)"), name="deep")(both)
    deep = QActivation("quantized_tanh(5,symmetric=True)", name="symmetric_tanh")(deep)
    total = kl.Add(name="sum")([deep, left])
    return Model(inputs, QDense(3, **bits("quantized_bits(6,0,alpha=1)"), name="scores")(total))


def batch_norm() -> Model:
    """Batch normalisation after and before a layer with weights, and a scale that is no power of two."""
    return Sequential(
        [
            kl.Input((10,)),
            QDense(12, **bits("quantized_bits(6,0,alpha=1)"), name="fc1"),
            kl.BatchNormalization(name="folded"),
            QActivation("quantized_relu(6,2)", name="relu1"),
            kl.BatchNormalization(name="alone"),
            QDense(8, **bits("quantized_bits(6,0,alpha='auto')"), name="fc2"),
            QBatchNormalization(name="quantised"),
            QActivation("quantized_relu(6,2)", name="relu2"),
            kl.Dense(3, name="scores"),
        ]
    )


def randomise(model: Model, random: np.random.Generator) -> None:
    """Biases away from zero and moving statistics as after a training; kernels keep their initial values."""
    for weight in model.weights:
        name = weight.name.split("/")[-1].split(":")[0]
        if name in ("bias", "beta", "moving_mean"):
            weight.assign(random.normal(0.0, 0.4, weight.shape))
        elif name in ("gamma", "moving_variance"):
            weight.assign(random.uniform(0.4, 2.5, weight.shape))


def save(name: str, model: Model, random: np.random.Generator) -> None:
    """Save the model, and its inputs and outputs before a final softmax."""
    randomise(model, random)
    x = np.clip(np.round(random.normal(0.0, 1.5, (ROWS, *model.input_shape[1:])) * 64), -512, 511) / 64
    scores = Model(model.input, model.get_layer("scores").output)
    np.savez_compressed(FOLDER / f"{name}.npz", x=x.astype(np.float32), y=scores.predict(x, verbose=0))
    model.save(FOLDER / f"{name}.h5", include_optimizer=False)


def save_quantizers(random: np.random.Generator) -> None:
    """Save what every quantiser makes of weights, and every activation of all values within ±6 in steps of 1/32."""
    matrix = (random.normal(0.0, 0.4, (7, 5)) * [1.0, 0.3, 2.0, 0.05, 0.0]).astype(np.float32)
    vector = random.normal(0.0, 0.5, 6).astype(np.float32)
    x = np.arange(-192, 193, dtype=np.float32)[:, None] / 32
    found = {"matrix": matrix, "vector": vector, "x": x}
    for text in WEIGHT_QUANTIZERS:
        found |= {f"{name}:{text}": get_quantizer(text)(found[name]).numpy() for name in ("matrix", "vector")}
    found |= {f"x:{text}": get_quantizer(text)(tf.constant(x)).numpy() for text in ACTIVATIONS}
    np.savez_compressed(FOLDER / "quantizers.npz", **found)


def pack(name: str) -> None:
    """Compress a model file: HDF5 is mostly empty."""
    path = FOLDER / f"{name}.h5"
    (FOLDER / f"{name}.h5.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


if __name__ == "__main__":
    tf.keras.utils.set_random_seed(11)
    for builder in (mlp, conv1d, conv2d, few_levels, branches, batch_norm):
        save(builder.__name__, builder(), np.random.default_rng(5))
        pack(builder.__name__)
    save_quantizers(np.random.default_rng(6))
