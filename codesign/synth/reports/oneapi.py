"""Reports of the oneAPI compiler: the files of ``reports/resources/json`` in the project that hls4ml builds.

One JSON document per line; the names of the fields are those that hls4ml 1.3 reads (``hls4ml.report.oneapi_report``).
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codesign.errors import ReportError

SUMMARY, LOOPS, QUARTUS = "oneAPI summary.ndjson", "oneAPI loop_attr.ndjson", "oneAPI quartus.ndjson"
_ESTIMATED = ("alut", "ff", "ram", "dsp", "mlab")  # columns of the summary, in its order


@dataclass(frozen=True)
class IntelResources:
    """Resources of an Intel or Altera device; not comparable with LUT of a Xilinx one.

    Attributes:
        alut: adaptive look-up tables.
        ff: flip-flops.
        ram: memory blocks.
        dsp: DSP blocks.
        mlab: memory made of logic.
        alm: adaptive logic modules, two ALUT each; None where the compiler only estimates.
    """

    alut: int
    ff: int
    ram: int
    dsp: int
    mlab: int
    alm: int | None


@dataclass(frozen=True)
class OneApiReport:
    """What the oneAPI compiler estimates, and what Quartus placed where it ran.

    Attributes:
        used: estimated resources of the whole design.
        available: resources of the device.
        fmax_estimated_mhz: of the slowest loop.
        latency_max_cycles: of the longest loop.
        interval_max_cycles: most clocks from one pass of a loop to the next; None where none is known.
        placed: resources after fitting with Quartus; None where it did not run.
        fmax_mhz: clock after fitting; None where Quartus did not run.
    """

    used: IntelResources
    available: IntelResources
    fmax_estimated_mhz: float
    latency_max_cycles: float
    interval_max_cycles: int | None
    placed: IntelResources | None
    fmax_mhz: float | None


def parse_oneapi(summary: str, loops: str, quartus: str | None = None, component: str | None = None) -> OneApiReport:
    """Read the compiler's estimate, and the result of Quartus.

    Args:
        summary: text of ``summary.ndjson``.
        loops: text of ``loop_attr.ndjson``.
        quartus: text of ``quartus.ndjson``, of a project that was built for hardware.
        component: name of the design in the latter; needed where it holds several.

    Raises:
        ReportError: cut, foreign, or a field that is missing or no number.
    """
    rows = {entry.get("name"): entry.get("data") for entry in _documents(summary, SUMMARY)}
    timed = [entry for entry in _documents(loops, LOOPS) if {"af", "ii", "lt"} <= entry.keys()]
    if not timed:
        raise ReportError(f"{LOOPS}: expected a loop with af, ii and lt, found none")
    # "n/a" or "~1" stands where the interval is not a number.
    intervals = [int(text) for text in (str(entry["ii"]).strip() for entry in timed) if text.isdigit()]
    placed, fmax = (None, None) if quartus is None else _quartus(quartus, component)
    return OneApiReport(
        used=_estimate(rows, "Total"),
        available=_estimate(rows, "Available"),
        fmax_estimated_mhz=min(_number(entry["af"], f"{LOOPS}: af") for entry in timed),
        latency_max_cycles=max(_number(entry["lt"], f"{LOOPS}: lt") for entry in timed),
        interval_max_cycles=max(intervals, default=None),
        placed=placed,
        fmax_mhz=fmax,
    )


def _documents(text: str, kind: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, one per line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ReportError(f"{kind}: expected JSON documents, found an empty text")
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise ReportError(f"{kind}: line {number}: expected a whole JSON document: {error}") from None
        if not isinstance(entry, dict):
            raise ReportError(f"{kind}: line {number}: expected a JSON object, found {type(entry).__name__}")
        yield entry


def _estimate(rows: dict[Any, Any], name: str) -> IntelResources:
    data = rows.get(name)
    if not isinstance(data, list) or len(data) < len(_ESTIMATED):
        raise ReportError(f"{SUMMARY}: expected the row {name!r} with {len(_ESTIMATED)} numbers, found {data!r}")
    numbers = {key: _count(value, f"{SUMMARY}: {name}: {key}") for key, value in zip(_ESTIMATED, data, strict=False)}
    return IntelResources(**numbers, alm=None)


def _quartus(text: str, component: str | None) -> tuple[IntelResources, float]:
    (content,) = _documents(" ".join(text.splitlines()), QUARTUS)  # one document, over any number of lines
    uses, clocks = (_nodes(content, f"quartusFit{kind}Summary") for kind in ("ResourceUsage", "Clock"))
    names = [str(use.get("name")) for use in uses]
    if component is None and len(names) == 1:
        component = names[0]
    if names.count(str(component)) != 1:
        raise ReportError(f"{QUARTUS}: expected one component {component!r}, found {', '.join(names)}")
    use = uses[names.index(str(component))]
    keys = {"ff": "reg", **{key: key for key in ("alut", "ram", "dsp", "mlab", "alm")}}
    numbers = {key: _count(use.get(name), f"{QUARTUS}: {component}: {name}") for key, name in keys.items()}
    return IntelResources(**numbers), _number(clocks[0].get("clock fmax"), f"{QUARTUS}: clock fmax")


def _nodes(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    nodes = content.get(key, {}).get("nodes") if isinstance(content.get(key), dict) else None
    if not isinstance(nodes, list) or not nodes or not all(isinstance(node, dict) for node in nodes):
        raise ReportError(f"{QUARTUS}: expected the list {key}.nodes, found {', '.join(content) or 'nothing'}")
    return nodes


def _number(value: Any, what: str) -> float:
    """A finite number, which may stand as text and with thousands separated."""
    try:
        number = math.nan if isinstance(value, bool) else float(str(value).replace(",", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ReportError(f"{what}: expected a number, found {value!r}")
    return number


def _count(value: Any, what: str) -> int:
    """A number of blocks; Quartus gives halves of an ALM, which count as one."""
    return math.ceil(_number(value, what))
