"""A complete run directory made of the very records the steps write, with small invented numbers."""

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesign.config import Config
from codesign.contract import InputContract, InputFormat
from codesign.evaluation.anomaly import evaluate_anomaly
from codesign.evaluation.classification import evaluate_classifier
from codesign.evaluation.scores import SplitScores
from codesign.firmware import FirmwareTarget
from codesign.firmware.cost_terms import CostTerms
from codesign.firmware.generate import FirmwareResult
from codesign.firmware.ports import input_port, score_port
from codesign.fixed_point import FixedPoint
from codesign.run import Run, to_json
from codesign.synth import BoardUse, NetlistResources, SynthResult, get_board
from codesign.training.fit import TrainResult
from codesign.training.front import FrontPoint
from codesign.training.layers import LayerPrecision
from codesign.verify.compare import Comparison, Mismatch
from codesign.verify.coverage import Coverage, FieldCoverage
from codesign.verify.mutation.score import KindScore, MutationResult, Survivor
from codesign.verify.proofs import FormalCheck
from codesign.verify.result import BenchOutcome, VerifyResult

CLASSES = ("q", "g", "t")
CONFIG = """# a comment with <angle brackets> & ampersands
name = "toy_tagger"
seed = 7
[data]
file = "toy.h5"
[budget]
latency_ns = 100
lut_share = 0.05
accuracy = 0.5
"""


def contract() -> InputContract:
    mass = InputFormat("mass", "GeV", 100.0, 2.0**-3, 12)
    return InputContract((mass, InputFormat("tau21", "", 0.5, 2.0**-10, 10, False)))


def scores() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 900).astype(np.uint8)
    logits = random.normal(size=(900, 3)) + 2.0 * np.eye(3)[labels]
    return labels, np.round(logits * 16) / 16


EVENTS = ("zero bias", "higgs", "stop")
ANOMALY_CONFIG = """
name = "toy_detector"
[data]
file = "toy.h5"
[task]
kind = "anomaly"
score = "kl"
[evaluation]
fpr = [1e-2, 1e-3, 1e-4]
[budget]
auc = 0.6
tpr = 0.02
tpr_fpr = 1e-2
"""
ANOMALY_SCORE = "ap_ufixed<14,10>"


def anomaly_scores() -> SplitScores:
    """Two scores on a grid of 1/16 and 1/8: squared distances, larger for the signals."""
    random = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2], [6000, 900, 700]).astype(np.uint8)
    squares = (random.normal(size=(len(labels), 6)) * np.array([1.0, 1.5, 2.5])[labels][:, None]) ** 2
    kept = {"mu2": np.rint(squares[:, :4].sum(1) * 8) / 8, "kl": np.rint(squares.sum(1) * 8) / 16}
    return SplitScores(labels, np.ones(len(labels)), np.empty((len(labels), 0)), kept)


def data_record() -> dict[str, Any]:
    return {
        "name": "toy jets",
        "data_digest": "d" * 64,
        "provenance": {"generator": "Pythia 8", "seeds": list(range(40)), "processes": {"q": {"setting": "on"}}},
        "classes": list(CLASSES),
        "counts": {split: dict.fromkeys(CLASSES, 300) for split in ("train", "validation", "test")},
        "contract": dataclasses.asdict(contract()),
        "saturated_fraction": [0.0004, 0.0],
    }


def train_record() -> dict[str, Any]:
    chosen = FrontPoint(2, 0.71, 4900.0)
    history = {"loss": [1.0, 0.8, 0.7], "accuracy": [0.5, 0.6, 0.7], "val_accuracy": [0.5, 0.6, 0.71]}
    history |= {"ebops": [90000.0, 7000.0, 4900.0], "beta": [0.0, 1e-5, 2e-5]}
    layers = (
        LayerPrecision("dense_1", 32, 16, 3.25, 6.0, 7.5, 0, 3200.0),
        LayerPrecision("scores", 24, 6, 4.0, 5.0, 3.0, 2, 1700.0),
    )
    result = TrainResult(
        epochs=3,
        resumed_epoch=0,
        backend="jax",
        monitor="accuracy",
        target_ebops=5000.0,
        ebops=4912.0,
        chosen=chosen,
        front=(FrontPoint(1, 0.60, 4000.0), chosen),
        layers=layers,
        rounding=None,
        history=history,
    )
    return {**dataclasses.asdict(result), "reload_identical_rows": 900}


