"""The integer model, its ports, and the refusals of the Verilog generator."""

import re

import numpy as np
import pytest

from codesign.contract import InputContract, InputFormat
from codesign.errors import FirmwareError
from codesign.firmware import rtl
from codesign.firmware.ports import input_port, pack, score_port
from codesign.fixed_point import FixedPoint

CONTRACT = InputContract(
    (InputFormat("a", "", 0.0, 1.0, 8), InputFormat("b", "", 0.0, 1.0, 6), InputFormat("c", "", 0.0, 1.0, 5))
)


def integer_model(function):
    """A graph made by tracing a NumPy function of the three network values."""
    from alkaid.trace import FVArray, trace

    kif = np.array([fmt.kif for fmt in CONTRACT.network_formats]).T
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2], solver_options=rtl.SOLVER_OPTIONS)
    return rtl.IntegerModel(trace(inputs, function(inputs)), CONTRACT)


@pytest.fixture(scope="module")
def linear():
    return integer_model(lambda x: np.stack([x[0] + 2 * x[1], x[0] - x[1]]))


def write(model, path):
    return rtl.write_verilog(model, path, part="xc7z020clg400-1", clock_period_ns=5.0, latency_cutoff=1.0)


def test_scores_are_exact_integers_of_one_format(linear):
    low, high = CONTRACT.extremes()
    integers = np.random.default_rng(1).integers(low, high, (500, 3), endpoint=True)
    a, b = CONTRACT.to_network(integers)[:, :2].T.astype(float)
    expected = linear.score_format.exact_int(np.stack([a + 2 * b, a - b], axis=1))
    assert (linear.predict(integers) == expected).all()


def test_bits_that_change_nothing_are_left_out_of_the_ports(linear, tmp_path):
    assert linear.input_bits[2].width == 0, "input c is not used"
    assert linear.input_bits[0] == rtl.InputBits(0, 8)
    project = write(linear, tmp_path)
    text = (project.path / "src" / "network.v").read_text()
    assert re.search(r"\[13:0\] model_inp", text)


def test_the_same_network_gives_the_same_files(linear, tmp_path):
    first, second = write(linear, tmp_path / "one"), write(linear, tmp_path / "two")
    for path in first.path.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (second.path / path.relative_to(first.path)).read_bytes(), path
    assert rtl.IntegerModel.load(first.path, CONTRACT).score_format == linear.score_format


def test_waiting_values_are_told_from_flip_flops(tmp_path):
    """c waits for the sum of a and b, which takes several stages; the terms hold every register bit once."""
    model = integer_model(lambda x: np.stack([((x[0] * 3 + x[1] * 5) * 7 + x[0] * 11 + 2.0) * 13 + x[2] * 3]))
    project = rtl.write_verilog(model, tmp_path, part="x", clock_period_ns=5.0, latency_cutoff=1.0)
    terms = project.terms
    assert terms.constant_adder_bits > 8
    assert terms.multiplier_bits == 0
    assert 5 <= terms.shift_register_bits < terms.plain_register_bits
    assert terms.plain_register_bits + 3 * terms.shift_register_bits <= project.register_bits
    coarse = rtl.write_verilog(model, tmp_path, part="x", clock_period_ns=5.0, latency_cutoff=20.0)
    assert coarse.terms.shift_register_bits == 0
    assert coarse.terms.plain_register_bits == coarse.register_bits


def test_a_product_of_two_inputs_is_counted(tmp_path):
    model = integer_model(lambda x: np.stack([x[0] * x[1], x[2]]))
    assert write(model, tmp_path).terms.multiplier_bits == 8 * 6


def test_a_matrix_that_meets_only_constants_leaves_constants(monkeypatch):
    def pruned(x):
        met = x * np.array([1.0, 0.0, 0.0])  # the only variable has no weight
        return np.concatenate([met @ np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0]]) + x[0], x[1:2]])

    model = integer_model(pruned)
    low, high = CONTRACT.extremes()
    integers = np.random.default_rng(1).integers(low, high, (100, 3), endpoint=True)
    a, b = CONTRACT.to_network(integers)[:, :2].T.astype(float)
    assert (model.predict(integers) == model.score_format.exact_int(np.stack([a, a, b], axis=1))).all()

    monkeypatch.setitem(rtl.SOLVER_OPTIONS, "offload_fn", None)
    with pytest.raises(StopIteration):  # alkaid has learned it: the option can go
        integer_model(pruned)


def test_a_port_of_another_width_is_refused(linear, tmp_path):
    project = write(linear, tmp_path)
    verilog = project.path / "src" / "network.v"
    verilog.write_text(verilog.read_text().replace("[13:0] model_inp", "[12:0] model_inp"))
    with pytest.raises(FirmwareError, match="port model_inp has 13 bits, expected 14"):
        rtl._require_port_widths(verilog, linear)


def test_a_constant_score_is_refused():
    with pytest.raises(FirmwareError, match="score 1 is constant"):
        _ = integer_model(lambda x: np.stack([x[0], x[0] - x[0] + 1.0])).score_format


def test_a_project_without_its_integer_model_is_refused(tmp_path):
    with pytest.raises(FirmwareError, match="generate the firmware again"):
        rtl.IntegerModel.load(tmp_path, CONTRACT)


def test_words_are_packed_from_the_least_significant_bit_without_gaps():
    port = input_port(CONTRACT)
    assert [(field.name, field.lsb, field.width) for field in port.fields] == [("a", 0, 8), ("b", 8, 6), ("c", 14, 5)]
    assert port.bits == CONTRACT.word_bits == 19
    scores = score_port("gq", FixedPoint(True, 10, 4))
    assert [(field.lsb, field.signed) for field in scores.fields] == [(0, True), (10, True)]
    assert pack([]).bits == 0
