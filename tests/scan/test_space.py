"""The space of a scan: refused at load, or only configurations that are right."""

import tomllib
from pathlib import Path

import pytest

from codesign.config import Config
from codesign.errors import ConfigError
from codesign.scan.session import check_scan
from codesign.scan.toml import to_toml

EXAMPLES = Path(__file__).parents[2] / "examples"
HIDDEN = '"model.hidden" = { choice = [[8], [4, 4]] }'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (HIDDEN, '"model.hiden" = { choice = [[8]] }', "unknown key 'model.hiden'; did you mean 'model.hidden'"),
        (HIDDEN, '"quantization.target_ebop" = { low = 1, high = 2 }', "did you mean 'quantization.target_ebops'"),
        (HIDDEN, '"model.hidden" = { choice = [[0]] }', r"space.model.hidden: value \(0,\)"),
        (HIDDEN, '"contract.width" = { low = 1, high = 8 }', "space.contract.width: value 1"),
        (HIDDEN, '"contract.width" = { low = 8 }', "either 'choice', or 'low' and 'high'"),
        (HIDDEN, '"contract.width" = { low = 9, high = 8 }', "low ≤ high"),
        (HIDDEN, '"contract.width" = { low = 8, high = 9, when = { "model.hidde" = 1 } }', "unknown parameter"),
        (HIDDEN, '"model.architecture" = { choice = ["mlp", "lut_dens"] }', "did you mean 'lut_dense'"),
        (HIDDEN, '"model.hidden" = [{ choice = [[8]] }, { choice = [[4]] }]', "a condition 'when'"),
        ('accuracy = "maximize"', 'acuracy = "maximize"', "unknown quantity 'acuracy'; did you mean 'accuracy'"),
        ('accuracy = "maximize"', '"tpr@1kHz" = "maximize"', "does not exist for task.kind = 'classification'"),
        ('accuracy = "maximize"', '"auc:X" = "maximize"', "unknown signal 'X'"),
        ('accuracy = "maximize"', '"tpr@2" = "maximize"', "a fraction between 0 and 1"),
        ("[search]", "[constraints]\ntpr = 0.5\ntpr_fpr = 0.01\n[search]", "constraints.tpr"),
        ('base = "small.toml"', 'base = "smal.toml"', "no such base configuration"),
    ],
)
def test_what_cannot_be_scanned_is_refused_before_any_work(scan_toml, old, new, message):
    with pytest.raises(ConfigError, match=message):
        check_scan(scan_toml((old, new)))


@pytest.mark.parametrize("name", ["scan_jet_tagging", "scan_anomaly"])
def test_the_examples_are_right(name):
    settings, space = check_scan(EXAMPLES / f"{name}.toml")
    assert settings.search.trials >= 10
    assert space.parameters


def test_another_architecture_does_not_inherit_keys_and_a_table_can_be_left_out(scan_toml):
    lut = '{ choice = [[4]], when = { "model.architecture" = "lut_dense" } }'
    mlp = '{ choice = [[8]], when = { "model.architecture" = "mlp" } }'
    _, space = check_scan(
        scan_toml(
            (HIDDEN, f'"model.hidden" = [{lut}, {mlp}]\n"model.architecture" = {{ choice = ["mlp", "lut_dense"] }}'),
            ("[objectives]", '"pruning" = { choice = [false] }\n[objectives]'),
        )
    )
    space.base["pruning"] = {"sparsity": 0.5}
    chosen = space.draw(lambda parameter: parameter.examples()[-1])
    content = space.configuration(chosen)
    assert content["model"] == {"architecture": "lut_dense", "hidden": [4]}
    assert "pruning" not in content
    assert "pruning" in space.base


def test_toml_reads_back_as_written():
    content = {
        "name": 'a "b" \\ ü',
        "n": 1,
        "x": 1e-7,
        "flag": True,
        "list": [[1, 2], ["a"]],
        "table": {"inner": {"jets.pt": {"width": 3}}, "of": [{"a": 1, "b": "c"}]},
    }
    assert tomllib.loads(to_toml(content)) == content


def test_a_configuration_written_for_a_trial_is_the_one_that_was_drawn(scan_toml):
    _, space = check_scan(scan_toml())
    content = space.configuration(space.draw(lambda parameter: parameter.examples()[-1]))
    config = Config.parse(to_toml(content), "trial")
    assert config.model.options["hidden"] == (4, 4)
    assert config.quantization.target_ebops == 3000