def firmware_record() -> dict[str, Any]:
    result = FirmwareResult(
        top="trigger_algorithm",
        clock="clk",
        target=FirmwareTarget("serenity-vu13p", "xcvu13p-flga2577-2-e", 360.71, 2.0, "Vitis", 1),
        classes=CLASSES,
        inputs=input_port(contract()),
        outputs=score_port(CLASSES, FixedPoint(True, 10, 4)),
        score_format="ap_fixed<10,4>",
        latency_cycles=13,
        latency_ns=36.04,
        latency_bunch_crossings=2,
        initiation_interval=1,
        lut_estimate=1640.4,
        register_bits=1666,
        cost_terms=CostTerms(300, 0, 1500, 40),
        rtl_sources=("rtl/src/network.v", "wrapper/trigger_algorithm.v"),
        vhdl_sources=("vhdl/src/network.vhd", "vhdl/trigger_algorithm.vhd"),
        include_directories=("wrapper",),
        hls_project="hls",
        hls_generator="hls4ml",
        rtl_project="rtl",
        emulator_project="emulator",
        emulator_version="1",
    )
    files = {
        "rtl/src/network.v": "a" * 64,
        "wrapper/trigger_algorithm.v": "b" * 64,
        "hls/firmware/myproject.cpp": "c" * 64,
    }
    return {**dataclasses.asdict(result), "files": files}


def mutation_result() -> MutationResult:
    survivors = (
        Survivor(12, "sign", "operand 0 taken as unsigned", "logic0.v:14", "wire v3;", "equivalent", "logic0"),
        Survivor(77, "width", "v9 loses its top bit", "logic1.v:20", "wire v9;", "different", "network"),
    )
    kinds = {"sign": KindScore(100, 99, 1), "width": KindScore(60, 59, 0)}
    return MutationResult(4321, 160, 158, 1, 158 / 159, kinds, survivors, 14097, 7, 31.5, 0.0012, 4.5)


def coverage_result() -> Coverage:
    mass = FieldCoverage("mass", 12, 3210, 4096, 16, -2048, 2047, 11, 12, ())
    score = FieldCoverage("q", 9, 400, 512, 14, -201, 198, 0, 0, (8,))
    counts = {"0": 600, "1": 401, "8+": 2}
    return Coverage((mass,), (score,), {"q": 5000, "g": 7000}, 13, counts, {"1": 5}, {"3": 6}, ("no gap of 2 clocks",))


def verify_record() -> dict[str, Any]:
    result = VerifyResult(
        passed=True,
        vectors=12000,
        categories={"real events": 9000, "uniform": 3000},
        comparisons=(Comparison("integer model", 12000, 0, 0), Comparison("RTL (verilator)", 12000, 0, 0)),
        benches=(BenchOutcome("verilator", "5.048", "back_to_back", True, "", 12000, "trigger_algorithm"),),
        latency_cycles_promised=13,
        latency_cycles_measured=13,
        initiation_interval_measured=1,
        seed=7,
        vectors_per_second=54321.0,
        build_s=8.5,
        fault="",
        coverage=coverage_result(),
        mutation=mutation_result(),
        formal=(FormalCheck("VHDL = Verilog", "logic0", "proven", "all inputs", 0.5),),
        float32_rounded=6,
    )
    return {**dataclasses.asdict(result), "modified_files": []}


def failed_verify_record() -> dict[str, Any]:
    sample = Mismatch(17, (5, -3), (100, -7, 0), (101, -7, 0))
    hidden = Mismatch(18, (6, 2), (1, 2, 3), None)
    wrong = Comparison("RTL (verilator)", 12000, 345, 1, (sample, hidden), "", "verify/counterexample_rtl.json",
                       "register model_out[16:9] is 0x11, expected 0x22", "python -m worker job.json test")  # fmt: skip
    record = verify_record()
    return record | {
        "passed": False,
        "comparisons": [record["comparisons"][0], dataclasses.asdict(wrong)],
        "benches": [record["benches"][0] | {"passed": False, "message": "vector 17: <expected> 100, found 101"}],
        "latency_cycles_measured": None,
        "initiation_interval_measured": None,
        "fault": "RTL (verilator): 345 of 12000 vectors differ",
        "modified_files": ["rtl/src/network.v"],
    }


def synth_record() -> dict[str, Any]:
    use = NetlistResources(
        lut=3456, lut_low=3100, lut_primitives=3300, lut_memory=12, lut_route_through=20, ff=2789, dsp=0, carry4=400,
        carry8=210, bram_18k=0, uram=0,
    )  # fmt: skip
    boards = [get_board(name) for name in ("serenity-vu13p", "pynq-z2")]
    uses = (BoardUse.of(board, use, tool="yosys", tool_version="0.57") for board in boards)
    return dataclasses.asdict(SynthResult(tuple(uses)))


