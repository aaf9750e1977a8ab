"""The trigger decision around the network of a few lines in ``designs/linear_pair.v``, for the tests of the benches."""

import dataclasses
from pathlib import Path

import numpy as np

from codesign.config_firmware import WorkingPointSection
from codesign.firmware.decision import DecisionRequest, NetworkIdentity, write_decision
from codesign.firmware.ports import pack
from codesign.fixed_point import FixedPoint
from codesign.verify.cosim import Design, Stimulus
from codesign.verify.interface import SMALL, decision_settings
from codesign.verify.words import pack_words

HERE = Path(__file__).parent
NETWORK_LATENCY = 3
POINTS = {
    "loose": WorkingPointSection.model_validate({"class": "first", "threshold": -3, "prescale": 1}),
    "tight": WorkingPointSection.model_validate({"class": "second", "threshold": 8, "prescale": 3}),
}


def linear_pair(inputs: np.ndarray) -> np.ndarray:
    """The golden model of designs/linear_pair.v."""
    a, b = inputs.T
    return np.stack([3 * a + b + 5, 3 * a - b], axis=1)


def write_l1(path: Path, interface: str, *, tmr: bool = False, clocks_per_bx: int = 3) -> tuple[Design, dict]:
    """Write the design into a folder; its record has what ``firmware.json`` has of it."""
    outputs = pack([("first", 8, True), ("second", 8, True)])
    request = DecisionRequest(interface, POINTS, {}, tmr)
    decision, sources = write_decision(
        path,
        request,
        outputs,
        FixedPoint(True, 8, 8),
        NetworkIdentity(0xC0DE51F9, NETWORK_LATENCY),
        clocks_per_bx if interface == "l1_algo" else None,
    )
    (path / "trigger_parameters.vh").write_text(
        f"parameter INPUT_BITS = 9,\nparameter OUTPUT_BITS = 16,\nparameter LATENCY = {NETWORK_LATENCY}\n"
    )
    record = {
        "inputs": {"bits": 9},
        "outputs": dataclasses.asdict(outputs),
        "decision": dataclasses.asdict(decision),
        "latency_cycles": decision.latency_cycles,
    }
    network = HERE / "designs" / "linear_pair.v"
    return Design(decision.top, (network, *sources), (path,), parameters=SMALL), record


def l1_stimulus(record: dict, count: int = 60) -> Stimulus:
    """Random events for the small build."""
    rng = np.random.default_rng(7)
    inputs = rng.integers([-8, -16], [7, 15], size=(count, 2), endpoint=True)
    return Stimulus(
        inputs=pack_words(inputs, (4, 5)),
        responses=pack_words(linear_pair(inputs), (8, 8)),
        input_bits=9,
        output_bits=16,
        latency_cycles=record["latency_cycles"],
        seed=11,
        settings=decision_settings(record, SMALL),
        tmr=record["decision"]["tmr"],
    )
