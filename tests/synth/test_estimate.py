"""The calibration that comes with the package, and its limits."""

import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from codesign.errors import EstimateError, ReportError, RunError
from codesign.estimation import estimate_target
from codesign.synth.boards import get_board
from codesign.synth.calibration import (
    LARGEST_ERROR,
    Features,
    Synthesised,
    fit_ff,
    fit_lut,
    parse_table,
    read_calibration,
)
from codesign.synth.decision_cost import DecisionSize, fit_decisions, read_decisions
from codesign.synth.estimate import estimate_resources

BOARD = get_board("serenity-vu13p")
DEMO = Features(
    "mlp", 2.0, 2208.4, 10, 1342, 0, 1800, 68
)  # examples/jet_tagging.toml; Yosys counts 2,773 LUT, 1,767 FF
TERMS = ("constant_adder_bits", "multiplier_bits", "plain_register_bits", "shift_register_bits")
ROWS = [row for row in read_calibration() if row.family == "ultrascale_plus"]
ADDERS = [row for row in ROWS if row.kind == DEMO.kind]
DECISION = DecisionSize("l1_algo", 5, 5, 5, 13, 16)  # of the same example; Yosys counts 1,727 LUT around its network


def test_the_table_is_large_and_wide() -> None:
    assert len({(row.design, row.latency_cutoff) for row in ROWS}) >= 25
    assert min(row.lut for row in ROWS) < 500
    assert max(row.lut for row in ROWS) > 7000
    assert {row.family for row in read_calibration()} == {"ultrascale_plus", "7series"}


@pytest.mark.parametrize("kind", ["adder graph", "trees", "tables"])
def test_left_out_networks_are_within_the_target(kind: str) -> None:
    rows = [row for row in ROWS if row.kind == kind]
    assert len({row.design for row in rows}) >= 4
    assert fit_lut(rows).mean_error < LARGEST_ERROR
    held = [abs(error) <= fit_lut(rows).half_width for error in fit_lut(rows).errors]
    assert np.mean(held) >= 0.9


def test_the_demo_is_estimated_with_an_interval() -> None:
    found = estimate_resources(DEMO, BOARD)
    assert found.lut.low < 2773 < found.lut.high
    assert found.ff.low < 1767 < found.ff.high
    assert found.lut.value == pytest.approx(2773, rel=0.06)
    assert found.lut_share == found.lut.value / BOARD.lut
    assert "estimated" in found.obtained


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lut_estimate": 90_000.0}, r"cost in LUT is 90000, calibrated \(adder graph\) from \d"),
        ({"lut_estimate": 3.0}, "cost in LUT is 3, calibrated"),
        ({"multiplier_bits": 400}, r"of this kind \(adder graph with products.*fewer than 4 networks"),
        ({"latency_cutoff": 40.0}, "latency cutoff is 40, calibrated"),
        ({"architecture": "transformer"}, "architecture 'transformer' on ultrascale_plus: calibrated are .*mlp"),
    ],
)
def test_outside_of_the_domain_nothing_is_said(changes: dict[str, object], message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        estimate_resources(replace(DEMO, **changes), BOARD)  # type: ignore[arg-type]


def test_a_kind_that_is_missed_by_too_much_is_refused() -> None:
    """One of the networks takes three times what it should."""
    spoilt = [replace(row, lut=3 * row.lut) if row.design == ADDERS[0].design else row for row in ROWS]
    with pytest.raises(EstimateError, match=r"of this kind \(adder graph\) networks left out .* are missed by \d\d?%"):
        estimate_resources(DEMO, BOARD, table=spoilt)


def test_a_fabric_without_designs_is_refused() -> None:
    with pytest.raises(EstimateError, match="fabrics are 7series, ultrascale_plus"):
        estimate_resources(DEMO, get_board("vck190"))


def test_errors_are_those_of_networks_that_the_fit_has_not_seen() -> None:
    """A network with wrong counts must not improve its own error, at any cutoff."""
    spoilt = [replace(row, lut=2 * row.lut) if row.design == ADDERS[0].design else row for row in ADDERS]
    fit = fit_lut(spoilt)
    errors = [error for row, error in zip(spoilt, fit.errors, strict=True) if row.design == ADDERS[0].design]
    assert max(errors) < -0.4


def test_a_synthetic_law_is_found_again() -> None:
    rows = [
        replace(row, lut=round(1.1 * row.lut_estimate + 0.4 * row.constant_adder_bits), ff=row.plain_register_bits)
        for row in ADDERS
    ]
    assert fit_lut(rows).coefficients == pytest.approx((1.1, 0.4, 0.0), abs=0.02)
    assert fit_ff(rows).coefficients == pytest.approx((1.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("interface", ["l1_algo", "axi_stream"])
def test_decisions_are_known_to_some_percent(interface: str) -> None:
    rows = [row for row in read_decisions() if (row.interface, row.family) == (interface, "ultrascale_plus")]
    assert len(rows) >= 15
    for fit in fit_decisions(rows):
        assert fit.mean_error < 0.05
        assert fit.half_width < 0.10


def test_a_decision_stands_beside_its_network() -> None:
    alone, both = estimate_resources(DEMO, BOARD), estimate_resources(DEMO, BOARD, DECISION)
    assert both.decision_lut is not None
    assert both.decision_lut.value == pytest.approx(1727, rel=0.08)
    assert both.lut.value == alone.lut.value + both.decision_lut.value
    assert both.lut.low == alone.lut.low + both.decision_lut.low
    smaller, larger = sorted((alone.lut.mean_error, both.decision_lut.mean_error))
    assert smaller < both.lut.mean_error < larger
    assert alone.decision_lut is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"working_points": 40}, "working points is 40, calibrated (l1_algo): from 1 to 16"),
     ({"interface": "serial"}, "calibrated (serial): none on ultrascale_plus")],
)  # fmt: skip
def test_a_decision_outside_of_the_table_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(EstimateError, match=re.escape(reason)):
        estimate_resources(DEMO, BOARD, replace(DECISION, **changes))  # type: ignore[arg-type]


