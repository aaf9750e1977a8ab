"""What the project adds to the two code generators: their gaps are closed, and without the addition the proof fails."""

from types import SimpleNamespace

import numpy as np
import pytest

from codesign.contract import InputContract, InputFormat
from codesign.errors import FirmwareError
from codesign.firmware import hls, rtl
from codesign.models.backend import import_keras
from codesign.models.store import outputs

CONTRACT = InputContract(tuple(InputFormat(name, "", 0.0, 1.0, 6, integer=4) for name in "abcdef"))


@pytest.fixture
def integers():
    low, high = CONTRACT.extremes()
    return np.random.default_rng(1).integers(low, high, (400, len(CONTRACT.inputs)), endpoint=True)


def expected(model, integer_model, integers):
    return integer_model.score_format.exact_int(outputs(model, CONTRACT.to_network(integers)))


def csim(model, integer_model, integers, path):
    hls.write_hls(model, CONTRACT, path, backend="Vitis", part="xc7z020clg400-1", clock_period_ns=5.0, reuse_factor=1)
    return hls.HlsFirmware(path, CONTRACT, integer_model.score_format).predict(integers)


def weights(integer):
    """Weights of few bits, drawn alike for every test."""
    from hgq.config import QuantizerConfig

    keras = import_keras()
    drawn = keras.initializers.RandomUniform(-1, 1, seed=1)
    return {"kernel_initializer": drawn, "kq_conf": QuantizerConfig(place="weight", q_type="kbi", b0=3, i0=integer)}


@pytest.fixture
def shaped():
    """A network that reshapes, pools, repeats and adds."""
    from hgq.layers import QAdd, QDense, QEinsumDense, QMeanPow2, QSum
    from hgq.utils import trace_minmax

    keras = import_keras()
    inputs = keras.Input((6,), name="inputs")
    slots = keras.layers.Reshape((2, 3), name="slots")(inputs)
    particles = QEinsumDense("bnc,cd->bnd", (2, 4), bias_axes="d", activation="relu", name="particles", **weights(0))(
        slots
    )
    mean = keras.layers.RepeatVector(2, name="repeated")(QMeanPow2(axes=1, name="mean")(particles))
    total = QSum(axes=-1, name="total")(QAdd(name="added")([particles, mean]))
    model = keras.Model(inputs, QDense(2, name="scores", **weights(0))(keras.layers.Flatten(name="flat")(total)))
    low, high = CONTRACT.extremes()
    rows = np.random.default_rng(2).integers(low, high, (3000, 6), endpoint=True)
    trace_minmax(model, CONTRACT.to_network(rows))
    return model


def test_shapes_and_pooling_are_exact_in_the_integer_model(shaped, integers):
    integer_model = rtl.trace(shaped, CONTRACT)
    assert (integer_model.predict(integers) == expected(shaped, integer_model, integers)).all()


def test_the_reshaping_of_alkaid_itself_loses_the_batch_axis(shaped, monkeypatch):
    import keras
    from alkaid.converter.builtin.keras.layers import _registry
    from alkaid.converter.builtin.keras.layers.ops import ReplayReshape

    rtl.trace(shaped, CONTRACT)  # registers ours first
    monkeypatch.setitem(_registry, keras.layers.Reshape, ReplayReshape)
    with pytest.raises(ValueError, match="Input0 requires 3 dimensions, but 2 is given"):
        rtl.trace(shaped, CONTRACT)


@pytest.mark.slow
@pytest.mark.hls
def test_shapes_and_pooling_are_exact_in_hls(shaped, integers, tmp_path):
    integer_model = rtl.trace(shaped, CONTRACT)
    found = csim(shaped, integer_model, integers, tmp_path)
    assert (found == expected(shaped, integer_model, integers)).all()


