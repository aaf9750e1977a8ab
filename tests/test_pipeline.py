"""The whole way on a small network with the real tools, and the faults that must not pass."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codesign.errors import RunError
from codesign.pipeline import STEPS, execute
from codesign.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.rtl, pytest.mark.hls, pytest.mark.yosys]


def codesign(*arguments, cwd=None):
    """The command line in a process of its own, as a user runs it."""
    command = [sys.executable, "-c", "from codesign.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, small_text):
    """(run directory, what the command printed) of a complete run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.toml").write_text(small_text)
    done = codesign("run", "small.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "small", done.stdout


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the run directory that a test may damage."""
    shutil.copytree(finished[0], tmp_path / "copy")
    return tmp_path / "copy"


def record(directory, name):
    return json.loads((directory / f"{name}.json").read_text())


def test_every_step_left_its_record_and_all_integers_agree(finished):
    directory, printed = finished
    assert all((directory / f"{step.record}.json").is_file() for step in STEPS.values())
    verify = record(directory, "verify")
    assert verify["passed"]
    assert verify["vectors"] == 1500
    found = {c["implementation"]: c["mismatches"] for c in verify["comparisons"]}
    assert set(found.values()) == {0}
    assert {"integer model", "hls4ml C-simulation", "emulator", "RTL (verilator)", "RTL (icarus)"} == set(found)
    assert verify["latency_cycles_measured"] == record(directory, "firmware")["latency_cycles"]
    assert re.search(r"report +.*report\.html", printed)
    assert (directory / "report.html").stat().st_size > 10_000


def test_training_learned_something_and_kept_the_target(finished):
    train, metrics = record(finished[0], "train"), record(finished[0], "metrics")
    assert train["ebops"] <= 1.2 * train["target_ebops"]
    assert metrics["accuracy"]["value"] > 0.5
    assert metrics["events"] == train["reload_identical_rows"] == 12_500


def test_synthesis_reports_the_firmware_board_first(finished):
    boards = record(finished[0], "synth")["boards"]
    assert [use["board"] for use in boards] == ["pynq-z2", "serenity-vu13p"]
    assert all(use["lut"] > 50 and use["ff"] > 50 for use in boards)


def test_a_second_run_repeats_nothing(finished):
    directory = finished[0]
    before = {path.name: path.stat().st_mtime_ns for path in directory.glob("*.json")}
    done = codesign("run", directory)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("unchanged") == len(STEPS)
    after = {path.name: path.stat().st_mtime_ns for path in directory.glob("*.json")}
    assert {name for name in before if before[name] != after[name]} <= {"provenance.json"}


def test_the_firmware_is_generated_identically(copy):
    first = record(copy, "firmware")["files"]
    assert codesign("generate", copy, "--force").returncode == 0
    assert record(copy, "firmware")["files"] == first


def flip_one_weight_bit(directory):
    """Turn one shift of an adder by one bit, as if one weight had another bit."""
    for path in sorted((directory / "firmware" / "rtl" / "src").glob("logic*.v")):
        text = path.read_text()
        changed, count = re.subn(
            r"(shift_adder #\(\d+,\d+,[01],[01],\d+,)(\d+)", lambda m: f"{m[1]}{int(m[2]) ^ 1}", text, count=1
        )
        if count:
            path.write_text(changed)
            return
    raise AssertionError("no adder found")


def add_one_stage(directory):
    """Delay the scores by one clock without telling the valid chain."""
    path = directory / "firmware" / "wrapper" / "network_ports.v"
    text = path.read_text()
    late = r"wire \1 early; reg \1 raw_scores; always @(posedge clk) raw_scores <= early;"
    text = re.sub(r"wire (\[\d+:0\]) raw_scores;", late, text)
    path.write_text(text.replace(".model_out (raw_scores)", ".model_out (early)"))


def drop_a_valid(directory):
    path = directory / "firmware" / "wrapper" / "trigger_parameters.vh"
    latency = record(directory, "firmware")["latency_cycles"]
    path.write_text(path.read_text().replace(f"LATENCY = {latency}", f"LATENCY = {latency - 1}"))


@pytest.mark.parametrize("fault", [flip_one_weight_bit, add_one_stage, drop_a_valid])
def test_a_fault_in_the_rtl_fails_the_verification(copy, fault):
    fault(copy)
    done = codesign("verify", copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: verification" in done.stderr
    assert "Traceback" not in done.stderr
    verify = record(copy, "verify")
    assert not verify["passed"]
    assert len(verify["modified_files"]) == 1


def test_verilog_that_does_not_compile_is_an_error_not_a_verdict(copy):
    (copy / "firmware" / "wrapper" / "network_ports.v").write_text("module network_ports (; endmodule")
    done = codesign("verify", copy)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (copy / "verify.json").exists(), "the old verdict must not survive"


def test_a_missed_budget_ends_with_status_one_and_names_it(copy):
    text = (copy / "config.toml").read_text()
    (copy / "config.toml").write_text(text + "lut = 10\n")
    done = codesign("run", copy)
    assert done.returncode == 1
    assert re.search(r"FAILED: budget missed: lut: measured .*at most 10 LUT", done.stderr)


def test_a_changed_configuration_makes_later_steps_out_of_date(copy):
    text = (copy / "config.toml").read_text()
    (copy / "config.toml").write_text(text.replace("epochs = 60", "epochs = 61"))
    with pytest.raises(RunError, match="result of 'train' is out of date"):
        execute(Run.open(copy), "generate")


def test_an_interrupted_step_leaves_no_record(copy):
    def interrupted(_what, _done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(Run.open(copy), "generate", interrupted, force=True)
    assert not (copy / "firmware.json").exists()
    with pytest.raises(RunError, match="'verify' needs 'generate' first"):
        execute(Run.open(copy), "verify")


def test_synthesis_for_another_board_is_remembered(copy):
    done = codesign("synth", copy, "--board", "alveo-u250", "--json")
    assert done.returncode == 0, done.stderr
    assert [use["board"] for use in json.loads(done.stdout)["boards"]][-1] == "alveo-u250"
    assert "alveo-u250" in codesign("report", copy).stdout + Path(copy / "report.md").read_text()
