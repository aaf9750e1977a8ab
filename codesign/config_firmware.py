"""The sections of a configuration that describe the trigger decision behind the network."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from codesign.sections import Section

MAX_POINTS = 16  # the trigger bits of a stream's first word
MAX_PRESCALE = 2**24 - 1


class WorkingPointSection(Section):
    """One working point; exactly one of threshold, fpr and rate_khz. All but the class can be changed at run time.

    Attributes:
        class_name: "class" in the file: the class that it selects; not for an anomaly detector.
        threshold: smallest value that passes, in counts of the score: of the anomaly score, or of the score of the
            class minus the largest of the other scores.
        fpr: the threshold is the one that lets through at most this fraction of the test split's background.
        rate_khz: the same for a trigger rate; only where every background row stands for one bunch crossing.
        prescale: one of so many events that pass triggers; 0 none.
    """

    class_name: Annotated[str | None, Field(alias="class")] = None
    threshold: int | None = None
    fpr: Annotated[float, Field(gt=0, lt=1)] | None = None
    rate_khz: Annotated[float, Field(gt=0)] | None = None
    prescale: Annotated[int, Field(ge=0, le=MAX_PRESCALE)] = 1

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if sum(value is not None for value in (self.threshold, self.fpr, self.rate_khz)) != 1:
            raise ValueError("exactly one of threshold, fpr and rate_khz")
        return self


PointName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class DecisionSection(Section):
    """Working points, prescales and counters behind the network.

    Attributes:
        working_points: by name, in the order of the trigger bits; absent: the background efficiencies of the evaluation
            for an anomaly detector, and for a classifier every class at 1 % of the others.
        tmr: every register of the decision three times, with a majority vote and a counter of upsets.
    """

    working_points: Annotated[dict[PointName, WorkingPointSection], Field(max_length=MAX_POINTS)] = Field(
        default_factory=dict
    )
    tmr: bool = False