@pytest.fixture
def with_table():
    """A network with one format for all inputs, coarser than the contract, and a table whose address saturates."""
    from hgq.config import QuantizerConfig
    from hgq.constraints import Constant
    from hgq.layers import QDense, QUnaryFunctionLUT
    from hgq.utils import trace_minmax

    from codesign.models.tables import square

    keras = import_keras()
    one = {"homogeneous_axis": None, "heterogeneous_axis": ()}
    inputs = keras.Input((6,), name="inputs")
    coarse = QuantizerConfig(place="datalane", q_type="kif", i0=4, f0=0, overflow_mode="WRAP")
    hidden = QDense(4, iq_conf=coarse, name="first", **weights(0))(inputs)
    short = QuantizerConfig(place="datalane", q_type="kif", i0=3, ic=Constant(3), f0=5, overflow_mode="SAT", **one)
    entries = QuantizerConfig(place="table", q_type="kif", i0=7, f0=3)
    table = QUnaryFunctionLUT(square, iq_conf=short, oq_conf=entries, allow_heterogeneous_table=False, name="table")
    model = keras.Model(inputs, QDense(2, name="scores", **weights(0))(table(hidden)))
    low, high = CONTRACT.extremes()
    rows = np.random.default_rng(2).integers(low, high, (3000, 6), endpoint=True)
    trace_minmax(model, CONTRACT.to_network(rows))
    return model


@pytest.mark.slow
@pytest.mark.hls
def test_saturating_tables_and_coarse_inputs_are_exact_in_hls(with_table, integers, tmp_path):
    integer_model = rtl.trace(with_table, CONTRACT)
    wanted = expected(with_table, integer_model, integers)
    assert (integer_model.predict(integers) == wanted).all()
    assert (csim(with_table, integer_model, integers, tmp_path) == wanted).all()


@pytest.mark.slow
@pytest.mark.hls
def test_a_quantiser_fused_into_the_input_port_loses_its_rounding(with_table, integers, tmp_path, monkeypatch):
    from hls4ml.model.optimizer.optimizer import optimizer_map
    from hls4ml.model.optimizer.passes.hgq_proxy_model import FuseFixedPointQuantizer

    from codesign.firmware import hls_layers  # noqa: F401  registers ours first

    monkeypatch.setitem(optimizer_map, "fuse_fixed_point_quantizer", FuseFixedPointQuantizer())
    integer_model = rtl.trace(with_table, CONTRACT)
    found = csim(with_table, integer_model, integers, tmp_path)
    assert (found != expected(with_table, integer_model, integers)).any()


@pytest.fixture
def with_tables_of_slots():
    """A network with a table for every element of a tensor of two axes, each with a format of its own."""
    from hgq.config import QuantizerConfig
    from hgq.layers import QDense, QUnaryFunctionLUT
    from hgq.utils import trace_minmax

    from codesign.models.tables import square

    keras = import_keras()
    inputs = keras.Input((6,), name="inputs")
    slots = keras.layers.Reshape((2, 3), name="slots")(inputs)
    address = QuantizerConfig(place="datalane", q_type="kif", i0=4, f0=2, overflow_mode="WRAP")
    entries = QuantizerConfig(place="table", q_type="kif", i0=7, f0=3)
    table = QUnaryFunctionLUT(square, iq_conf=address, oq_conf=entries, name="table", allow_heterogeneous_table=False)
    flat = keras.layers.Flatten(name="flat")(table(slots))
    model = keras.Model(inputs, QDense(2, name="scores", **weights(0))(flat))
    low, high = CONTRACT.extremes()
    rows = np.random.default_rng(2).integers(low, high, (3000, 6), endpoint=True)
    trace_minmax(model, CONTRACT.to_network(rows))
    fractional = np.array([2, 1, 0, 2, 2, 1], np.float32).reshape(1, 2, 3)
    table.iq.quantizer._f.assign(fractional)
    return model


@pytest.mark.slow
@pytest.mark.hls
def test_tables_of_any_shape_and_format_are_exact_in_hls(with_tables_of_slots, integers, tmp_path):
    integer_model = rtl.trace(with_tables_of_slots, CONTRACT)
    wanted = expected(with_tables_of_slots, integer_model, integers)
    assert (integer_model.predict(integers) == wanted).all()
    assert (csim(with_tables_of_slots, integer_model, integers, tmp_path) == wanted).all()


