"""A model of Keras 2 and QKeras as a network of HGQ2 layers with frozen quantisers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint
from codesign.models.importers import linear_layers as linear
from codesign.models.importers import shape_layers as shapes
from codesign.models.importers.activations import add_activation
from codesign.models.importers.graph import Builder, Value
from codesign.models.importers.keras2_file import Keras2Model, LayerRecord
from codesign.models.importers.quantizer_specs import QuantizerSpec, read_quantizer
from codesign.models.importers.ranges import EXACT_BITS, SHARED_BITS, ValueRange
from codesign.naming import unknown_name

DROPPED = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
)
FINAL = ("softmax", "sigmoid")  # increasing functions of scores, which need none


def _activation(builder: Builder, record: LayerRecord, value: Value) -> Value:
    return add_activation(builder, value, _own_activation(record), record.name, record.where)


def _same(builder: Builder, record: LayerRecord, value: Value) -> Value:
    return value


ONE_INPUT: dict[str, Callable[[Builder, LayerRecord, Value], Value]] = {
    **dict.fromkeys(("QActivation", "Activation", "ReLU", "Softmax"), _activation),
    **dict.fromkeys(shapes.POOLING, shapes.add_pooling),
    "Flatten": shapes.add_flatten,
    "Reshape": shapes.add_reshape,
    **dict.fromkeys(DROPPED, _same),
}
SEVERAL_INPUTS: dict[str, Callable[[Builder, LayerRecord, list[Value]], Value]] = {
    "Add": shapes.add_sum,
    "Concatenate": shapes.add_concatenation,
}
SUPPORTED = ("InputLayer", *linear.LINEAR, *linear.NORMALIZATIONS, *ONE_INPUT, *SEVERAL_INPUTS)


def convert(model: Keras2Model, inputs: FixedPoint) -> tuple[Any, tuple[str, ...]]:
    """Convert a model.

    Args:
        model: the model of the file.
        inputs: format of the network values; the network rounds and saturates to it.

    Returns:
        ``keras.Model`` from flat network values, shape (n, inputs), to scores, shape (n, outputs); and sentences about
        what is not as in the file.

    Raises:
        ModelError: a layer, quantiser or option is not supported, or the file contradicts itself.
    """
    for record in model.layers:
        if record.kind not in SUPPORTED:
            raise ModelError(f"{record.where}: {unknown_name('layer', record.kind, SUPPORTED)}")
    builder, plan = Builder(), _plan(model, inputs)
    values: dict[str, Value] = {}
    for record in _without_final_activation(builder, model):
        try:
            values[record.name] = _convert_layer(builder, record, [values[name] for name in record.inputs], plan)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise ModelError(
                f"{record.where}: its configuration is incomplete or makes no sense ({_first_line(error)})"
            ) from error
    return builder.network(values[model.output]), tuple(builder.notes)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {text[0][:150]}"


@dataclass(frozen=True)
class _Plan:
    """What the conversion of a layer has to know about others.

    Attributes:
        inputs: format of the network values.
        foldings: batch normalisations by the layer with weights that absorbs them.
        rounded: layers whose output goes into nothing but quantised activations.
    """

    inputs: FixedPoint
    foldings: Mapping[str, linear.Folding]
    rounded: frozenset[str]

    @property
    def absorbed(self) -> set[str]:
        """Names of the batch normalisations that become no layer."""
        return {name for folding in self.foldings.values() for name in folding.names}


def _convert_layer(builder: Builder, record: LayerRecord, given: list[Value], plan: _Plan) -> Value:
    if record.kind == "InputLayer":
        return _input(builder, record, plan.inputs)
    if record.kind in SEVERAL_INPUTS:
        return SEVERAL_INPUTS[record.kind](builder, record, given)
    if len(given) != 1:
        raise ModelError(f"{record.where}: expected one input, found {len(given)}")
    if record.kind in linear.LINEAR:
        return linear.add_linear(builder, record, given[0], plan.foldings.get(record.name, linear.Folding()))
    if record.name in plan.absorbed:
        return given[0]
    if record.kind in linear.NORMALIZATIONS:
        most_bits = EXACT_BITS if record.name in plan.rounded else SHARED_BITS
        return linear.add_normalization(builder, record, given[0], most_bits)
    return ONE_INPUT[record.kind](builder, record, given[0])


def _input(builder: Builder, record: LayerRecord, inputs: FixedPoint) -> Value:
    """Flat input, rounded and saturated to its format, in the shape that the model wants."""
    if record.inputs:
        raise ModelError(f"{record.where}: an input stands behind {record.inputs[0]!r}")
    _, *shape = record.config.get("batch_input_shape") or record.config["batch_shape"]
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ModelError(f"{record.where}: expected an input of known size, found shape {shape}")
    values = ValueRange(inputs.min_int * inputs.lsb, inputs.max_int * inputs.lsb, inputs.fractional)
    value = builder.start(math.prod(shape), values)
    if len(shape) > 1:
        value = builder.keras(value, "Reshape", values, "input_shape", target_shape=tuple(shape))
    return builder.quantize(value, inputs, "input_quantizer")


def _own_activation(record: LayerRecord) -> QuantizerSpec | None:
    """The activation that a layer is."""
    match record.kind:
        case "ReLU":
            for option in ("max_value", "negative_slope", "threshold"):
                if record.config.get(option):
                    raise ModelError(f"{record.where}: {option}={record.config[option]!r} is not supported")
            return QuantizerSpec("relu", {})
        case "Softmax":
            return QuantizerSpec("softmax", {})
    return read_quantizer(record.config["activation"], f"{record.where}: activation")


def _users(model: Keras2Model, name: str) -> list[LayerRecord]:
    return [record for record in model.layers if name in record.inputs]


def _plan(model: Keras2Model, inputs: FixedPoint) -> _Plan:
    """Fold batch normalisations into the layer before, or behind, if nothing else reads between them."""
    users = {record.name: [user for user in model.layers if record.name in user.inputs] for record in model.layers}
    after: dict[str, LayerRecord] = {}
    before: dict[str, LayerRecord] = {}
    absorbed = set()
    for record in model.layers:
        if len(users[record.name]) != 1 or record.name == model.output:
            continue
        (user,) = users[record.name]
        if record.kind in linear.LINEAR and user.kind in linear.NORMALIZATIONS and linear.activation_of(record) is None:
            after[record.name] = user
            absorbed.add(user.name)
        elif record.kind in linear.NORMALIZATIONS and record.name not in absorbed and linear.absorbs_before(user):
            before[user.name] = record
    return _Plan(
        inputs,
        {name: linear.Folding(before.get(name), after.get(name)) for name in {*before, *after}},
        frozenset(name for name, found in users.items() if all(user.kind == "QActivation" for user in found)),
    )


def _without_final_activation(builder: Builder, model: Keras2Model) -> list[LayerRecord]:
    """The layers without a softmax or sigmoid at the end: firmware gives scores."""
    records = []
    for record in model.layers:
        last = record.name == model.output
        if last and record.kind in ("Activation", "QActivation", "Softmax"):
            spec = _own_activation(record)
        elif last and record.kind in linear.LINEAR:
            spec = linear.activation_of(record)
        else:
            spec = None
        if spec is not None and spec.name in FINAL:
            builder.notes.append(
                f"{record.where}: the final {spec.name} is left out, the outputs are the scores before it"
            )
            config = {**record.config, "activation": "linear"}
            kind = "Activation" if record.kind == "Softmax" else record.kind
            record = LayerRecord(record.name, kind, config, record.inputs, record.weights)
        records.append(record)
    return records
