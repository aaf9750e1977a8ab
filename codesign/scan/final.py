"""The final stage: candidates are proved, synthesised and trained again, then judged on the untouched events."""

import dataclasses
import json
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from codesign.config import Config
from codesign.errors import CodesignError
from codesign.evaluation.scores import read_scores
from codesign.files import write_whole
from codesign.metrics import Estimate
from codesign.pipeline import STEPS, execute
from codesign.run import Run, to_json
from codesign.scan.donors import with_epochs
from codesign.scan.driver import FrontEntry, Scan, Workers, front
from codesign.scan.measure import limited_physics, trace_costs, violations_of
from codesign.scan.pareto import oriented, spread_along
from codesign.scan.quantities import Physics, measure, parse_objective
from codesign.scan.samples import reported_sample
from codesign.scan.toml import to_toml
from codesign.sections import validate_section
from codesign.steps import MODEL, SCORES, TRAINING_STATE
from codesign.summary import measured

FINAL = "final.json"
SEED_MARGIN = 1.05  # EBOPs by which another training may exceed the point of the search
RETRAINED = ("prepare", "train", "evaluate")  # steps of a training with another seed


@dataclass(frozen=True)
class FinalTask:
    """One candidate, or one further training of it.

    Attributes:
        number: place among all tasks of the stage.
        folder: its run directory.
        candidate: place among the candidates.
        trial: number of the trial that it came from.
        state: folder of that trial.
        configuration: text of its configuration.
        retrained: whether it is a training with another seed; the candidate itself is proved and synthesised.
        inherited: whether it takes over the training of the trial.
        objectives: names of the objectives.
        limits: hard limits.
        tpr_fpr: background efficiency of a limit on ``tpr``, None without one.
        time_limit_s: time after which it has failed.
    """

    number: int
    folder: str
    candidate: int
    trial: int
    state: str
    configuration: str
    retrained: bool
    inherited: bool
    objectives: tuple[str, ...]
    limits: dict[str, float] = field(default_factory=dict)
    tpr_fpr: float | None = None
    time_limit_s: float = 3600.0

    def kept(self) -> None:
        """Its steps keep their own records; there is nothing else."""

    def failed(self, reason: str, _wall_time_s: float = 0.0) -> "FinalResult":
        """The result of a candidate or training that failed."""
        return FinalResult(self.number, self.candidate, self.trial, self.folder, self.retrained, reason)


@dataclass(frozen=True)
class FinalResult:
    """What came of a candidate or of a further training of it.

    Attributes:
        number: of its task.
        candidate: place among the candidates.
        trial: trial that it came from.
        folder: its run directory.
        retrained: whether it is a training with another seed.
        reason: why it failed, None if it did not.
        verified: whether every implementation computes the same integers; None for another seed, which is not proved.
        values: physics of the reported events, and costs: synthesised ones of a candidate, traced ones of another seed.
        errors: statistical errors (68 %) of the physics.
        traced_lut: LUT that the compiler counts, the cost that candidate and other seeds have in common.
        violations: by limit, how far it is missed; not above zero where it is kept.
    """

    number: int
    candidate: int
    trial: int
    folder: str
    retrained: bool
    reason: str | None
    verified: bool | None = None
    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    traced_lut: float | None = None
    violations: dict[str, float] = field(default_factory=dict)


def final_stage(scan: Scan, workers: Workers, say: Callable[[str], None] = lambda _text: None) -> list[FinalResult]:
    """Judge the candidates of a scan and leave ``final.json``.

    Args:
        scan: a scan whose search has ended.
        workers: run `finalise`.
        say: takes a line for each candidate and training that has ended.
    """
    tasks = final_tasks(scan)
    for task in tasks:
        workers.submit(task)
    results: list[FinalResult] = []
    while len(results) < len(tasks):
        for result in workers.results():
            results.append(result)
            what = "another seed" if result.retrained else "candidate"
            say(f"{len(results)} of {len(tasks)}: {what} of trial {result.trial}: {result.reason or 'done'}")
    results.sort(key=lambda result: result.number)
    write_whole(scan.folder / FINAL, to_json({"results": [dataclasses.asdict(result) for result in results]}))
    return results


def read_final(folder: Path) -> list[FinalResult]:
    """Results of the final stage, none where it has not run."""
    path = folder / FINAL
    return [FinalResult(**entry) for entry in json.loads(path.read_text())["results"]] if path.is_file() else []


def candidates(scan: Scan) -> list[FrontEntry]:
    """Points of the front that are followed up, spread along the first objective."""
    entries = front(scan.results, scan.directions)
    if not entries:
        return []
    costs = np.array([oriented(entry.point.values, scan.directions) for entry in entries])
    return [entries[index] for index in spread_along(costs, scan.settings.final.candidates)]


def final_tasks(scan: Scan) -> list[FinalTask]:
    """The candidates first, then their further trainings."""
    chosen, section = candidates(scan), scan.settings.final
    wanted = [(place, entry, seed) for seed in range(section.seeds + 1) for place, entry in enumerate(chosen)]
    return [_task(scan, number, place, entry, seed) for number, (place, entry, seed) in enumerate(wanted)]


