import re

import pytest

from codesign.data.simulation.processes import PROCESSES, process_named
from codesign.errors import ConfigError


def test_the_five_classes_are_there():
    assert list(PROCESSES) == ["g", "q", "W", "Z", "t"]
    assert {name: process.name for name, process in PROCESSES.items()} == {name: name for name in PROCESSES}


def test_numbers_are_never_changed():
    assert {name: process.number for name, process in PROCESSES.items()} == {"g": 0, "q": 1, "W": 2, "Z": 3, "t": 4}


@pytest.mark.parametrize("name", PROCESSES)
def test_settings_are_complete(name):
    settings = PROCESSES[name].pythia_settings(1000.0, 42)
    assert settings[:3] == ("Beams:eCM = 13000", "Random:setSeed = on", "Random:seed = 42")
    assert not any(re.search(r"[{}]", line) for line in settings)


def test_transverse_momentum_sets_the_scale():
    assert "PhaseSpace:pTHatMin = 492.5" in PROCESSES["g"].pythia_settings(500.0, 1)
    w = PROCESSES["W"].pythia_settings(500.0, 1)
    assert "25:m0 = 1000" in w
    assert "25:onIfMatch = 24 -24" in w
    assert "25:onIfMatch = 23 23" in PROCESSES["Z"].pythia_settings(500.0, 1)


def test_an_unknown_process_lists_the_known_ones():
    with pytest.raises(
        ConfigError, match=re.escape("classes: unknown process 'top'; did you mean 't'? known: g, q, W, Z, t")
    ):
        process_named("top")


@pytest.mark.simulation
@pytest.mark.parametrize("name", PROCESSES)
def test_pythia_accepts_every_setting(name):
    pythia8mc = pytest.importorskip("pythia8mc")
    pythia = pythia8mc.Pythia("", False)
    for line in PROCESSES[name].pythia_settings(1000.0, 1):
        assert pythia.readString(line), line
