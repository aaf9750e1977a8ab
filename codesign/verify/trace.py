"""Recorded clocks: what the bench applied and what was due, as a file that a compiled program plays.

``hw_tests/bench_player.py`` writes one ``clocks_<test>.txt`` per test, a line per clock: reset, in_valid, in_data and
the output word that is due, hexadecimal; ``x`` for unknown data, ``-`` where out_valid must be low.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ToolError

RESET_CLOCKS = 2  # at the begin of every test


@dataclass(frozen=True)
class Clock:
    """One rising edge.

    Attributes:
        reset: reset is high.
        valid: an event is there.
        word: in_data; None for unknown bits.
        due: output word that must stand beside a high out_valid just before the edge; None where it must be low.
    """

    reset: bool
    valid: bool
    word: int | None
    due: int | None


@dataclass(frozen=True)
class Recording:
    """The clocks of one test.

    Attributes:
        name: name of the test.
        clocks: in order.
    """

    name: str
    clocks: Sequence[Clock]


def read_tests(folder: Path) -> tuple[Recording, ...]:
    """Every test that a bench recorded in its folder.

    Raises:
        ToolError: there is none, or a line is malformed.
    """
    files = sorted(folder.glob("clocks_*.txt"))
    if not files:
        raise ToolError(f"{folder}: the bench recorded no clocks; repeat the verification")
    return tuple(Recording(file.stem.removeprefix("clocks_"), tuple(_clocks(file))) for file in files)


def _clocks(file: Path) -> Iterator[Clock]:
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        try:
            reset, valid, word, due = line.split()
            yield Clock(
                reset == "1", valid == "1", None if word == "x" else int(word, 16), None if due == "-" else int(due, 16)
            )
        except ValueError as error:
            raise ToolError(f"{file}:{number}: expected reset, valid, word and response, got {line!r}") from error


@dataclass(frozen=True)
class Ports:
    """Widths of a packed input and output word.

    Attributes:
        input_bits: in_data.
        output_bits: out_data.
    """

    input_bits: int
    output_bits: int

    @property
    def stimulus_bits(self) -> int:
        """Inputs of a clock side by side: in_data, in_valid, reset."""
        return self.input_bits + 2

    @property
    def response_bits(self) -> int:
        """Outputs of a clock side by side: out_data, out_valid."""
        return self.output_bits + 1


def write_trace(path: Path, tests: Sequence[Recording], ports: Ports, latency_cycles: int) -> int:
    """Write the tests one behind the other, each after a reset and an empty pipeline, and return the number of clocks.

    In a program of two states per bit unknown data are zeros.
    """
    quiet = Clock(reset=False, valid=False, word=None, due=None)
    rows = []
    for test in tests:
        restart = [Clock(reset=True, valid=False, word=None, due=None)] * RESET_CLOCKS
        unjudged = [*restart, *[quiet] * (latency_cycles + 2)]
        rows += [_record(clock, ports, judged=False) for clock in unjudged]
        rows += [_record(clock, ports, judged=True) for clock in test.clocks]
    inputs, outputs = (ports.stimulus_bits + 7) // 8, (ports.response_bits + 7) // 8
    head: NDArray[np.uint32] = np.array([len(rows), inputs, outputs], dtype="<u4")
    path.write_bytes(head.tobytes() + b"".join(rows))
    return len(rows)


def _record(clock: Clock, ports: Ports, *, judged: bool) -> bytes:
    inputs = (clock.word or 0) | clock.valid << ports.input_bits | clock.reset << (ports.input_bits + 1)
    due = clock.due is not None
    outputs = (clock.due or 0) | due << ports.output_bits
    mask = (1 << ports.output_bits) | ((1 << ports.output_bits) - 1 if due else 0) if judged else 0
    size = (ports.response_bits + 7) // 8
    return b"".join(
        number.to_bytes(length, "little")
        for number, length in ((inputs, (ports.stimulus_bits + 7) // 8), (outputs, size), (mask, size))
    )
