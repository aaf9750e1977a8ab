"""What a software emulator is called, and the record by which a program recognises it."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.fixed_point import FixedPoint

MANIFEST = "emulator.json"
# Names that C++17 keeps for itself, and the one that the header needs.
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class
    compl const const_cast constexpr continue decltype default delete do double dynamic_cast else enum
    explicit export extern false float for friend goto if inline int long mutable namespace new noexcept
    not not_eq nullptr operator or or_eq private protected public register reinterpret_cast return short
    signed sizeof static static_assert static_cast std struct switch template this thread_local throw
    true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
    """,
    )
)


def emulator_name(text: str) -> str:
    """Name of the emulator of a run: letters, digits and underscores, beginning with a letter."""
    name = re.sub(r"_+", "_", re.sub(r"\W", "_", text, flags=re.ASCII)).strip("_")
    return name if re.match(r"[A-Za-z]", name) and name not in RESERVED else f"emulator_{name}".rstrip("_")


def require_name(name: str) -> None:
    """Refuse a name that C++ does not take.

    Raises:
        FirmwareError: it is not one.
    """
    if not re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", name) or name in RESERVED:
        raise FirmwareError(
            f"emulator name: expected a C++ name of letters, digits and single underscores, got {name!r}; "
            f"for example {emulator_name(name)!r}"
        )


def manifest(
    name: str, version: str, contract: InputContract, classes: Sequence[str], score: FixedPoint
) -> dict[str, Any]:
    """Content of ``emulator.json``."""
    return {
        "name": name,
        "version": version,
        "inputs": [asdict(entry) for entry in contract.inputs],
        "classes": list(classes),
        "score_format": str(score),
    }
