import re

import pytest

from codesign.data.simulation.event_processes import (
    BACKGROUND_FRACTIONS,
    EVENT_PROCESSES,
    MINIMUM_BIAS,
    check_classes,
    mixture,
)
from codesign.data.simulation.processes import PROCESSES
from codesign.data.simulation.user_processes import read_user_processes
from codesign.errors import ConfigError

MINE = """
[[process]]
name = "z_prime"
description = "Z' of 1 TeV to muons"
settings = ["NewGaugeBoson:ffbar2gmZZprime = on", "32:m0 = 1000."]
"""


def test_numbers_are_never_changed_and_differ():
    numbers = {name: process.number for name, process in EVENT_PROCESSES.items()}
    assert numbers == {
        "w_to_lnu": 10,
        "z_to_ll": 11,
        "ttbar": 12,
        "qcd": 13,
        "a_to_4l": 20,
        "lq_to_btau": 21,
        "h0_to_tautau": 22,
        "h_to_taunu": 23,
    }
    assert not set(numbers.values()) & {process.number for process in PROCESSES.values()}


def test_only_the_parts_of_the_mixture_are_background():
    assert {name for name, process in EVENT_PROCESSES.items() if process.is_background} == set(BACKGROUND_FRACTIONS)
    assert sum(BACKGROUND_FRACTIONS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 999, 1000, 12_345])
def test_the_mixture_is_exact_up_to_one_event(count):
    counts = mixture("background", count)
    assert sum(counts.values()) == count
    assert all(abs(n - count * BACKGROUND_FRACTIONS[name]) < 1 for name, n in counts.items())


def test_the_mixture_of_a_thousand():
    assert mixture("background", 1000) == {"w_to_lnu": 592, "qcd": 338, "z_to_ll": 67, "ttbar": 3}
    assert mixture("background", 2) == {"w_to_lnu": 1, "qcd": 1, "z_to_ll": 0, "ttbar": 0}  # largest remainder
    assert mixture("a_to_4l", 7) == {"a_to_4l": 7}


def test_unknown_classes_list_the_known_ones():
    with pytest.raises(
        ConfigError,
        match=re.escape("unknown process 'backgrund'; did you mean 'background'? known: background, w_to_lnu"),
    ):
        check_classes({"backgrund": 1}, EVENT_PROCESSES)


def test_a_process_cannot_be_simulated_twice():
    with pytest.raises(ConfigError, match="expected background or its parts, found both"):
        check_classes({"background": 1, "qcd": 1}, EVENT_PROCESSES)


@pytest.mark.simulation
@pytest.mark.parametrize("process", [*EVENT_PROCESSES.values(), MINIMUM_BIAS], ids=lambda process: process.name)
def test_pythia_accepts_every_setting(process):
    pythia8mc = pytest.importorskip("pythia8mc")
    pythia = pythia8mc.Pythia("", False)
    for line in process.pythia_settings(1):
        assert pythia.readString(line), line


class TestUserProcesses:
    def read(self, tmp_path, text):
        (tmp_path / "mine.toml").write_text(text)
        return read_user_processes(tmp_path / "mine.toml")

    def test_a_process_is_read(self, tmp_path):
        (process,) = self.read(tmp_path, MINE).values()
        assert (process.name, process.is_background) == ("z_prime", False)
        assert process.pythia_settings(5)[-1] == "32:m0 = 1000."
        assert process.number > max(p.number for p in EVENT_PROCESSES.values())

    def test_the_random_numbers_do_not_depend_on_the_neighbours(self, tmp_path):
        alone = self.read(tmp_path, MINE)["z_prime"]
        both = self.read(tmp_path, MINE.replace("z_prime", "other") + MINE)
        assert both["z_prime"] == alone
        assert both["other"].number != alone.number

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "key 'process' is missing"),
            ("process = []", "process"),
            ("[[process]", "not valid TOML"),
            (MINE.replace("description", "about"), "about"),
            (MINE.replace('"z_prime"', '"z prime"'), "process.0.name"),
            (MINE.replace('"32:m0 = 1000."', '"32:m0 1000"'), "lines 'Key = value'"),
            (MINE.replace('"32:m0 = 1000."', '"Random:seed = 3"'), "seeds and printing are set by the production"),
            (MINE.replace('"32:m0 = 1000."', "3"), "process.0.settings.1"),
            (MINE.replace("z_prime", "qcd"), "found 'qcd', which is taken"),
            (MINE.replace("z_prime", "background"), "found 'background', which is taken"),
            (MINE + MINE, "found 'z_prime', which is taken"),
        ],
    )
    def test_a_wrong_file_is_refused(self, tmp_path, text, message):
        with pytest.raises(ConfigError, match=re.escape(message)):
            self.read(tmp_path, text)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(ConfigError, match="no such file of processes"):
            read_user_processes(tmp_path / "none.toml")
