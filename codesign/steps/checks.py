"""What can be refused before any work is done."""

import re

from codesign.config_synthesis import SynthesisSection
from codesign.errors import RunError
from codesign.run import Run
from codesign.steps.settings import clock_mhz, run_boards, run_preset
from codesign.synth.budgets import require_measurable
from codesign.synth.place_and_route import DEVICES
from codesign.tools import find_tool, require_tool, verilator_root

SIMULATION_TOOLS = ("g++", "make", "perl", "iverilog")


def check_names(run: Run) -> None:
    """Refuse a configuration that names an unknown architecture, board or preset, before any work is done.

    Raises:
        ConfigError: the message lists the known names; or the clock cannot count the bunch crossings it must.
    """
    from codesign.bunch_clock import BUNCH_CLOCK_MHZ
    from codesign.firmware.decision import clocks_per_crossing
    from codesign.models.registry import require_architecture

    require_architecture(run.config)
    require_measurable(run.config.budget, run.config.task, run.config.evaluation)
    if run.config.firmware.interface == "l1_algo":
        clocks_per_crossing(clock_mhz(run), BUNCH_CLOCK_MHZ)
    run_boards(run)
    run_preset(run)


def check_tools(run: Run) -> None:
    """Refuse to begin a whole run on a host, or in a folder, where it could not be finished.

    Raises:
        RunError: its simulations cannot be built there.
        ToolError: a program is missing; the message says how to install it.
    """
    check_folder(run)
    for name in (*SIMULATION_TOOLS, *_synthesis_tools(run.config.synthesis)):
        require_tool(name)
    verilator_root()


def check_folder(run: Run) -> None:
    """Refuse a folder in which GNU Make cannot build simulations.

    Raises:
        RunError: there is a space in its path.
    """
    path = str(run.path.resolve())
    if re.search(r"\s", path):
        raise RunError(
            f"{path}: expected a path without spaces, because GNU Make, which builds the simulations, takes none: "
            "rename the folder, or choose another one with --output"
        )


def _synthesis_tools(section: SynthesisSection) -> list[str]:
    """Keys of ``codesign.tools.TOOLS`` that the synthesis needs on this machine."""
    if section.tool != "yosys" and section.host is not None:
        needed = ["ssh", "tar"]
    elif section.tool == "vitis_hls" and find_tool("vitis-run") is not None:
        needed = ["vitis-run"]
    else:
        needed = [section.tool]
    routed = section.place_and_route
    return [*needed, *([] if routed == "off" else ["yosys", DEVICES[routed].tool])]
