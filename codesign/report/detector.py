"""What the report says of an anomaly detector in several places: points, thresholds in firmware, units."""

import math
from dataclasses import dataclass
from fractions import Fraction

from codesign.config import EvaluationSection
from codesign.evaluation.scores import SplitScores
from codesign.fixed_point import FixedPoint
from codesign.report import text
from codesign.report.collect import Record, Records


@dataclass(frozen=True)
class Detector:
    """An anomaly detector as it was judged.

    Attributes:
        result: record of the evaluation, an ``AnomalyResult``.
        evaluation: where its physics is quoted.
        classes: class names.
        scores: test scores, None if they are missing.
        score_format: format of the firmware's score, None before there is firmware.
    """

    result: Record
    evaluation: EvaluationSection
    classes: tuple[str, ...]
    scores: SplitScores | None
    score_format: str | None

    @property
    def deployed(self) -> Record:
        """The score that becomes firmware."""
        return dict(self.result["scores"][0])

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the signals that the test split holds."""
        return tuple(signal["name"] for signal in self.deployed["signals"])

    @property
    def middle(self) -> Record:
        """The point at which dropped bits and stability are tested, and which is quoted first."""
        points = self.deployed["points"]
        return dict(points[max(len(points) // 2 - 1, 0)])

    @property
    def full_khz(self) -> float:
        """Rate of colliding bunches."""
        return float(self.middle["asked_khz"] / self.middle["asked_fpr"])

    @property
    def in_khz(self) -> bool:
        """Whether rates are given: a configuration that asks for some says that rows are crossings as they come."""
        return bool(self.evaluation.rates_khz)

    @property
    def counts(self) -> Fraction | None:
        """Firmware counts of one count of the evaluation, None before there is firmware."""
        if self.score_format is None:
            return None
        return Fraction(self.deployed["lsb"]) / Fraction(FixedPoint.parse(self.score_format).lsb)

    @property
    def fault(self) -> str | None:
        """Why no threshold in firmware can be given although there is firmware, or None."""
        if self.counts is None or self.counts.denominator == 1:
            return None
        return (
            f"the score of the firmware, {self.score_format}, is coarser than the scores that were judged, of which "
            f"one count is {text.step(self.deployed['lsb'])}: they are of different networks"
        )

    def threshold(self, threshold: int) -> int | None:
        """A threshold of the evaluation as the integer that the firmware compares with; exact, or None."""
        if self.counts is None or self.fault is not None:
            return None
        return int(threshold * self.counts)

    def reachable(self, threshold: int) -> bool:
        """Whether the firmware's score can be as high as a threshold of the firmware."""
        return self.score_format is None or threshold <= FixedPoint.parse(self.score_format).max_int

    def is_rate(self, point: Record) -> bool:
        """Whether a point was asked for as a rate."""
        return any(math.isclose(rate, point["asked_khz"], rel_tol=1e-9) for rate in self.evaluation.rates_khz)

    def asked(self, point: Record) -> str:
        """What a point was asked for: a rate, or a background efficiency."""
        if self.is_rate(point):
            return text.compact(float(f"{point['asked_khz']:.12g}"), "kHz")
        return text.power_of_ten(point["asked_fpr"])

    def accepted(self, rate: Record) -> str:
        """A rate with its interval, in kHz only where rates mean something, else as a fraction."""
        ends = [rate[key] for key in ("khz", "low_khz", "high_khz")]
        if self.in_khz:
            return text.khz(*ends)
        return text.small(*(end / self.full_khz for end in ends))


def detector_of(records: Records) -> Detector | None:
    """The anomaly detector of a run, None for a classifier and before the evaluation."""
    if records.metrics is None or "deployed" not in records.metrics:
        return None
    firmware = records.firmware or {}
    return Detector(records.metrics, records.evaluation, records.classes, records.scores, firmware.get("score_format"))
