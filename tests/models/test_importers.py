"""Imported networks: the numbers of the real QKeras, and equal integers in all forms of firmware."""

import numpy as np
import pytest
from keras2_builder import (
    activation,
    dense,
    edit_config,
    layer,
    random_weights,
    unpack,
    write_functional,
    write_sequential,
)

from codesign.contract import InputContract, InputFormat
from codesign.errors import ModelError
from codesign.firmware import hls, hls_saturation, rtl  # noqa: F401  the correction of saturation is registered
from codesign.fixed_point import FixedPoint
from codesign.models.importers import compare, conversion, import_network, read_arrays, write_network
from codesign.models.reload import require_identical_reload
from codesign.models.store import load_model, outputs

NARROW = FixedPoint.parse("ap_fixed<12,6,RND,SAT>")
EXACT = ("mlp", "conv1d", "conv2d", "few_levels", "branches")


def contract(inputs):
    """12 bits, 6 of them fractional, for every input."""
    return InputContract(tuple(InputFormat(f"x{i}", "", 0.0, 2.0**-6, 12, integer=6) for i in range(inputs)))


def stimulus(inputs, count=400):
    """Hardware integers: small ones as of a data set, and ones over the whole range."""
    random = np.random.default_rng(4)
    small = np.rint(random.normal(0.0, 90.0, (count, inputs))).astype(np.int64)
    return np.concatenate([small, random.integers(-2048, 2048, (count, inputs))])


def require_equal_rtl(network):
    """The integer model of the RTL, after comparing it with the network."""
    ports, integers = contract(network.inputs), stimulus(network.inputs)
    model = rtl.trace(network.model, ports)
    expected = model.score_format.exact_int(outputs(network.model, ports.to_network(integers)))
    assert len(np.unique(expected)) > 2
    assert (model.predict(integers) == expected).all()
    return model


def require_equal_hls(network, path):
    model = require_equal_rtl(network)
    ports, integers = contract(network.inputs), stimulus(network.inputs)
    target = {"backend": "Vitis", "part": "xc7z020clg400-1", "clock_period_ns": 5.0, "reuse_factor": 1}
    hls.write_hls(network.model, ports, path, **target)
    csim = hls.HlsFirmware(path, ports, model.score_format)
    assert (csim.predict(integers) == model.predict(integers)).all()


@pytest.mark.parametrize("name", EXACT)
def test_fixed_point_networks_give_the_numbers_of_the_real_qkeras(name, tmp_path):
    model, data = unpack(name, tmp_path)
    network = import_network(model)
    x, y = read_arrays(data)
    found = compare(network, x, y)
    assert (found.differing_outputs, found.largest_difference, found.inexact_inputs) == (0, 0.0, 0)
    assert found.outputs == y.size
    assert len(np.unique(y)) > 20


@pytest.mark.parametrize("name", [*EXACT, "batch_norm"])
def test_the_integer_model_of_the_rtl_is_the_network(name, tmp_path):
    require_equal_rtl(import_network(unpack(name, tmp_path)[0], NARROW))


@pytest.mark.slow
@pytest.mark.hls
@pytest.mark.parametrize("name", [*EXACT, "batch_norm"])
def test_the_c_simulation_is_the_network(name, tmp_path):
    require_equal_hls(import_network(unpack(name, tmp_path)[0], NARROW), tmp_path / "hls")


@pytest.mark.slow
@pytest.mark.hls
def test_quantisers_in_a_row_and_saturation_finer_than_the_input_survive_hls(tmp_path):
    ternary = {"kernel_quantizer": "ternary(alpha=1,threshold=0.2)", "use_bias": False}
    layers = [
        activation("quantized_bits(6,3,alpha=1)", "first"),  # behind the input's own quantiser
        dense("a", 6, **ternary),
        activation("quantized_bits(8,1,alpha=1)", "fine"),  # steps of 1/64, fed with whole quarters, beyond its range
        dense("b", 6, **ternary),
        activation("quantized_relu(6,2)", "relu"),
        activation("quantized_relu(3,2)", "again"),
        dense("c", 3),
    ]
    sizes = {"a": (5, 6), "b": (6, 6), "c": (6, 3)}
    write_sequential(tmp_path / "m.h5", [5], layers, random_weights(sizes))
    require_equal_hls(import_network(tmp_path / "m.h5", NARROW), tmp_path / "hls")


