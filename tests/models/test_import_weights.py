"""A network given as fixed-point weights: the same integers as its description, and what is refused."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesign.errors import ConfigError, ModelError
from codesign.fixed_point import FixedPoint
from codesign.models.importers import import_weights, read_weights_file, weights_contract
from codesign.models.store import outputs

EXAMPLE = Path(__file__).parents[2] / "examples" / "imports" / "tagger.toml"


DOUBLE = '\nformat = "ap_fixed<12,6,TRN,WRAP>"'  # of hidden_2, in front of another format


def described(integers, *, double=True):
    """The example's scores, from its description alone, in float64, which is exact here."""
    with np.load(EXAMPLE.with_suffix(".npz")) as arrays:
        step = {"hidden_1": 2**-5, "hidden_2": 2**-4, "scores": 2**-4}
        kernels = {name: arrays[f"{name}.weights"] * float(lsb) for name, lsb in step.items()}
        biases = {"hidden_1": arrays["hidden_1.biases"], "scores": arrays["scores.biases"] * 2.0**-5}
    values = integers * 2.0 ** -np.array([5, 5, 6, 6])
    hidden = np.maximum(values @ kernels["hidden_1"] + biases["hidden_1"], 0)
    hidden = FixedPoint(False, 8, 4, "RND", "SAT").quantize(hidden)
    hidden = hidden @ kernels["hidden_2"]
    if double:
        hidden = FixedPoint(True, 12, 6, "TRN", "WRAP").quantize(hidden)
    hidden = FixedPoint(False, 7, 3, "RND_CONV", "SAT").quantize(np.maximum(hidden, 0))
    return hidden @ kernels["scores"] + biases["scores"]


def test_the_network_computes_what_its_description_says():
    file = read_weights_file(EXAMPLE)
    contract, network = weights_contract(file), import_weights(file)
    assert contract.widths == (9, 8, 8, 8)
    assert contract.inputs[0].lsb == 0.5
    integers = contract.random_integers(20_000, 3)
    assert (outputs(network.model, contract.to_network(integers)) == described(integers)).all()
    assert [note for note in network.notes if "'hidden_2': ap_fixed<12,6,TRN,WRAP> wraps around" in note]


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.hls
@pytest.mark.yosys
def test_it_goes_to_verified_firmware_without_training(tmp_path):
    def codesign(*arguments):
        command = [sys.executable, "-c", "from codesign.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stderr
        return done.stdout

    source = changed(tmp_path, [(DOUBLE, "")])
    assert re.search("hidden_2 +QDense", codesign("import", "weights", source, "made"))
    config = tmp_path / "made" / "tagger.toml"
    firmware = '[firmware]\nboard = "pynq-z2"\nweights = "registers"\n'
    config.write_text(config.read_text() + '[verification]\nsimulator = "icarus"\nvectors = 200\n' + firmware)
    printed = codesign("run", config)
    assert "training      none: tagger.keras as it is" in printed
    assert re.search(r"pynq-z2: [\d,]+ LUT .*\n +with weights in registers: [\d,]+ LUT", printed)
    run = tmp_path / "runs" / "tagger"
    verify, report = (json.loads((run / f"{name}.json").read_text()) for name in ("verify", "report"))
    assert verify["passed"]
    assert {entry["implementation"] for entry in verify["comparisons"]} == {
        "integer model", "hls4ml C-simulation", "emulator", "RTL (icarus)",
        "RTL with weights in registers (icarus)",
    }  # fmt: skip
    assert [bench["passed"] for bench in verify["benches"] if bench["test"] == "reload"] == [True]
    scores = np.load(run / "vectors" / "response_integer_model.npz")["scores"]
    inputs = np.load(run / "vectors" / "stimulus.npz")["inputs"]
    fixed = FixedPoint.parse(json.loads((run / "firmware.json").read_text())["score_format"])
    assert (fixed.from_int(scores) == described(inputs, double=False)).all()
    assert report["reasons"] == ["Not run: evaluation."], "no physics was measured, and the report says so"


def changed(tmp_path, replacements=(), **arrays):
    """A copy of the example with other text or other arrays."""
    text = EXAMPLE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    with np.load(EXAMPLE.with_suffix(".npz")) as stored:
        content = {name: stored[name] for name in stored.files}
    content |= {name.replace("__", "."): values for name, values in arrays.items()}
    np.savez(tmp_path / "tagger.npz", **content)
    (tmp_path / "tagger.toml").write_text(text)
    return tmp_path / "tagger.toml"


@pytest.mark.parametrize(
    ("replacements", "arrays", "message"),
    [
        ((), {"hidden_1__weights": np.full((4, 8), 32)}, "layer 'hidden_1': weights: 32 of 32 values are not exact"),
        ((), {"hidden_1__biases": np.full(8, 0.3)}, "layer 'hidden_1': biases: 8 of 8 values are not exact"),
        ((), {"hidden_2__weights": np.zeros((7, 6), int)}, "expected an array of shape (8, any), found (7, 6)"),
        ((), {"scores__biases": np.zeros(3, bool)}, "layer 'scores': biases: expected whole or floating-point numbers"),
        ([('"scores.biases"', '"scores.bias"')], {}, "did you mean 'scores.biases'"),
        ([("ap_fixed<22,8>", "ap_fixed<22,4>")], {}, "layer 'hidden_1': the accumulator ap_fixed<22,4,TRN,WRAP>"),
        ([("ap_fixed<22,8>", "ap_fixed<16,8>")], {}, "so the order of adding would count"),
        ([("ap_fixed<22,8>", "fixed<22,8>")], {}, "layer 'hidden_1': fixed-point type: expected e.g."),
        ([(', "top"]', "]")], {}, "scores: 2 names for 3 outputs"),
        ([("ap_ufixed<8,4,RND,SAT>", "ap_ufixed<26,4,RND,SAT>")], {}, "layer 'relu_1': ap_ufixed<26,4,RND,SAT> has"),
        ([("ap_ufixed<8,4,RND,SAT>", "ap_ufixed<20,4,RND,SAT>")], {}, "layer 'hidden_2': sums can need"),
    ],
)
def test_what_is_not_exact_is_refused_with_the_name_of_the_layer(tmp_path, replacements, arrays, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        import_weights(read_weights_file(changed(tmp_path, replacements, **arrays)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "relu"', 'kind = "rely"', "key 'layers.1.kind': expected 'dense', 'relu' or 'quantize'"),
        ('weights = { array = "hidden_2.weights", format = "ap_fixed<5,1>" }', "", 'weights for kind "dense"'),
        ("ap_ufixed<9,4>", "ap_ufixed<9,4,RND,SAT>", "key 'inputs.0.format'"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_weights_file(changed(tmp_path, [(old, new)]))


def test_a_missing_or_damaged_npz_is_refused(tmp_path):
    path = changed(tmp_path)
    (tmp_path / "tagger.npz").write_bytes(b"PK damaged")
    with pytest.raises(ModelError, match="expected an npz file with the arrays of tagger"):
        read_weights_file(path)
