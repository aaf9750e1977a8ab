"""The commands that read a scan."""

import json

import pytest

from codesign.tools import find_tool

pytest.importorskip("optuna")


@pytest.fixture
def folder(scanned, objective):
    def some_fail(task):
        return task.failed("training: the loss became NaN") if task.number == 2 else objective.quick(task)

    return scanned(some_fail).folder


def test_status_front_and_best_for_people_and_machines(codesign, folder):
    status, out, _ = codesign("scan", "status", folder)
    assert status == 0
    assert "12 of 12 trials, 11 points, 1 failed" in out
    assert "trial    2  training: the loss became NaN" in out
    found = json.loads(codesign("scan", "status", folder, "--json")[1])
    assert found["finished"] == 12
    assert found["failed"] == {"2": "training: the loss became NaN"}
    assert codesign("scan", "front", folder)[1].splitlines()[0].split()[:4] == ["trial", "group", "accuracy", "lut"]
    front = json.loads(codesign("scan", "front", folder, "--json")[1])["front"]
    best = json.loads(codesign("scan", "best", folder, "--json", "--limit", "lut=900")[1])
    assert best in front
    assert best["values"]["lut"] <= 900


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("best", "--limit", "lut"), "expected NAME=VALUE"),
        (("best", "--limit", "lut=1"), "no point keeps the limits"),
        (("export", "--trial", "2"), "no point of trial 2 is on the front"),
    ],
)
def test_what_cannot_be_done_is_one_line(codesign, folder, arguments, message):
    status, _, err = codesign("scan", arguments[0], folder, *arguments[1:])
    assert status == 2
    assert message in err
    assert "Traceback" not in err


def test_a_directory_that_is_no_scan_is_named(codesign, tmp_path):
    status, _, err = codesign("scan", "status", tmp_path)
    assert status == 2
    assert "expected the directory of a scan" in err


@pytest.mark.slow
@pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")
def test_a_whole_scan_ends_with_a_verified_candidate_and_repeats_nothing(codesign, scan_toml, tmp_path):
    file = scan_toml(
        ("trials = 12", "trials = 1"),
        ("low = 300, high = 3000", "low = 3000, high = 5000"),
        ("[search]", "[final]\ncandidates = 1\nseeds = 1\n[search]\npoints = 2"),
    )
    run = tmp_path / "run"
    status, _, err = codesign("scan", file, "--output", run, "--workers", "1")
    assert status == 0, err
    assert "1 of 2: candidate of trial 0: done" in err
    assert "2 of 2: another seed of trial 0: done" in err
    found = json.loads(codesign("scan", "front", run, "--json")[1])["candidates"]
    assert [entry["verified"] for entry in found] == [True]
    assert found[0]["values"]["lut"] > 50
    assert found[0]["spread"]["accuracy"]["n"] == 2
    assert "Candidates on untouched events" in (run / "scan.html").read_text()

    times = {path: path.stat().st_mtime_ns for path in run.glob("*/*/model.keras")}
    assert codesign("scan", file, "--output", run, "--workers", "1")[0] == 0
    assert times == {path: path.stat().st_mtime_ns for path in run.glob("*/*/model.keras")}
