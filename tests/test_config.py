from pathlib import Path

import pytest

from codesign.config import Config, read_config
from codesign.errors import ConfigError
from codesign.models import mlp
from codesign.models.registry import require_architecture

MINIMAL = 'name = "a"\n[data]\nfile = "x.h5"\n'
# Those of detectors and taggers; scan_*.toml are of another form.
EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("[aj]*.toml"))


def test_minimal_file_gets_the_documented_defaults():
    config = Config.parse(MINIMAL, "a.toml")
    assert require_architecture(config)[1] == mlp.Options(hidden=(64, 32, 32), activation="relu")
    assert config.budget.limits() == {}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid(path):
    config = read_config(path)
    assert config.name == path.stem
    require_architecture(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepochz = 3", r"a.toml: training.epochz: unknown key 'epochz'; did you mean 'epochs'\?"),
        (
            "[contract.inputs.mass]\nofset = 3",
            r"contract.inputs.mass.ofset: unknown key 'ofset'; did you mean 'offset'\?",
        ),
        ("[zzz]", "zzz: unknown key 'zzz'; known: budget, contract, data"),
        ("[training]\nepochs = '3'", "key 'training.epochs': expected a valid integer, got '3'"),
        ("[training]\nepochs = 3.0", "key 'training.epochs': expected a valid integer, got 3.0"),
        ("[training]\nepochs = 0", "key 'training.epochs': expected greater than or equal to 1, got 0"),
        ("[quantization]\nmethod = 'x'", "key 'quantization.method': expected 'hgq', 'fixed', 'ptq' or 'float', got"),
        ("[budget]\nlut_share = 5", "key 'budget.lut_share': expected less than or equal to 1, got 5"),
    ],
)
def test_wrong_keys_and_values_are_explained(text, message):
    with pytest.raises(ConfigError, match=message):
        Config.parse(MINIMAL + text, "a.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("architecture = 'mpl'", r"model.architecture: unknown architecture 'mpl'; did you mean 'mlp'\?"),
        ("hiden = [3]", r"model: hiden: unknown key 'hiden'; did you mean 'hidden'\?"),
        ("hidden = []", "model: key 'hidden': .*at least 1"),
        ("hidden = 64", "model: key 'hidden': expected a valid tuple, got 64"),
        ("[task]\nkind = 'anomaly'", "'mlp' is made for classification, task.kind is 'anomaly'; choose one of"),
    ],
)
def test_keys_of_the_architecture_are_explained(text, message):
    with pytest.raises(ConfigError, match=message):
        require_architecture(Config.parse(MINIMAL + "[model]\n" + text, "a.toml"))


def test_every_error_of_a_file_is_shown_at_once():
    with pytest.raises(ConfigError) as caught:
        Config.parse(MINIMAL + "[training]\nepochz = 3\nbatch_size = 0", "a.toml")
    assert len(str(caught.value).splitlines()) == 2


def test_missing_key_bad_toml_and_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="key 'data' is missing"):
        Config.parse('name = "a"', "a.toml")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Config.parse("name = ", "a.toml")
    with pytest.raises(ConfigError, match="no such configuration file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "binary.toml")


def test_name_must_be_a_directory_name():
    with pytest.raises(ConfigError, match="key 'name'"):
        Config.parse(MINIMAL.replace('"a"', '"../a"'), "a.toml")
