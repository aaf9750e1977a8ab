"""A network given as fixed-point weights: a TOML file that describes its layers, and an npz file with their numbers."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from codesign.errors import ConfigError, ModelError
from codesign.fixed_point import FixedPoint
from codesign.naming import unknown_name
from codesign.sections import Section, read_section


class InputSection(Section):
    """One input.

    Attributes:
        name: its name.
        format: bits and binary point of the value the network sees, such as "ap_ufixed<10,6>"; the modes are not its
            business: the integers come from the trigger.
        lsb: one hardware count in physical units; absent the value that the network sees for it.
        offset: physical value of hardware integer 0.
        unit: physical unit.
    """

    name: str
    format: Annotated[str, Field(pattern=r"^ap_u?fixed<\s*\d+\s*,\s*-?\d+\s*>$")]
    lsb: Annotated[float, Field(gt=0)] | None = None
    offset: float = 0.0
    unit: str = ""


class NumbersSection(Section):
    """Weights or biases.

    Attributes:
        array: name of the array in the npz file: whole numbers (of any integer type) are the stored integers of the
            format, floating-point numbers are the values.
        format: their format.
    """

    array: str
    format: str


class LayerSection(Section):
    """One layer.

    Attributes:
        name: its name.
        kind: "dense", "relu", or "quantize" (rounding alone).
        weights: "dense": matrix of shape (inputs, outputs).
        biases: "dense": vector of shape (outputs,); absent means none.
        accumulator: "dense": format in which the products are summed; it must hold every sum as it is.
        format: format to which the result is rounded, and by which it saturates or wraps; "relu", "dense": absent
            means not at all.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
    kind: Literal["dense", "relu", "quantize"]
    weights: NumbersSection | None = None
    biases: NumbersSection | None = None
    accumulator: str | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        if (self.kind == "dense") != (self.weights is not None):
            raise ValueError('weights for kind "dense", and for no other')
        if self.kind != "dense" and (self.biases or self.accumulator):
            raise ValueError('biases and accumulator for kind "dense" only')
        if self.kind == "quantize" and self.format is None:
            raise ValueError('a format for kind "quantize"')
        return self


class NetworkSection(Section):
    """The whole file.

    Attributes:
        name: name of the network, of the files it becomes, and of its run.
        source: where the network is published.
        weights: npz file with the arrays; a relative path starts at the TOML file.
        scores: names of the outputs.
        inputs: inputs in the order of the input word.
        layers: layers from the inputs to the scores.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    source: str = ""
    weights: str
    scores: Annotated[tuple[str, ...], Field(min_length=1)]
    inputs: Annotated[tuple[InputSection, ...], Field(min_length=1)]
    layers: Annotated[tuple[LayerSection, ...], Field(min_length=1)]


@dataclass(frozen=True)
class WeightsFile:
    """A description with its numbers.

    Attributes:
        path: the TOML file.
        network: what it says.
        arrays: the arrays of the npz file.
    """

    path: Path
    network: NetworkSection
    arrays: Mapping[str, NDArray[Any]]

    def values(self, layer: LayerSection, what: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
        """Weights or biases of a layer as the values that they stand for.

        Args:
            layer: the layer.
            what: "weights" or "biases".
            shape: expected shape, ``None`` for any size.

        Raises:
            ModelError: the array is missing or has another shape, or a number is not exact in the format.
        """
        numbers: NumbersSection = getattr(layer, what)
        where = f"{self.path}: layer {layer.name!r}: {what}"
        if numbers.array not in self.arrays:
            raise ModelError(f"{where}: {unknown_name('array', numbers.array, self.arrays)}")
        array, fixed = self.arrays[numbers.array], self.format(layer, numbers.format)
        if array.ndim != len(shape) or any(
            want not in (None, got) for want, got in zip(shape, array.shape, strict=True)
        ):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise ModelError(f"{where}: expected an array of shape ({wanted}), found {array.shape}")
        whole = np.issubdtype(array.dtype, np.integer)
        if not (whole or np.issubdtype(array.dtype, np.floating)):
            raise ModelError(f"{where}: expected whole or floating-point numbers, found {array.dtype}")
        try:
            integers = fixed.exact_int(array.astype(np.float64) * (fixed.lsb if whole else 1.0))
        except ValueError as error:
            raise ModelError(f"{where}: {error}; correct the format or the array") from None
        return fixed.from_int(integers).astype(np.float32)

    def format(self, layer: LayerSection, text: str) -> FixedPoint:
        """A format that a layer states.

        Raises:
            ModelError: it is none.
        """
        try:
            return FixedPoint.parse(text)
        except ConfigError as error:
            raise ModelError(f"{self.path}: layer {layer.name!r}: {error}") from None


def read_weights_file(path: Path) -> WeightsFile:
    """Read a description and its numbers.

    Raises:
        ConfigError: the TOML file is missing or wrong.
        ModelError: the npz file is missing, damaged, or holds something that is no array of numbers.
    """
    network = read_section(NetworkSection, path, "description of a network")
    file = path.parent / network.weights
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{file}: expected an npz file with the arrays of {path.name} ({error})") from error
    return WeightsFile(path, network, arrays)
