"""What can be refused before any work is done."""

from codesign.config_synthesis import SynthesisSection
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


def check_tools(section: SynthesisSection) -> None:
    """Refuse to begin a whole run on a host that could not finish it.

    Args:
        section: says which tool synthesises, and where.

    Raises:
        ToolError: a program is missing; the message says how to install it.
    """
    for name in (*SIMULATION_TOOLS, *_synthesis_tools(section)):
        require_tool(name)
    verilator_root()


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
