"""Words of the CMS Level-1 Global Trigger: bit tables, hardware integers, and lines of its test vectors.

Bits and scales: "Scales for inputs to µGT", H. Bergauer et al., version of 30 March 2023 (repository
cms-l1-globaltrigger/mp7_ugt_legacy, doc/scales_inputs_2_ugt). Order of a line: package lhc_data_debug_util_pkg of the
same repository, whose test bench reads these files; the line adds the bunch crossing, the expected decisions of the
512 algorithms and their final OR.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError

ORBIT = 3564  # bunch crossings of one turn of the LHC, each 25 ns
ALGORITHMS = 512


@dataclass(frozen=True)
class Field:
    """Some neighbouring bits of a word.

    Attributes:
        name: quantity.
        low: least significant bit.
        width: number of bits.
        signed: two's complement if true.
    """

    name: str
    low: int
    width: int
    signed: bool = False

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest hardware integer."""
        return (-(1 << self.width - 1), (1 << self.width - 1) - 1) if self.signed else (0, (1 << self.width) - 1)


# Every bit belongs to a field, so that decoding and encoding lose nothing.
MUON = (
    Field("phi", 0, 10),  # extrapolated to the vertex, 2π/576
    Field("pt", 10, 9),  # 0.5 GeV; 0 is no muon, 1 is 0 to 0.5 GeV, 511 overflow
    Field("quality", 19, 4),
    Field("eta", 23, 9, signed=True),  # extrapolated to the vertex, 0.010875
    Field("isolation", 32, 2),
    Field("charge", 34, 1),  # 1 is negative
    Field("charge_valid", 35, 1),
    Field("index", 36, 7),  # track finder and link
    Field("phi_out", 43, 10),  # at the muon system, 2π/576
    Field("pt_unconstrained", 53, 8),  # 1 GeV; 0 is none, 255 overflow; until 2018 raw η at the muon system
    Field("shower", 61, 1),  # hadronic shower, not of this muon: slots 0, 2, 3, 4, 6 carry MUS0-2 and MUSOOT0-1
    Field("impact", 62, 2),  # impact parameter class
)
CALORIMETER_OBJECT = (
    Field("et", 0, 9),  # 0.5 GeV, 511 overflow
    Field("eta", 9, 8, signed=True),  # 0.0435, lower edge
    Field("phi", 17, 8),  # 2π/144, lower edge
    Field("isolation", 25, 2),
    Field("spare", 27, 5),
)
EGAMMA = TAU = CALORIMETER_OBJECT
JET = (
    Field("et", 0, 11),  # 0.5 GeV, 2047 overflow
    Field("eta", 11, 8, signed=True),
    Field("phi", 19, 8),
    Field("displaced", 27, 1),  # tagged as late or displaced by the hadronic calorimeter; since 2022
    Field("quality", 28, 2),
    Field("spare", 30, 2),
)


def _missing(name: str, top: str) -> tuple[Field, ...]:
    """Bits of a missing transverse momentum with its asymmetry and four bits of another system."""
    return (
        Field(name, 0, 12),  # 0.5 GeV, 4095 overflow
        Field(f"{name}_phi", 12, 8),  # 2π/144, lower edge
        Field(f"{name}_asymmetry", 20, 8),
        Field(top, 28, 4),
    )


# In the order of the line. After them come six words of the zero-degree calorimeter (ZDC10G).
SUMS: Mapping[str, tuple[Field, ...]] = {
    "ett": (
        Field("ett", 0, 12),
        Field("ett_ecal", 12, 12),
        Field("ett_spare", 24, 4),
        Field("minbias_hfp0", 28, 4),
    ),
    "htt": (
        Field("htt", 0, 12),
        Field("tower_count", 12, 13),
        Field("htt_spare", 25, 3),
        Field("minbias_hfm0", 28, 4),
    ),
    "etm": _missing("etm", "minbias_hfp1"),
    "htm": _missing("htm", "minbias_hfm1"),
    "etmhf": _missing("etmhf", "centrality_low"),
    "htmhf": _missing("htmhf", "centrality_high"),
}

