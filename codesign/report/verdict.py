"""The answer in one line, and the five numbers everybody asks for first."""

from collections.abc import Iterator
from dataclasses import dataclass

from codesign.report import text
from codesign.report.blocks import Cell, State, Table, table
from codesign.report.collect import Record, Records
from codesign.report.detector import Detector, detector_of
from codesign.report.numbers import numbers, obtained
from codesign.report.plausibility import implausible
from codesign.summary import synthesis_failures
from codesign.synth.budgets import MINIMA, BudgetLine

QUANTITIES = {
    "latency_ns": "latency",
    "latency_bunch_crossings": "latency in bunch crossings",
    "initiation_interval": "initiation interval",
    "lut": "LUT",
    "ff": "flip-flops",
    "dsp": "DSP slices",
    "bram_18k": "18-kbit block RAMs",
    "lut_share": "LUT share of the board",
    "accuracy": "test accuracy",
    "auc": "lowest AUC",
    "tpr": "lowest signal efficiency",
    "ebops": "effective bit operations",
}
_FRACTIONS = ("lut_share", "accuracy", "tpr")


@dataclass(frozen=True)
class Verdict:
    """Whether the run holds what was asked.

    Attributes:
        state: good, bad (something failed) or missing (nothing failed, but not everything ran).
        headline: the answer in two or three words.
        reasons: why, one sentence each.
    """

    state: State
    headline: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Everything ran and nothing failed."""
        return self.state == "good"


@dataclass(frozen=True)
class Tile:
    """A key number.

    Attributes:
        label: what it is.
        value: the number with its unit.
        detail: second line.
        state: how it stands to the verdict.
    """

    label: str
    value: str
    detail: str
    state: State = "plain"


def judge(records: Records) -> Verdict:
    """Verdict over all steps and limits."""
    failed, missing = tuple(_failed(records)), tuple(_missing(records))
    if failed:
        return Verdict("bad", "Failed", failed + missing)
    if missing:
        return Verdict("missing", "Incomplete", missing)
    assert records.verify is not None
    proof = f"{text.count(records.verify.get('vectors'))} vectors, every integer equal."
    limits = f"All {text.plural(len(records.budget), 'limit')} kept." if records.budget else "No limit was set."
    return Verdict("good", "All good", (proof, limits))


def tiles(records: Records) -> tuple[Tile, ...]:
    """Accuracy or signal efficiency, EBOPs, latency, mismatches and LUT."""
    return (
        _physics_tile(records),
        _ebops_tile(records),
        _latency_tile(records),
        _verify_tile(records),
        _lut_tile(records),
    )


def budget_table(records: Records) -> Table:
    """One row per limit."""
    found = numbers(records)
    rows = [
        (
            QUANTITIES[line.name],
            "not measured" if line.measured is None else quantity(line.name, line.measured, line.unit),
            ("≥ " if line.name in MINIMA else "≤ ") + quantity(line.name, line.limit, line.unit),
            _line_state(line),
            next((obtained(found, n.name) for n in found if n.name.partition(" ")[0] == line.name), text.MISSING),
        )
        for line in records.budget
    ]
    return table("Budget", ("quantity", "measured", "limit", "verdict", "how obtained"), "lrrll", rows)


def quantity(name: str, value: float, unit: str) -> str:
    """A quantity that can have a budget, fractions as per cent."""
    if name in _FRACTIONS:
        return f"{text.percent(value)} {unit if name == 'tpr' else ''}".rstrip()
    if name == "auc":
        return text.number(value, digits=4)
    return text.compact(value, "cycle" if unit == "cycles" and value == 1 else unit)


def _line_state(line: BudgetLine) -> Cell:
    if line.passed:
        return Cell("pass", "good")
    return Cell(text.MISSING, "missing") if line.measured is None else Cell("FAIL", "bad")


def _failed(records: Records) -> Iterator[str]:
    yield from (f"Implausible: {found}." for found in implausible(records))
    lines = synthesis_failures(records.synth) if records.synth else ()
    yield from (f"{line[0].upper()}{line[1:].rstrip('.')}." for line in lines)
    if records.verify and not records.verify["passed"]:
        yield f"Verification: {(records.verify.get('fault') or 'failed').rstrip('.')}."
    detector = detector_of(records)
    if detector is not None and detector.fault:
        yield f"Physics: {detector.fault}."
    for line in records.budget:
        if not line.passed and line.measured is not None:
            bound = "at least" if line.name in MINIMA else "at most"
            found, limit = (quantity(line.name, value, line.unit) for value in (line.measured, line.limit))
            yield f"Budget: {QUANTITIES[line.name]} is {found}, allowed {bound} {limit}."


def _missing(records: Records) -> Iterator[str]:
    steps = {
        "data": records.data,
        "training": records.train,
        "evaluation": records.metrics,
        "firmware": records.firmware,
        "verification": records.verify,
        "synthesis": records.synth,
    }
    absent = [name for name, record in steps.items() if record is None]
    if absent:
        yield f"Not run: {', '.join(absent)}."
    unmeasured = [QUANTITIES[line.name] for line in records.budget if line.measured is None]
    if unmeasured:
        yield f"Not measured, but limited by the budget: {', '.join(unmeasured)}."


def _physics_tile(records: Records) -> Tile:
    detector = detector_of(records)
    if detector is not None:
        return _efficiency_tile(detector)
    if records.metrics is None:
        return _not_run("TPR" if records.task.kind == "anomaly" else "test accuracy")
    events = text.count(records.metrics.get("events"), "test events")
    return Tile("test accuracy", text.estimate(records.metrics.get("accuracy"), 100, "%"), events)


def _efficiency_tile(detector: Detector) -> Tile:
    """Signal efficiencies at the middle point, from the worst signal to the best."""
    point, score = detector.middle, detector.deployed
    label = f"TPR at {'' if detector.is_rate(point) else 'FPR '}{detector.asked(point)}"
    if not detector.signals:
        return Tile(label, text.MISSING, "no signal in the test split", "missing")
    found: Record = {name: entry["value"] for name, entry in point["tpr"].items()}
    worst, best = (choose(found, key=found.__getitem__) for choose in (min, max))
    areas = [entry["auc"]["value"] for entry in score["signals"]]
    state: State = "warn" if point["warning"] else "plain"
    value, detail = f"{text.rounded(100 * found[worst])} %", f"{worst}; AUC {areas[0]:.3f}"
    if worst != best:
        value = f"{text.rounded(100 * found[worst])} … {text.rounded(100 * found[best])} %"
        detail = f"{worst} … {best}; AUC {min(areas):.3f} … {max(areas):.3f}"
    return Tile(label, value, f"{detail}{'; few background events' if state == 'warn' else ''}", state)


def _ebops_tile(records: Records) -> Tile:
    if records.train is None:
        return _not_run("EBOPs")
    target = text.count(records.train.get("target_ebops"))
    return Tile("EBOPs", text.count(records.train.get("ebops")), f"effective bit operations; target {target}")


def _latency_tile(records: Records) -> Tile:
    if records.firmware is None:
        return _not_run("latency")
    firmware = records.firmware
    cycles = text.count(firmware.get("latency_cycles"), "cycles")
    crossings = text.count(firmware.get("latency_bunch_crossings"), "BX")
    interval = text.count(firmware.get("initiation_interval"))
    return Tile(
        "latency", text.number(firmware.get("latency_ns"), "ns"), f"{cycles} = {crossings}; II\u00a0=\u00a0{interval}"
    )


def _verify_tile(records: Records) -> Tile:
    """Mismatches of the worst implementation: one vector can be wrong in several."""
    if records.verify is None:
        return _not_run("mismatches / vectors")
    comparisons = records.verify.get("comparisons") or ()
    worst = max((entry["mismatches"] for entry in comparisons), default=None)
    value = f"{text.count(worst)} / {text.count(records.verify.get('vectors'))}"
    compared = f"{text.plural(len(comparisons), 'implementation')} against the trained network"
    if records.verify["passed"]:
        return Tile("mismatches / vectors", value, compared, "good")
    return Tile("mismatches / vectors", value, f"{compared}; verification FAILED", "bad")


def _lut_tile(records: Records) -> Tile:
    board = records.main_board
    if board is None:
        return _not_run("LUT")
    if board.get("failed"):
        return Tile("LUT", text.MISSING, f"{board['tool']} failed", "bad")
    slr = text.percent(board.get("lut_share_slr"))
    share = f"{text.percent(board.get('lut_share'))} of {board['board']}, {slr} of one SLR; {board['tool']}"
    return Tile("LUT", text.count(board.get("lut")), share)


def _not_run(label: str) -> Tile:
    return Tile(label, text.MISSING, "not run", "missing")
