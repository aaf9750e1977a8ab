"""The boards a design can be sized for: data in ``boards.toml``, read and checked here."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from codesign.errors import ConfigError
from codesign.naming import unknown_name

Family = Literal["ultrascale_plus", "7series"]


@dataclass(frozen=True)
class Board:
    """A board and what its FPGA holds.

    Attributes:
        name: key in ``boards.toml``, for example ``serenity-vu13p``.
        description: one line for people.
        part: full part number with package, speed and temperature grade.
        family: fabric that synthesis maps to.
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP48 slices.
        bram_36k: 36-kbit block RAMs (each is two of 18 kbit).
        uram: UltraRAM blocks, 0 where the part has none.
        slr: dies ("super logic regions"); the resources are spread evenly over them.
        clock_mhz: default clock of an algorithm on this board, in MHz.
        source: where the numbers come from.
    """

    name: str
    description: str
    part: str
    family: Family
    lut: int
    ff: int
    dsp: int
    bram_36k: int
    uram: int
    slr: int
    clock_mhz: float
    source: str

    @property
    def clock_period_ns(self) -> float:
        """Period of the default clock in ns."""
        return 1000.0 / self.clock_mhz


@cache
def _table() -> Mapping[str, Board]:
    text = (files("codesign.synth") / "boards.toml").read_text(encoding="utf-8")
    return {name: _board(name, entry) for name, entry in tomllib.loads(text).items()}


def load_boards() -> dict[str, Board]:
    """Every known board by name, in the order of ``boards.toml``.

    Raises:
        ConfigError: an entry lacks a field, has one too many, or one of the wrong type.
    """
    return dict(_table())


def get_board(name: str) -> Board:
    """The board of that name.

    Raises:
        ConfigError: there is none; the message gives the nearest names and the list.
    """
    boards = load_boards()
    if name not in boards:
        raise ConfigError(unknown_name("board", name, boards))
    return boards[name]


def _board(name: str, entry: Mapping[str, Any]) -> Board:
    """One entry of the table, every field checked.

    Raises:
        ConfigError: as ``load_boards``.
    """
    expected = {field.name: field.type for field in fields(Board) if field.name != "name"}
    if entry.keys() != expected.keys():
        missing, extra = sorted(expected.keys() - entry.keys()), sorted(entry.keys() - expected.keys())
        raise ConfigError(f"board {name!r}: missing fields {missing}, unknown fields {extra}")
    for key, kind in expected.items():
        _check_field(f"board {name!r}: {key}", entry[key], kind)
    if entry["family"] not in get_args(Family):
        raise ConfigError(f"board {name!r}: family: expected one of {get_args(Family)}, got {entry['family']!r}")
    return Board(name=name, **entry)


def _check_field(where: str, value: object, kind: object) -> None:
    """Refuse a value of the wrong type, an empty text and a number below zero."""
    if kind in (int, float):
        numeric = isinstance(value, int) or (kind is float and isinstance(value, float))
        right = numeric and not isinstance(value, bool)
        if not right or float(str(value)) < 0:
            raise ConfigError(f"{where}: expected a number of type {kind.__name__}, 0 or more, got {value!r}")
    elif not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: expected a text, got {value!r}")
