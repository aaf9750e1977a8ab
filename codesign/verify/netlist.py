"""The synthesised netlist as a design to simulate, with the vendor's cell models that Yosys ships."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codesign.errors import FirmwareError, ToolError
from codesign.tools import require_tool
from codesign.verify.cosim import Design

CELLS = "share/yosys/xilinx/cells_sim.v"


def netlist_design(top: str, folder: Path, ports: Mapping[str, int]) -> Design:
    """The netlist that a synthesis left, with the models of its cells.

    Args:
        top: top module.
        folder: of the synthesis, with ``netlist.json`` and ``netlist.v``.
        ports: bits of every port that it must have.

    Raises:
        FirmwareError: the netlist lost a port or some of its bits.
        ToolError: Yosys or its cell models are missing.
    """
    _require_ports(folder / "netlist.json", top, ports)
    cells = require_tool("yosys").resolve().parent.parent / CELLS
    if not cells.is_file():
        raise ToolError(
            f"{cells}: the cell models of Yosys are missing; they belong to its package: apt-get install yosys"
        )
    return Design(top, (cells, folder / "netlist.v"))


def _require_ports(netlist: Path, top: str, ports: Mapping[str, int]) -> None:
    try:
        modules: dict[str, Any] = json.loads(netlist.read_text())["modules"]
        found = {name: len(port["bits"]) for name, port in modules[top]["ports"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FirmwareError(f"{netlist}: expected the netlist of {top!r}, got {error!r}: synthesise again") from None
    for name, bits in ports.items():
        if found.get(name) != bits:
            has = f"has {found[name]} bits" if name in found else "is missing"
            raise FirmwareError(
                f"{netlist}: port {name} {has}, expected {bits}: the synthesis lost it; "
                f"compare the module {top} in the sources with synth.ys beside the netlist"
            )