def test_only_a_stream_has_a_memory_and_it_grows_with_the_pipeline() -> None:
    stream = replace(DECISION, interface="axi_stream")
    assert DECISION.memory_bits == 0
    assert stream.memory_bits == 5 + 13 + 5 * 13
    assert replace(stream, latency_cycles=30).memory_bits == stream.memory_bits
    assert replace(stream, latency_cycles=31).memory_bits == 2 * stream.memory_bits


def test_a_damaged_table_is_refused() -> None:
    with pytest.raises(ReportError, match="expected the columns"):
        parse_table("design,lut\na,1\n", Synthesised, "table")
    header = [field.name for field in fields(Synthesised)]
    with pytest.raises(ReportError, match="could not convert"):
        parse_table(f"{','.join(header)}\n{','.join('x' for _ in header)}\n", Synthesised, "table")


class TestTarget:
    """A run directory or a configuration file; the compiler itself is tried by ``tests/test_pipeline.py``."""

    @pytest.fixture
    def run(self, tmp_path: Path, small_text: str) -> Path:
        path = tmp_path / "runs" / "small"
        path.mkdir(parents=True)
        (path / "config.toml").write_text(small_text)
        (path / "provenance.json").write_text(json.dumps({"config_file": str(tmp_path / "small.toml")}))
        terms = {name: getattr(DEMO, name) for name in TERMS}
        record = {"target": {"latency_cutoff": 2.0}, "lut_estimate": 2208.4, "latency_cycles": 10, "cost_terms": terms}
        (path / "firmware.json").write_text(json.dumps(record))
        return path

    def test_a_run_needs_no_machine_learning(self, run: Path) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "for name in ('tensorflow', 'keras', 'jax', 'hgq', 'hls4ml', 'alkaid'): sys.modules[name] = None\n"
            "from codesign.estimation import estimate_target\n"
            "print(estimate_target(Path(sys.argv[1]), 'serenity-vu13p').resources.lut.value)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, str(run)], capture_output=True, text=True, check=True)
        assert int(done.stdout) == estimate_resources(DEMO, BOARD).lut.value

    def test_lines_say_interval_basis_and_error(self, codesign, run: Path) -> None:
        status, out, err = codesign("estimate", run, "--board", "serenity-vu13p")
        assert (status, err) == (0, "")
        assert re.search(r"LUT +2,\d{3} \(2,\d{3} … [23],\d{3}\); 0\.16% of the board", out)
        assert "latency       10 cycles = 27.7 ns = 2 BX, II = 1" in out
        assert re.search(r"mean error on networks left out: LUT \d\.\d%", out)

    def test_a_decision_and_its_clocks_are_part_of_a_run(self, codesign, run: Path) -> None:
        record = json.loads((run / "firmware.json").read_text())
        points = [{"class_index": index} for index in range(5)]
        clocks = {"network_latency_cycles": 21, "decision_latency_cycles": 27}
        decision = {"interface": "l1_algo", "working_points": points, "tmr": False, **clocks}
        outputs = {"fields": [{"width": 13}] * 5}
        record |= {"latency_cycles": 27, "unpacking": {"latency_cycles": 11}, "outputs": outputs, "decision": decision}
        (run / "firmware.json").write_text(json.dumps(record))
        found = estimate_target(run, "serenity-vu13p")
        assert (found.features.latency_cycles, found.latency_cycles) == (10, 27)
        assert found.resources == estimate_resources(DEMO, BOARD, replace(DECISION, latency_cycles=27))
        assert "unpack and sort" in found.notes[0]
        assert re.search(r"of these the decision 1,\d{3} \(", codesign("estimate", run, "--board", "serenity-vu13p")[1])
        record["decision"]["tmr"] = True
        (run / "firmware.json").write_text(json.dumps(record))
        with pytest.raises(EstimateError, match=r"three times \(tmr\)"):
            estimate_target(run, "serenity-vu13p")

    def test_a_reuse_factor_gets_no_silent_number(self, run: Path) -> None:
        text = (run / "config.toml").read_text()
        (run / "config.toml").write_text(text.replace("[firmware]", "[firmware]\nreuse_factor = 4"))
        (note,) = estimate_target(run, "serenity-vu13p").notes
        assert "of the HLS project with reuse factor 4 there is none" in note

    def test_firmware_of_another_version_is_refused(self, run: Path) -> None:
        record = json.loads((run / "firmware.json").read_text())
        del record["cost_terms"]
        (run / "firmware.json").write_text(json.dumps(record))
        with pytest.raises(RunError, match="older version: codesign generate"):
            estimate_target(run, "serenity-vu13p")

    def test_nothing_trained_yet(self, codesign, small_toml: Path) -> None:
        status, _, err = codesign("estimate", small_toml)
        assert status == 2
        assert "nothing is trained there yet" in err
        assert not Path("runs").exists()

    def test_a_file_that_is_no_network(self, codesign, tmp_path: Path) -> None:
        (tmp_path / "x.keras").write_bytes(b"no")
        assert codesign("estimate", tmp_path / "x.keras")[2].startswith("error: ")
