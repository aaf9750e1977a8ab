"""What a design will take, in seconds and without synthesis; refuses what it was not calibrated on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from codesign.errors import EstimateError
from codesign.synth.boards import Board
from codesign.synth.calibration import (
    COVERAGE,
    FEWEST_DESIGNS,
    LARGEST_ERROR,
    Features,
    Fit,
    Synthesised,
    ff_terms,
    fit_ff,
    fit_lut,
    lut_terms,
    predict,
    read_calibration,
)
from codesign.synth.decision_cost import DecisionSize, decisions_like, fit_decisions, read_decisions


@dataclass(frozen=True)
class Interval:
    """An estimate.

    Attributes:
        value: most likely.
        low, high: ends of an interval that held 90 % of the designs that were left out of the calibration.
        mean_error: mean absolute relative error on these.
    """

    value: int
    low: int
    high: int
    mean_error: float

    def __add__(self, other: Self) -> "Interval":
        """Both together, as if both erred in the same direction."""
        value = self.value + other.value
        error = (self.value * self.mean_error + other.value * other.mean_error) / value
        return Interval(value, self.low + other.low, self.high + other.high, error)


@dataclass(frozen=True)
class ResourceEstimate:
    """What a design will take on a board.

    Attributes:
        board: name of the board.
        family: its fabric.
        lut, ff: of the whole trigger algorithm, as Yosys counts them; the decision included where there is one.
        decision_lut: of the decision alone; None where there is none.
        dsp: DSP slices: 0, as in every design of the calibration.
        lut_share: ``lut.value`` over the LUTs of the board.
        obtained: what the estimate is.
        designs: networks of its kind that it was calibrated on.
        rows: how often they were synthesised, with several cutoffs.
    """

    board: str
    family: str
    lut: Interval
    ff: Interval
    decision_lut: Interval | None
    dsp: int
    lut_share: float
    obtained: str
    designs: int
    rows: int


def estimate_resources(
    design: Features,
    board: Board,
    decision: DecisionSize | None = None,
    table: Sequence[Synthesised] | None = None,
) -> ResourceEstimate:
    """Estimate from the compiler's cost, calibrated on synthesised designs of the same kind and fabric.

    Args:
        design: what the compiler knows.
        board: gives the fabric.
        decision: what stands behind the network; None: nothing.
        table: the calibration of networks; None: the one of the package.

    Raises:
        EstimateError: the design lies outside of what was synthesised; the message says the domain.
    """
    rows = _domain(design, board, read_calibration() if table is None else table)
    lut, ff = _interval(fit_lut(rows), lut_terms(design)), _interval(fit_ff(rows), ff_terms(design))
    around = None if decision is None else _decision(decision, board)
    if around is not None:
        lut, ff = lut + around[0], ff + around[1]
    tools = ", ".join(dict.fromkeys(f"{row.tool} on {row.compiler}" for row in rows))
    return ResourceEstimate(
        board=board.name,
        family=board.family,
        lut=lut,
        ff=ff,
        decision_lut=None if around is None else around[0],
        dsp=0,
        lut_share=lut.value / board.lut,
        obtained=f"estimated from the cost model of the RTL compiler, calibrated with {tools}; {COVERAGE:.0%} interval",
        designs=len({row.design for row in rows}),
        rows=len(rows),
    )


def _decision(size: DecisionSize, board: Board) -> tuple[Interval, Interval]:
    """LUT and FF of a decision."""
    lut, ff = fit_decisions(decisions_like(size, board.family, read_decisions()))
    return _interval(lut, size.terms), _interval(ff, size.terms)


def _interval(fit: Fit, terms: Sequence[float]) -> Interval:
    value = predict(fit, terms)
    # The error is relative to the truth: truth = estimate / (1 + error).
    low, high = value / (1 + fit.half_width), value / (1 - fit.half_width)
    return Interval(round(value), round(low), round(high), fit.mean_error)


def _domain(design: Features, board: Board, table: Sequence[Synthesised]) -> list[Synthesised]:
    """Rows of the design's kind and fabric, if it lies among them.

    Raises:
        EstimateError: it does not.
    """
    families = sorted({row.family for row in table})
    rows = [row for row in table if row.family == board.family and row.kind == design.kind and row.dsp == 0]
    architectures = sorted({row.architecture for row in table if row.family == board.family})
    if design.architecture not in architectures:
        usable = sorted({row.architecture for row in table if row.family == board.family and _is_usable(row, table)})
        known = ", ".join(usable) or f"none; fabrics are {', '.join(families)}"
        raise EstimateError(
            f"no estimate for the architecture {design.architecture!r} on {board.family}: calibrated are {known}; "
            "synthesise it instead: codesign synth"
        )
    if len({row.design for row in rows}) < FEWEST_DESIGNS:
        raise EstimateError(
            f"no estimate: of this kind ({design.kind}) fewer than {FEWEST_DESIGNS} networks were synthesised; "
            "synthesise it instead: codesign synth"
        )
    error = fit_lut(rows).mean_error
    if error > LARGEST_ERROR:
        raise EstimateError(
            f"no estimate: of this kind ({design.kind}) networks left out of the calibration are missed by "
            f"{error:.0%}, more than {LARGEST_ERROR:.0%}; synthesise it instead: codesign synth"
        )
    _require_within("compiler's cost in LUT", design.lut_estimate, [row.lut_estimate for row in rows], design.kind)
    _require_within("latency cutoff", design.latency_cutoff, [row.latency_cutoff for row in rows], design.kind)
    return rows


def _is_usable(like: Synthesised, table: Sequence[Synthesised]) -> bool:
    """Whether enough networks of a row's kind and fabric are there, and are met well enough."""
    rows = [row for row in table if (row.family, row.kind) == (like.family, like.kind)]
    return len({row.design for row in rows}) >= FEWEST_DESIGNS and fit_lut(rows).mean_error <= LARGEST_ERROR


def _require_within(what: str, value: float, found: Sequence[float], kind: str) -> None:
    low, high = min(found), max(found)
    if not low <= value <= high:
        raise EstimateError(
            f"no estimate: the {what} is {value:g}, calibrated ({kind}) from {low:g} to {high:g}; "
            "synthesise it instead: codesign synth"
        )
