"""Each gate with the fault that it is made for."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from codesign.report import write_report
from codesign.report.collect import collect
from codesign.report.page import build_page
from codesign.report.plausibility import GATES, implausible
from codesign.run import Run
from codesign.summary import failures

RunMaker = Callable[..., Run]


def changed(run: Run, record: str, **values: Any) -> Run:
    """Plant values into a record of a run, as somebody with an editor could."""
    path = run.path / f"{record}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return run


def board(run: Run, **values: Any) -> Run:
    boards = run.record("synth")["boards"]
    return changed(run, "synth", boards=[boards[0] | values, *boards[1:]])


FAULTS: dict[str, tuple[Callable[[Run], Run], str]] = {
    "latency": (lambda run: changed(run, "firmware", latency_cycles=0), "found 0 cycles"),
    "latency unit": (lambda run: changed(run, "firmware", latency_ns=0.03604), r"are 36\.04 ns, not 0\.04"),
    "lut": (lambda run: board(run, lut=235), r"235 LUT on serenity-vu13p .* cost is 1,640"),
    "lut of the network": (
        lambda run: changed(run, "synth", network_alone=[{"board": "serenity-vu13p", "lut": 9000}]),
        r"fewer than the 9,000 of the network in it",
    ),
    "lut around the network": (
        lambda run: changed(board(run, lut=9900), "synth", network_alone=[{"board": "serenity-vu13p", "lut": 9000}]),
        r"9,000 LUT on serenity-vu13p .* cost is 1,640",
    ),
    "reports": (lambda run: board(run, lut=None, ff=None), "serenity-vu13p: no lut, ff, and no reason why"),
    "finite": (lambda run: changed(run, "train", ebops=float("nan")), r"train\.ebops is not a finite number"),
    "reload": (
        lambda run: changed(run, "train", chosen=run.record("train")["chosen"] | {"quality": 0.5}),
        r"of the saved network, 0\.5000 in training",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(fault: str, make_run: RunMaker) -> None:
    plant, message = FAULTS[fault]
    found = implausible(collect(plant(make_run())))
    assert all(line.startswith(f"{fault.split()[0]}: ") for line in found)
    assert re.search(message, found[0])


def test_every_gate_has_a_fault_and_good_runs_pass(make_run: RunMaker) -> None:
    assert {fault.split()[0] for fault in FAULTS} == set(GATES)
    assert implausible(collect(make_run())) == ()


def test_a_failed_tool_is_no_implausible_number(make_run: RunMaker) -> None:
    run = board(make_run(), lut=None, ff=None, dsp=None, failed="licence: none")
    assert implausible(collect(run)) == ()


def test_an_implausible_run_has_not_passed(make_run: RunMaker) -> None:
    run = FAULTS["lut"][0](make_run())
    result = write_report(run)
    run.write_record("report", result)
    assert not result["passed"]
    assert result["implausible"] == list(implausible(collect(run)))
    assert any(line.startswith("implausible lut: 235 LUT") for line in failures(run, "report"))
    assert any("Implausible: lut: 235 LUT" in reason for reason in build_page(collect(run)).verdict.reasons)
