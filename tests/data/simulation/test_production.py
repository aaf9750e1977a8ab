import multiprocessing
import re
import sys

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.simulation import simulate_jets
from codesign.errors import CodesignError, ConfigError, DataError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("g", "H")}, "classes: unknown process 'H'; known: g, q, W, Z, t"),
        ({"classes": ("g", "g")}, "classes: expected different names out of g, q, W, Z, t, found ('g', 'g')"),
        ({"classes": ()}, "classes: expected different names"),
        ({"jets": 9, "classes": ("g", "q")}, "jets: expected at least 10 (5 per class), found 9"),
        ({"seed": -1}, "seed: expected an integer from 0, found -1"),
        ({"pt_gev": 20.0}, "pt_gev: expected 300 to 3000 GeV, found 20"),
        ({"pt_gev": float("nan")}, "pt_gev: expected 300 to 3000 GeV, found nan"),
        ({"workers": 0}, "workers: expected at least 1, found 0"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_made(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        simulate_jets(tmp_path / "jets.h5", **({"jets": 100, "seed": 1} | changes))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_generator_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(CodesignError, match=re.escape("pip install 'codesign[simulation]'")):
        simulate_jets(tmp_path / "jets.h5", jets=100, seed=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.simulation
def test_the_output_must_not_be_a_directory(tmp_path):
    with pytest.raises(DataError, match="expected the name of a file to write, found a directory"):
        simulate_jets(tmp_path, jets=100, seed=1)


class StoppedError(Exception):
    """Raised by a progress callback in the place of Ctrl-C."""


def stop_after_first_piece(_what, done, _total):
    if done:
        raise StoppedError


def kill_after_first_piece(_what, done, _total):
    if done:
        for worker in multiprocessing.active_children():
            worker.kill()


ARGUMENTS = {"jets": 21, "seed": 5, "classes": ("q", "Z")}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A small finished production."""
    calls = []
    output = tmp_path_factory.mktemp("reference") / "jets.h5"
    simulate_jets(output, **ARGUMENTS, workers=1, progress=lambda _what, *call: calls.append(call))
    assert calls == [(0, 21), (11, 21), (21, 21)]
    assert [path.name for path in output.parent.iterdir()] == ["jets.h5"]
    return output


@pytest.mark.simulation
@pytest.mark.slow
class TestProduction:
    """Small productions; each starts worker processes and generators, which takes most of the time."""

    def test_content(self, reference):
        with Dataset.open(reference) as data:
            data.verify_digest()
            assert data.classes == ("q", "Z")
            assert data.counts() == {
                "train": {"q": 6, "Z": 6},
                "validation": {"q": 2, "Z": 2},
                "test": {"q": 3, "Z": 2},
            }
            assert len(set(data.labels()[:8])) == 2, "rows are shuffled"
            high_level, constituents = data.read("high_level"), data.read("constituents")
            mass = data.read("high_level", columns=["mass_mmdt"])[:, 0]
            z_mass = np.median(mass[data.labels() == 1])
            provenance = data.provenance
        assert high_level.shape == (21, 16)
        assert constituents.shape == (21, 16, 3)
        assert 80 < z_mass < 100
        assert (np.diff(constituents[..., 0], axis=1) <= 0).all()
        assert (np.abs(constituents[..., 1:]) < 1.2).all()
        assert provenance["seed"] == 5
        assert provenance["versions"].keys() == {"codesign", "numpy", "pythia8mc", "fastjet", "awkward", "numba"}
        assert "HardQCD:qq2qq = on" in provenance["processes"]["q"]["pythia_settings"]
        assert len(provenance["processes"]["Z"]["pythia_seeds"]) == 1

    def test_the_number_of_workers_does_not_matter(self, reference, tmp_path):
        output = simulate_jets(tmp_path / "jets.h5", **ARGUMENTS, workers=2)
        assert output.read_bytes() == reference.read_bytes()

    def test_a_stopped_production_resumes_and_refuses_other_settings(self, reference, tmp_path):
        output = tmp_path / "jets.h5"
        with pytest.raises(StoppedError):
            simulate_jets(output, **ARGUMENTS, workers=1, progress=stop_after_first_piece)
        assert not output.exists()
        with pytest.raises(DataError, match=r"unfinished production with other settings .*seed was 5, now 6"):
            simulate_jets(output, **(ARGUMENTS | {"seed": 6}))
        calls = []
        simulate_jets(output, **ARGUMENTS, workers=1, progress=lambda _what, *call: calls.append(call))
        assert calls == [(11, 21), (21, 21)]
        assert output.read_bytes() == reference.read_bytes()

    def test_a_killed_worker_is_reported_and_the_production_resumes(self, reference, tmp_path):
        output = tmp_path / "jets.h5"
        with pytest.raises(CodesignError, match=r"a simulation process died .* repeat the command to resume"):
            simulate_jets(output, **ARGUMENTS, workers=1, progress=kill_after_first_piece)
        assert not output.exists()
        assert sorted(path.name for path in (tmp_path / "jets.h5.parts").iterdir()) == ["q-00000.npz", "settings.json"]
        simulate_jets(output, **ARGUMENTS, workers=1)
        assert output.read_bytes() == reference.read_bytes()

    def test_nsubjettiness_is_added_without_changing_the_rest(self, reference, tmp_path):
        output = simulate_jets(tmp_path / "jets.h5", **ARGUMENTS, nsubjettiness=True, workers=2)
        with Dataset.open(output) as data, Dataset.open(reference) as plain:
            assert data.blocks == ("constituents", "high_level", "nsubjettiness")
            assert plain.blocks == ("constituents", "high_level")
            np.testing.assert_array_equal(data.read("high_level"), plain.read("high_level"))
            tau = data.read("nsubjettiness")
            labels = data.labels()
        assert tau.shape == (21, 5)
        assert (tau[:, 0] > tau[:, 1]).all()
        assert (tau[:, 1] > tau[:, 2]).all()
        # Two prongs of the Z, one of the quark.
        assert np.median(tau[labels == 1, 3]) < np.median(tau[labels == 0, 3])
