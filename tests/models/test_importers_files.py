"""Files that cannot be imported: one line that says what was expected and found, and nothing executed."""

import json
import zipfile

import h5py
import numpy as np
import pytest
from keras2_builder import (
    activation,
    dense,
    edit_config,
    layer,
    random_weights,
    unpack,
    write,
    write_functional,
    write_sequential,
)

from codesign.errors import DataError, ModelError
from codesign.models.importers import import_network, read_arrays, write_network
from codesign.models.importers.keras2_file import read_keras2
from codesign.models.store import outputs

CONV = {"filters": 2, "kernel_size": [2], "strides": [1], "padding": "valid", "activation": "linear", "use_bias": False}
POOL = {"pool_size": [2], "strides": [2], "padding": "valid"}


@pytest.fixture
def mlp(tmp_path):
    return unpack("mlp", tmp_path)[0]


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.4, 0.9, 0.99])
def test_a_truncated_file_is_refused(mlp, kept):
    content = mlp.read_bytes()
    mlp.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelError, match=r"mlp\.h5: damaged, or no model saved by Keras 2"):
        import_network(mlp)


def test_missing_files_folders_and_other_kinds_are_refused(tmp_path):
    for path, message in (
        (tmp_path / "no.h5", "expected a file, found nothing"),
        (tmp_path, "expected a file, found a folder"),
    ):
        with pytest.raises(ModelError, match=message):
            import_network(path)
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"expected a model file \.h5 \(QKeras, Keras 2\) or \.keras"):
        import_network(tmp_path / "model.onnx")


def test_a_file_of_weights_or_of_something_else_is_refused(mlp, tmp_path):
    with h5py.File(mlp, "r+") as file:
        del file.attrs["model_config"]
    with pytest.raises(ModelError, match=r"the HDF5 file holds no Keras model; save the whole model"):
        import_network(mlp)
    with h5py.File(mlp, "r+") as file:
        file.attrs["layer_names"] = ["fc1"]
    with pytest.raises(ModelError, match="holds only weights"):
        import_network(mlp)


def test_an_h5_file_of_keras_3_is_refused(mlp):
    with h5py.File(mlp, "r+") as file:
        file.attrs["keras_version"] = "3.5.0"
    with pytest.raises(ModelError, match=r"saved by Keras 3\.5\.0; expected Keras 2, or a \.keras file of Keras 3"):
        import_network(mlp)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(class_name="CustomModel"), "expected a Sequential or Functional model"),
        (lambda content: content["config"].update(layers=[]), "the model has no layers"),
        (lambda content: content["config"].pop("layers"), "damaged, or no model saved by Keras 2"),
        (lambda content: content["config"]["layers"].pop(0), "the shape of the input is not in the file"),
        (
            lambda content: content["config"]["layers"][1].update(class_name="Lambda"),
            r"layer 'fc1' \(Lambda\): unknown layer 'Lambda'.*known: InputLayer, Dense, QDense, .*Concatenate",
        ),
        (
            lambda content: content["config"]["layers"][1].update(class_name="QDens"),
            r"unknown layer 'QDens'; did you mean 'QDense'\?",
        ),
        (
            lambda content: content["config"]["layers"][1]["config"].pop("units"),
            r"layer 'fc1' \(QDense\): its configuration is incomplete or makes no sense \(KeyError: 'units'\)",
        ),
        (
            lambda content: content["config"]["layers"][1]["config"].update(units=13),
            r"layer 'fc1' \(QDense\): expected 'kernel' of shape \(10, 13\), found \(10, 12\)",
        ),
        (
            lambda content: content["config"]["layers"][0]["config"].update(batch_input_shape=[None, 9]),
            r"expected 'kernel' of shape \(9, 12\), found \(10, 12\)",
        ),
        (
            lambda content: content["config"]["layers"][0]["config"].update(batch_input_shape=[None, None]),
            "expected an input of known size",
        ),
        (
            lambda content: content["config"]["layers"][2]["config"].update(activation="my_activation(3)"),
            r"layer 'relu1' \(QActivation\): activation: unknown quantizer or activation 'my_activation'",
        ),
        (
            lambda content: content["config"]["layers"][2]["config"].update(activation={"class_name": "Mine"}),
            "unknown quantizer or activation 'Mine'",
        ),
        (
            lambda content: content["config"]["layers"][2]["config"].update(name="fc1"),
            "are not a connected graph",
        ),
    ],
)
def test_architectures_that_cannot_be_converted_name_the_place(mlp, change, message):
    edit_config(mlp, change)
    with pytest.raises(ModelError, match=message):
        import_network(mlp)


