"""What is different between two runs: configuration, versions, and numbers, where more than chance."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codesign.report import text
from codesign.report.collect import Records, collect
from codesign.report.conventions import convention_of
from codesign.report.numbers import Number, numbers
from codesign.run import Run

SIGNIFICANT = 2.0  # standard deviations below which a difference of measured numbers is called none


@dataclass(frozen=True)
class Change:
    """One number of two runs.

    Attributes:
        key: quantity, with class, signal or board.
        before, after: values; None where a run has none.
        unit: of both.
        difference: after less before; None where one is missing.
        error: statistical error of the difference; None for what is counted.
        verdict: "none", "more", "less", "only before", "only after", or "not comparable".
        obtained: how the number was obtained; both ways where they differ.
    """

    key: str
    before: float | None
    after: float | None
    unit: str
    difference: float | None
    error: float | None
    verdict: str
    obtained: str


@dataclass(frozen=True)
class Difference:
    """Two runs.

    Attributes:
        names: of both.
        configuration: changed keys with both values, as text; absent ones are "not set".
        versions: changed packages with both versions.
        conventions: why their numbers do not mean the same; empty where they do.
        numbers: every number of either run.
    """

    names: tuple[str, str]
    configuration: tuple[tuple[str, str, str], ...]
    versions: tuple[tuple[str, str, str], ...]
    conventions: tuple[str, ...]
    numbers: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The numbers that differ by more than chance."""
        return tuple(change for change in self.numbers if change.verdict != "none")


def compare_runs(before: Run, after: Run) -> Difference:
    """Compare two runs.

    Physics of different data sets or inputs is "not comparable", whatever its values. Errors are taken as independent,
    which overestimates the error of a difference on the same test events: what is called different is.

    Raises:
        RunError: a record is damaged.
    """
    first, second = collect(before), collect(after)
    conventions = convention_of(first).differences(convention_of(second))
    return Difference(
        (first.name, second.name),
        tuple(_changed(_flat(tomllib.loads(first.config_text)), _flat(tomllib.loads(second.config_text)))),
        tuple(_changed(_versions(first), _versions(second))),
        conventions,
        tuple(_numbers(first, second, conventions)),
    )


def difference_lines(found: Difference) -> list[str]:
    """The difference for a reader."""
    lines = [f"{found.names[0]} → {found.names[1]}"]
    lines += [f"configuration {key}: {old} → {new}" for key, old, new in found.configuration]
    lines += [f"version       {key}: {old} → {new}" for key, old, new in found.versions]
    lines += [f"convention    {reason}" for reason in found.conventions]
    lines += [f"number        {_line(change)}" for change in found.changed]
    same = sum(change.verdict == "none" for change in found.numbers)
    return [*lines, f"{same} of {len(found.numbers)} numbers do not differ, or not by more than {SIGNIFICANT:g} errors"]


def _line(change: Change) -> str:
    values = " → ".join(text.MISSING if v is None else f"{v:,.6g}" for v in (change.before, change.after))
    shown = f"{change.key}: {values} {change.unit}".rstrip()
    if change.difference is not None:
        error = "" if change.error is None else f" ± {change.error:.2g}"
        relative = f", {change.difference / change.before:+.1%}" if change.before and change.error is None else ""
        shown += f" ({change.difference:+,.4g}{error}{relative})"
    return shown if change.verdict in ("more", "less") else f"{shown}: {change.verdict}"


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Keys of nested tables with their values as text."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = str(value)
    return found


def _versions(records: Records) -> dict[str, str]:
    known = records.provenance or {}
    found = {key: str(known[key]) for key in ("codesign", "git", "python", "platform") if known.get(key)}
    boards = (records.synth or {}).get("boards") or ()
    tools = {f"synthesis of {use['board']}": f"{use['tool']} {use['tool_version']}" for use in boards}
    return found | {str(key): str(value) for key, value in known.get("packages", {}).items()} | tools


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            yield key, old.get(key, "not set"), new.get(key, "not set")


def _numbers(first: Records, second: Records, conventions: tuple[str, ...]) -> Iterator[Change]:
    before, after = ({number.key: number for number in numbers(records)} for records in (first, second))
    foreign = tuple(reason for reason in conventions if reason.startswith(("task", "dataset", "inputs")))
    for key in dict.fromkeys((*before, *after)):
        yield _change(key, before.get(key), after.get(key), bool(foreign))


def _change(key: str, old: Number | None, new: Number | None, foreign: bool) -> Change:
    known = [number for number in (old, new) if number is not None]
    origin = " / ".join(dict.fromkeys(number.obtained for number in known))
    values = [None if number is None else number.value for number in (old, new)]
    unit = known[0].unit
    if values[0] is None or values[1] is None:
        missing = "none" if values[0] == values[1] else "only after" if values[0] is None else "only before"
        return Change(key, values[0], values[1], unit, None, None, missing, origin)
    assert old is not None
    assert new is not None
    error = None if old.error is None or new.error is None else math.hypot(old.error, new.error)
    difference = values[1] - values[0]
    verdict = "more" if difference > 0 else "less"
    if error is not None and foreign:
        verdict = "not comparable"
    elif difference == 0 or (error is not None and abs(difference) <= SIGNIFICANT * error):
        verdict = "none"
    return Change(key, values[0], values[1], unit, difference, error, verdict, origin)