@pytest.mark.parametrize("name", [*EXACT, "batch_norm"])
def test_every_value_lies_in_its_range_and_on_its_grid(name, tmp_path, monkeypatch):
    """The ranges decide how finely weights may be rounded so that float32 stays exact."""
    import keras

    values = []

    def recorded(*arguments):
        values.append(convert_layer(*arguments))
        return values[-1]

    convert_layer = conversion._convert_layer
    monkeypatch.setattr(conversion, "_convert_layer", recorded)
    network = import_network(unpack(name, tmp_path)[0], NARROW)
    x = contract(network.inputs).to_network(stimulus(network.inputs))
    every = keras.Model(network.model.input, [value.tensor for value in values])
    for value, found in zip(values, every.predict(x, verbose=0, batch_size=4096), strict=True):
        assert value.range.low <= found.min()
        assert found.max() <= value.range.high
        steps = found.astype(np.float64) * 2.0**value.range.fractional
        assert (steps == np.rint(steps)).all()
        assert value.range.bits <= 24


def test_batch_normalisation_is_folded_and_the_loss_of_precision_is_told(tmp_path):
    model, data = unpack("batch_norm", tmp_path)
    x, y = read_arrays(data)
    network = import_network(model, FixedPoint.parse("ap_fixed<10,4>"))
    found = compare(network, x, y)
    assert 0 < found.largest_difference < 0.05 * np.abs(y).max()
    assert [note.split(":")[0] for note in network.notes] == [
        "layer 'fc1' (QDense), folded folded into it",
        "layer 'fc2' (QDense), alone and quantised folded into it",
        "layer 'scores' (Dense)",
    ]
    kinds = [entry.kind for entry in network.layers]
    assert "QBatchNormalization" not in kinds
    wide = compare(import_network(model, FixedPoint.parse("ap_fixed<16,6>")), x, y)
    assert wide.largest_difference > found.largest_difference, "wider inputs leave fewer bits for the weights"


def test_batch_normalisation_between_other_layers_becomes_a_scale_per_channel(tmp_path):
    statistics = {
        "gamma": [1.5, -0.25],
        "beta": [0.5, 1.0],
        "moving_mean": [0.25, -2.0],
        "moving_variance": [3.99, 0.99],
    }
    path = tmp_path / "m.h5"
    normalization = layer("BatchNormalization", "n", axis=[1], epsilon=0.01)
    layers = [normalization, activation("quantized_bits(8,3,alpha=1)"), layer("Flatten", "f")]
    write_sequential(path, [2], layers, {f"n/{key}": values for key, values in statistics.items()})
    network = import_network(path, NARROW)
    x = np.float32([[0.25, -2.0], [1.0, 1.0], [-3.0, 2.5]])
    scale = np.array([1.5, -0.25]) / np.sqrt([4.0, 1.0])
    expected = np.rint((scale * (x - statistics["moving_mean"]) + statistics["beta"]) * 16) / 16
    assert (outputs(network.model, x) == expected).all()
    assert [entry.kind for entry in network.layers][2] == "QBatchNormalization"


