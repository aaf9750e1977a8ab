from pathlib import Path

import numpy as np
import pytest

from codesign.data.simulation.event_chunks import EventRecipe, keep_events, simulate_batch
from codesign.data.simulation.event_processes import EVENT_PROCESSES
from codesign.data.simulation.parts import store_chunk
from codesign.data.simulation.pileup import plan_library
from codesign.data.simulation.redecay import Versions
from codesign.data.simulation.response import read_response, response_names

pytestmark = pytest.mark.simulation


def particle(pdg, pt, phi, status=1):
    return (pdg, status, pt * np.cos(phi), pt * np.sin(phi), 0.1 * pt, 0, 0)


W = [particle(13, 40.0, 0.5), particle(-14, 35.0, -2.5), particle(211, 2.0, 1.0)]
SOFT = [particle(13, 20.0, 0.5), particle(211, 60.0, 1.0)]
IN_A_JET = [particle(13, 40.0, 0.5), particle(22, 90.0, 0.6)]
DIJET_WITH_MUON = [particle(211, 50.0, 2.0), particle(130, 60.0, -1.0), particle(-13, 50.0, 0.5)]


@pytest.fixture(autouse=True)
def _needs_fastjet():
    pytest.importorskip("fastjet")


@pytest.fixture
def recipe(tmp_path):
    """The function ``recipe(response, pileup)``; a library of one collision of one soft particle."""

    def make(response="particle-level", pileup=0.0, extra=("sums",)):
        library = tuple(plan_library(1))
        values = {name: np.array([0.5], np.float32) for name in ("pt", "eta", "phi", "energy")}
        store_chunk(tmp_path, library[0], {"count": np.array([1]), "pdg": np.array([22], np.int32), **values})
        return EventRecipe(1, read_response(response), extra, EVENT_PROCESSES, pileup, Path(tmp_path), library)

    return make


@pytest.mark.parametrize("name", response_names())
@pytest.mark.parametrize("pileup", [0.0, 20.0])
def test_a_batch_without_a_lepton_gives_no_rows(batch, rng, recipe, name, pileup):
    blocks = simulate_batch(rng, batch(SOFT, [], SOFT), recipe(name, pileup))
    assert {key: values.shape for key, values in blocks.items()} == {
        "met": (0, 2),
        "electrons": (0, 4, 3),
        "muons": (0, 4, 3),
        "jets": (0, 10, 3),
        "sums": (0, 2),
        "generated": (0,),
    }


def test_events_are_kept_for_an_isolated_lepton_above_threshold(batch, rng, recipe):
    blocks = simulate_batch(rng, batch(SOFT, W, IN_A_JET, [], DIJET_WITH_MUON), recipe())
    assert blocks["generated"].tolist() == [1, 4]
    np.testing.assert_allclose(blocks["muons"][:, 0, 0], [40.0, 50.0], rtol=1e-6)
    assert (blocks["muons"][:, 1:] == 0).all()
    # The neutrino is what is missing, but for the soft pion.
    assert blocks["met"][0] == pytest.approx([np.hypot(40 + 2 * np.cos(0.5), 2 * np.sin(0.5)), 0.5 - np.pi], rel=0.02)
    np.testing.assert_allclose(blocks["jets"][1, :3, 0], [60.0, 50.0, 0.0], rtol=1e-6)
    assert (blocks["jets"][0] == 0).all()
    assert blocks["sums"][1].tolist() == pytest.approx([110.0, 110.0])


class Decayed:
    """Decays that were made elsewhere."""

    def __init__(self, batch, origin):
        self.made = Versions(batch, np.array(origin))

    def versions(self, _batch):
        return self.made


def test_one_version_of_a_collision_is_kept_and_stands_for_all_that_passed(batch, rng, recipe):
    events = batch(W, SOFT, DIJET_WITH_MUON, W, IN_A_JET, W, SOFT)
    blocks = keep_events(rng, None, recipe(), Decayed(events, [1, 1, 1, 4, 4, 6, 7]))
    assert blocks["generated"].tolist() == [1, 4, 6]
    assert blocks["weight"].tolist() == [2.0, 1.0, 1.0]
    np.testing.assert_allclose(blocks["muons"][1:, 0, 0], 40.0, rtol=1e-6)
    assert {name: len(values) for name, values in blocks.items()} == dict.fromkeys(blocks, 3)


def test_events_with_their_own_decays_have_weight_one(batch, rng, recipe):
    blocks = keep_events(rng, batch(SOFT, W, DIJET_WITH_MUON), recipe(), None)
    assert blocks["generated"].tolist() == [1, 2]
    assert blocks["weight"].tolist() == [1.0, 1.0]


def test_pile_up_adds_to_the_sum_and_hardly_to_the_jets(batch, rng, recipe):
    plain = simulate_batch(rng, batch(*[DIJET_WITH_MUON] * 40), recipe())
    added = simulate_batch(rng, batch(*[DIJET_WITH_MUON] * 40), recipe(pileup=50.0))
    # Each collision brings 0.5 GeV.
    assert (added["sums"] - plain["sums"])[:, 0].mean() == pytest.approx(25.0, rel=0.1)
    assert added["jets"][:, 0, 0].mean() == pytest.approx(plain["jets"][:, 0, 0].mean(), abs=1.5)
    assert added["muons"].shape == (40, 4, 3)
    np.testing.assert_allclose(added["muons"], plain["muons"])


def test_a_trigger_has_the_electron_among_its_jets_and_a_detector_has_not(batch, rng, recipe):
    event = [particle(11, 60.0, 0.5), particle(-12, 60.0, -2.6)]
    for name, jets in (("l1-run3", 1), ("particle-level", 0)):
        blocks = simulate_batch(rng, batch(event), recipe(name))
        assert (blocks["electrons"][0, :, 0] > 0).sum() == 1
        assert (blocks["jets"][0, :, 0] > 0).sum() == jets


def test_the_same_stream_gives_the_same_events(batch, recipe):
    first, second = (
        simulate_batch(np.random.default_rng(3), batch(W, DIJET_WITH_MUON), recipe("cms-delphes", 20.0))
        for _ in range(2)
    )
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
