import numpy as np
import pytest

from codesign.data.simulation.redecay import HEAVY_HADRONS, HeavyDecays, one_per_collision
from codesign.errors import CodesignError

B_PLUS, D_ZERO, PION, MUON = 521, 421, 211, 13


def test_one_version_of_each_collision_is_drawn_evenly():
    collision = np.array([3, 3, 5, 7, 7, 7])
    drawn = []
    for seed in range(600):
        chosen, weight = one_per_collision(np.random.default_rng(seed), collision)
        assert collision[chosen].tolist() == [3, 5, 7]
        assert weight.tolist() == [2.0, 1.0, 3.0]
        drawn.append(chosen)
    counts = np.bincount(np.concatenate(drawn), minlength=6)
    assert counts[2] == 600
    np.testing.assert_allclose(counts[:2], 300, atol=5 * np.sqrt(150))
    np.testing.assert_allclose(counts[3:], 200, atol=5 * np.sqrt(133))


def test_no_version_is_drawn_of_nothing(rng):
    chosen, weight = one_per_collision(rng, np.zeros(0, np.intp))
    assert len(chosen) == len(weight) == 0


def collision(*rows):
    """Event record of stable particles from rows (PDG code, mass, px, py, pz); below zero the square is."""
    ak = pytest.importorskip("awkward")
    entry = [
        {
            "id": pdg,
            "status": 83,
            "daughter1": 0,
            "daughter2": 0,
            "p": {"px": px, "py": py, "pz": pz, "e": float(np.sqrt(mass * abs(mass) + px**2 + py**2 + pz**2))},
        }
        for pdg, mass, px, py, pz in rows
    ]
    return ak.Array([{"prt": entry}])


@pytest.mark.simulation
class TestHeavyDecays:
    @pytest.fixture(autouse=True)
    def _needs_pythia(self):
        pytest.importorskip("pythia8mc")

    def records(self, batch):
        """The versions as dictionaries of columns."""
        names = ("id", "status", "daughter1", "daughter2")
        for event in batch.prt:
            columns = {name: np.asarray(event[name]) for name in names}
            momenta = np.stack([np.asarray(event.p[name]) for name in ("px", "py", "pz", "e")], axis=1)
            yield {**columns, "p": momenta}

    def test_versions_are_complete_event_records(self):
        base = collision((PION, 0.14, 1.0, 2.0, 3.0), (B_PLUS, 5.279, 60.0, 0.0, 20.0), (D_ZERO, 1.865, 0.0, -3.0, 1.0))
        versions = HeavyDecays("test", 5, 60, 15.0).versions(base)
        assert 5 < len(versions.origin) < 45, "a fifth or more of the decays have a lepton, fewer one of enough pT"
        assert (versions.origin == 0).all()
        before = next(self.records(base))["p"].sum(axis=0)
        different = set()
        for record in self.records(versions.batch):
            final = record["status"] > 0
            np.testing.assert_allclose(record["p"][final].sum(axis=0), before, rtol=1e-6)
            assert not np.isin(np.abs(record["id"][final]), HEAVY_HADRONS).any()
            assert record["id"][0] == PION
            assert final[0]
            leptons = final & np.isin(np.abs(record["id"]), (11, MUON))
            assert (np.hypot(*record["p"][leptons, :2].T) > 15.0).any()
            # Both hadrons stand twice: in the collision, and where they decay, with their daughters.
            assert np.isin([B_PLUS, D_ZERO], record["id"][3:]).all()
            for place in np.flatnonzero(~final[3:]) + 3:
                first, last = record["daughter1"][place], record["daughter2"][place]
                assert 3 < first <= last < len(final)
                np.testing.assert_allclose(
                    record["p"][first : last + 1].sum(axis=0), record["p"][place], rtol=1e-6, atol=1e-6
                )
            different.add(float(record["p"][leptons, 0].max()))
        assert len(different) == len(versions.origin)

    @pytest.mark.parametrize("momentum", [2.0, 14.0])
    def test_hadrons_that_cannot_give_the_lepton_are_not_tried(self, momentum):
        decays = HeavyDecays("test", 5, 50, 15.0)
        assert len(decays.versions(collision((B_PLUS, 5.279, momentum, 0.0, 0.0))).origin) == 0

    def test_a_lepton_that_is_there_already_passes_with_every_decay(self):
        base = collision((MUON, 0.1057, 30.0, 0.0, 0.0), (D_ZERO, 1.865, 3.0, 0.0, 0.0))
        versions = HeavyDecays("test", 5, 4, 15.0).versions(base)
        assert versions.origin.tolist() == [0, 0, 0, 0]

    def test_the_seed_makes_the_decays(self):
        base = collision((B_PLUS, 5.279, 80.0, 0.0, 0.0))
        first, again, other = (HeavyDecays("test", seed, 30, 10.0).versions(base) for seed in (1, 1, 2))
        assert first.batch.prt.p.px.tolist() == again.batch.prt.p.px.tolist()
        assert first.batch.prt.p.px.tolist() != other.batch.prt.p.px.tolist()

    def test_a_hadron_that_cannot_be_is_refused(self):
        decays = HeavyDecays("test", 5, 2, 15.0)
        with pytest.raises(CodesignError, match=r"process test: Pythia cannot decay the hadrons \[521\]"):
            decays.versions(collision((B_PLUS, -30.0, 60.0, 0.0, 0.0)))
