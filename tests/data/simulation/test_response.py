import re
import tomllib
from pathlib import Path

import pytest

import codesign.data.simulation
from codesign.data.simulation.response import read_response, response_names
from codesign.errors import ConfigError

FOLDER = Path(codesign.data.simulation.__file__).parent / "responses"
PLAIN = (FOLDER / "particle-level.toml").read_text()
DELPHES = (FOLDER / "cms-delphes.toml").read_text()
TRIGGER = (FOLDER / "l1-run3.toml").read_text()


def read(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return read_response(path)


def test_the_shipped_responses_are_there():
    assert response_names() == ("cms-delphes", "l1-run3", "particle-level")


@pytest.mark.parametrize("name", response_names())
def test_every_table_of_a_shipped_response_states_its_source(name):
    assert read_response(name).description
    tables = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    for key, table in tables.items():
        if isinstance(table, dict):
            assert len(table["source"]) > 10, key


def test_a_path_or_its_text_reads_a_file_of_the_user(tmp_path):
    response = read(tmp_path, PLAIN.replace("radius = 0.5\npt_min = 20.0", "radius = 0.7\npt_min = 25.0"))
    assert (response.jets.radius, response.jets.pt_min) == (0.7, 25.0)
    assert read_response(str(tmp_path / "mine.toml")) == response


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"unknown response 'cms-delfes'; did you mean 'cms-delphes'\? known: .*l1-run3"
    ):
        read_response("cms-delfes")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path / 'none.toml'}: no such detector response")):
        read_response(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "before", "after", "message"),
    [
        (PLAIN, "radius = 0.5\npt_min = 20.0", "radius = -0.5\npt_min = 20.0", "jets.radius"),
        (PLAIN, "[jets]", "[jets]\ncolour = 1", "unknown key 'colour'"),
        (PLAIN, "[jets]\nsource", "[jets]\nsauce", "jets"),
        (PLAIN, "efficiency = 1.0", "efficiency = 1.1", "taus.efficiency"),
        (PLAIN, "efficiency = 1.0", 'efficiency = "all"', "taus.efficiency"),
        (PLAIN, 'method = "median"', 'method = "mean"', "pileup.method"),
        (PLAIN, 'method = "median"', 'method = "donut"', "[trigger_towers] with one number of towers"),
        (PLAIN, "[met]", "[met", "not valid TOML"),
        (PLAIN, "[jets]", "[jets]\n[trigger_towers]\nsource = 'x'\net_step = 0.5\n[gets]", "gets"),
        (DELPHES, "values = [[0.95], [0.85]]", "values = [[0.95, 0.9], [0.85]]", "2 rows (bins of eta) of 1 values"),
        (
            DELPHES,
            "eta = [0.0, 1.5, 2.5], pt = [0.1, 1.0]",
            "eta = [0.0, 2.5, 1.5], pt = [0.1, 1.0]",
            "increasing edges",
        ),
        (DELPHES, "[em]", "[em2]", "unknown key 'em2'"),
        (TRIGGER, "2.853, 3.139", "3.0, 3.139", None),
        (
            TRIGGER,
            "[pileup]",
            DELPHES[DELPHES.index("[tracks]") : DELPHES.index("[field]")] + "[pileup]",
            "no [tracks] beside [trigger_towers]",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, text, before, after, message):
    assert before in text
    if message is None:  # only one of the two calorimeters is changed
        text, message = text[: text.index("[had]")].replace(before, after) + text[text.index("[had]") :], "equal towers"
    else:
        text = text.replace(before, after)
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "mine.toml") in str(caught.value)
