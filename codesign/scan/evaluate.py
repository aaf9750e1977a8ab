"""Tries one configuration: a run directory whose network is trained and measured by the ordinary steps' own parts.

What a reader of the result does not need is left out: no firmware is written and no proof made; both follow for the
candidates (`codesign.scan.final`). The training keeps its state and its front in the directory, so that
``codesign run`` on it trains nothing again.
"""

import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.config import Config
from codesign.errors import CodesignError, RunError, TargetError
from codesign.files import locked, write_whole
from codesign.progress import Progress, silent
from codesign.run import Run, to_json
from codesign.scan.measure import measure_network, read_contract, violations_of
from codesign.scan.pareto import near_front
from codesign.scan.trial import Point, TrialResult, TrialTask, read_result, write_result

if TYPE_CHECKING:  # the driver of a scan, which imports this file, needs no machine-learning stack
    from codesign.models.network import Network
    from codesign.training.fit import TrainResult
    from codesign.training.front import FrontPoint

TEACHERS = "teachers"  # beside the trials
KEPT_EBOPS = 2.0  # targets up to which a training keeps checkpoints (`codesign.training.recipes`)


def evaluate(task: TrialTask, progress: Progress = silent) -> TrialResult:
    """Try a configuration, or return what an earlier attempt found.

    A network that cannot be trained or built is a result: a failed trial with its reason. What is wrong with the
    machine (a full disk, a missing file) is not, and is raised.

    Raises:
        OSError: a file cannot be read or written.
    """
    folder = Path(task.folder)
    with locked(folder.parent / f".{folder.name}.lock"):  # a worker that lost its scheduler may still be at it
        result = read_result(task)
        if result is not None:
            return result
        started = time.monotonic()
        try:
            result = _try(task, progress, started)
        except CodesignError as error:
            return task.failed(str(error), time.monotonic() - started)
        except MemoryError:
            return task.failed("out of memory", time.monotonic() - started)
        except OSError:
            raise
        except Exception as error:  # a fault of a library with this configuration must not end the scan
            write_whole(Path(task.folder) / "traceback.txt", traceback.format_exc())
            return task.failed(f"{type(error).__name__}: {error}", time.monotonic() - started)
        write_result(task, result)
        return result


def _try(task: TrialTask, progress: Progress, started: float) -> TrialResult:
    from codesign.pipeline import execute

    run = start_run(task)
    execute(run, "prepare")
    look, points, epochs = _train(run, task, progress)
    elapsed = time.monotonic() - started
    return TrialResult(task.number, None, points, look, epochs, round(elapsed, 3), task.donor)


def start_run(task: TrialTask) -> Run:
    """The run directory of a trial; its configuration lies beside those of the other trials."""
    folder = Path(task.folder)
    file = folder.parent / "configs" / f"{folder.name}.toml"
    write_whole(file, task.configuration)
    return Run.start(file, folder)


def _train(run: Run, task: TrialTask, progress: Progress) -> tuple[Point | None, tuple[Point, ...], int]:
    """Train, look, go on where it is worth it, and measure; returns the look, the points and the epochs."""
    look = None
    if task.look_after is not None and run.config.quantization.method == "hgq":
        until = max(1, round(task.look_after * run.config.training.epochs))
        look = _look(run, task, until, progress)
        if look is not None and not near_front(look.values, look.errors, task.front, task.directions):
            return look, (look,), until
    network, result = _fitted(run, task, progress)
    points = [_point(run, network, result, task)]
    for other in _others(result.front, result.chosen, task.points) if run.config.quantization.method == "hgq" else ():
        network, found = fit_trial(_at(run, other.ebops), silent)
        try:
            points.append(_point(run, network, found, task))
        except CodesignError:
            continue  # a collapsed early checkpoint is no point
    return look, tuple(points), result.epochs


def _fitted(run: Run, task: TrialTask, progress: Progress) -> "tuple[Network, TrainResult]":
    """The trained network; of a training that missed its target the best checkpoint that it kept: a point all the same.

    Raises:
        TargetError: none was kept.
    """
    try:
        return fit_trial(run, progress, donor=_donor(task))
    except TargetError:
        return fit_trial(_at(run, KEPT_EBOPS * run.config.quantization.target_ebops), silent)


def _look(run: Run, task: TrialTask, until: int, progress: Progress) -> Point | None:
    """The best point so far, None where there is none within the target yet.

    It is kept: a training that was killed later goes on from a later epoch and could not be looked at again.
    """
    kept = run.path / "look.json"
    key = task.digest()
    if kept.is_file() and (record := json.loads(kept.read_text()))["digest"] == key:
        return None if record["point"] is None else Point(**record["point"])
    try:
        network, result = fit_trial(run, progress, until, _donor(task))
        point = _point(run, network, result, task)
    except CodesignError:
        point = None
    write_whole(kept, to_json({"digest": key, "point": None if point is None else asdict(point)}))
    return point


def _donor(task: TrialTask) -> Path | None:
    return None if task.donor is None else Path(task.folder).parent / f"{task.donor:04d}"


def fit_trial(
    run: Run, progress: Progress, until: int | None = None, donor: Path | None = None
) -> "tuple[Network, TrainResult]":
    """Train the network of a trial, or restore a checkpoint of its finished training; nothing but the state is saved.

    A training that has not begun takes the weights of its donor. Trials that ask for the same teacher share it: the
    first that needs it trains it, the others wait.
    """
    from codesign.models.backend import import_keras
    from codesign.steps import TRAINING_STATE, check_names, fit_key
    from codesign.training.step import fit_network

    check_names(run)
    import_keras().utils.set_random_seed(run.config.seed)
    state = (fit_key(run, run.record("data")["digest"]), TRAINING_STATE)
    start = None if donor is None else donor / TRAINING_STATE
    network, result, _ = fit_network(run, read_contract(run), state, progress, until, run.path.parent / TEACHERS, start)
    return network, result


def _point(run: Run, network: "Network", result: "TrainResult", task: TrialTask) -> Point:
    values, errors = measure_network(run, network, tuple(task.directions), task.tpr_fpr)
    values["ebops"] = result.ebops
    missing = [name for name in task.directions if values.get(name) is None]
    if missing:
        raise RunError(f"objective {missing[0]!r} cannot be measured before synthesis for this network")
    known = {name: value for name, value in values.items() if value is not None}
    return Point(result.chosen.epoch, result.chosen.ebops, known, errors, violations_of(task.limits, known))


def _at(run: Run, ebops: float) -> Run:
    """The same run with another checkpoint of its front: the best one of at most so many EBOPs."""
    quantization = run.config.quantization.model_copy(update={"checkpoint_ebops": ebops})
    config: Config = run.config.model_copy(update={"quantization": quantization})
    return Run(run.path, config, run.config_directory)


def _others(front: "Sequence[FrontPoint]", chosen: "FrontPoint", most: int) -> "list[FrontPoint]":
    """Points of the front besides the chosen one, spread evenly along it."""
    others = [point for point in front if point != chosen]
    count = min(most - 1, len(others))
    if count <= 0:
        return []
    places = {round(index * (len(others) - 1) / max(count - 1, 1)) for index in range(count)}
    return [others[place] for place in sorted(places)]
