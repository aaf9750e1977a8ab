"""Simulation of what stands around the network, and what its bench must know of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from codesign.verify.cosim import BenchResult, Design, Stimulus, simulate
from codesign.verify.simulators import SIMULATORS

NETWORK_TOP = "trigger_algorithm"  # simulated alone as well where more stands around it

# Parameters of the four-state build: there a simulator manages some thousand clocks, and registers of full width would
# never come to their ends. The fast simulator runs the design as it is shipped.
SMALL: dict[str, int] = {"ORBIT": 24, "COUNTER_BITS": 5, "PRESCALE_BITS": 4}
# Upsets are planted by the names that the Verilog has inside, which only this simulator shows.
UPSETTING_SIMULATOR = "icarus"
CONSTANTS = ("identity", "map_version", "network_id", "features", "latency")


def promised_latency(firmware: Mapping[str, Any], top: str) -> int:
    """Latency in clocks that ``firmware.json`` promises for the network or for what stands around it."""
    decision, reloadable = firmware.get("decision"), firmware.get("reloadable")
    if reloadable and top == reloadable["top"]:
        return int(reloadable["latency_cycles"])
    if decision and top == NETWORK_TOP:
        return int(decision["network_latency_cycles"])
    return int(firmware["latency_cycles"])


def top_ports(firmware: Mapping[str, Any]) -> dict[str, int]:
    """Bits of the ports of a firmware's top module that a netlist must have."""
    in_bits, out_bits = firmware["inputs"]["bits"], firmware["outputs"]["bits"]
    parallel = {**dict.fromkeys(("clk", "reset", "in_valid", "out_valid"), 1), "in_data": in_bits, "out_data": out_bits}
    decision = firmware.get("decision")
    if not decision:
        return parallel
    registers = {"reg_address": 12, "reg_write_data": 32, "reg_read_data": 32}
    stream = {
        **dict.fromkeys(("aclk", "aresetn", "s_axis_tvalid", "s_axis_tready", "m_axis_tvalid", "m_axis_tready"), 1),
        "s_axis_tdata": 8 * -(-in_bits // 8),
        "m_axis_tdata": 64 + 8 * -(-out_bits // 8),
        "s_axi_wdata": 32,
        "s_axi_rdata": 32,
    }
    around = {**parallel, **registers, "in_bx0": 1, "out_bx": 12, "out_trigger": len(decision["working_points"])}
    return {"l1_algo": around, "axi_stream": stream}[decision["interface"]]


def simulate_around(
    firmware: Mapping[str, Any], design: Design, stimulus: Stimulus, work_dir: Path, simulator: str
) -> BenchResult:
    """Run the bench of a firmware's top module: the small build in the four-state simulator, else as it is shipped.

    Args:
        firmware: the parsed ``firmware.json``, of a firmware with a decision.
        design: its sources; the top module and its parameters are set here.
        stimulus: words for the network; latency and settings are set here.
        work_dir: receives a folder for the run.
        simulator: a name of ``SIMULATORS``.

    Raises:
        ToolError: the simulator is missing or too old, the Verilog does not compile, or the bench crashed.
    """
    top, parameters = firmware["top"], SMALL if SIMULATORS[simulator].four_state else {}
    whole = replace(
        stimulus,
        latency_cycles=promised_latency(firmware, top),
        settings=decision_settings(firmware, parameters),
        tmr=firmware["decision"]["tmr"] and simulator == UPSETTING_SIMULATOR,
    )
    return simulate(
        replace(design, top=top, parameters=parameters), whole, work_dir / f"{top}_{simulator}", simulator=simulator
    )


def decision_settings(firmware: Mapping[str, Any], parameters: Mapping[str, int]) -> dict[str, Any]:
    """Settings of the golden model and the bench.

    Args:
        firmware: the parsed ``firmware.json``, of a firmware with a decision.
        parameters: parameters that the build sets otherwise than the firmware.
    """
    decision = firmware["decision"]
    prescale_bits = parameters.get("PRESCALE_BITS", decision["prescale_bits"])
    score = firmware["outputs"]["fields"][0]
    return {
        "latency_cycles": decision["decision_latency_cycles"],
        "classes": len(firmware["outputs"]["fields"]),
        "score_bits": score["width"],
        "score_signed": score["signed"],
        "points": [
            {
                "class_index": point["class_index"],
                "threshold": point["threshold"],
                # A narrower register takes the low bits of its initial value.
                "prescale": point["prescale"] % (1 << prescale_bits),
            }
            for point in decision["working_points"]
        ],
        "registers": {register["name"]: register["address"] for register in decision["registers"]},
        "constants": {
            register["name"]: register["reset"] for register in decision["registers"] if register["name"] in CONSTANTS
        },
        "clocks_per_bx": decision["clocks_per_bx"] or 1,
        "orbit": parameters.get("ORBIT", decision["orbit"]),
        "crossing_per_event": decision["clocks_per_bx"] is None,
        "prescale_bits": prescale_bits,
        "counter_bits": parameters.get("COUNTER_BITS", decision["counter_bits"]),
    }
