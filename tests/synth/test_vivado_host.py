import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from vendor_fakes import PART, TOP, FakeVendor, is_running, needs_tclsh

from codesign.errors import ConfigError
from codesign.synth.build_host import BuildHost
from codesign.synth.vendor_log import VendorError
from codesign.synth.vivado import run_vivado
from codesign.synth.vivado_records import VivadoDesign, VivadoOptions

pytestmark = needs_tclsh

HOST = BuildHost("me@builder", "it's the/build folder", poll_s=0.02, patience=2)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    return FakeVendor(tmp_path, monkeypatch)


@pytest.fixture
def design(tmp_path: Path) -> VivadoDesign:
    source = tmp_path / "top.v"
    source.write_text("module trigger_algorithm; endmodule\n")
    return VivadoDesign((source,), (), TOP, PART)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "board"


def remote_runs(vendor: FakeVendor) -> list[str]:
    runs = vendor.home / "it's the" / "build folder"
    return sorted(path.name for path in runs.iterdir()) if runs.exists() else []


def test_a_run_on_a_build_host_gives_the_same_numbers_and_leaves_nothing_there(
    vendor: FakeVendor, design: VivadoDesign, folder: Path
) -> None:
    here = run_vivado(design, folder, VivadoOptions("implemented"))
    there = run_vivado(design, folder.with_name("other"), VivadoOptions("implemented"), host=HOST)
    assert there.host == "me@builder"
    assert replace(there, host=None, reports=here.reports, wall_time_s=here.wall_time_s) == here
    assert [vendor.runs(name) for name in ("synth.tcl", "implement.tcl")] == [2, 2]
    assert remote_runs(vendor) == []


