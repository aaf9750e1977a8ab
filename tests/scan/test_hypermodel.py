"""A user's keras_tuner.HyperModel: its space is read as it is, and its network becomes one of ours."""

from pathlib import Path

import pytest

from codesign.config import Config
from codesign.errors import ConfigError
from codesign.models import build_network
from codesign.scan.session import check_scan

pytest.importorskip("keras_tuner")
FILE = Path(__file__).parent / "hypermodels.py"


def test_its_space_becomes_the_space_of_the_scan(scan_toml):
    file = scan_toml(('"model.hidden" = { choice = [[8], [4, 4]] }', ""))
    _, space = check_scan(file, f"{FILE}:Tagger")
    found = {parameter.path: parameter for parameter in space.parameters}
    assert found["model.values.layers"].examples() == (1, 2)
    assert found["model.values.units_0"].values.step == 4
    assert "model.values.units_1" in found  # only asked for where there are two layers
    assert found["model.values.head"].examples() == ("plain", "wide")
    assert found["model.values.wide_units"].examples() == (8, 16, 32)
    assert found["model.values.wide_units"].values.when == {"model.values.head": ("wide",)}
    drawn = space.draw(lambda parameter: parameter.examples()[0])
    assert "model.values.wide_units" not in drawn
    assert space.configuration(drawn)["model"]["values"]["units_0"] == 4


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (f"{FILE}:Tager", "did you mean 'Tagger'"),
        ("missing.py:Tagger", "expected a Python file"),
        ("Tagger", "expected FILE.py:NAME"),
    ],
)
def test_what_is_not_there_is_named(scan_toml, reference, message):
    with pytest.raises(ConfigError, match=message):
        check_scan(scan_toml(), reference)


def configured(text, name, **values):
    model = f'[model]\narchitecture = "hypermodel"\nfile = "{FILE}"\nname = "{name}"\nvalues = {{ {{}} }}'
    pairs = ", ".join(f"{key} = {value!r}".replace("'", '"') for key, value in values.items())
    return Config.parse(text.replace("[model]\nhidden = [8]", model.replace("{}", pairs)), "small.toml")


def test_its_network_is_built_with_the_chosen_values(small_text, contract):
    config = configured(small_text, "Tagger", layers=2, units_0=12, units_1=8, head="wide", wide_units=16)
    network = build_network(config, contract, 5)
    assert [layer.units for layer in network.deployed.layers[1:]] == [12, 8, 16, 5]
    assert network.deployed.output_shape == (None, 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [("Plain", r"not of HGQ2: dense"), ("Wrong", r"\(None, 5\).*got the shapes"), ("Probabilities", "'softmax'")],
)
def test_what_could_not_become_firmware_is_refused(small_text, contract, name, message):
    with pytest.raises(ConfigError, match=message):
        build_network(configured(small_text, name), contract, 5)


def test_a_changed_file_is_not_mixed_with_the_results_of_the_first(small_text, contract):
    text = small_text.replace(
        "[model]\nhidden = [8]", f'[model]\narchitecture = "hypermodel"\nfile = "{FILE}"\nname = "Tagger"\nsha256 = "0"'
    )
    with pytest.raises(ConfigError, match="was changed since the scan began"):
        build_network(Config.parse(text, "small.toml"), contract, 5)