def test_a_written_network_reloads_identically_in_a_new_process(tmp_path):
    model, data = unpack("conv2d", tmp_path)
    network = import_network(model)
    x, y = read_arrays(data)
    write_network(network, tmp_path / "out.keras", x)
    assert (outputs(load_model(tmp_path / "out.keras"), x) == y).all()
    changed = y.copy()
    changed[3, 1] += 2.0**-9
    with pytest.raises(ModelError, match="differs on 1 of 200 rows"):
        require_identical_reload(tmp_path / "out.keras", x, changed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conv2d.h5", "out.keras"]


def test_nothing_is_written_if_the_reloaded_network_differs(tmp_path, monkeypatch):
    network = import_network(unpack("mlp", tmp_path)[0])
    monkeypatch.setattr("codesign.models.importers.network.outputs", lambda model, x: outputs(model, x) + 1)
    with pytest.raises(ModelError, match="reloaded in a new process, the network differs on 256 of 256 rows"):
        write_network(network, tmp_path / "out.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["mlp.h5"]


def test_layers_are_summarized(tmp_path):
    network = import_network(unpack("mlp", tmp_path)[0])
    found = {entry.name: entry for entry in network.layers}
    assert found["fc1"].weight_format == "ap_fixed<6,1>"
    assert (found["fc1"].weights, found["fc1"].zero_weights) == (120, int((kernel_of(network, "fc1") == 0).sum()))
    assert found["relu1"].activation_format == "ap_ufixed<6,2,RND_CONV,SAT_SYM>"
    assert found["input_quantizer"].activation_format == "ap_fixed<16,6,RND,SAT>"
    assert network.notes == (
        "layer 'softmax' (Activation): the final softmax is left out, the outputs are the scores before it",
    )
    assert (network.inputs, network.outputs) == (10, 3)


def kernel_of(network, name):
    return np.asarray(network.model.get_layer(name).qkernel)


def test_a_softmax_inside_the_last_layer_or_as_a_layer_of_its_own_is_left_out(tmp_path):
    weights = random_weights({"a": (4, 3)})
    x = (np.arange(-8, 8).reshape(4, 4) / 4).astype(np.float32)
    results = []
    for number, layers in enumerate(
        ([dense("a", 3)], [dense("a", 3, activation="softmax")], [dense("a", 3), layer("Softmax", "s")])
    ):
        path = tmp_path / f"{number}.h5"
        write_sequential(path, [4], layers, weights)
        network = import_network(path)
        results.append(outputs(network.model, x))
        assert len(network.notes) == (number > 0)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_three_tensors_are_added_and_joined(tmp_path):
    start = layer("InputLayer", "start", batch_input_shape=[None, 4])
    layers = [
        (start, []),
        *[(dense(name, 3), ["start"]) for name in "abc"],
        (layer("Add", "sum"), ["a", "b", "c"]),
        (layer("Concatenate", "all", axis=1), ["sum", "a", "b"]),
    ]
    write_functional(tmp_path / "m.h5", layers, ["all"], random_weights(dict.fromkeys("abc", (4, 3))))
    network = import_network(tmp_path / "m.h5", NARROW)
    kernels, biases = (
        [np.asarray(getattr(network.model.get_layer(n), w)) for n in "abc"] for w in ("qkernel", "qbias")
    )
    x = (np.arange(-8, 8).reshape(4, 4) / 4).astype(np.float32)
    a, b, c = (x @ kernel + bias for kernel, bias in zip(kernels, biases, strict=True))
    assert (outputs(network.model, x) == np.concatenate([a + b + c, a, b], axis=1)).all()
    require_equal_rtl(network)


def test_names_become_names_of_cpp(tmp_path):
    write_sequential(tmp_path / "m.h5", [4], [dense("1st/dense-a", 3)], {})
    with pytest.raises(ModelError, match=r"layer '1st/dense-a' \(QDense\): expected the weight 'kernel'"):
        import_network(tmp_path / "m.h5")
    model, _ = unpack("conv1d", tmp_path)

    def rename(content):
        content["config"]["layers"][5]["config"]["name"] = "a b.c"

    edit_config(model, rename)
    assert "a_b_c" in [entry.name for entry in import_network(model).layers]


def test_importing_leaves_the_layers_of_hgq_alone(tmp_path):
    """HGQ2's own QKeras layers replace the constructors of all HGQ2 layers, so they must not be imported."""
    import sys

    import_network(unpack("mlp", tmp_path)[0])
    assert "qkeras.qlayers" not in sys.modules
