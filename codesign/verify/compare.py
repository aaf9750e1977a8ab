"""Bit equality of two implementations: equal integers, no tolerance, and a file that reproduces every difference."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.files import write_whole
from codesign.verify.words import pack_words

SAMPLES = 5  # mismatches that are kept and written in full
_NOTHING = np.empty((0, 1), dtype=np.int64)


@dataclass(frozen=True)
class Mismatch:
    """One vector for which two implementations disagree.

    Attributes:
        index: position among the vectors, from 0.
        inputs: hardware integers.
        expected: the reference's score integers.
        found: the other's score integers; None when bits of them were X or Z.
    """

    index: int
    inputs: tuple[int, ...]
    expected: tuple[int, ...]
    found: tuple[int, ...] | None


@dataclass(frozen=True)
class Comparison:
    """One implementation against the reference.

    Attributes:
        implementation: what was compared.
        vectors: vectors of the reference.
        mismatches: vectors that differ in at least one integer or are missing.
        max_lsb_distance: largest difference of two integers; None when no two known integers could be compared.
        samples: the first mismatches.
        problem: why the arrays could not be compared vector by vector; empty when they could.
        counterexample: file with the samples; None when all is equal or no file was asked for.
        cause: the first wrong register on the way of these samples; empty when nobody looked.
        replay: command that plays the samples again; empty when nobody looked.
    """

    implementation: str
    vectors: int
    mismatches: int
    max_lsb_distance: int | None
    samples: tuple[Mismatch, ...] = ()
    problem: str = ""
    counterexample: str | None = None
    cause: str = ""
    replay: str = ""

    @property
    def passed(self) -> bool:
        """Whether every integer is equal; nothing compared is not a pass."""
        return self.mismatches == 0 and not self.problem and self.vectors > 0

    def __str__(self) -> str:
        if self.passed:
            return f"{self.implementation}: {self.vectors} vectors equal"
        lines = [f"{self.implementation}: {self.mismatches} of {self.vectors} vectors differ"]
        if self.max_lsb_distance is not None:
            lines[0] += f", by up to {self.max_lsb_distance} LSB"
        if self.problem:
            lines.append(f"  {self.problem}")
        for sample in self.samples:
            found = "X or Z bits" if sample.found is None else list(sample.found)
            lines.append(f"  vector {sample.index}: expected {list(sample.expected)}, found {found}")
        if self.counterexample:
            lines.append(f"  to reproduce: {self.counterexample}")
        if self.cause:
            lines.append(f"  {self.cause}")
        if self.replay:
            lines.append(f"  to replay: {self.replay}")
        return "\n".join(lines)


def compare(
    name: str,
    reference: NDArray[Any],
    other: NDArray[Any],
    *,
    inputs: NDArray[np.int64],
    input_widths: Sequence[int],
    score_lsb: float,
    counterexample: Path | None = None,
    unknown: NDArray[np.bool_] | None = None,
    positions: NDArray[np.int64] | None = None,
) -> Comparison:
    """Compare score integers, both int64 of shape (n, classes).

    Another shape or type is a failed comparison, not an exception. An old counter-example file is removed first.

    Args:
        name: implementation compared.
        reference: score integers of the trained model.
        other: score integers of the implementation.
        inputs: hardware integers, shape (n, inputs), for the counter-example.
        input_widths: bits of every input, for the packed word in the counter-example.
        score_lsb: value of one score LSB, for the counter-example.
        counterexample: JSON file to write when there is a mismatch.
        unknown: shape (rows of ``other``,), true where a simulator found X or Z instead of integers.
        positions: shape (n,), where the vectors stand among all when only some are compared.
    """
    if counterexample is not None:
        counterexample.unlink(missing_ok=True)
    problem = _problem(reference, other)
    # What cannot be compared integer by integer is compared over no vectors.
    common = min(len(reference), len(other)) if _comparable(reference, other) else 0
    expected, found = (reference[:common], other[:common]) if common else (_NOTHING, _NOTHING)
    hidden = np.zeros(common, dtype=bool) if unknown is None else unknown[:common]
    wrong = np.flatnonzero((expected != found).any(axis=1) | hidden)
    known = np.abs(expected[~hidden] - found[~hidden])
    file = counterexample if len(wrong) or problem else None
    result = Comparison(
        implementation=name,
        vectors=_rows(reference),
        # Vectors without a counterpart are wrong too, on whichever side they are missing.
        mismatches=len(wrong) + max(_rows(reference), _rows(other)) - common,
        max_lsb_distance=int(known.max()) if known.size else None,
        samples=tuple(
            Mismatch(
                index=int(i if positions is None else positions[i]),
                inputs=_integers(inputs[i]),
                expected=_integers(expected[i]),
                found=None if hidden[i] else _integers(found[i]),
            )
            for i in wrong[:SAMPLES]
        ),
        problem=problem,
        counterexample=None if file is None else str(file),
    )
    if file is not None:
        write_whole(file, _reproduction(result, input_widths, score_lsb))
    return result


def _rows(array: NDArray[Any]) -> int:
    return len(array) if array.ndim else 0


def _comparable(reference: NDArray[Any], other: NDArray[Any]) -> bool:
    return reference.ndim == 2 and reference.dtype == other.dtype == np.int64 and reference.shape[1:] == other.shape[1:]


def _problem(reference: NDArray[Any], other: NDArray[Any]) -> str:
    if reference.dtype != np.int64 or other.dtype != np.int64:
        return f"expected int64 score integers, got {reference.dtype} (reference) and {other.dtype}"
    if reference.shape != other.shape or reference.ndim != 2:
        return f"expected scores of shape {reference.shape}, got {other.shape}"
    return "" if len(reference) else "there are no vectors to compare"


def _integers(row: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in row)


def _reproduction(result: Comparison, input_widths: Sequence[int], score_lsb: float) -> bytes:
    """JSON text with all that is needed to see the mismatches again, by hand or in a bench."""
    samples = [
        {
            "index": sample.index,
            "inputs": sample.inputs,
            "input_word": f"{pack_words(np.array([sample.inputs], dtype=np.int64), input_widths)[0]:#x}",
            "expected": sample.expected,
            "found": sample.found,
        }
        for sample in result.samples
    ]
    record = {
        "implementation": result.implementation,
        "vectors": result.vectors,
        "mismatches": result.mismatches,
        "max_lsb_distance": result.max_lsb_distance,
        "problem": result.problem,
        "input_widths": list(input_widths),
        "score_lsb": score_lsb,
        "samples": samples,
    }
    return (json.dumps(record, indent=2) + "\n").encode()
