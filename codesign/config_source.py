"""The table ``firmware.source``: what the words on the links look like from which the firmware makes its inputs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from codesign.sections import Section


class FieldSection(Section):
    """Some neighbouring bits of a word that are one quantity.

    Attributes:
        low: least significant bit.
        width: number of bits.
        signed: two's complement or unsigned.
        lsb: one count in physical units; absent for an angle.
        counts_per_turn: counts of a full turn of an angle; absent for other quantities.
        offset: physical value of integer 0.
    """

    low: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1, le=24)]
    signed: bool = False
    lsb: Annotated[float, Field(gt=0)] | None = None
    counts_per_turn: Annotated[int, Field(gt=0)] | None = None
    offset: float = 0.0

    @model_validator(mode="after")
    def _one_of_lsb_and_turn(self) -> Self:
        if (self.lsb is None) == (self.counts_per_turn is None):
            raise ValueError("either lsb or counts_per_turn")
        return self


class SourceBlockSection(Section):
    """The words of one block; what is absent is taken from the preset.

    Attributes:
        bits: width of a word.
        objects: words, one per object; absent and without a preset 1.
        fields: bits of each column of the block; bits that belong to none are ignored.
    """

    bits: Annotated[int, Field(ge=1, le=1024)] | None = None
    objects: Annotated[int, Field(ge=1, le=256)] | None = None
    fields: dict[str, FieldSection] = Field(default_factory=dict)


class SourceSection(Section):
    """The words that the firmware receives.

    Attributes:
        format: "none" (``in_data`` holds the integers of the input contract already), "words" (those described here)
            or a preset of an experiment (`codesign.source_presets.SOURCES`).
        unsorted: blocks whose objects arrive in any order, with empty slots anywhere; firmware sorts them.
        layers_per_clock: layers of comparators of the sorting network between two registers.
        blocks: words by block of the data set, each block of the network once.
    """

    format: str = "none"
    unsorted: tuple[str, ...] = ()
    layers_per_clock: Literal[1, 2] = 1
    blocks: dict[str, SourceBlockSection] = Field(default_factory=dict)
