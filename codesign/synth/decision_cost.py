"""What the decision around a network takes, from its sizes alone: calibrated on decisions that were synthesised.

Thresholds, prescales and counters stand there once for each working point, the ranking and the delays of the scores
once for each class, the margin of a class once for all working points that judge it. A stream also keeps finished
decisions in a memory as deep as the pipeline is long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from codesign.errors import EstimateError
from codesign.synth.calibration import Fit, fit_relative, parse_table

TABLE = "decision_calibration.csv"
SHALLOWEST = 32  # events that a memory of LUTs holds at no more cost than one


@dataclass(frozen=True)
class DecisionSize:
    """Sizes of a decision.

    Attributes:
        interface: "l1_algo" or "axi_stream".
        working_points: how many.
        classes: scores of an event.
        judged: classes that a working point judges.
        score_bits: width of each.
        latency_cycles: clocks from an event to its decision.
    """

    interface: str
    working_points: int
    classes: int
    judged: int
    score_bits: int
    latency_cycles: int

    @classmethod
    def of(cls, firmware: Mapping[str, Any]) -> "DecisionSize | None":
        """That of a firmware record, None where there is no decision."""
        decision = firmware.get("decision")
        if decision is None:
            return None
        scores = firmware["outputs"]["fields"]
        points = decision["working_points"]
        judged, latency = len({point["class_index"] for point in points}), decision["decision_latency_cycles"]
        return cls(decision["interface"], len(points), len(scores), judged, scores[0]["width"], latency)

    @property
    def memory_bits(self) -> int:
        """Bits of a stream's memory, in units of the shallowest one."""
        if self.interface != "axi_stream":
            return 0
        places = 1 << (self.latency_cycles + 1).bit_length()
        return (self.working_points + 13 + self.classes * self.score_bits) * max(1, places // SHALLOWEST)

    @property
    def terms(self) -> tuple[float, ...]:
        """What LUT and FF are linear in."""
        margins = self.judged if self.classes > 1 else 0
        words = (self.working_points, margins, self.classes - 1)
        sizes = (1, self.working_points, *(count * self.score_bits for count in words))
        return (*map(float, sizes), *([float(self.memory_bits)] if self.memory_bits else []))


@dataclass(frozen=True)
class SynthesisedDecision(DecisionSize):
    """A row of the table: a decision that was synthesised around a network of wires.

    Attributes:
        tool: synthesis tool and version.
        family: fabric.
        lut, ff: what the tool counted, without the network.
    """

    tool: str
    family: str
    lut: int
    ff: int


@cache
def read_decisions() -> tuple[SynthesisedDecision, ...]:
    """The table that comes with the package."""
    return parse_table((files("codesign.synth") / TABLE).read_text(encoding="utf-8"), SynthesisedDecision, TABLE)


def fit_decisions(rows: Sequence[SynthesisedDecision]) -> tuple[Fit, Fit]:
    """LUT and FF; each decision is left out of the fit once."""
    terms, names = [row.terms for row in rows], [str(index) for index, _ in enumerate(rows)]
    return fit_relative(terms, [row.lut for row in rows], names), fit_relative(terms, [row.ff for row in rows], names)


def decisions_like(size: DecisionSize, family: str, table: Sequence[SynthesisedDecision]) -> list[SynthesisedDecision]:
    """Rows of the same interface and fabric, if the decision lies among them.

    Raises:
        EstimateError: it does not.
    """
    rows = [row for row in table if (row.family, row.interface) == (family, size.interface)]
    for name in ("working_points", "classes", "score_bits", "latency_cycles"):
        value, found = getattr(size, name), [getattr(row, name) for row in rows]
        if not found or not min(found) <= value <= max(found):
            known = f"from {min(found)} to {max(found)}" if found else f"none on {family}"
            raise EstimateError(
                f"no estimate of the decision: {name.replace('_', ' ')} is {value}, calibrated ({size.interface}): "
                f"{known}; synthesise it instead: codesign synth"
            )
    return rows