def test_the_output_is_followed_and_the_log_kept(vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
    told: list[str] = []
    run_vivado(design, folder, host=HOST, progress=lambda what, _done, _total: told.append(what))
    assert told == [f"Vivado {PART}: Starting synth_design"]
    log = (folder / "synthesised" / "tool.log").read_text()
    assert log.count("synth_design completed successfully") == 1
    assert log.rstrip().splitlines()[-1].startswith("INFO: [Common 17-206] Exiting Vivado")


def test_an_unchanged_run_is_not_sent_again(vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
    first = run_vivado(design, folder, host=HOST)
    vendor.forget()
    assert run_vivado(design, folder, host=HOST) == first
    assert vendor.calls == []


@pytest.mark.parametrize(("fault", "state"), [("licence", "licence"), ("memory", "memory"), ("synth", "design")])
def test_a_failure_there_is_told_as_one_here_and_can_be_repeated(
    vendor: FakeVendor, design: VivadoDesign, folder: Path, fault: str, state: str
) -> None:
    vendor.fault(fault)
    with pytest.raises(VendorError) as caught:
        run_vivado(design, folder, host=HOST)
    assert caught.value.state == state
    assert (folder / "synthesised.failed" / "tool.log").is_file()
    assert remote_runs(vendor) == []
    vendor.fault("")
    assert run_vivado(design, folder, host=HOST).lut == 8123


def test_a_host_that_cannot_be_reached(vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
    vendor.down.touch()
    with pytest.raises(VendorError, match=r"build host me@builder: cannot be reached: .*No route to host") as caught:
        run_vivado(design, folder, host=HOST)
    assert caught.value.state == "host"


def test_a_host_that_vanishes_in_the_middle_keeps_the_run_for_the_next_call(
    vendor: FakeVendor, design: VivadoDesign, folder: Path
) -> None:
    vendor.fault("wait")
    with pytest.raises(VendorError, match="does not answer any more; the run may go on there") as caught:
        run_vivado(design, folder, host=HOST, progress=lambda *_: vendor.down.touch())
    assert caught.value.state == "host"
    assert not (folder / "synthesised").exists()
    assert is_running(vendor.process())
    vendor.down.unlink()
    vendor.go.touch()
    found = run_vivado(design, folder, host=HOST)
    assert found.lut == 8123
    assert (vendor.runs("synth.tcl"), vendor.sent) == (1, 1)
    log = (folder / "synthesised" / "tool.log").read_text()
    assert log.count("Starting synth_design") == 1


def test_a_host_may_be_silent_for_a_moment(vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
    vendor.fault("wait")
    looks = 0

    def flicker(_what: str, _done: int, _total: int) -> None:
        nonlocal looks
        looks += 1
        vendor.go.touch()
        vendor.down.touch()
        os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", f"sleep 0.3; rm '{vendor.down}'")

    found = run_vivado(design, folder, host=replace(HOST, patience=200), progress=flicker)
    assert (found.lut, looks) == (8123, 1)
    os.wait()


def test_moments_of_silence_do_not_add_up(tmp_path: Path) -> None:
    answers = ["silence", "silence", "running", "silence", "silence", "running", "ended 0 7"]

    class Flickering(BuildHost):
        def _look(self, remote: str, seen: int) -> tuple[str, bytes]:
            return answers.pop(0), b""

    host = Flickering("builder", "runs", poll_s=0.0, patience=2)
    assert host._follow("runs/x", tmp_path / "log", lambda _line: None, time.monotonic() + 60) == (0, 7.0)


def test_an_interrupt_leaves_the_run_to_the_host_and_the_next_call_finds_it(
    vendor: FakeVendor, design: VivadoDesign, folder: Path
) -> None:
    def interrupt(_what: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    vendor.fault("wait")
    with pytest.raises(KeyboardInterrupt):
        run_vivado(design, folder, host=HOST, progress=interrupt)
    vendor.process()
    vendor.go.touch()
    assert run_vivado(design, folder, host=HOST).lut == 8123
    assert vendor.runs("synth.tcl") == 1


def test_a_run_that_was_killed_there_is_told_and_forgotten(
    vendor: FakeVendor, design: VivadoDesign, folder: Path
) -> None:
    def kill(_what: str, _done: int, _total: int) -> None:
        vendor.process()
        name = next(name for name in remote_runs(vendor))
        leader = int((vendor.home / "it's the" / "build folder" / name / "pid").read_text())
        os.killpg(leader, signal.SIGKILL)

    vendor.fault("wait")
    with pytest.raises(VendorError, match="the run ended without a status") as caught:
        run_vivado(design, folder, host=HOST, progress=kill)
    assert caught.value.state == "host"
    assert remote_runs(vendor) == []
    vendor.fault("")
    assert run_vivado(design, folder, host=HOST).lut == 8123


def test_a_run_that_takes_too_long_is_stopped_there(vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
    vendor.fault("wait")
    with pytest.raises(VendorError, match="did not finish in time") as caught:
        run_vivado(design, folder, VivadoOptions(timeout_s=0.5), host=HOST)
    assert caught.value.state == "time"
    process = vendor.process()
    for _ in range(100):
        if not is_running(process):
            break
        time.sleep(0.05)
    assert not is_running(process)
    assert remote_runs(vendor) == []


def test_results_that_are_cut_on_the_way_are_fetched_again_without_a_second_run(
    vendor: FakeVendor, design: VivadoDesign, folder: Path
) -> None:
    vendor.cut.touch()
    with pytest.raises(VendorError, match=r"could not be fetched, they are still there .*closed by remote") as caught:
        run_vivado(design, folder, host=HOST)
    assert caught.value.state == "host"
    assert not (folder / "synthesised").exists()
    vendor.cut.unlink()
    assert run_vivado(design, folder, host=HOST).lut == 8123
    assert vendor.runs("synth.tcl") == 1


def test_a_start_up_file_that_prints_is_told_and_the_run_is_kept(
    vendor: FakeVendor, design: VivadoDesign, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_SSH_NOISE", "Welcome!")
    with pytest.raises(VendorError, match=r"expected the state of the run, found 'Welcome!'; does a start-up file"):
        run_vivado(design, folder, host=HOST)
    monkeypatch.delenv("FAKE_SSH_NOISE")
    assert run_vivado(design, folder, host=HOST).lut == 8123
    assert vendor.sent == 1


class TestSettings:
    def test_the_settings_file_puts_the_tool_on_path(
        self, vendor: FakeVendor, design: VivadoDesign, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tools, rest = os.environ["PATH"].split(os.pathsep, 1)
        (vendor.home / "settings 64.sh").write_text(f"echo noise\nexport PATH='{tools}':$PATH\n")
        monkeypatch.setenv("CODESIGN_SSH", f"{tools}/ssh")
        monkeypatch.setenv("PATH", rest)
        with pytest.raises(VendorError, match=r"'vivado' is not on PATH of the build host me@builder \(name its"):
            run_vivado(design, folder, host=HOST)
        assert run_vivado(design, folder, host=replace(HOST, settings="~/settings 64.sh")).lut == 8123

    def test_a_settings_file_that_is_not_there(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        with pytest.raises(VendorError, match=r"/no/settings64\.sh") as caught:
            run_vivado(design, folder, host=replace(HOST, settings="/no/settings64.sh"))
        assert caught.value.state == "missing"

    def test_the_wrong_version_there(self, vendor: FakeVendor, design: VivadoDesign, folder: Path) -> None:
        with pytest.raises(VendorError, match=r"expected version 2020\.1, found 2024\.1 on me@builder"):
            run_vivado(design, folder, VivadoOptions(version="2020.1"), host=HOST)

    @pytest.mark.parametrize("host", ["", "-oProxyCommand=sh", "two words"])
    def test_a_name_that_is_no_host_is_refused(self, host: str) -> None:
        with pytest.raises(ConfigError, match="expected a name such as user@machine"):
            BuildHost(host, "runs")

    @pytest.mark.parametrize("folder", ["", "/", "~", ".", "~/"])
    def test_a_folder_that_is_not_its_own_is_refused(self, folder: str) -> None:
        with pytest.raises(ConfigError, match="expected a folder for the runs"):
            BuildHost("builder", folder)