CROSSING = np.dtype(
    [
        ("muons", ">u8", (8,)),
        ("egammas", ">u4", (12,)),
        ("taus", ">u4", (12,)),
        ("jets", ">u4", (12,)),
        ("sums", ">u4", (6,)),
        ("zdc", ">u4", (6,)),
        ("external", "u1", (32,)),  # 256 external conditions, the most significant byte first
        ("algorithms", "u1", (ALGORITHMS // 8,)),  # expected decisions, the most significant byte first
    ]
)
HEXADECIMAL = b"0123456789abcdefABCDEF"
DIGITS = (4, *(16,) * 8, *(8,) * 48, 64, 128, 1)  # characters of the fields of a line


def decode(words: NDArray[Any], fields: Sequence[Field]) -> dict[str, NDArray[np.int64]]:
    """Cut words into hardware integers.

    Args:
        words: unsigned integers of any shape.
        fields: bit table.

    Returns:
        field name → int64 of the same shape.
    """
    wide = words.astype(np.uint64)
    values = {}
    for field in fields:
        value = ((wide >> np.uint64(field.low)) & np.uint64((1 << field.width) - 1)).astype(np.int64)
        values[field.name] = np.where(value > field.range[1], value - (1 << field.width), value)
    return values


def encode(values: Mapping[str, NDArray[Any]], fields: Sequence[Field]) -> NDArray[np.uint64]:
    """Put hardware integers into words, the inverse of `decode`; fields without values are zero.

    Args:
        values: field name → integers, all of one shape.
        fields: bit table.

    Raises:
        DataError: a value does not fit into its bits.
    """
    words = np.zeros(np.shape(next(iter(values.values()))), np.uint64)
    for field in fields:
        if field.name not in values:
            continue
        value, (lowest, highest) = np.asarray(values[field.name], np.int64), field.range
        if value.size and not lowest <= value.min() <= value.max() <= highest:
            raise DataError(f"{field.name}: expected {lowest} to {highest}, found {value.min()} to {value.max()}")
        words |= (value.astype(np.uint64) & np.uint64((1 << field.width) - 1)) << np.uint64(field.low)
    return words


def unpack_bits(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bits, the least significant first, of rows of bytes (n, k) with the most significant byte first."""
    return np.unpackbits(packed[:, ::-1], axis=1, bitorder="little")


def pack_bits(bits: NDArray[Any]) -> NDArray[np.uint8]:
    """Return rows of bytes of bits (n, 8 k), the inverse of `unpack_bits`."""
    return np.packbits(bits.astype(np.uint8), axis=1, bitorder="little")[:, ::-1]


def parse_line(line: bytes, place: str) -> tuple[int, bytes, int]:
    """Read one line.

    Args:
        line: 60 fields: bunch crossing (decimal), 8 muons, 12 e/γ, 12 τ, 12 jets, 12 sums, external conditions,
            algorithms and final OR (all hexadecimal).
        place: file and line for messages.

    Returns:
        Bunch crossing, the bytes of a `CROSSING`, final OR.

    Raises:
        DataError: another number of fields, a field of another length, or no number.
    """
    fields = line.split()
    if len(fields) != len(DIGITS):
        raise DataError(f"{place}: expected {len(DIGITS)} fields of a µGT test vector (2017 on), found {len(fields)}")
    if tuple(map(len, fields)) != DIGITS:
        index = next(i for i, digits in enumerate(DIGITS) if len(fields[i]) != digits)
        raise DataError(f"{place}, field {index + 1}: expected {DIGITS[index]} digits, found {_shown(fields[index])}")
    if not fields[0].isdigit():
        raise DataError(f"{place}, field 1: expected a bunch crossing in decimal digits, found {_shown(fields[0])}")
    if fields[-1] not in (b"0", b"1"):
        raise DataError(f"{place}, field {len(DIGITS)}: expected the final OR 0 or 1, found {_shown(fields[-1])}")
    try:
        words = bytes.fromhex(b"".join(fields[1:-1]).decode("latin-1"))
    except ValueError:
        index = next(i for i, field in enumerate(fields) if not all(character in HEXADECIMAL for character in field))
        raise DataError(
            f"{place}, field {index + 1}: expected hexadecimal digits, found {_shown(fields[index])}"
        ) from None
    return int(fields[0]), words, int(fields[-1])


def format_lines(crossings: NDArray[Any], first_bx: int = 0, final_or: NDArray[Any] | None = None) -> str:
    """Write bunch crossings as lines of a test vector, the inverse of `parse_line`.

    Args:
        crossings: words of type `CROSSING`, shape (n,).
        first_bx: number of the first bunch crossing.
        final_or: 0 or 1 per crossing; by default whether any algorithm fired.
    """
    fired = np.any(crossings["algorithms"], axis=1) if final_or is None else final_or
    lines = []
    for index, crossing in enumerate(crossings):
        text = crossing.tobytes().hex()
        fields, start = [f"{(first_bx + index) % ORBIT:04d}"], 0
        for digits in DIGITS[1:-1]:
            fields.append(text[start : start + digits])
            start += digits
        lines.append(" ".join([*fields, str(int(fired[index]))]) + "\n")
    return "".join(lines)


def _shown(field: bytes) -> str:
    text = field.decode("ascii", "backslashreplace")
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
