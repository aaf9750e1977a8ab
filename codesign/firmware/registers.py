"""The register map of the trigger algorithm, as ``firmware_templates/trigger_registers.v`` implements it."""

from collections.abc import Sequence
from dataclasses import dataclass

IDENTITY = 0x54524947  # "TRIG"
MAP_VERSION = 1
FIRST_POINT, POINT_BYTES = 0x100, 16


@dataclass(frozen=True)
class Register:
    """One 32-bit register.

    Attributes:
        name: name; those of a working point end in its number.
        address: byte address.
        access: "read", "write" or "read/write".
        reset: content after a reset, as an unsigned 32-bit number.
        meaning: what it holds or does.
    """

    name: str
    address: int
    access: str
    reset: int
    meaning: str


def register_map(points: Sequence[tuple[str, int, int]], constants: dict[str, int]) -> tuple[Register, ...]:
    """All registers in the order of their addresses.

    Args:
        points: (name, initial threshold, initial prescale) of every working point.
        constants: content of network_id, features and latency.
    """
    common = _common((1 << len(points)) - 1, constants)
    registers = [
        Register(name, 4 * k, access, reset, meaning) for k, (name, access, reset, meaning) in enumerate(common)
    ]
    for k, (name, threshold, prescale) in enumerate(points):
        base = FIRST_POINT + POINT_BYTES * k
        registers += [
            Register(
                f"threshold_{k}",
                base,
                "read/write",
                threshold & 0xFFFFFFFF,
                f"{name}: smallest value that passes, two's complement, in counts of the score; waits for a commit",
            ),
            Register(
                f"prescale_{k}",
                base + 4,
                "read/write",
                prescale,
                f"{name}: the first and then one of so many events that pass trigger; 0 none; waits for a commit",
            ),
            Register(f"accepted_{k}", base + 8, "read", 0, f"{name}: events that passed, at the last latch"),
            Register(f"triggered_{k}", base + 12, "read", 0, f"{name}: events that triggered, at the last latch"),
        ]
    return tuple(registers)


def _common(everywhere: int, constants: dict[str, int]) -> tuple[tuple[str, str, int, str], ...]:
    """(name, access, content after a reset, meaning) of the registers that do not belong to a working point."""
    return (
        ("identity", "read", IDENTITY, 'the letters "TRIG"'),
        ("map_version", "read", MAP_VERSION, "version of this map"),
        (
            "network_id",
            "read",
            constants["network_id"],
            "first 8 digits of the emulator version: which network this is",
        ),
        (
            "features",
            "read",
            constants["features"],
            "bits 7:0 working points, 15:8 classes, 23:16 bits of a score, 24 triple modular redundancy",
        ),
        ("latency", "read", constants["latency"], "clocks from in_valid to out_valid of l1_algo"),
        ("enable", "read/write", everywhere, "one bit per working point; waits for the next commit"),
        (
            "command",
            "write",
            0,
            "bit 0 commit: waiting thresholds, prescales and enables take effect between two events, prescales begin "
            "anew; bit 1 latch: copy all counters; bit 2 clear: counters to zero, with bit 1 after the copy; bit 3 "
            "clear_errors: BX0 and upset counters and flags to zero",
        ),
        (
            "status",
            "read",
            0,
            "bit 0 a BX0 has come since reset, 1 BX0 was misplaced, 2 BX0 was missing, 3 upset; 1 to 3 stay until "
            "clear_errors",
        ),
        ("bx0_misplaced", "read", 0, "BX0 that came anywhere but one orbit after the last"),
        ("bx0_missing", "read", 0, "BX0 that did not come one orbit after the last"),
        ("upsets", "read", 0, "clocks at which copies of a register disagreed and were outvoted"),
        ("events", "read", 0, "events decided, at the last latch"),
    )
