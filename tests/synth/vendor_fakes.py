"""The stand-ins of ``tests/fake_tools`` on PATH, and what they recorded."""

import os
import shutil
import time
from pathlib import Path

import pytest

FAKE_TOOLS = Path(__file__).parent.parent / "fake_tools"

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="needs tclsh: apt-get install tcl")

PART = "xcvu9p-flga2104-2-e"
TOP = "trigger_algorithm"  # module and part of the reports that the stand-ins write


class FakeVendor:
    """Puts the stand-ins on PATH; ``fault`` plants a fault into their next runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls_file, self.go, self.down, self.cut = (folder / name for name in ("calls", "go", "down", "cut"))
        self.ssh_file, self.home = folder / "ssh calls", folder / "host home"
        self.home.mkdir()
        self._monkeypatch = monkeypatch
        for name in ("CODESIGN_VIVADO", "CODESIGN_VITIS_RUN", "CODESIGN_VITIS_HLS", "CODESIGN_SSH"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PATH", f"{FAKE_TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}")
        for name, path in (
            ("FAKE_CALLS", self.calls_file), ("FAKE_GO", self.go), ("FAKE_SSH_DOWN", self.down),
            ("FAKE_SSH_CUT", self.cut), ("FAKE_SSH_HOME", self.home), ("FAKE_SSH_CALLS", self.ssh_file),
        ):  # fmt: skip
            monkeypatch.setenv(name, str(path))

    def fault(self, name: str) -> None:
        self._monkeypatch.setenv("FAKE_FAULT", name)

    def version(self, text: str) -> None:
        self._monkeypatch.setenv("FAKE_VERSION", text)

    @property
    def calls(self) -> list[str]:
        """Commands of the vendor's language, one line each."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    @property
    def sent(self) -> int:
        """How often a folder was sent to the host."""
        return self.ssh_file.read_text().count("tar -xf") if self.ssh_file.exists() else 0

    def runs(self, script: str) -> int:
        """How often a script was run."""
        return sum(line.startswith(("vivado -mode", "hls ")) and f"/{script}" in line for line in self.calls)

    def process(self) -> int:
        """Number of the process that waits (fault "wait"), as soon as it does."""
        for _ in range(500):
            found = [int(line.split()[1]) for line in self.calls if line.startswith("pid ")]
            if found:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError("the stand-in did not start to wait")

    def forget(self) -> None:
        self.calls_file.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether a process exists and is more than an entry that nobody has collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