def write_run(path: Path, config: str = CONFIG, **replaced: dict[str, Any] | None) -> Run:
    """Make a complete run; a record given as None is left out, one given as a dict replaces the default."""
    (path / "config.toml").write_text(config, encoding="utf-8")
    labels, logits = scores()
    split = SplitScores(labels, np.ones(len(labels)), logits, {})
    records: dict[str, dict[str, Any] | None] = {
        "provenance": {
            "config_file": "/home/user/toy.toml", "codesign": "0.1.0", "git": None, "python": "3.11",
            "platform": "linux x86_64", "packages": {"hls4ml": "1.3.0"},
        },
        "data": data_record(),
        "metrics": dataclasses.asdict(evaluate_classifier(CLASSES, split, split)),
        "train": train_record(),
        "firmware": firmware_record(),
        "verify": verify_record(),
        "synth": synth_record(),
    }  # fmt: skip
    records["train"] = _trained_to(records["train"], records["metrics"])
    for name, record in (records | replaced).items():
        if record is not None:
            (path / f"{name}.json").write_text(to_json({"wall_time_s": 1.5, **json.loads(to_json(record))}))
    np.savez_compressed(path / "scores.npz", test_labels=labels, test_weights=np.ones(len(labels)), test_logits=logits)
    return Run.open(path)


def _trained_to(train: dict[str, Any] | None, metrics: dict[str, Any] | None) -> dict[str, Any]:
    """The training whose checkpoint has the validation accuracy that the saved network has."""
    assert train is not None
    assert metrics is not None
    return train | {"chosen": train["chosen"] | {"quality": metrics["validation_accuracy"]["value"]}}


def anomaly_metrics(config: str, split: SplitScores, *, menu: bool = False, stability: bool = False) -> dict[str, Any]:
    """What the evaluation says of these scores."""
    random, parsed = np.random.default_rng(6), Config.parse(config, "toy.toml")
    decisions = random.random((len(split.labels), 3)) < 0.1 if menu else None
    variable = random.poisson(50, len(split.labels)).astype(np.float64) if stability else None
    background = parsed.task.background or EVENTS[:1]
    result = evaluate_anomaly(split, EVENTS, background, parsed.task.score, parsed.evaluation, decisions, variable)
    return dataclasses.asdict(result)


def write_anomaly_run(
    path: Path,
    config: str = ANOMALY_CONFIG,
    split: SplitScores | None = None,
    *,
    menu: bool = False,
    stability: bool = False,
    **replaced: dict[str, Any] | None,
) -> Run:
    """Make a complete run of an anomaly detector; records are replaced as in `write_run`."""
    split = split or anomaly_scores()
    score = Config.parse(config, "toy.toml").task.score
    history = {"loss": [9.0, 7.0, 6.5], "objective": [8.0, 6.0, 5.5], "val_objective": [8.5, 6.25, 5.75]}
    front = [{"epoch": 1, "quality": -6.25, "ebops": 4000.0}, {"epoch": 2, "quality": -5.75, "ebops": 4900.0}]
    defaults: dict[str, dict[str, Any] | None] = {
        "data": data_record() | {"classes": list(EVENTS), "counts": {"test": dict.fromkeys(EVENTS, 300)}},
        "train": train_record() | {
            "monitor": "objective", "front": front, "chosen": front[1], "resumed_epoch": 2,
            "history": history | {"ebops": [90000.0, 7000.0, 4900.0], "beta": [0.0, 1e-5, 2e-5]},
        },
        "metrics": anomaly_metrics(config, split, menu=menu, stability=stability),
        "firmware": firmware_record() | {
            "classes": [score], "score_format": ANOMALY_SCORE,
            "outputs": dataclasses.asdict(score_port([score], FixedPoint.parse(ANOMALY_SCORE))),
        },
    }  # fmt: skip
    run = write_run(path, config, **(defaults | replaced))
    kept = {f"test_score_{name}": values for name, values in split.scores.items()}
    np.savez_compressed(path / "scores.npz", test_labels=split.labels, test_weights=split.weights, **kept)
    return run


@pytest.fixture(scope="session")
def complete_run() -> Callable[..., Run]:
    """Makes a run in any directory."""
    return write_run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Makes a run in the test's own directory."""
    return functools.partial(write_run, tmp_path)


@pytest.fixture(scope="session")
def complete_anomaly_run() -> Callable[..., Run]:
    """Makes a run of an anomaly detector in any directory."""
    return write_anomaly_run


@pytest.fixture
def make_anomaly_run(tmp_path: Path) -> Callable[..., Run]:
    """Makes a run of an anomaly detector in the test's own directory."""
    return functools.partial(write_anomaly_run, tmp_path)


@pytest.fixture(scope="session")
def toy_scores() -> SplitScores:
    """The scores of the anomaly run."""
    return anomaly_scores()


@pytest.fixture
def failed_verify() -> dict[str, Any]:
    """The record of a verification that failed."""
    return failed_verify_record()
