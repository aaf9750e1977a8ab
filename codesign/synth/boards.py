"""The boards a design can be sized for: data in ``boards.toml`` or in a user's own file, read and checked here."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.sections import read_toml

Family = Literal["ultrascale_plus", "7series", "versal"]

BOARD_FILE_SUFFIX = ".toml"
"""A name that ends like this is the path of a user's own board."""

_WITHOUT_OPEN_TOOL: frozenset[Family] = frozenset({"versal"})
_MAY_BE_ZERO = frozenset({"uram"})
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*", re.ASCII)
_FAMILY_OF_PART: dict[str, Family] = {r"xc7": "7series", r"xcv[cehmp]?\d": "versal", r"xc(k|v|z|a)u": "ultrascale_plus"}


@dataclass(frozen=True)
class Board:
    """A board and what its FPGA holds.

    Attributes:
        name: key in ``boards.toml``, for example ``serenity-vu13p``, or of the table in the user's file.
        description: one line for people.
        part: full part number with package, speed and temperature grade.
        family: fabric that synthesis maps to.
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP slices (DSP48; DSP58 on Versal).
        bram_36k: 36-kbit block RAMs (each is two of 18 kbit).
        uram: UltraRAM blocks, 0 where the part has none.
        slr: dies ("super logic regions"); the resources are spread evenly over them.
        clock_mhz: default clock of an algorithm on this board, in MHz.
        source: where the numbers come from.
        memory: memory on the board or in the package, for example ``8 GB HBM2``; None where it is not known.
        board_file: name of the vendor's board file without its revision; None where there is none.
        slot: part of the FPGA that is left to an algorithm; None where it is not known.
        url: address of the source; None where there is none.
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
    memory: str | None = None
    board_file: str | None = None
    slot: str | None = None
    url: str | None = None

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


def get_board(name: str, directory: Path | None = None) -> Board:
    """The board of that name, or of that file.

    Args:
        name: name of a known board, or path of a TOML file with one table of the fields of ``Board``.
        directory: folder from which a relative path starts; the working directory when absent.

    Raises:
        ConfigError: there is none; the message gives the nearest names and the list. Or the file is wrong; the message
            names file, board and field.
    """
    if name.endswith(BOARD_FILE_SUFFIX):
        return _read_board(Path(name) if directory is None else directory / name)
    boards = load_boards()
    if name not in boards:
        raise ConfigError(f"{unknown_name('board', name, boards)}; or the path of a {BOARD_FILE_SUFFIX} file")
    return boards[name]


def board_reference(name: str, directory: Path | None = None) -> str:
    """What ``get_board`` finds the same board by from any directory: its name, or the whole path of its file.

    Raises:
        ConfigError: as ``get_board``.
    """
    board = get_board(name, directory)
    return str(((directory or Path()) / name).resolve()) if name.endswith(BOARD_FILE_SUFFIX) else board.name


def distinct_boards(boards: Iterable[Board]) -> list[Board]:
    """Each board once, in the order given.

    Raises:
        ConfigError: two files give the same name to different boards.
    """
    found: dict[str, Board] = {}
    for board in boards:
        if found.setdefault(board.name, board) != board:
            raise ConfigError(f"board {board.name!r}: expected one board of this name, found two with other numbers")
    return list(found.values())


def require_open_synthesis(boards: Iterable[Board]) -> None:
    """Refuse boards whose fabric no open tool maps; numbers for another fabric would say nothing about them.

    Raises:
        ConfigError: the message names the board.
    """
    for board in boards:
        if board.family in _WITHOUT_OPEN_TOOL:
            raise ConfigError(
                f"board {board.name!r} ({board.part}): expected a fabric that Yosys can map, found {board.family!r}; "
                "synthesise it with Vivado, or leave the board out"
            )


def _read_board(path: Path) -> Board:
    """The one board of a user's file.

    Raises:
        ConfigError: as ``get_board``.
    """
    content = read_toml(path, "board file")
    tables = {name: entry for name, entry in content.items() if isinstance(entry, Mapping)}
    if len(tables) != 1 or len(content) != 1:
        found = ", ".join(content) or "nothing"
        raise ConfigError(f"{path}: expected one table such as [my-board] with the fields of a board, found {found}")
    name, entry = next(iter(tables.items()))
    if name in _table():
        raise ConfigError(f"{path}: board {name!r}: this name belongs to a board of the package; choose another")
    return _board(name, entry, f"{path}: ")


def _board(name: str, entry: Mapping[str, Any], where: str = "") -> Board:
    """One entry of a table, every field checked.

    Raises:
        ConfigError: as ``load_boards``.
    """
    place = f"{where}board {name!r}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{place}: expected a name of letters, digits and ._- only")
    known = {field.name: field for field in fields(Board) if field.name != "name"}
    for key in entry:
        if key not in known:
            raise ConfigError(f"{place}: {unknown_name('field', key, known)}")
    missing = [key for key, field in known.items() if field.default is MISSING and key not in entry]
    if missing:
        raise ConfigError(f"{place}: fields are missing: {', '.join(missing)}")
    for key, value in entry.items():
        _check_field(f"{place}: {key}", key, value, known[key].type)
    _check_family(place, entry["part"], entry["family"])
    return Board(name=name, **entry)


def _check_field(where: str, key: str, value: object, kind: object) -> None:
    """Refuse a value of the wrong type, an empty text, and a number that a share cannot be divided by."""
    if kind in (int, float):
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise ConfigError(f"{where}: expected a number of type {getattr(kind, '__name__', kind)}, found {value!r}")
        least = "0 or more" if key in _MAY_BE_ZERO else "above 0"
        if not math.isfinite(value) or value < 0 or (value == 0 and key not in _MAY_BE_ZERO):
            raise ConfigError(f"{where}: expected a number {least}, found {value!r}")
    elif not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ConfigError(f"{where}: expected a text of one line, found {value!r}")


def _check_family(place: str, part: str, family: str) -> None:
    """Refuse a part number that is none, and a fabric that the part does not have."""
    if not _PART.fullmatch(part):
        raise ConfigError(f"{place}: part: expected a part number such as xcvu13p-flga2577-2-e, found {part!r}")
    if family not in get_args(Family):
        raise ConfigError(f"{place}: family: {unknown_name('family', family, get_args(Family))}")
    of_part = next((name for start, name in _FAMILY_OF_PART.items() if re.match(start, part.lower())), family)
    if of_part != family:
        raise ConfigError(f"{place}: family: expected {of_part!r}, the fabric of {part}; found {family!r}")
