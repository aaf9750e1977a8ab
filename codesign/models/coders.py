"""Encoders and decoders of anomaly detectors, from dense layers or from convolutions over the objects of an event."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models.event_inputs import ObjectMap
from codesign.models.fixed_layers import exact_inputs, linear, linear_layer

Tensor = Any
Coder = Callable[[Tensor], Tensor]
Size = Annotated[int, Field(ge=1, le=1024)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1)]
KERNEL = 3  # rows of the map a convolution sees
Latent = Annotated[int, Field(ge=1, le=32)]


def dense_encoder(sizes: Sequence[int], last: int | None = None) -> Coder:
    """Quantised dense layers with ReLU, and one without if ``last`` gives its neurons.

    Returns:
        A function that applies the encoder; every call applies the same layers.
    """
    from hgq.layers import QDense

    layers = [QDense(size, activation="relu", name=f"encoder_{index}") for index, size in enumerate(sizes, start=1)]
    return _in_turn(layers if last is None else [*layers, QDense(last, name="latent")])


def dense_decoder(sizes: Sequence[int], outputs: int, *, quantized: bool, name: str = "decoder") -> Coder:
    """Dense layers from the latent vector to the inputs; float if they are for training only.

    Args:
        sizes: neurons of the hidden layers.
        outputs: neurons of the last, linear layer.
        quantized: whether the decoder becomes firmware.
        name: prefix of the layers' names.

    Returns:
        A function that applies the decoder; every call applies the same layers.
    """
    dense = _layer("Dense", quantized)
    layers = [dense(size, activation="relu", name=f"{name}_{index}") for index, size in enumerate(sizes, start=1)]
    return _in_turn([*layers, dense(outputs, name=f"{name}_output")])


def map_encoder(inputs: Tensor, contract: InputContract, objects: ObjectMap, filters: Sequence[int]) -> Tensor:
    """Convolutions over the rows of the map of objects, every second place, shape (n, inputs) to (n, features).

    A kernel spans three rows and all quantities, as the 3 x 3 kernels of arXiv:2108.03986 do. Strides take the place of
    its average pooling, whose thirds are not exact in fixed point.

    Raises:
        ConfigError: there are more layers than the rows allow.
    """
    import keras
    from hgq.layers import QConv1D

    rows = linear(exact_inputs(inputs, contract, "map_inputs"), objects.places, "map_places")
    features = keras.layers.Reshape((objects.rows, len(objects.columns)), name="map")(rows)
    for index, size in enumerate(filters, start=1):
        if features.shape[1] < KERNEL:
            raise ConfigError(
                f"model.filters: a map of {objects.rows} rows has room for {index - 1} convolutions, got {len(filters)}"
            )
        features = QConv1D(size, KERNEL, strides=2, activation="relu", name=f"encoder_{index}")(features)
    return keras.layers.Flatten(name="encoder_flat")(features)


def map_decoder(objects: ObjectMap, filters: int, *, quantized: bool) -> Coder:
    """A dense layer to a map, one convolution over its rows, and the places of the map that are inputs.

    Args:
        objects: the map.
        filters: numbers per row that the dense layer makes.
        quantized: whether the decoder becomes firmware.
    """
    import keras

    dense, convolution = _layer("Dense", quantized), _layer("Conv1D", quantized)
    return _in_turn(
        [
            dense(objects.rows * filters, activation="relu", name="decoder_1"),
            keras.layers.Reshape((objects.rows, filters), name="decoder_map"),
            convolution(len(objects.columns), KERNEL, padding="same", name="decoder_output"),
            keras.layers.Flatten(name="decoder_flat"),
            linear_layer(objects.places.T, "decoder_places"),
        ]
    )


def _layer(kind: str, quantized: bool) -> Any:
    import hgq.layers
    import keras

    return getattr(hgq.layers, f"Q{kind}") if quantized else getattr(keras.layers, kind)


def _in_turn(layers: Sequence[Any]) -> Coder:
    def apply(tensor: Tensor) -> Tensor:
        for layer in layers:
            tensor = layer(tensor)
        return tensor

    return apply
