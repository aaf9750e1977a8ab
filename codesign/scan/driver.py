"""The loop of a scan: propose, hand out, take in, in an order that does not depend on which worker is faster."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from codesign.errors import ConfigError
from codesign.scan.donors import best_donor, network_key, with_epochs
from codesign.scan.pareto import Directions, non_dominated, oriented
from codesign.scan.settings import ScanConfig
from codesign.scan.space import Space, valid_config
from codesign.scan.study import keep, propose, proposer, readable_faults, taken_up, tell, told
from codesign.scan.toml import to_toml
from codesign.scan.trial import Point, TrialResult, TrialTask

if TYPE_CHECKING:
    import optuna


class Workers(Protocol):
    """What tries configurations."""

    def submit(self, task: Any) -> None:
        """Begin a trial as soon as a worker is free."""

    def results(self) -> Iterator[Any]:
        """The next results, at least one, as they come; waits for it."""


@dataclass
class Scan:
    """A scan under way.

    Attributes:
        settings: its file.
        space: its space.
        folder: its directory.
        study: its study.
        results: results that the study holds, by number.
        networks: where trainings inherit weights, which trials have weights that fit each other, by number.
        stopping: set it to propose no further trials.
    """

    settings: ScanConfig
    space: Space
    folder: Path
    study: "optuna.Study"
    results: dict[int, TrialResult] = field(default_factory=dict)
    networks: dict[int, str | None] = field(default_factory=dict)
    stopping: bool = False

    @property
    def directions(self) -> dict[str, Any]:
        """What is wanted."""
        return dict(self.settings.objectives)


def search(scan: Scan, workers: Workers, on_result: Callable[[TrialResult], None] = lambda _result: None) -> None:
    """Bring the study to the wanted number of trials.

    Trial ``n`` is proposed when exactly the results of all trials up to ``n - ahead`` are in the study, whatever else
    has finished; later results wait for their turn. So the proposals depend on the seed alone.

    Args:
        scan: the scan; its study may hold finished trials.
        workers: what tries them.
        on_result: called after each result has been told to the study.

    Raises:
        RunError: the study's database failed, or what it holds was proposed by another version.
    """
    section, asked, ended = scan.settings.search, [], {}  # type: ignore[var-annotated]
    proposals = proposer(section, scan.directions)
    with readable_faults(str(scan.folder)):
        known = told(scan.study)
        scan.results = {}
        while len(scan.results) < section.trials:
            while not scan.stopping and len(asked) < min(section.trials, len(scan.results) + section.ahead):
                trial, values = propose(proposals, scan.space)
                asked.append(trial)
                task = _task(scan, trial.number, values)
                ready = taken_up(known, trial) or (task if isinstance(task, TrialResult) else None)
                if ready is not None:
                    ended[trial.number] = ready
                else:
                    workers.submit(task)
            number = len(scan.results)
            if number == len(asked):
                return
            while number not in ended:
                ended |= {result.number: result for result in workers.results()}
            tell(asked[number], ended[number], scan.directions)
            scan.results[number] = ended.pop(number)
            if number not in known:
                keep(scan.study, asked[number], scan.results[number])
                on_result(scan.results[number])


def _task(scan: Scan, number: int, values: Mapping[str, Any]) -> TrialTask | TrialResult:
    """The task of a trial, or why its values together make no configuration."""
    content = scan.space.configuration(values) | {"name": f"{scan.settings.name}-{number:04d}"}
    try:
        config = valid_config(content, f"trial {number}")
    except ConfigError as error:
        return TrialResult(number, str(error))
    donor, share = None, scan.settings.search.inherit
    if share is not None:
        scan.networks[number] = network_key(config)
        donor = best_donor(scan.results, scan.networks, scan.networks[number], scan.directions)
    content = content if share is None or donor is None else with_epochs(content, config, share)
    section, limits = scan.settings.search, scan.settings.constraints
    return TrialTask(
        number=number,
        folder=str((scan.folder / "trials" / f"{number:04d}").resolve()),
        configuration=to_toml(content),
        directions=scan.directions,
        limits=limits.limits(),
        tpr_fpr=limits.tpr_fpr,
        points=section.points,
        look_after=section.look_after,
        front=looked_front(scan.results, scan.directions) if section.look_after else (),
        donor=donor,
        time_limit_s=section.time_limit_s,
    )


def looked_front(results: Mapping[int, TrialResult], directions: Directions) -> tuple[dict[str, float], ...]:
    """Objectives on the front of all points as they were when looked at."""
    looks = [result.look for _, result in sorted(results.items()) if result.look is not None and result.look.feasible]
    return tuple({name: look.values[name] for name in directions} for look in _best(looks, directions))


def _best(points: list[Point], directions: Directions) -> list[Point]:
    if not points:
        return []
    kept = non_dominated(np.array([oriented(point.values, directions) for point in points]))
    return [point for point, keep in zip(points, kept, strict=True) if keep]


@dataclass(frozen=True)
class FrontEntry:
    """A point on the front of a scan.

    Attributes:
        trial: number of its trial.
        point: what was measured.
    """

    trial: int
    point: Point


def front(results: Mapping[int, TrialResult], directions: Directions) -> list[FrontEntry]:
    """The points of all trials that keep all limits and that nothing beats, the first objective's best first."""
    entries = [
        FrontEntry(number, point)
        for number, result in sorted(results.items())
        if result.reason is None
        for point in result.points
        if point.feasible
    ]
    if not entries:
        return []
    costs = np.array([oriented(entry.point.values, directions) for entry in entries])
    kept = non_dominated(costs)
    return [entries[index] for index in np.lexsort(costs.T[::-1]) if kept[index]]
