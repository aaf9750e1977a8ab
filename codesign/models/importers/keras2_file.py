"""Whole models that Keras 2 saved as HDF5, read with h5py and json; nothing in the file is executed.

Layout (Keras 2, ``hdf5_format``): the attribute ``model_config`` is the architecture as JSON; the group
``model_weights/<layer>`` holds the weights whose paths are in its attribute ``weight_names``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError

_HOW = "save the whole model in Keras 2 with model.save('model.h5')"


@dataclass(frozen=True)
class LayerRecord:
    """A layer as it stands in the file.

    Attributes:
        name: its name, unique in the model.
        kind: its class in Keras or QKeras.
        config: its configuration.
        inputs: names of the layers whose outputs it takes, in order.
        weights: stored weights by their own name (``kernel``, ``bias``), float32.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def where(self) -> str:
        """The layer in messages."""
        return f"layer {self.name!r} ({self.kind})"

    def weight(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A stored weight.

        Raises:
            ModelError: it is missing, has another shape, or is not finite.
        """
        if name not in self.weights:
            found = ", ".join(self.weights) or "none"
            raise ModelError(f"{self.where}: expected the weight {name!r} in the file, found {found}")
        values = self.weights[name]
        if values.shape != shape:
            raise ModelError(f"{self.where}: expected {name!r} of shape {shape}, found {values.shape}")
        if not np.isfinite(values).all():
            raise ModelError(f"{self.where}: {name!r} holds NaN or infinite values")
        return values


@dataclass(frozen=True)
class Keras2Model:
    """A model with one input and one output.

    Attributes:
        layers: every layer after those whose outputs it takes; the first is the input.
        output: name of the layer that gives the output.
    """

    layers: tuple[LayerRecord, ...]
    output: str


def read_keras2(path: Path) -> Keras2Model:
    """Read a model file of Keras 2.

    Raises:
        ModelError: the file is no HDF5, is damaged, holds no whole Keras 2 model, or one with several inputs, outputs
            or uses of a layer.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            _require_whole_model(path, file.attrs)
            config = _config(path, file.attrs)
            return _model(path, config, file["model_weights"])
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: damaged, or no model saved by Keras 2 ({error}); {_HOW}") from error


def _require_whole_model(path: Path, attributes: Mapping[str, Any]) -> None:
    version = _text(attributes.get("keras_version", "2"))
    if not version.startswith(("1.", "2")):
        raise ModelError(f"{path}: saved by Keras {version}; expected Keras 2, or a .keras file of Keras 3")
    if "model_config" not in attributes:
        what = "only weights" if "layer_names" in attributes else "no Keras model"
        raise ModelError(f"{path}: the HDF5 file holds {what}; {_HOW}")


def _config(path: Path, attributes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        content = json.loads(_text(attributes["model_config"]))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: the attribute model_config is no JSON ({error}); the file is damaged") from error
    kind = content.get("class_name") if isinstance(content, dict) else None
    if kind not in ("Sequential", "Functional", "Model"):
        raise ModelError(f"{path}: expected a Sequential or Functional model, found {kind!r}")
    return dict(content)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _model(path: Path, config: Mapping[str, Any], weights: Any) -> Keras2Model:
    body = config["config"]
    entries = body if isinstance(body, list) else body["layers"]  # Keras before 2.3 stored the bare list
    if not isinstance(entries, list) or not entries:
        raise ModelError(f"{path}: the model has no layers")
    if config["class_name"] == "Sequential":
        layers = _sequential(path, entries, body)
        output = layers[-1][0]
    else:
        layers = [_functional_layer(path, entry) for entry in entries]
        _only(path, "input", body["input_layers"])
        output = _only(path, "output", body["output_layers"])
    records = [_record(layer, weights) for layer in layers]
    if output not in {record.name for record in records}:
        raise ModelError(f"{path}: the output {output!r} is no layer of the model")
    return Keras2Model(_in_order(path, records), output)


_Layer = tuple[str, str, Mapping[str, Any], tuple[str, ...]]


def _sequential(path: Path, entries: list[Any], body: Any) -> list[_Layer]:
    layers: list[_Layer] = []
    first = entries[0]
    if first["class_name"] != "InputLayer":
        shape = first["config"].get("batch_input_shape") or (
            body.get("build_input_shape") if isinstance(body, dict) else None
        )
        if shape is None:
            raise ModelError(f"{path}: the shape of the input is not in the file: build the model before saving it")
        layers.append(("inputs", "InputLayer", {"batch_input_shape": shape}, ()))
    for entry in entries:
        before = (layers[-1][0],) if layers else ()
        layers.append((str(entry["config"]["name"]), str(entry["class_name"]), entry["config"], before))
    return layers


def _functional_layer(path: Path, entry: Mapping[str, Any]) -> _Layer:
    name, kind, nodes = str(entry["name"]), str(entry["class_name"]), entry["inbound_nodes"]
    if len(nodes) > 1:
        raise ModelError(f"{path}: layer {name!r} ({kind}) is used {len(nodes)} times; a shared layer is not supported")
    inputs = nodes[0] if nodes else []
    if inputs and isinstance(inputs[0], str):  # an operator, such as x * 2, stands without a list of inputs
        inputs = nodes
    for source in inputs:
        if source[1] != 0 or source[2] != 0:
            raise ModelError(f"{path}: layer {name!r} ({kind}) takes one of several outputs, which is not supported")
    return name, kind, entry["config"], tuple(str(source[0]) for source in inputs)


def _only(path: Path, what: str, tensors: list[Any]) -> str:
    if len(tensors) != 1:
        raise ModelError(f"{path}: expected a model with one {what}, found {len(tensors)}: join them before saving")
    return str(tensors[0][0])


def _record(layer: _Layer, weights: Any) -> LayerRecord:
    name, kind, config, inputs = layer
    if not isinstance(config, dict):
        raise TypeError(f"the configuration of layer {name!r} is {config!r}")
    stored = {}
    if name in weights:
        for path in _names(weights[name].attrs):
            values = np.asarray(weights[name][path][()], dtype=np.float32)
            stored[path.rsplit("/", 1)[-1].split(":")[0]] = values
    return LayerRecord(name, kind, config, inputs, stored)


def _names(attributes: Mapping[str, Any]) -> list[str]:
    """Paths of a layer's weights; Keras splits a long list over ``weight_names0``, ``weight_names1``, …."""
    if "weight_names" in attributes:
        return [_text(name) for name in attributes["weight_names"]]
    names, part = [], 0
    while f"weight_names{part}" in attributes:
        names += [_text(name) for name in attributes[f"weight_names{part}"]]
        part += 1
    return names


def _in_order(path: Path, records: list[LayerRecord]) -> tuple[LayerRecord, ...]:
    """Put every layer behind its inputs."""
    ordered: dict[str, LayerRecord] = {}
    waiting = list(records)
    while waiting:
        ready = [record for record in waiting if all(name in ordered for name in record.inputs)]
        if not ready or len({record.name for record in records}) != len(records):
            raise ModelError(f"{path}: the layers {[record.name for record in waiting]} are not a connected graph")
        ordered |= {record.name: record for record in ready}
        waiting = [record for record in waiting if record.name not in ordered]
    return tuple(ordered.values())
