"""A stand-in for Yosys: a program that counts its runs and writes a netlist of as many registers as there are lines."""

import stat
import sys
from pathlib import Path

_PROGRAM = """\
#!{python}
import json, os, sys, time
from pathlib import Path

here = Path({home!r})
if sys.argv[1:] == ["-V"]:
    print("Yosys " + (here / "version").read_text())
    sys.exit()
fault = (here / "fault").read_text() if (here / "fault").exists() else ""
fault, _, only_in = fault.partition("@")
fault = fault if only_in in ("", Path.cwd().name) else ""
with (here / "runs").open("a") as runs:
    runs.write(Path.cwd().name + "\\n")
if fault == "fail":
    sys.exit("ERROR: planted")
if fault == "hang":
    Path("netlist.json").write_text("half")
    time.sleep(60)
if fault == "killed":
    Path("netlist.json").write_text("half")
    os.kill(os.getpid(), 9)
if fault == "silent":
    sys.exit()
script = Path(sys.argv[-1]).read_text()
sources = [line.split()[-1] for line in script.splitlines() if line.startswith("read_verilog")]
number = sum(len(Path(name).read_text().splitlines()) for name in sources)
cells = {{f"r{{i}}": {{"type": "FDRE", "connections": {{}}, "port_directions": {{}}}} for i in range(number)}}
Path("netlist.v").write_text("module top; endmodule\\n")
Path("netlist.json").write_text(json.dumps({{"modules": {{"top": {{"cells": cells}}}}}}))
"""


class FakeYosys:
    """Installs the stand-in; ``fault`` plants a fault into its next runs, ``fail@7series`` in that folder only."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "yosys"
        self.path.write_text(_PROGRAM.format(python=sys.executable, home=str(home)))
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)
        self.set_version("0.23")

    def set_version(self, version: str) -> None:
        (self.home / "version").write_text(version)

    def fault(self, name: str) -> None:
        (self.home / "fault").write_text(name)

    def runs(self) -> list[str]:
        """Names of the folders it ran in."""
        log = self.home / "runs"
        return log.read_text().splitlines() if log.exists() else []
