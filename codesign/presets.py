"""The integer scales of experiments' trigger links, as presets of the input contract (`presets.toml`)."""

import math
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.sections import Section, read_section

ORDER = "pt"  # column in whose decreasing order trigger objects arrive


class Scale(Section):
    """Scale of one quantity on the link.

    Attributes:
        width: bits.
        signed: two's complement or unsigned.
        step: one count in physical units; absent for an angle.
        counts_per_turn: counts of a full turn of an angle, which wraps around; absent for other quantities.
        offset: physical value of integer 0.
    """

    width: Annotated[int, Field(ge=1, le=32)]
    signed: bool = False
    step: Annotated[float, Field(gt=0)] | None = None
    counts_per_turn: Annotated[int, Field(gt=0)] | None = None
    offset: float = 0.0

    @model_validator(mode="after")
    def _one_of_step_and_turn(self) -> "Scale":
        if (self.step is None) == (self.counts_per_turn is None):
            raise ValueError("either step or counts_per_turn")
        return self

    @property
    def lsb(self) -> float:
        """One count in physical units, rad for an angle."""
        return self.step if self.step is not None else 2 * math.pi / (self.counts_per_turn or 1)


class Preset(Section):
    """Scales of one trigger.

    Attributes:
        name: name in a configuration.
        description: which trigger.
        source: where the scales are published.
        blocks: block → column → scale.
        alike: other names of a block → the block.
    """

    name: str
    description: str
    source: str
    blocks: dict[str, dict[str, Scale]]
    alike: dict[str, str] = Field(default_factory=dict)

    def scale(self, block: str, column: str) -> Scale | None:
        """Return the scale of a column, or ``None`` if the trigger does not send it."""
        return self.blocks.get(self.alike.get(block, block), {}).get(column)

    def known(self, block: str) -> str:
        """Return the names of the columns of a block, or of the blocks if it has no such block."""
        return ", ".join(self.blocks.get(self.alike.get(block, block), {*self.blocks, *self.alike}))


class _PresetFile(Section):
    presets: tuple[Preset, ...]


@cache
def load_presets() -> dict[str, Preset]:
    """Return the shipped presets by name."""
    file = read_section(_PresetFile, Path(__file__).with_name("presets.toml"), "table of presets")
    return {preset.name: preset for preset in file.presets}


def get_preset(name: str) -> Preset:
    """Look a preset up.

    Raises:
        ConfigError: there is none of this name; the message lists the known ones.
    """
    presets = load_presets()
    if name not in presets:
        raise ConfigError(f"contract.preset: {unknown_name('preset', name, presets)}")
    return presets[name]


def digitise(preset: str, block: str, values: NDArray[np.floating], columns: tuple[str, ...]) -> NDArray[np.float32]:
    """Round physical values to what the trigger sends.

    Args:
        preset: name of the preset.
        block: name of the block, for example ``jets``.
        values: shape (n, columns), or (n, objects, columns) with a column pt that is zero in empty slots.
        columns: names of the columns.

    Returns:
        float32 of the same shape: the physical value of each hardware integer, angles in [-π, π), objects in
        decreasing pt, empty slots (also those whose pt is below half a count) zero.

    Raises:
        ConfigError: the preset is unknown, or has no scale for a column.
        DataError: a value is not finite.
    """
    chosen = get_preset(preset)
    scales = []
    for column in columns:
        scale = chosen.scale(block, column)
        if scale is None:
            raise ConfigError(f"{preset}: no scale for {block}.{column}; it has {chosen.known(block)}")
        scales.append(scale)
    slots = values.shape[1] if values.ndim == 3 else 1
    contract = _contract(block, slots, columns, scales, has_objects=values.ndim == 3)
    physical = contract.to_physical(contract.to_hardware(values.reshape(len(values), -1))).reshape(values.shape)
    for index, scale in enumerate(scales):
        if scale.counts_per_turn is not None:
            physical[..., index] = np.mod(physical[..., index] + math.pi, 2 * math.pi) - math.pi
    return physical.astype(np.float32)


def _contract(
    block: str, slots: int, columns: tuple[str, ...], scales: list[Scale], *, has_objects: bool
) -> InputContract:
    formats = tuple(
        InputFormat(
            f"{block}[{slot}].{name}", "", scale.offset, scale.lsb, scale.width, scale.signed, scale.counts_per_turn
        )
        for slot in range(slots)
        for name, scale in zip(columns, scales, strict=True)
    )
    objects = (ObjectSlots(block, 0, slots, len(columns), columns.index(ORDER)),) if has_objects else ()
    return InputContract(formats, objects=objects)
