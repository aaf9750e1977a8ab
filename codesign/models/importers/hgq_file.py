"""Networks that HGQ2 users saved with Keras 3 (``.keras``), loaded without executing anything from the file.

Keras refuses Lambda layers and unknown classes itself (``safe_mode``). Before it gets the file, every class in it is
compared with the known ones, so that the message names what is not supported.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codesign.errors import ModelError
from codesign.models.backend import import_keras
from codesign.models.store import load_model
from codesign.naming import unknown_name

KERAS_LAYERS = frozenset(
    {
        "InputLayer",
        "Activation",
        "Add",
        "Average",
        "AveragePooling1D",
        "AveragePooling2D",
        "Concatenate",
        "Dropout",
        "Flatten",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "MaxPooling1D",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "Multiply",
        "Permute",
        "ReLU",
        "Reshape",
        "Softmax",
        "Subtract",
    }
)
FINAL = ("Softmax", "QSoftmax")


def load_hgq(path: Path) -> tuple[Any, tuple[str, ...]]:
    """Load a network of HGQ2 layers and give it a flat input and scores as output.

    Returns:
        ``keras.Model`` from network values, shape (n, inputs), to scores, shape (n, outputs); and sentences about
        what is not as in the file.

    Raises:
        ModelError: the file is no Keras 3 model, is damaged, or has a layer that is not supported.
    """
    import_keras()
    _require_known_classes(path, _architecture(path))
    try:
        model = load_model(path)
    except ModelError as error:
        raise ModelError(str(error).splitlines()[0]) from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            f"{path}: expected a network with one input and one output, "
            f"found {len(model.inputs)} and {len(model.outputs)}"
        )
    return _flat(path, model)


def _architecture(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    except (OSError, ValueError, KeyError, RuntimeError, RecursionError, zipfile.BadZipFile, EOFError) as error:
        raise ModelError(f"{path}: damaged, or no model saved by Keras 3 ({error})") from error


def _classes(content: Any) -> Iterator[tuple[str, str]]:
    """(module, class) of every object in an architecture."""
    if isinstance(content, dict):
        if isinstance(content.get("class_name"), str):
            registered = str(content.get("registered_name") or "")
            module = str(content.get("module") or registered.replace(">", ".") or "keras")
            yield module, content["class_name"]
        for entry in content.values():
            yield from _classes(entry)
    elif isinstance(content, list):
        for entry in content:
            yield from _classes(entry)


def _require_known_classes(path: Path, architecture: Any) -> None:
    import hgq.layers

    if not isinstance(architecture, dict) or architecture.get("class_name") not in ("Functional", "Sequential"):
        raise ModelError(f"{path}: expected a Sequential or Functional network")
    known = KERAS_LAYERS | set(hgq.layers.__all__)
    for module, name in _classes(architecture.get("config")):
        package = module.split(".")[0]
        is_layer = module.startswith(("keras.layers", "keras.src.layers", "hgq.layers"))
        if package == "qkeras":
            raise ModelError(f"{path}: {name} of QKeras in a .keras file is not supported; save the model as .h5")
        if package not in ("keras", "hgq", "builtins"):
            raise ModelError(
                f"{path}: {module}.{name} is a class of your own, which is not executed; known: keras, hgq"
            )
        if (is_layer or "." not in module) and name not in known and name not in ("DTypePolicy", "__keras_tensor__"):
            raise ModelError(f"{path}: {unknown_name('layer', name, sorted(known))}")


def _flat(path: Path, model: Any) -> tuple[Any, tuple[str, ...]]:
    """The same layers behind a flat input, without a final softmax."""
    import keras

    shape = tuple(model.inputs[0].shape[1:])
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    last = model.outputs[0]._keras_history.operation
    softmax = type(last).__name__ in FINAL or getattr(last, "activation", None) is keras.activations.softmax
    if None in shape:
        raise ModelError(f"{path}: expected an input of known size, found shape {shape}")
    if softmax and type(last).__name__ not in (*FINAL, "Activation"):
        raise ModelError(f"{path}: the softmax inside layer {last.name!r} cannot be left out; use a layer of its own")
    if len(shape) == 1 and not softmax:
        return model, ()
    start = keras.Input((int(keras.ops.prod(shape)),), name="flat_inputs")
    tensors = {id(model.inputs[0]): keras.layers.Reshape(shape, name="input_shape")(start) if len(shape) > 1 else start}
    output = last.input if softmax else model.outputs[0]
    for layer in layers:
        if layer is last and softmax:
            continue
        given, result = layer.input, layer.output
        tensors[id(result)] = layer(
            [tensors[id(entry)] for entry in given] if isinstance(given, list) else tensors[id(given)]
        )
    notes = (
        [f"layer {last.name!r}: the final softmax is left out, the outputs are the scores before it"] if softmax else []
    )
    return keras.Model(start, tensors[id(output)], name=model.name), tuple(notes)
