"""How fast a scan is, and how good its front, against loops that one would write by hand.

python benchmarks/scan.py engine                 proposals and results per second with 500 simulated workers
python benchmarks/scan.py quality                hypervolume after a fixed budget, five seeds, on a formula
python benchmarks/scan.py trials                 trials per hour with real trainings, against keras-tuner and a process
                                                 per trial; share of the engine; one worker and two

The trainings are those of a small network on the shipped jets, all with the same epochs and rows. The formula of the
quality comparison has the shape of what trainings give (accuracy saturates with the cost, and depends on the learning
rate and the architecture), so it compares samplers, not networks.
"""

import argparse
import heapq
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from codesign.scan.driver import Scan, search
from codesign.scan.evaluate import evaluate, start_run
from codesign.scan.pareto import hypervolume, oriented
from codesign.scan.session import start_scan
from codesign.scan.trial import Point, TrialResult, TrialTask
from codesign.scan.workers import DaskWorkers, Place

ROOT = Path(__file__).parent.parent
BASE = f"""
name = "benchmark"
[data]
file = "{ROOT / "examples" / "data" / "jets.h5"}"
[data.blocks.high_level]
[model]
hidden = [16, 16]
[quantization]
target_ebops = 3000
[training]
epochs = EPOCHS
batch_size = 1024
[firmware]
board = "serenity-vu13p"
"""
SCAN = """
name = "benchmark"
base = "base.toml"
[space]
"model.hidden" = { choice = [[16, 16], [32, 16]] }
"quantization.target_ebops" = { low = 4000, high = 16000, log = true }
"training.learning_rate" = { low = 2e-3, high = 2e-2, log = true }
[objectives]
accuracy = "maximize"
lut = "minimize"
[search]
sampler = "SAMPLER"
seed = SEED
trials = TRIALS
ahead = AHEAD
points = 1
"""
REFERENCE = (-0.5, 18000.0)  # accuracy and LUT that count for nothing


def scan_in(folder: Path, trials: int, ahead: int, epochs: int = 10, sampler: str = "tpe", seed: int = 1) -> Scan:
    """A scan in an empty folder."""
    folder.mkdir(parents=True)
    (folder / "base.toml").write_text(BASE.replace("EPOCHS", str(epochs)))
    text = SCAN.replace("SAMPLER", sampler).replace("SEED", str(seed)).replace("TRIALS", str(trials))
    (folder / "scan.toml").write_text(text.replace("AHEAD", str(ahead)))
    return start_scan(folder / "scan.toml", folder / "run")


def formula(task: TrialTask) -> TrialResult:
    """A trial that trains nothing."""
    content = tomllib.loads(task.configuration)
    ebops, rate = content["quantization"]["target_ebops"], content["training"]["learning_rate"]
    wide = content["model"]["hidden"] == [32, 16]
    accuracy = 0.73 - (60 if wide else 45) / ebops - 0.05 * math.log10(rate / 0.008) ** 2 + 0.004 * wide
    lut = 0.9 * ebops * (1 + 0.3 * math.log10(rate / 0.005) ** 2)
    return TrialResult(task.number, None, (Point(0, ebops, {"accuracy": accuracy, "lut": lut}, {}, {}),))


class Simulated:
    """So many workers whose trials take random times of a clock that does not wait."""

    def __init__(self, evaluate_with: Callable[[TrialTask], TrialResult], seed: int = 1) -> None:
        self.evaluate = evaluate_with
        self.random = random.Random(seed)
        self.clock = 0.0
        self.running: list[tuple[float, int, TrialTask]] = []

    def submit(self, task: TrialTask) -> None:
        """Begin a trial."""
        heapq.heappush(self.running, (self.clock + self.random.expovariate(1.0), task.number, task))

    def results(self) -> Iterator[TrialResult]:
        """The trial that ends next."""
        self.clock, _, task = heapq.heappop(self.running)
        yield self.evaluate(task)


def engine(arguments: argparse.Namespace) -> dict[str, Any]:
    """Proposals, results and the kept study of 500 simulated workers; nothing may be lost."""
    found = {}
    for sampler in ("random", "nsga2"):
        with tempfile.TemporaryDirectory() as folder:
            scan = scan_in(Path(folder) / "scan", arguments.trials, arguments.simulated, sampler=sampler)
            started = time.monotonic()
            search(scan, Simulated(formula))
            elapsed = time.monotonic() - started
            kept = len(scan.study.get_trials(deepcopy=False))
            found[sampler] = {
                "workers": arguments.simulated,
                "trials": arguments.trials,
                "kept": kept,
                "results_per_s": round(arguments.trials / elapsed, 1),
            }
    return found