def test_an_architecture_that_is_no_json_is_refused(mlp):
    with h5py.File(mlp, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"][:-5]
    with pytest.raises(ModelError, match="the attribute model_config is no JSON"):
        import_network(mlp)


def test_missing_and_impossible_weights_are_refused(mlp):
    with h5py.File(mlp, "r+") as file:
        kernel = file["model_weights/fc1/fc1/kernel:0"]
        kernel[2, 3] = np.nan
    with pytest.raises(ModelError, match=r"layer 'fc1' \(QDense\): 'kernel' holds NaN or infinite values"):
        import_network(mlp)
    with h5py.File(mlp, "r+") as file:
        del file["model_weights/fc1/fc1/kernel:0"]
    with pytest.raises(ModelError, match="damaged, or no model saved by Keras 2"):
        import_network(mlp)
    with h5py.File(mlp, "r+") as file:
        del file["model_weights/fc1"]
    with pytest.raises(
        ModelError, match=r"layer 'fc1' \(QDense\): expected the weight 'kernel' in the file, found none"
    ):
        import_network(mlp)


def test_a_long_list_of_weights_is_read_from_its_parts(mlp):
    whole = read_keras2(mlp)
    with h5py.File(mlp, "r+") as file:
        attributes = file["model_weights/fc1"].attrs
        for number, name in enumerate(attributes["weight_names"]):
            attributes[f"weight_names{number}"] = [name]
        del attributes["weight_names"]
    for before, after in zip(whole.layers, read_keras2(mlp).layers, strict=True):
        assert before.weights.keys() == after.weights.keys()


@pytest.mark.parametrize(
    ("shape", "entry", "message"),
    [
        ([6, 2], layer("QConv1D", "c", **{**CONV, "padding": "causal"}), "padding='causal' is not supported"),
        ([6, 2], layer("QConv1D", "c", **CONV, dilation_rate=[2]), r"dilation_rate=\[2\] is not supported, \[1\] is"),
        ([6, 2], layer("QConv1D", "c", **CONV, groups=2), "groups=2 is not supported"),
        ([6, 2], layer("QConv1D", "c", **CONV, data_format="channels_first"), "data_format='channels_first' is not"),
        ([6], layer("QConv1D", "c", **CONV), r"expected an input of 2 dimensions, found shape \(6,\)"),
        (
            [6, 2],
            layer("AveragePooling1D", "p", **{**POOL, "pool_size": [3]}),
            "an average of 3 values is no fixed-point",
        ),
        ([5, 2], layer("MaxPooling1D", "p", **{**POOL, "padding": "same"}), "padding='same' beyond the edge"),
        ([6, 2], layer("GlobalAveragePooling1D", "p"), "an average of 6 values"),
        ([6], layer("MaxPooling1D", "p", **POOL), "expected an input of 2 dimensions"),
        ([6], layer("Reshape", "r", target_shape=[4, 2]), r"cannot bring shape \(6,\) to \(4, 2\)"),
        ([6, 2], layer("Flatten", "f", data_format="channels_first"), "data_format='channels_first' is not supported"),
        ([6], layer("ReLU", "r", max_value=6.0), "max_value=6.0 is not supported"),
        ([6], layer("InputLayer", "i", batch_input_shape=[None, 3]), "an input stands behind 'start'"),
        (
            [6, 2],
            layer("BatchNormalization", "b", axis=[1], epsilon=0.1),
            r"axis=\[1\] is not supported, the last axis is",
        ),
        ([6], dense("d", 2, activation="tanh"), "unknown activation 'tanh'"),
    ],
)
def test_options_that_have_no_equal_firmware_are_named(tmp_path, shape, entry, message):
    weights = {"c/kernel": np.ones((2, 2, 2)), **random_weights({"d": (6, 2)})}
    write_sequential(tmp_path / "m.h5", shape, [entry, activation("quantized_relu(4,2)", "last")], weights)
    with pytest.raises(ModelError, match=message):
        import_network(tmp_path / "m.h5")


START = (layer("InputLayer", "start", batch_input_shape=[None, 4]), [])


@pytest.mark.parametrize(
    ("layers", "last", "message"),
    [
        ([START, (dense("a", 2), ["start"])], ["a", "start"], "expected a model with one output, found 2"),
        (
            [
                START,
                (layer("InputLayer", "more", batch_input_shape=[None, 4]), []),
                (layer("Add", "a"), ["start", "more"]),
            ],
            ["a"],
            "expected a model with one input, found 2",
        ),
        (
            [START, (dense("a", 2), ["b"]), (dense("b", 2), ["a"])],
            ["a"],
            r"the layers \['a', 'b'\] are not a connected",
        ),
        (
            [START, (dense("a", 2), ["start"]), (layer("Add", "s"), ["a", "start"])],
            ["s"],
            r"layer 's' \(Add\): expected tensors of one shape, found \(2,\) and \(4,\)",
        ),
        (
            [START, (dense("a", 2), ["start"]), (layer("Concatenate", "s", axis=0), ["a", "start"])],
            ["s"],
            "axis=0 is not supported",
        ),
        ([START, (dense("a", 2), ["start", "start"])], ["a"], "expected one input, found 2"),
    ],
)
def test_graphs_that_cannot_be_converted_are_refused(tmp_path, layers, last, message):
    write_functional(tmp_path / "m.h5", layers, last, random_weights({"a": (4, 2), "b": (2, 2)}))
    with pytest.raises(ModelError, match=message):
        import_network(tmp_path / "m.h5")


def test_a_layer_that_is_used_twice_is_refused(tmp_path):
    entries = [{**entry, "name": entry["config"]["name"], "inbound_nodes": []} for entry in (START[0], dense("a", 4))]
    entries[1]["inbound_nodes"] = [[["start", 0, 0, {}]], [["a", 0, 0, {}]]]
    config = {"layers": entries, "input_layers": [["start", 0, 0]], "output_layers": [["a", 1, 0]]}
    write(tmp_path / "m.h5", "Functional", config, {})
    with pytest.raises(ModelError, match=r"layer 'a' \(QDense\) is used 2 times"):
        import_network(tmp_path / "m.h5")


def test_an_operator_between_layers_is_named(tmp_path):
    operator = {"class_name": "TFOpLambda", "name": "tf.math.multiply", "config": {"name": "tf.math.multiply"}}
    entries = [
        {**START[0], "name": "start", "inbound_nodes": []},
        {**operator, "inbound_nodes": [["start", 0, 0, {"y": 2.0}]]},
    ]
    config = {"layers": entries, "input_layers": [["start", 0, 0]], "output_layers": [["tf.math.multiply", 0, 0]]}
    write(tmp_path / "m.h5", "Functional", config, {})
    with pytest.raises(ModelError, match=r"layer 'tf.math.multiply' \(TFOpLambda\): unknown layer 'TFOpLambda'"):
        import_network(tmp_path / "m.h5")


# --- .keras -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def hgq_network(tmp_path):
    """A network of HGQ2 layers with a shaped input and a softmax, as (file, model)."""
    from hgq.layers import QConv1D, QDense

    from codesign.models.backend import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6, 2))
    hidden = keras.layers.Flatten()(QConv1D(3, 2, activation="relu")(inputs))
    model = keras.Model(inputs, keras.layers.Activation("softmax")(QDense(3, name="scores")(hidden)))
    model.save(tmp_path / "hgq.keras")
    return tmp_path / "hgq.keras", keras.Model(inputs, model.get_layer("scores").output)


