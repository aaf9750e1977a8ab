"""The trigger decision around the network that gives its inputs back, ``designs/pass_through.v``."""

import dataclasses
from pathlib import Path

import numpy as np

from codesign.config_firmware import WorkingPointSection
from codesign.firmware.decision import DecisionRequest, NetworkIdentity, write_decision
from codesign.firmware.ports import Port, pack
from codesign.fixed_point import FixedPoint
from codesign.verify.cosim import Design, Stimulus
from codesign.verify.interface import SMALL, decision_settings
from codesign.verify.words import pack_words

HERE = Path(__file__).parent
NETWORK_LATENCY = 3
SCORE_BITS = 6
# (name, class or None for a single score, threshold, prescale) of the working points.
CLASSIFIER = (("loose", "a", -3, 1), ("tight", "c", 8, 3))
DETECTOR = (("loose", None, 20, 1), ("tight", None, 50, 2))


def scores_of(points: tuple) -> Port:
    """Three signed class scores, or one unsigned anomaly score."""
    classes = ("a", "b", "c") if points is CLASSIFIER else ("score",)
    return pack((name, SCORE_BITS, points is CLASSIFIER) for name in classes)


def write_design(
    path: Path, interface: str, points: tuple = CLASSIFIER, *, tmr: bool = False, clocks_per_bx: int = 3
) -> tuple[Design, dict]:
    """Write the design into a folder; its record has what ``firmware.json`` has of it."""
    outputs = scores_of(points)
    sections = {
        name: WorkingPointSection.model_validate({"class": chosen, "threshold": threshold, "prescale": prescale})
        for name, chosen, threshold, prescale in points
    }
    score_format = FixedPoint(outputs.fields[0].signed, SCORE_BITS, SCORE_BITS)
    decision, sources = write_decision(
        path,
        DecisionRequest(interface, sections, {}, tmr),
        outputs,
        score_format,
        NetworkIdentity(0xC0DE51F9, NETWORK_LATENCY),
        clocks_per_bx if interface == "l1_algo" else None,
    )
    (path / "trigger_parameters.vh").write_text(
        f"parameter INPUT_BITS = {outputs.bits},\nparameter OUTPUT_BITS = {outputs.bits},\n"
        f"parameter LATENCY = {NETWORK_LATENCY}\n"
    )
    network = HERE / "designs" / "pass_through.v"
    record = {
        "top": decision.top,
        "inputs": dataclasses.asdict(outputs),
        "outputs": dataclasses.asdict(outputs),
        "score_format": str(score_format),
        "decision": dataclasses.asdict(decision),
        "latency_cycles": decision.latency_cycles,
        "initiation_interval": 1,
        "rtl_sources": [str(source) for source in (network, *sources)],
        "include_directories": [str(path)],
    }
    return Design(decision.top, (network, *sources), (path,), parameters=SMALL), record


def stimulus(record: dict, count: int = 60) -> Stimulus:
    """Random scores for the small build, every second row of few values so that equal scores are among them."""
    fields = record["outputs"]["fields"]
    low, high = (-(1 << SCORE_BITS - 1), (1 << SCORE_BITS - 1) - 1) if fields[0]["signed"] else (0, 2**SCORE_BITS - 1)
    scores = np.random.default_rng(7).integers(low, high, size=(count, len(fields)), endpoint=True)
    scores[::2] //= 16
    scores[:3] = [[low], [high], [0]]
    words = pack_words(scores, [SCORE_BITS] * len(fields))
    return Stimulus(
        inputs=words,
        responses=words,
        input_bits=record["outputs"]["bits"],
        output_bits=record["outputs"]["bits"],
        latency_cycles=record["latency_cycles"],
        seed=11,
        settings=decision_settings(record, SMALL),
        tmr=record["decision"]["tmr"],
    )
