"""``codesign import``: what it prints, its exit statuses, and what it leaves behind."""

import json

import h5py
import numpy as np
import pytest
from keras2_builder import unpack

from codesign.models.store import load_model, outputs


@pytest.fixture
def mlp(tmp_path):
    return unpack("mlp", tmp_path)


@pytest.fixture
def no_new_process(monkeypatch):
    """Without the proof by reloading, which takes seconds and is tested with the first network."""
    monkeypatch.setattr("codesign.models.importers.network.require_identical_reload", lambda *_: None)


def test_an_equal_network_is_imported(codesign, mlp, tmp_path):
    model, data = mlp
    status, out, _ = codesign("import", model, "new/net.keras", "--check", data)
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "QKeras model (Keras 2 HDF5): 10 inputs, 3 outputs"
    assert lines[2].split() == ["layer", "type", "weights", "zero", "activations"]
    assert any(line.split()[:3] == ["fc1", "QDense", "ap_fixed<6,1>"] for line in lines)
    assert "check: all 600 outputs of 200 rows are the same numbers" in lines
    assert lines[-1] == "written: new/net.keras"
    with np.load(data) as arrays:
        assert (outputs(load_model(tmp_path / "new" / "net.keras"), arrays["x"]) == arrays["y"]).all()


@pytest.mark.usefixtures("no_new_process")
def test_a_changed_weight_is_found(codesign, mlp):
    model, data = mlp
    with h5py.File(model, "r+") as file:
        file["model_weights/scores/scores/kernel:0"][0, 0] += 0.25
    status, out, err = codesign("import", model, "net.keras", "--check", data, "--json")
    record = json.loads(out)
    assert status == 1
    assert 0 < record["check"]["differing_outputs"] == record["check"]["differing_rows"] <= 200
    assert record["check"]["largest_difference"] > 0.1
    assert f"FAILED: {data}: {record['check']['differing_outputs']} of 600 outputs differ" in err


@pytest.mark.usefixtures("no_new_process")
def test_inputs_beyond_the_input_format_are_told(codesign, mlp):
    model, data = mlp
    status, out, _ = codesign("import", model, "net.keras", "--check", data, "--input-format", "ap_fixed<4,3>")
    assert status == 1
    assert "check: the input format rounds or cuts" in out
    assert "ap_fixed<4,3,RND,SAT>" in out


@pytest.mark.usefixtures("no_new_process")
def test_json_names_every_layer(codesign, mlp):
    status, out, _ = codesign("import", mlp[0], "net.keras", "--json", "--input-format", "ap_fixed<12,6,TRN,WRAP>")
    record = json.loads(out)
    assert status == 0
    assert record["check"] is None
    assert record["input_format"] == "ap_fixed<12,6,TRN,WRAP>"
    assert {"name": "fc1", "kind": "QDense"}.items() <= record["layers"][2].items()


@pytest.mark.usefixtures("no_new_process")
def test_nothing_is_replaced_unless_forced(codesign, mlp, tmp_path):
    (tmp_path / "net.keras").write_text("precious")
    status, _, err = codesign("import", mlp[0], "net.keras")
    assert status == 2
    assert err == "error: net.keras: exists already; --force replaces it\n"
    assert (tmp_path / "net.keras").read_text() == "precious"
    assert codesign("import", mlp[0], "net.keras", "--force")[0] == 0
    assert load_model(tmp_path / "net.keras").input_shape == (None, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("MODEL", "net.h5"), "net.h5: expected a name that ends with .keras"),
        (("missing.h5", "net.keras"), "missing.h5: expected a file, found nothing"),
        (
            ("MODEL", "net.keras", "--input-format", "12 bits"),
            "fixed-point type: expected e.g. 'ap_fixed<12,4,RND,SAT>'",
        ),
        (("MODEL", "net.keras", "--check", "no.npz"), "no.npz: expected an npz file"),
        (
            ("MODEL", "net.keras", "--check", "wrong.npz"),
            "the network has 10 inputs and 3 outputs, the arrays have 9 and 3",
        ),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(codesign, mlp, tmp_path, arguments, message):
    np.savez(tmp_path / "wrong.npz", x=np.zeros((4, 9)), y=np.zeros((4, 3)))
    before = sorted(tmp_path.iterdir())
    status, out, err = codesign("import", *(str(mlp[0]) if entry == "MODEL" else entry for entry in arguments))
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before