def test_hls4ml_itself_takes_no_table_of_two_axes(with_tables_of_slots, integers, tmp_path, monkeypatch):
    from hls4ml.converters.keras_v3._base import registry
    from hls4ml.converters.keras_v3.hgq2.unary_lut import QUnaryLUTHandler

    from codesign.firmware import hls_tables  # noqa: F401  registers ours first

    monkeypatch.setitem(registry, "hgq.layers.activation.QUnaryFunctionLUT", QUnaryLUTHandler())
    integer_model = rtl.trace(with_tables_of_slots, CONTRACT)
    with pytest.raises(FirmwareError, match="Exception encountered when calling Quantizer"):
        csim(with_tables_of_slots, integer_model, integers, tmp_path)


def graph_of(*nodes):
    """A stand-in for an hls4ml graph: (name, size of the kernel or None, constant kernel or not)."""
    made = []
    for name, size, constant in nodes:
        kernel = {} if size is None else {"weight": SimpleNamespace(data=np.zeros(size))}
        made.append(SimpleNamespace(name=name, weights=kernel, attributes={hls.CONSTANT_KERNEL: constant}))
    return SimpleNamespace(get_layers=lambda: made)


COMPLETE = (
    ("particles", 12, False),
    ("mean", 2, True),
    ("repeated", 2, True),
    ("added", None, False),
    ("total", 4, True),
    ("scores", 4, False),
)


def test_a_complete_conversion_passes(shaped):
    hls._require_all_layers(shaped, graph_of(*COMPLETE))


def test_a_dropped_layer_without_weights_is_named(shaped):
    with pytest.raises(FirmwareError, match="layers mean are missing in the HLS code"):
        hls._require_all_layers(shaped, graph_of(*(node for node in COMPLETE if node[0] != "mean")))


def test_a_weight_matrix_of_another_size_is_refused(shaped):
    changed = [(name, 3 if name == "scores" else size, constant) for name, size, constant in COMPLETE]
    with pytest.raises(FirmwareError, match=r"matrices of \[4, 12\] entries, the HLS code \[3, 12\]"):
        hls._require_all_layers(shaped, graph_of(*changed))


@pytest.fixture
def with_one_format_for_all():
    """One value of many integer bits and one of many fractional bits, then one saturating format for both."""
    from hgq.config import QuantizerConfig
    from hgq.layers import QDense
    from hgq.utils import trace_minmax

    from codesign.models.fixed_layers import Format, difference

    keras = import_keras()
    inputs = keras.Input((6,), name="inputs")
    wide = QuantizerConfig(place="weight", q_type="kbi", b0=9, i0=4)
    values = QDense(2, kq_conf=wide, name="values")(inputs)
    others = QDense(2, kq_conf=wide, name="others")(inputs)
    model = keras.Model(inputs, difference(values, others, (Format(1, 8, 5), Format(1, 8, 5)), "scores"))
    kernel = np.zeros((6, 2), np.float32)
    kernel[0, 0], kernel[1, 1] = 8.0, 1.0 / 16
    for layer in ("values", "others"):
        model.get_layer(layer).kernel.assign(kernel if layer == "values" else kernel[:, ::-1] / 2)
    low, high = CONTRACT.extremes()
    rows = np.random.default_rng(2).integers(low, high, (3000, 6), endpoint=True)
    trace_minmax(model, CONTRACT.to_network(rows))
    return model


@pytest.mark.slow
@pytest.mark.hls
@pytest.mark.parametrize("corrected", [True, False])
def test_one_format_for_large_and_fine_values_keeps_the_last_bits(
    with_one_format_for_all, integers, tmp_path, corrected
):
    from hls4ml.model.optimizer.passes import bit_exact
    from hls4ml.model.optimizer.passes.hgq_proxy_model import FixedPointQuantizer

    from codesign.firmware import hls_saturation

    if not corrected:
        bit_exact._produce_kif.register(FixedPointQuantizer, hls_saturation._narrowed)
    try:
        integer_model = rtl.trace(with_one_format_for_all, CONTRACT)
        wanted = expected(with_one_format_for_all, integer_model, integers)
        assert (integer_model.predict(integers) == wanted).all()
        assert (csim(with_one_format_for_all, integer_model, integers, tmp_path) == wanted).all() == corrected
    finally:
        bit_exact._produce_kif.register(FixedPointQuantizer, hls_saturation.produce_kif)
