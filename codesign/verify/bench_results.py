"""Reads what a run of the bench left behind; anything missing or malformed is an error, never a pass."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from codesign.errors import ToolError


@dataclass(frozen=True)
class BenchTest:
    """Outcome of one test of the bench.

    Attributes:
        name: name of the test.
        passed: it ran to its end and every check held.
        message: why it failed; empty when it passed.
        vectors: events it sent through the design.
    """

    name: str
    passed: bool
    message: str
    vectors: int


def read_results(path: Path, tests: Sequence[str], measured: Mapping[str, Mapping[str, Any]]) -> tuple[BenchTest, ...]:
    """Outcomes of the given tests from cocotb's xUnit file.

    Args:
        path: results.xml.
        tests: tests that were asked for.
        measured: what the tests wrote themselves.

    Raises:
        ToolError: the file is missing or malformed, or lacks one of the tests.
    """
    try:
        cases = {case.get("name", ""): case for case in ElementTree.parse(path).iter("testcase")}
    except (OSError, ElementTree.ParseError) as error:
        raise ToolError(f"{path}: the bench left no readable results ({error}); its output is in test.log") from error
    missing = [test for test in tests if test not in cases]
    if missing:
        raise ToolError(f"{path}: the bench did not run {missing}; its output is in {path.parent / 'test.log'}")
    return tuple(_outcome(test, cases[test], measured.get(test, {})) for test in tests)


def _outcome(name: str, case: ElementTree.Element, measured: Mapping[str, Any]) -> BenchTest:
    message = ""
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            # The lines after the first repeat the expression that was asserted.
            message = (found.get("message") or kind).splitlines()[0]
    vectors = int(measured.get("vectors", 0))
    if not message and vectors == 0:
        message = "no event went through the design"
    return BenchTest(name, not message, message, vectors)


def read_measured(path: Path) -> dict[str, dict[str, Any]]:
    """What the tests measured, per test; empty when none came far enough to write it.

    Raises:
        ToolError: the file is malformed.
    """
    if not path.is_file():
        return {}
    try:
        measured = json.loads(path.read_text())
    except ValueError as error:
        raise ToolError(f"{path}: expected the JSON that the bench writes, got {error}") from error
    if not isinstance(measured, dict):
        raise ToolError(f"{path}: expected one entry per test, got {type(measured).__name__}")
    return measured


def read_found(path: Path) -> tuple[int | None, ...]:
    """Output words of the back-to-back test; None for a word with X or Z bits; empty when it did not get there.

    Raises:
        ToolError: a line is neither a hexadecimal number nor ``x``.
    """
    if not path.is_file():
        return ()
    try:
        return tuple(None if line == "x" else int(line, 16) for line in path.read_text().split())
    except ValueError as error:
        raise ToolError(f"{path}: expected one hexadecimal word per line, got {error}") from error
