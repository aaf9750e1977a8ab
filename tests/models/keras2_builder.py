"""Model files as Keras 2 writes them, and the ones of the real QKeras in ``qkeras/``."""

import gzip
import json
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).parent / "qkeras"


def unpack(name, folder):
    """A model that the real QKeras saved, as (model file, file with its inputs x and outputs y)."""
    path = folder / f"{name}.h5"
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.h5.gz").read_bytes()))
    return path, FOLDER / f"{name}.npz"


def layer(kind, name, **config):
    """A layer of ``write_sequential``."""
    return {"class_name": kind, "config": {"name": name, **config}}


def dense(name, units, **config):
    """A QDense layer with kernels of six bits; ``config`` changes it."""
    six = {"class_name": "quantized_bits", "config": {"bits": 6, "integer": 0, "alpha": 1}}
    options = {"units": units, "activation": "linear", "use_bias": True}
    return layer("QDense", name, **{**options, "kernel_quantizer": six, "bias_quantizer": six, **config})


def activation(text, name="activation"):
    """A QActivation layer."""
    return layer("QActivation", name, activation=text)


def write_sequential(path, shape, layers, weights=()):
    """Write a Sequential model; weights by ``layer/weight``."""
    start = layer("InputLayer", "start", batch_input_shape=[None, *shape])
    write(path, "Sequential", {"name": "m", "layers": [start, *layers]}, dict(weights))


def write_functional(path, layers, outputs, weights=()):
    """Write a Functional model; ``layers`` holds pairs of a layer and the names of its inputs."""
    entries = [
        {
            **entry,
            "name": entry["config"]["name"],
            "inbound_nodes": [[[name, 0, 0, {}] for name in inputs]] if inputs else [],
        }
        for entry, inputs in layers
    ]
    starts = [entry["name"] for entry in entries if entry["class_name"] == "InputLayer"]
    config = {
        "name": "m",
        "layers": entries,
        "input_layers": [[name, 0, 0] for name in starts],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    write(path, "Functional", config, dict(weights))


def write(path, kind, config, weights):
    """Write architecture and weights."""
    names = [entry["config"]["name"] for entry in config["layers"]]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps({"class_name": kind, "config": config})
        group = file.create_group("model_weights")
        for name in names:
            own = {key.split("/")[1]: values for key, values in weights.items() if key.split("/")[0] == name}
            part = group.create_group(name)
            part.attrs["weight_names"] = [f"{name}/{key}:0".encode() for key in own]
            for key, values in own.items():
                part[f"{name}/{key}:0"] = np.asarray(values, np.float32)


def random_weights(sizes, seed=1):
    """Kernels and biases of dense layers by name, for their numbers of (inputs, outputs)."""
    random = np.random.default_rng(seed)
    found = {}
    for name, size in sizes.items():
        found[f"{name}/kernel"] = random.normal(0.0, 0.4, size)
        found[f"{name}/bias"] = random.normal(0.0, 0.3, size[-1:])
    return found


def edit_config(path, change):
    """Change the architecture in a file: ``change`` gets the decoded JSON."""
    with h5py.File(path, "r+") as file:
        content = json.loads(file.attrs["model_config"])
        change(content)
        file.attrs["model_config"] = json.dumps(content)
