import multiprocessing
import re
import sys

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.simulation import events as production
from codesign.data.simulation import simulate_events
from codesign.data.simulation.event_columns import round_block
from codesign.data.simulation.event_processes import EVENT_PROCESSES
from codesign.errors import CodesignError, ConfigError, DataError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"events": {"backgroud": 9}}, "events: unknown process 'backgroud'; did you mean 'background'?"),
        ({"events": {}}, "events: expected a number of events from 1 for at least one process, found {}"),
        ({"events": {"background": 0}}, "events: expected a number of events from 1"),
        ({"events": {"background": 2.5}}, "events: expected a number of events from 1"),
        ({"events": {"background": True}}, "events: expected a number of events from 1"),
        ({"events": {"background": 9, "w_to_lnu": 9}}, "expected background or its parts, found both"),
        ({"seed": -1}, "seed: expected an integer from 0, found -1"),
        ({"response": "cms"}, "response: unknown response 'cms'"),
        ({"pileup": -1.0}, "pileup: expected a mean number of collisions from 0 to 300, found -1.0"),
        ({"pileup": float("nan")}, "pileup: expected a mean number of collisions from 0 to 300, found nan"),
        ({"extra_objects": ("tau",)}, "extra_objects: unknown objects 'tau'; did you mean 'taus'?"),
        ({"extra_objects": ("sums", "sums")}, "extra_objects: expected different names"),
        ({"extra_objects": ("taus",), "response": "l1-run3"}, "extra_objects: the response l1-run3 has no taus"),
        ({"scales": "cms-run9"}, "unknown preset 'cms-run9'"),
        ({"workers": 0}, "workers: expected at least 1, found 0"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_made(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        simulate_events(tmp_path / "events.h5", **({"events": {"background": 100}, "seed": 1} | changes))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_generator_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(CodesignError, match=re.escape("pip install 'codesign[simulation]'")):
        simulate_events(tmp_path / "events.h5", events={"background": 100}, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_values_are_rounded_by_their_unit():
    found = round_block("jets", np.array([[[100.033, 1.23456, -3.0]]], np.float32))
    assert found[0, 0, 0] in (100.0, 100.0625)
    assert found[0, 0, 1] == pytest.approx(1.23456, abs=2.0**-12)
    np.testing.assert_array_equal(found * 2.0**11 % 1.0, 0.0)
    assert round_block("sums", np.array([[0.0, 512.7]], np.float32)).tolist() == [[0.0, 512.5]]


def test_weights_add_up_to_the_events_that_a_process_stands_for():
    process = np.array([0, 1, 0, 1, 3, 0])
    wanted = {"w_to_lnu": 3, "qcd": 8, "ttbar": 0, "a_to_4l": 1}
    weight = production._weights(np.array([1.0, 3.0, 1.0, 1.0, 1.0, 1.0]), process, wanted)
    assert weight.tolist() == [1.0, 6.0, 1.0, 2.0, 1.0, 1.0]


def kill_after_first_piece(what, done, _total):
    if done and what.endswith(" events"):
        for worker in multiprocessing.active_children():
            worker.kill()


ARGUMENTS = {"events": {"w_to_lnu": 10, "a_to_4l": 6}, "seed": 5, "pileup": 3.0, "extra_objects": ("taus", "sums")}


@pytest.fixture(scope="module", autouse=True)
def small_library():
    """A library of few collisions, so that it takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(production, "COLLISIONS", 30)
        yield


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A small finished production."""
    calls = []
    output = tmp_path_factory.mktemp("reference") / "events.h5"
    simulate_events(output, **ARGUMENTS, workers=1, progress=lambda *call: calls.append(call))
    assert calls == [
        ("0 of 30 pile-up collisions", 0, 30),
        ("30 of 30 pile-up collisions", 30, 30),
        ("0 of 16 events", 0, 16),
        ("10 of 16 events", 10, 16),
        ("16 of 16 events", 16, 16),
    ]
    assert [path.name for path in output.parent.iterdir()] == ["events.h5"]
    return output


@pytest.mark.simulation
@pytest.mark.slow
class TestProduction:
    """Small productions; each starts worker processes and generators, which takes most of the time."""

    def test_content(self, reference):
        with Dataset.open(reference) as data:
            data.verify_digest()
            assert data.classes == ("w_to_lnu", "a_to_4l")
            assert data.counts() == {
                "train": {"w_to_lnu": 6, "a_to_4l": 0},
                "validation": {"w_to_lnu": 2, "a_to_4l": 0},
                "test": {"w_to_lnu": 2, "a_to_4l": 6},
            }
            assert data.blocks == ("electrons", "jets", "met", "muons", "process", "sums", "taus")
            blocks = {name: data.read(name) for name in data.blocks}
            labels, provenance = data.labels(), data.provenance
        assert {name: values.shape for name, values in blocks.items()} == {
            "electrons": (16, 4, 3),
            "jets": (16, 10, 3),
            "met": (16, 2),
            "muons": (16, 4, 3),
            "process": (16, 1),
            "sums": (16, 2),
            "taus": (16, 4, 3),
        }
        np.testing.assert_array_equal(blocks["process"][:, 0], labels)
        assert len(set(labels[:8])) == 2, "rows are shuffled"
        leading = np.maximum(blocks["electrons"][:, 0, 0], blocks["muons"][:, 0, 0])
        assert (leading > 22.9).all()
        for name, largest in (("electrons", 3.0), ("muons", 2.1), ("jets", 4.0)):
            pt, eta, phi = np.moveaxis(blocks[name], -1, 0)
            assert (np.diff(pt, axis=1) <= 0).all()
            assert (np.abs(eta) < largest).all()
            assert (np.abs(phi) <= 3.15).all()
            np.testing.assert_array_equal(blocks[name][pt == 0], 0.0)
        found = sum((blocks[name][..., 0] > 0).sum(axis=1) for name in ("electrons", "muons"))
        assert found[labels == 1].mean() > found[labels == 0].mean()
        assert np.median(blocks["met"][labels == 0, 0]) > np.median(blocks["met"][labels == 1, 0])
        assert provenance["process_names"] == ["w_to_lnu", "a_to_4l"]
        assert provenance["processes"]["w_to_lnu"]["generated_events"] > 20
        assert provenance["pileup_library"]["collisions"] == 30
        assert provenance["response"]["jets"]["radius"] == 0.5

    def test_the_number_of_workers_does_not_matter(self, reference, tmp_path):
        output = simulate_events(tmp_path / "events.h5", **ARGUMENTS, workers=2)
        assert output.read_bytes() == reference.read_bytes()

    def test_a_killed_worker_is_reported_and_the_production_resumes_with_the_same_settings(self, reference, tmp_path):
        output = tmp_path / "events.h5"
        with pytest.raises(CodesignError, match=r"a simulation process died .* repeat the command to resume"):
            simulate_events(output, **ARGUMENTS, workers=1, progress=kill_after_first_piece)
        assert not output.exists()
        found = sorted(path.name for path in (tmp_path / "events.h5.parts").iterdir())
        assert found == ["pileup-00000.npz", "settings.json", "w_to_lnu-00000.npz"]
        with pytest.raises(DataError, match=r"unfinished production with other settings .*pileup was 3.0, now 4.0"):
            simulate_events(output, **(ARGUMENTS | {"pileup": 4.0}))
        calls = []
        simulate_events(output, **ARGUMENTS, workers=1, progress=lambda _what, *call: calls.append(call))
        assert calls == [(30, 30), (10, 16), (16, 16)]
        assert output.read_bytes() == reference.read_bytes()

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("NoSuchProcess:on = on", "process mine: Pythia does not accept the setting 'NoSuchProcess:on = on'"),
            ("HiggsSM:gg2H = off", "process mine: Pythia cannot be initialised"),
        ],
    )
    def test_a_process_that_pythia_refuses_leaves_nothing_behind(self, tmp_path, setting, message):
        mine = tmp_path / "mine.toml"
        mine.write_text(f'[[process]]\nname = "mine"\ndescription = "x"\nsettings = ["{setting}"]\n')
        with pytest.raises(CodesignError, match=re.escape(message)):
            simulate_events(tmp_path / "e.h5", events={"mine": 5}, seed=1, user_processes=mine, workers=1)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]

    def test_processes_of_the_user_and_integer_scales(self, tmp_path):
        mine = tmp_path / "mine.toml"
        lines = ", ".join(f'"{line}"' for line in EVENT_PROCESSES["z_to_ll"].settings)
        mine.write_text(f'[[process]]\nname = "zed"\ndescription = "Z again"\nsettings = [{lines}]\n')
        output = simulate_events(
            tmp_path / "e.h5",
            events={"zed": 12},
            seed=1,
            user_processes=mine,
            response="l1-run3",
            scales="cms-run3-ugt",
            workers=1,
        )
        with Dataset.open(output) as data:
            assert data.counts()["test"] == {"zed": 12}
            jets, muons = data.read("jets"), data.read("muons")
        np.testing.assert_array_equal(jets[..., 0] * 2 % 1, 0.0)
        full = muons[..., 0] > 0
        counts = muons[full][:, 1] / 0.010875
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
        assert full.any()


@pytest.mark.simulation
def test_a_prescaled_process_has_fewer_events_of_more_weight(tmp_path):
    arguments = {"events": {"background": 9}, "seed": 5, "qcd_prescale": 3, "workers": 2}
    path = simulate_events(tmp_path / "events.h5", **arguments, response="particle-level")
    with Dataset.open(path) as data:
        names = data.provenance["process_names"]
        process = data.read("process")[:, 0].astype(int)
        weight = data.weights()
    found = {name: (int((process == i).sum()), float(weight[process == i].sum())) for i, name in enumerate(names)}
    assert found["w_to_lnu"] == (5, 5.0)
    assert found["qcd"] == (1, 3.0), "weighted, the mixture is what it was"
    with pytest.raises(ConfigError, match="qcd_prescale: expected an integer from 1, found 0"):
        simulate_events(tmp_path / "none.h5", events={"background": 2}, seed=1, qcd_prescale=0)
