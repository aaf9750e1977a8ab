"""What the bench of a trigger decision must know of it, and the small build in which counters and orbits run over."""

from collections.abc import Mapping
from typing import Any

# Parameters of the four-state build: there a simulator manages some thousand clocks, and registers of full width would
# never come to their ends. The fast simulator runs the design as it is shipped.
SMALL: dict[str, int] = {"ORBIT": 24, "COUNTER_BITS": 5, "PRESCALE_BITS": 4}
CONSTANTS = ("identity", "map_version", "network_id", "features", "latency")


def small_parameters(firmware: Mapping[str, Any]) -> dict[str, int]:
    """Parameters of the small build of a firmware's top module; none where it gives scores only."""
    return dict(SMALL) if firmware.get("decision") else {}


def decision_settings(firmware: Mapping[str, Any], parameters: Mapping[str, int]) -> dict[str, Any]:
    """Settings of the golden model and the bench, empty where a firmware gives scores only.

    Args:
        firmware: the parsed ``firmware.json``.
        parameters: parameters that the build sets otherwise than the firmware.
    """
    decision = firmware.get("decision")
    if not decision:
        return {}
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
