"""Ports: which bits of a word belong to which number."""

from collections.abc import Iterable
from dataclasses import dataclass

from codesign.contract import InputContract
from codesign.fixed_point import FixedPoint


@dataclass(frozen=True)
class PortField:
    """One integer inside a packed word.

    Attributes:
        name: input or class.
        lsb: position of its least significant bit in the word.
        width: bits.
        signed: two's complement.
    """

    name: str
    lsb: int
    width: int
    signed: bool


@dataclass(frozen=True)
class Port:
    """A packed word.

    Attributes:
        bits: width of the word.
        fields: the integers in it, from the least significant bits upwards, without gaps.
    """

    bits: int
    fields: tuple[PortField, ...]


def pack(fields: Iterable[tuple[str, int, bool]]) -> Port:
    """Lay (name, width, signed) side by side, the first in the least significant bits."""
    position, placed = 0, []
    for name, width, signed in fields:
        placed.append(PortField(name, position, width, signed))
        position += width
    return Port(position, tuple(placed))


def input_port(contract: InputContract) -> Port:
    """The input word of a contract."""
    return pack((entry.name, entry.width, entry.signed) for entry in contract.inputs)


def score_port(classes: Iterable[str], score_format: FixedPoint) -> Port:
    """The output word: every class score in the same format."""
    return pack((name, score_format.width, score_format.signed) for name in classes)
