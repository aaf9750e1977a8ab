from pathlib import Path

import numpy as np
import pytest

from codesign.config import BlockSection, DataSection
from codesign.data import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.input_formats import make_contract
from codesign.objects import count_unsorted
from codesign.presets import get_preset

SAMPLES = Path(__file__).parents[2] / "examples" / "data"
SIGNALS = ("a_to_4l", "lq_to_btau", "h0_to_tautau", "h_to_taunu")
SLOTS = {"electrons": 4, "muons": 4, "jets": 10}


@pytest.fixture(scope="module")
def data():
    with Dataset.open(SAMPLES / "events.h5") as opened:
        yield opened


def leptons(data):
    """pT of all electrons and muons, shape (n, 8)."""
    return np.concatenate([data.read(name)[..., 0] for name in ("electrons", "muons")], axis=1)


def test_the_content_is_the_one_that_was_written_and_both_samples_stay_small(data):
    data.verify_digest()
    assert sum(path.stat().st_size for path in SAMPLES.glob("*.h5")) <= 12_000_000


def test_signals_stand_in_the_test_split_only(data):
    assert data.classes == ("background", *SIGNALS)
    counts = data.counts()
    for split in ("train", "validation"):
        assert {name for name, rows in counts[split].items() if rows} == {"background"}
    assert all(counts["test"][name] == 1500 for name in SIGNALS)
    assert counts["train"]["background"] == pytest.approx(3 * counts["test"]["background"], rel=0.01)


def test_the_weighted_background_has_the_published_proportions(data):
    names, process = data.provenance["process_names"], data.read("process")[:, 0].astype(int)
    weight = data.weights()
    background = data.labels() == 0
    shares = {
        name: weight[background & (process == index)].sum() / weight[background].sum()
        for index, name in enumerate(names)
    }
    assert shares["w_to_lnu"] == pytest.approx(0.592, abs=1e-3)
    assert shares["qcd"] == pytest.approx(0.338, abs=1e-3)
    assert shares["z_to_ll"] == pytest.approx(0.067, abs=1e-3)
    assert shares["ttbar"] == pytest.approx(0.003, abs=1e-3)


def test_every_event_has_the_lepton_of_the_trigger_and_ordered_objects(data):
    assert (leptons(data).max(axis=1) > 22.9).all(), "stored with a relative precision of 2^-11"
    for name, slots in SLOTS.items():
        objects = data.read(name)
        assert objects.shape[1:] == (slots, 3)
        assert count_unsorted(objects, 0) == 0
        assert (objects[objects[..., 0] == 0] == 0).all()


def test_the_physics_is_where_it_should_be(data):
    names, process, label = data.provenance["process_names"], data.read("process")[:, 0].astype(int), data.labels()
    hardest, met = leptons(data).max(axis=1), data.read("met")[:, 0]
    of_w = process == names.index("w_to_lnu")
    counts, edges = np.histogram(hardest[of_w], bins=np.arange(24, 70, 4))
    assert 32 <= edges[counts.argmax()] <= 40, "the Jacobian peak at half the mass of the W"
    assert np.median(met[of_w]) > 2 * np.median(met[process == names.index("qcd")])
    many = (leptons(data) > 0).sum(axis=1) >= 3
    assert many[label == data.classes.index("a_to_4l")].mean() > 10 * max(many[label == 0].mean(), 0.001)
    jets = (data.read("jets")[..., 0] > 0).sum(axis=1)
    assert jets[label == data.classes.index("lq_to_btau")].mean() > 2 * jets[of_w].mean()


def test_it_fits_the_links_of_the_global_trigger(data):
    chosen = {name: BlockSection(columns=("pt", "eta", "phi")) for name in SLOTS}
    section = DataSection(file="events.h5", blocks={"met": BlockSection(), **chosen})
    blocks = input_blocks(data, section)
    values = read_inputs(data, blocks, "train")
    preset = get_preset("cms-run3-ugt")
    contract = make_contract(blocks, values, width=12, network_integer=None, coverage=0.999, preset=preset)
    assert len(contract.inputs) == 56
    assert contract.saturated_fraction(values).max() < 0.01
    integers = contract.to_hardware(values)
    assert (contract.to_hardware(contract.to_physical(integers)) == integers).all()