def _task(scan: Scan, number: int, place: int, entry: FrontEntry, seed: int) -> FinalTask:
    trial = scan.folder / "trials" / f"{entry.trial:04d}"
    name = point_name(entry)
    content = point_configuration(trial, entry, name)
    limits, factor = scan.settings.constraints, scan.settings.final.epochs_factor
    if scan.results[entry.trial].donor is not None and scan.settings.search.inherit is not None:
        factor /= scan.settings.search.inherit  # it had a share of the epochs, and weights of another trial
    if factor > 1:
        content = with_epochs(content, validate_section(Config, content, str(trial)), factor)
        content["name"] += "-full"
    if seed:
        content["seed"] = content.get("seed", 1) + seed
        content["name"] += f"-seed{content['seed']}"
    inherited = factor == 1 and not seed
    if not inherited and "checkpoint_ebops" in content.get("quantization", {}):
        content["quantization"]["checkpoint_ebops"] *= SEED_MARGIN
    return FinalTask(
        number,
        str((scan.folder / "front" / content["name"]).resolve()),
        place,
        entry.trial,
        str(trial.resolve()),
        to_toml(content),
        bool(seed),
        inherited,
        tuple(scan.directions),
        limits.limits(),
        limits.tpr_fpr,
        scan.settings.search.time_limit_s,
    )


def point_name(entry: FrontEntry) -> str:
    """Name of the run directory of a point."""
    return f"trial{entry.trial:04d}-{entry.point.ebops:.0f}ebops"


def point_configuration(trial: Path, entry: FrontEntry, name: str) -> dict[str, Any]:
    """Configuration of a point: that of its trial, with the checkpoint."""
    content = tomllib.loads((trial / "config.toml").read_text())
    content["name"] = name
    if content.get("quantization", {}).get("method", "hgq") == "hgq" and (trial / TRAINING_STATE).is_file():
        content.setdefault("quantization", {})["checkpoint_ebops"] = entry.point.ebops
    return content


def start_point(folder: Path, configuration: str, trial: Path, *, inherit: bool) -> Run:
    """Make the run directory of a point; with ``inherit`` its training is the one of the trial and is not repeated."""
    file = folder.parent / "configs" / f"{folder.name}.toml"
    write_whole(file, configuration)
    run = Run.start(file, folder)
    for kept in trial.iterdir() if inherit else ():
        if kept.name == TRAINING_STATE or kept.name.startswith("teacher"):
            shutil.copyfile(kept, folder / kept.name)
    return run


def finalise(task: FinalTask) -> FinalResult:
    """Bring the run of a candidate, or of another seed of it, up to date by the ordinary steps, and judge it."""
    folder = Path(task.folder)
    run = start_point(folder, task.configuration, Path(task.state), inherit=task.inherited)
    try:
        with run.lock():
            for name in RETRAINED if task.retrained else STEPS:
                execute(run, name)
            return _judged(task, run)
    except CodesignError as error:
        return task.failed(str(error))


def _judged(task: FinalTask, run: Run) -> FinalResult:
    from codesign.models.store import load_model

    traced = trace_costs(run, load_model(run.path / MODEL))
    costs: Mapping[str, float | None] = traced if task.retrained else _synthesised(run)
    values = {name: float(value) for name, value in costs.items() if value is not None}
    values["ebops"] = float(run.record("train")["ebops"])
    errors = {}
    for name, found in test_physics(run, task.objectives, task.tpr_fpr).items():
        values[name], errors[name] = found.value, found.error
    verified = None if task.retrained else bool(run.record("verify")["passed"])
    reason = None if verified is not False else f"verification failed: {run.record('verify')['fault']}"
    return FinalResult(
        task.number,
        task.candidate,
        task.trial,
        task.folder,
        task.retrained,
        reason,
        verified,
        values,
        errors,
        traced["lut"],
        violations_of(task.limits, values),
    )


def test_physics(run: Run, objectives: Sequence[str], tpr_fpr: float | None) -> dict[str, Estimate]:
    """Physics on the events of the test split that no choice has seen."""
    wanted = {name: parsed for name in objectives if isinstance(parsed := parse_objective(name), Physics)}
    wanted |= limited_physics(run, tpr_fpr)
    data, config = run.record("data"), run.config
    classes = tuple(data["classes"])
    sample = reported_sample(read_scores(run.path / SCORES, "test"), config.task, classes, data["counts"])
    bunches = config.evaluation.colliding_bunches
    return {name: measure(physics, sample, config.task, classes, bunches) for name, physics in wanted.items()}


def _synthesised(run: Run) -> dict[str, float | None]:
    """Costs of the whole algorithm, wrapper included, as the synthesis step counts them."""
    costs = {name: value for name, value in measured(run).items() if name not in ("accuracy", "auc", "tpr", "ebops")}
    record = run.record("synth")
    alone: dict[str, Any] = next(iter(record.get("network_alone", ())), {})
    routed: dict[str, Any] = record.get("place_and_route") or {}
    return {
        **costs,
        "latency_cycles": float(run.record("firmware")["latency_cycles"]),
        "network_lut": alone.get("lut"),
        "routed_mhz": routed.get("fmax_mhz"),
    }
