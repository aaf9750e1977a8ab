"""What a trial is asked to do and what it answers; both travel between processes and stand in its folder."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from codesign import __version__
from codesign.files import write_whole
from codesign.run import digest, to_json

RESULT = "trial.json"


@dataclass(frozen=True)
class TrialTask:
    """One configuration to try.

    Attributes:
        number: number of the trial.
        folder: its run directory.
        configuration: text of its configuration.
        directions: "maximize" or "minimize" by objective.
        limits: hard limits by the names of the ``budget`` table.
        tpr_fpr: background efficiency of a limit on ``tpr``, None without one.
        points: most points of its training's front that are measured.
        look_after: share of the epochs after which it is looked at, None to train to the end.
        front: objectives on the front that earlier trials had when they were looked at.
        donor: number of the trial whose weights its training begins with, None where it begins anew.
        time_limit_s: time after which it has failed.
    """

    number: int
    folder: str
    configuration: str
    directions: dict[str, Any]
    limits: dict[str, float] = field(default_factory=dict)
    tpr_fpr: float | None = None
    points: int = 1
    look_after: float | None = None
    front: tuple[dict[str, float], ...] = ()
    donor: int | None = None
    time_limit_s: float = 3600.0

    def digest(self) -> str:
        """Digest of all that determines the result."""
        content = dataclasses.asdict(self)
        return digest(
            __version__, {key: content[key] for key in sorted(content) if key not in ("folder", "time_limit_s")}
        )

    def kept(self) -> "TrialResult | None":
        """The result that an earlier attempt left, None if there is none."""
        return read_result(self)

    def failed(self, reason: str, wall_time_s: float = 0.0) -> "TrialResult":
        """The result of a trial that failed, left in its folder so that it is not tried again."""
        result = TrialResult(self.number, reason, wall_time_s=round(wall_time_s, 3))
        write_result(self, result)
        return result


@dataclass(frozen=True)
class Point:
    """One network of a trial, measured on the events that choose.

    Attributes:
        epoch: checkpoint of the training, counted from 0.
        ebops: EBOPs of that checkpoint during the training; ``quantization.checkpoint_ebops`` selects it.
        values: objectives and costs by name; LUT and FF are those of the compiler's trace of the network alone.
        errors: statistical errors (68 %) of the physics among them.
        violations: by limit, how far it is missed relative to the limit; not above zero where it is kept.
    """

    epoch: int
    ebops: float
    values: dict[str, float]
    errors: dict[str, float]
    violations: dict[str, float]

    @property
    def feasible(self) -> bool:
        """Whether all limits are kept."""
        return all(violation <= 0 for violation in self.violations.values())


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial.

    Attributes:
        number: number of the trial.
        reason: why it failed, None if it did not.
        points: the point that the training chose, then others of its front.
        look: the point when the training was looked at, None if it was not.
        epochs: epochs that were trained.
        wall_time_s: time it took, without waiting for a worker.
        donor: number of the trial whose weights its training began with.
    """

    number: int
    reason: str | None
    points: tuple[Point, ...] = ()
    look: Point | None = None
    epochs: int = 0
    wall_time_s: float = 0.0
    donor: int | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Read what ``dataclasses.asdict`` gave."""
        points = tuple(Point(**point) for point in content["points"])
        look = None if content["look"] is None else Point(**content["look"])
        return cls(**{**content, "points": points, "look": look})


def write_result(task: TrialTask, result: TrialResult) -> None:
    """Leave the result in the trial's folder, in one piece."""
    record = {"digest": task.digest(), "result": dataclasses.asdict(result)}
    write_whole(Path(task.folder) / RESULT, to_json(record))


def read_result(task: TrialTask) -> TrialResult | None:
    """The result that an earlier attempt left, None if there is none or it belongs to another task."""
    try:
        record = json.loads((Path(task.folder) / RESULT).read_text())
        return TrialResult.of(record["result"]) if record["digest"] == task.digest() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
