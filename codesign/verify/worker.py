"""Builds or runs one simulation in a process of its own: ``python -m codesign.verify.worker job.json build|test``.

cocotb's runner reads and changes the environment and prints; here it cannot disturb the caller. ``job.json`` holds all
it needs, so the command also repeats a run by hand.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from cocotb_tools.runner import get_runner

from codesign.assets import asset
from codesign.verify.simulators import SIMULATORS

# cocotb and its runner obey these; left over from the caller they would change what is run or how it is reported.
FOREIGN_VARIABLES = ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "SIM_CMD_PREFIX", "SIM_CMD_SUFFIX", "GPI_USERS")


def build(job: dict[str, Any]) -> None:
    """Compile the design."""
    # GHDL refuses what means nothing to VHDL.
    verilog = {
        "includes": job["include_directories"],
        "defines": job["defines"],
        "parameters": job["parameters"],
        "timescale": ("1ns", "1ps"),
    }
    get_runner(job["simulator"]).build(
        sources=job["sources"],
        **(verilog if job["language"] == "verilog" else {}),
        build_args=job["build_args"],
        hdl_toplevel=job["top"],
        build_dir=job["build_directory"],
        waves=job["waves"],
        always=True,
    )


def test(job: dict[str, Any]) -> None:
    """Run the bench on the compiled design."""
    os.environ["CODESIGN_BENCH_DIR"] = job["bench_directory"]
    # The runner hands sys.path to the simulator's Python.
    sys.path.append(str(asset("hw_tests")))
    vhdl = job["language"] == "vhdl"
    get_runner(job["simulator"]).test(
        test_module=job["test_module"],
        hdl_toplevel=job["top"],
        hdl_toplevel_lang=job["language"],
        testcase=job["tests"],
        parameters=job["parameters"],
        seed=job["seed"],
        build_dir=job["build_directory"],
        # GHDL with mcode keeps no program: it compiles again, by the same arguments, in the folder where it runs.
        test_dir=job["build_directory"] if vhdl else job["bench_directory"],
        test_args=job["build_args"] if vhdl else (),
        plusargs=job["run_args"],
        results_xml=job["results"],
        waves=job["waves"],
    )


def main(arguments: list[str]) -> int:
    """Read the job, do its one part, and leave the tools' own messages as the last lines of the output."""
    job = json.loads(Path(arguments[0]).read_text())
    for name in [*FOREIGN_VARIABLES, *(name for name in os.environ if name.startswith("COCOTB_"))]:
        os.environ.pop(name, None)
    os.environ.update(SIMULATORS[job["simulator"]].environment())
    try:
        {"build": build, "test": test}[arguments[1]](job)
    except RuntimeError as error:
        # The runner's way to say that the simulator's compiler or the simulator failed.
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
