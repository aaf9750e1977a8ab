"""Constants of an input contract as C++ literals, for the software emulator."""

import math

from codesign.contract import InputContract, InputFormat, ObjectSlots


def text_literal(text: str) -> str:
    """C++ string literal in ASCII: what is not plain there becomes its UTF-8 bytes in octal."""
    plain = set(range(32, 127)) - set(b'"\\?')  # question marks could begin a trigraph
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def format_fields(entry: InputFormat) -> list[str]:
    """Fields of the C++ ``InputFormat``, with the ends at which `InputFormat.to_int` cuts physical values."""
    low, high = entry.range
    if entry.period is None:
        smallest, largest = entry.integer_format.min_int, entry.integer_format.max_int
    else:
        smallest = -(entry.period // 2) if entry.signed else 0
        largest = smallest + entry.period - 1
    return [
        text_literal(entry.name),
        text_literal(entry.unit),
        repr(float(entry.offset)),
        repr(float(entry.lsb)),
        str(entry.width),
        "true" if entry.signed else "false",
        str(smallest),
        str(largest),
        str(entry.period or 0),
        repr(low - entry.lsb),
        repr(high + entry.lsb),
    ]


def slot_fields(group: ObjectSlots, contract: InputContract) -> list[str]:
    """Fields of the C++ ``ObjectSlots``."""
    order = contract.inputs[group.first + group.order]
    numbers = (group.first, group.slots, group.columns, group.order, _largest_empty(order))
    return [text_literal(group.name), *map(str, numbers)]


def _largest_empty(order: InputFormat) -> int:
    """Largest integer that stands for no object: its physical value, rounded as `ObjectSlots.empty` does, is ≤ 0."""
    integer = math.floor(-order.offset / order.lsb)
    while (integer + 1) * order.lsb + order.offset <= 0:
        integer += 1
    while integer * order.lsb + order.offset > 0:
        integer -= 1
    return integer