def quality(arguments: argparse.Namespace) -> dict[str, Any]:
    """Hypervolume after a budget: samplers of the scan, random search, and one objective made of both."""
    found: dict[str, list[float]] = {}
    for seed in range(1, arguments.seeds + 1):
        for sampler in ("nsga2", "tpe", "random"):
            with tempfile.TemporaryDirectory() as folder:
                scan = scan_in(Path(folder) / "scan", arguments.trials, 4, sampler=sampler, seed=seed)
                search(scan, Simulated(formula))
                points = [result.points[0].values for result in scan.results.values()]
                costs = [oriented(point, scan.directions) for point in points]
            found.setdefault(sampler, []).append(hypervolume(costs, REFERENCE))
        found.setdefault("single objective (TPE on accuracy - LUT / 50,000)", []).append(
            _single(arguments.trials, seed)
        )
    return {
        name: {"mean": round(float(np.mean(v)), 2), "std": round(float(np.std(v, ddof=1)), 2)}
        for name, v in found.items()
    }


def _single(trials: int, seed: int) -> float:
    """Hypervolume of a tuner that maximises one number."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    costs = []

    def one(trial: optuna.Trial) -> float:
        hidden = json.loads(trial.suggest_categorical("hidden", ["[16, 16]", "[32, 16]"]))
        ebops = trial.suggest_int("ebops", 4000, 16000, log=True)
        rate = trial.suggest_float("rate", 2e-3, 2e-2, log=True)
        text = f"model.hidden = {hidden}\nquantization.target_ebops = {ebops}\ntraining.learning_rate = {rate!r}\n"
        values = formula(TrialTask(trial.number, "", text, {})).points[0].values
        costs.append([-values["accuracy"], values["lut"]])
        return values["accuracy"] - values["lut"] / 50_000

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(one, n_trials=trials)
    return hypervolume(costs, REFERENCE)


def trials(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trials per hour of the four ways, one after the other on the same machine.

    The loops written by hand make a third of the trials: each takes as long as the one before it.
    """
    found: dict[str, Any] = {}

    def measured(name: str, rate: dict[str, Any]) -> None:
        found[name] = rate
        print(name, rate, file=sys.stderr, flush=True)  # minutes of work, whatever happens to the rest

    by_hand = argparse.Namespace(**{**vars(arguments), "trials": max(3, arguments.trials // 3)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for workers in (1, 2):
            label = f"codesign scan, {workers} worker{'s' if workers > 1 else ''}"
            measured(label, _ours(folder / f"ours{workers}", arguments, workers))
        measured("keras-tuner loop", _keras_tuner(folder / "tuner", by_hand))
        measured("process per trial", _processes(folder / "processes", by_hand))
    return found


def _hourly(count: int, seconds: float) -> dict[str, float]:
    return {"trials": count, "seconds": round(seconds, 1), "trials_per_hour": round(3600 * count / seconds, 1)}


def _ours(folder: Path, arguments: argparse.Namespace, workers: int) -> dict[str, Any]:
    """From nothing: the start of the workers counts."""
    scan = scan_in(folder, arguments.trials, 4, arguments.epochs, "random")
    started = time.monotonic()
    with DaskWorkers(Place(None, workers, None, folder / "run" / ".jax"), 2, evaluate) as pool:
        begun = time.monotonic()
        search(scan, pool)
        ended = time.monotonic()
    failed = [result.reason for result in scan.results.values() if result.reason]
    assert all("no epoch stayed within" in reason for reason in failed), failed  # it trained all its epochs
    busy = sum(result.wall_time_s for result in scan.results.values()) / workers
    engine_share = max(0.0, 1 - busy / (ended - begun))
    rate = _hourly(arguments.trials, ended - started)
    return {**rate, "missed_their_target": len(failed), "engine_and_idle_share": round(engine_share, 4)}


def _keras_tuner(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """RandomSearch over the same space in one process of its own."""
    given = f"{str(folder)!r}, {arguments.trials}, {arguments.epochs}"
    code = f"from benchmarks.scan import keras_tuner_loop; keras_tuner_loop({given})"
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=_environment(), capture_output=True)
    return _hourly(arguments.trials, time.monotonic() - started)


def keras_tuner_loop(folder: str, count: int, epochs: int) -> None:
    """The loop as its documentation writes it, with the networks, rows and epochs of the scan."""
    import keras_tuner

    from codesign.models.backend import import_keras
    from codesign.models.registry import build_network
    from codesign.pipeline import execute
    from codesign.scan.measure import read_contract, trace_costs
    from codesign.scan.space import valid_config
    from codesign.scan.toml import to_toml
    from codesign.training.step import read_sample

    keras = import_keras()
    scan = scan_in(Path(folder), count, 1, epochs)
    content = scan.space.configuration({})
    run = start_run(TrialTask(0, str(Path(folder) / "data"), to_toml(content), {}))
    execute(run, "prepare")
    contract, classes = read_contract(run), run.record("data")["classes"]
    rows, checked = (read_sample(run, contract, split, classes) for split in ("train", "validation"))

    def build(hp: Any) -> Any:
        hidden = json.loads(hp.Choice("hidden", ["[16, 16]", "[32, 16]"]))
        rate = hp.Float("rate", 2e-3, 2e-2, sampling="log")
        content["model"]["hidden"] = hidden
        network = build_network(valid_config(content, "keras-tuner"), contract, 5)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.trained.compile(keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
        return network.trained

    class Loop(keras_tuner.RandomSearch):  # type: ignore[misc]
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            model = self.load_model(trial)
            from hgq.utils import trace_minmax

            trace_minmax(model, rows.values, reset=True, batch_size=4096)
            trace_costs(run, model)  # the scan's second objective

    tuner = Loop(build, objective="val_accuracy", max_trials=count, seed=1, directory=folder, project_name="tuner")
    tuner.search(
        rows.values, rows.targets, validation_data=(checked.values, checked.targets), epochs=epochs, batch_size=1024,
        verbose=0,
    )  # fmt: skip


def _processes(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """An Optuna loop whose objective starts a process, as one would around any training script."""
    import optuna

    scan = scan_in(folder, arguments.trials, 1, arguments.epochs)
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def one(trial: optuna.Trial) -> tuple[float, float]:
        hidden = json.loads(trial.suggest_categorical("hidden", ["[16, 16]", "[32, 16]"]))
        chosen = {
            "model.hidden": hidden,
            "quantization.target_ebops": trial.suggest_int("ebops", 4000, 16000, log=True),
            "training.learning_rate": trial.suggest_float("rate", 2e-3, 2e-2, log=True),
        }
        task = TrialTask(
            trial.number,
            str(folder / f"{trial.number}"),
            _text(scan, chosen),
            {"accuracy": "maximize", "lut": "minimize"},
        )
        code = (
            "import sys, pickle; from codesign.scan.evaluate import evaluate; evaluate(pickle.load(sys.stdin.buffer))"
        )
        import pickle

        subprocess.run([sys.executable, "-c", code], input=pickle.dumps(task), check=True, env=_environment())
        result = TrialResult.of(json.loads((folder / f"{trial.number}" / "trial.json").read_text())["result"])
        if result.reason is not None:
            assert "no epoch stayed within" in result.reason, result.reason  # it trained all its epochs
            raise optuna.TrialPruned
        return result.points[0].values["accuracy"], result.points[0].values["lut"]

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=1))
    started = time.monotonic()
    study.optimize(one, n_trials=arguments.trials)
    return _hourly(arguments.trials, time.monotonic() - started)


def _text(scan: Scan, chosen: dict[str, Any]) -> str:
    from codesign.scan.toml import to_toml

    return to_toml(scan.space.configuration(chosen))


def _environment() -> dict[str, str]:
    """Without a cache of compiled graphs, as a loop written by hand has none."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JAX_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


PARTS = {"engine": engine, "quality": quality, "trials": trials}


def main() -> None:
    """Measure one part and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--trials", type=int, help="engine 2000, quality 60, trials 12")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--simulated", type=int, default=500)
    arguments = parser.parse_args()
    arguments.trials = arguments.trials or {"engine": 2000, "quality": 60, "trials": 12}[arguments.part]
    print(json.dumps(PARTS[arguments.part](arguments), indent=2))


if __name__ == "__main__":
    main()