def replace_in_archive(path, old, new):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert old in files["config.json"]
    files["config.json"] = files["config.json"].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_a_network_of_hgq_gets_a_flat_input_and_loses_its_softmax(hgq_network, tmp_path):
    path, scores = hgq_network
    network = import_network(path)
    x = np.random.default_rng(1).integers(-128, 128, (50, 6, 2)).astype(np.float32) / 32
    expected = np.asarray(scores.predict(x, verbose=0))
    assert (network.inputs, network.outputs, network.input_format) == (12, 3, None)
    assert (outputs(network.model, x.reshape(50, 12)) == expected).all()
    assert len(np.unique(expected)) > 20
    assert "the final softmax is left out" in network.notes[0]
    write_network(network, tmp_path / "flat.keras", x.reshape(50, 12))
    again = import_network(tmp_path / "flat.keras")
    assert again.notes == ()
    assert (outputs(again.model, x.reshape(50, 12)) == expected).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"hgq.layers.core.dense", "class_name": "QDense"', b'"os", "class_name": "system"', r"os\.system is a class"),
        (
            b'"keras.layers", "class_name": "Flatten"',
            b'"keras.layers", "class_name": "Lambda"',
            "unknown layer 'Lambda'",
        ),
        (b'"keras.layers", "class_name": "Flatten"', b'"keras.layers", "class_name": "LSTM"', "unknown layer 'LSTM'"),
        (b'"hgq.layers.conv"', b'"qkeras.qconvolutional"', "QConv1D of QKeras in a .keras file is not supported"),
        (b'"class_name": "Functional"', b'"class_name": "Mine"', "expected a Sequential or Functional network"),
        (b'"filters": 3', b'"filters": 4', "not a Keras model that this installation can load"),
    ],
)
def test_archives_with_unknown_classes_are_refused_before_keras_reads_them(hgq_network, old, new, message):
    path, _ = hgq_network
    replace_in_archive(path, old, new)
    with pytest.raises(ModelError, match=message):
        import_network(path)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.98])
def test_a_truncated_archive_is_refused(hgq_network, kept):
    path, _ = hgq_network
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelError, match="damaged, or no model saved by Keras 3"):
        import_network(path)


def test_an_archive_without_architecture_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({}))
    with pytest.raises(ModelError, match="damaged, or no model saved by Keras 3"):
        import_network(tmp_path / "m.keras")


# --- arrays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((3, 2))}, "expected the arrays x and y, found x"),
        ({"x": np.zeros((3, 2)), "y": np.zeros((2, 1))}, "expected as many rows in x as in y"),
        ({"x": np.zeros(3), "y": np.zeros((3, 1))}, "expected as many rows in x as in y"),
        ({"x": np.full((3, 2), np.inf), "y": np.zeros((3, 1))}, "must hold finite numbers"),
        ({"x": np.array([["a"]]), "y": np.zeros((1, 1))}, "expected an npz file"),
        ({"x": np.array([[{}]]), "y": np.zeros((1, 1))}, "expected an npz file"),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_arrays(tmp_path / "data.npz")
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises(DataError, match="expected an npz file"):
        read_arrays(tmp_path / "text.npz")
