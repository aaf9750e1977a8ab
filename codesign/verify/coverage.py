"""What the vectors and the bench exercised, and what they left out: inputs, scores, bits, gaps and resets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from codesign.verify.trace import Recording

Integers = NDArray[np.int64]
RANGES = 16  # equal parts of an input's range


@dataclass(frozen=True)
class FieldCoverage:
    """One input or score.

    Attributes:
        name: input or class.
        width: bits.
        codes: different integers that occurred.
        possible: integers of its range.
        ranges: sixteenths of the range that were reached.
        minimum: smallest integer that occurred.
        maximum: largest integer that occurred.
        at_minimum: vectors at the lower end of the range.
        at_maximum: vectors at the upper end of the range.
        still_bits: bits that never changed between two events in a row, lowest bit 0.
    """

    name: str
    width: int
    codes: int
    possible: int
    ranges: int
    minimum: int
    maximum: int
    at_minimum: int
    at_maximum: int
    still_bits: tuple[int, ...]


@dataclass(frozen=True)
class Coverage:
    """What was exercised.

    Attributes:
        inputs: every input.
        scores: every score.
        largest: events in which each class has the largest score; empty for a single score.
        ties: events in which two classes share the largest score.
        gaps: how often so many empty clocks lay between two events, by the number as text; "8+" for more.
        reset_phases: how often an event was in flight for so many clocks when reset came, by the number as text.
        reset_lengths: how often a reset lasted so many clocks, by the number as text.
        holes: what was not exercised, one sentence each.
    """

    inputs: tuple[FieldCoverage, ...]
    scores: tuple[FieldCoverage, ...]
    largest: Mapping[str, int]
    ties: int
    gaps: Mapping[str, int]
    reset_phases: Mapping[str, int]
    reset_lengths: Mapping[str, int]
    holes: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """Name and format of an input or score."""

    name: str
    width: int
    signed: bool


def coverage(
    inputs: Integers,
    scores: Integers,
    input_fields: Sequence[Field],
    score_fields: Sequence[Field],
    tests: Sequence[Recording],
    latency_cycles: int,
) -> Coverage:
    """Count what occurred.

    Args:
        inputs: hardware integers, shape (n, inputs), in the order in which they were applied.
        scores: score integers, shape (n, classes).
        input_fields: formats of the inputs.
        score_fields: formats of the scores.
        tests: recorded clocks of the bench.
        latency_cycles: latency of the design.
    """
    given = tuple(_field(field, inputs[:, index]) for index, field in enumerate(input_fields))
    found = tuple(_field(field, scores[:, index]) for index, field in enumerate(score_fields))
    largest, ties = _decisions(scores, score_fields)
    gaps, lengths = _run_lengths(tests)
    phases = _phases(tests, latency_cycles)
    holes = [*_input_holes(given), *_score_holes(found), *_decision_holes(largest)]
    missing = [str(phase) for phase in range(1, latency_cycles + 1) if str(phase) not in phases]
    if missing:
        holes.append(f"no reset came {', '.join(missing)} clocks after an event")
    holes += [f"no gap of {gap} clocks" for gap in (1, 2) if str(gap) not in gaps]
    return Coverage(given, found, largest, ties, gaps, phases, lengths, tuple(holes))


def _field(field: Field, values: Integers) -> FieldCoverage:
    low = -(1 << (field.width - 1)) if field.signed else 0
    possible = 1 << field.width
    codes = np.unique(values)
    toggled = np.bitwise_or.reduce(values[1:] ^ values[:-1]) if len(values) > 1 else 0
    return FieldCoverage(
        name=field.name,
        width=field.width,
        codes=len(codes),
        possible=possible,
        ranges=len(np.unique((codes - low) * RANGES // possible)),
        minimum=int(codes[0]),
        maximum=int(codes[-1]),
        at_minimum=int((values == low).sum()),
        at_maximum=int((values == low + possible - 1).sum()),
        still_bits=tuple(bit for bit in range(field.width) if not (int(toggled) >> bit) & 1),
    )


def _decisions(scores: Integers, fields: Sequence[Field]) -> tuple[dict[str, int], int]:
    if len(fields) < 2:
        return {}, 0
    winners = np.bincount(scores.argmax(axis=1), minlength=len(fields))
    ties = int(((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
    return {field.name: int(number) for field, number in zip(fields, winners, strict=True)}, ties


def _run_lengths(tests: Sequence[Recording]) -> tuple[dict[str, int], dict[str, int]]:
    """Lengths of the gaps between events, and of the resets."""
    gaps: dict[int, int] = {}
    resets: dict[int, int] = {}
    for test in tests:
        events = [index for index, clock in enumerate(test.clocks) if clock.valid and not clock.reset]
        for first, second in pairwise(events):
            if not any(clock.reset for clock in test.clocks[first:second]):
                gaps[second - first - 1] = gaps.get(second - first - 1, 0) + 1
        length = 0
        for clock in [*test.clocks, None]:
            if clock is not None and clock.reset:
                length += 1
            elif length:
                resets[length] = resets.get(length, 0) + 1
                length = 0
    return _counts(gaps), _counts(resets)


def _phases(tests: Sequence[Recording], latency_cycles: int) -> dict[str, int]:
    """How long events had been in flight when a reset began."""
    phases: dict[int, int] = {}
    for test in tests:
        for edge, clock in enumerate(test.clocks):
            if clock.reset and (edge == 0 or not test.clocks[edge - 1].reset):
                for age in range(1, min(latency_cycles, edge) + 1):
                    if test.clocks[edge - age].valid:
                        phases[age] = phases.get(age, 0) + 1
    return _counts(phases, top=latency_cycles)


def _counts(numbers: Mapping[int, int], top: int = 7) -> dict[str, int]:
    table: dict[str, int] = {}
    for length in sorted(numbers):
        name = str(length) if length <= top else f"{top + 1}+"
        table[name] = table.get(name, 0) + numbers[length]
    return table


def _input_holes(fields: Sequence[FieldCoverage]) -> Iterator[str]:
    for field in fields:
        if field.still_bits:
            yield f"input {field.name}: bits {', '.join(map(str, field.still_bits))} never changed"
        if field.ranges < min(RANGES, field.possible):
            yield f"input {field.name}: only {field.ranges} of {min(RANGES, field.possible)} parts of its range"
        if not field.at_minimum or not field.at_maximum:
            yield f"input {field.name}: an end of its range never occurred"


def _score_holes(fields: Sequence[FieldCoverage]) -> Iterator[str]:
    for field in fields:
        if field.still_bits:
            bits = ", ".join(map(str, field.still_bits))
            yield f"score {field.name}: bits {bits} never changed (scores {field.minimum} to {field.maximum})"


def _decision_holes(largest: Mapping[str, int]) -> Iterator[str]:
    for name, number in largest.items():
        if number == 0:
            yield f"class {name} never has the largest score"
