import re

import h5py
import numpy as np
import pytest

from codesign.data.formats.adc2021 import ADC_40MHZ
from codesign.errors import DataError

IDS = np.array([1] + [2] * 4 + [3] * 4 + [4] * 10)


def events(rows=30, seed=1):
    random = np.random.default_rng(seed)
    particles = np.zeros((rows, 19, 4))
    particles[..., 0] = random.exponential(30, (rows, 19))
    for first, last in ((1, 5), (5, 9), (9, 19)):
        particles[:, first:last, 0] = -np.sort(-particles[:, first:last, 0], axis=1)
        kept = random.integers(0, last - first + 1, rows)
        particles[:, first:last, 0] *= np.arange(last - first) < kept[:, None]
    present = particles[..., 0] > 0
    particles[..., 1] = random.uniform(-3, 3, (rows, 19)) * present
    particles[:, 0, 1] = 0
    particles[..., 2] = random.uniform(-3, 3, (rows, 19)) * present
    particles[..., 3] = IDS * present
    return particles


def write(path, particles):
    with h5py.File(path, "w") as file:
        file.create_dataset("Particles", data=particles, compression="gzip")
        file["Particles_Names"] = np.array(["Pt", "Eta", "Phi", "Class"], "S")
        file["Particles_Classes"] = np.array(["MET_class_1", "Four_Ele_class_2"], "S")
    return path


def test_the_slots_become_met_electrons_muons_and_jets(tmp_path, converted):
    particles = events()
    out = converted(ADC_40MHZ, write(tmp_path / "background_for_training.h5", particles))
    expected = particles[..., :3].astype(np.float32)
    np.testing.assert_array_equal(out.blocks["met"], expected[:, 0][:, [0, 2]])
    np.testing.assert_array_equal(out.blocks["electrons"], expected[:, 1:5])
    np.testing.assert_array_equal(out.blocks["muons"], expected[:, 5:9])
    np.testing.assert_array_equal(out.blocks["jets"], expected[:, 9:])
    assert [column.name for column in out.columns["jets"]] == ["pt", "eta", "phi"]
    assert [column.name for column in out.columns["met"]] == ["pt", "phi"]
    assert out.classes == ("background",)
    assert out.provenance["origin"] == "adc2021-40mhz"
    assert set(out.splits) == {"train", "validation", "test"}


NAMES = {
    "Ato4l_lepFilter_13TeV_filtered.h5": "a_to_4l",
    "leptoquark_LOWMASS_lepFilter_13TeV.h5": "lq_to_btau",
    "hToTauTau_13TeV_PU20.h5": "h0_to_tautau",
    "hChToTauNu_13TeV_PU20_filtered.h5": "h_to_taunu",
    "BlackBox_background_mix.h5": "blackbox",
}


def test_signals_and_black_boxes_are_never_for_training(tmp_path, converted):
    files = [write(tmp_path / name, events(3, seed)) for seed, name in enumerate(NAMES)]
    out = converted(ADC_40MHZ, *files, write(tmp_path / "background_for_training.h5", events(20)))
    assert out.classes == ("background", "a_to_4l", "lq_to_btau", "h0_to_tautau", "h_to_taunu", "blackbox")
    assert out.labels == [name for name in NAMES.values() for _ in range(3)] + ["background"] * 20
    assert set(out.splits[:15]) == {"test"}
    assert "train" in out.splits[15:]


def test_the_class_can_be_given(tmp_path, converted):
    out = converted(
        ADC_40MHZ, ("background", write(tmp_path / "a.h5", events(9))), ("z_prime", write(tmp_path / "b.h5", events(2)))
    )
    assert out.classes == ("background", "z_prime")
    assert out.splits[9:] == ["test", "test"]


def test_unsorted_objects_are_ordered_and_counted(tmp_path, converted):
    particles = events(4)
    particles[2, 9:12] = [[10, 1, 1, 4], [30, 2, 2, 4], [20, 3, 3, 4]]
    particles[2, 12:] = 0
    out = converted(ADC_40MHZ, write(tmp_path / "background.h5", particles))
    np.testing.assert_array_equal(out.blocks["jets"][2, :4, 0], [30, 20, 10, 0])
    assert out.repairs == {"rows reordered: jets by decreasing pt": 1}


def test_the_size_of_the_batches_does_not_matter(tmp_path, converted, small_batches):
    path = write(tmp_path / "background.h5", events(60))
    whole = converted(ADC_40MHZ, path).content
    small_batches()
    assert converted(ADC_40MHZ, path).content == whole


def muon_among_jets(particles):
    particles[5, 9] = [10, 0, 0, 3]


def filled_empty_slot(particles):
    particles[4, 18] = [10, 0, 0, 0]


def not_a_number(particles):
    particles[6, 0, 0] = np.nan


WRONG = {
    "id": (muon_among_jets, "row 5, slot 9: expected the object id 4 or 0 (empty), found 3"),
    "empty": (filled_empty_slot, "row 4, slot 18: expected zeros, since the object id is 0 (empty), found pt 10"),
    "nan": (not_a_number, "row 6: met.pt: expected a finite number, found nan"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_wrong_objects_are_refused(tmp_path, converted, small_batches, change, message):
    small_batches()
    particles = events()
    change(particles)
    with pytest.raises(DataError, match=re.escape(message)):
        converted(ADC_40MHZ, write(tmp_path / "background.h5", particles))


def test_another_layout_or_an_unknown_process_is_refused(tmp_path, converted):
    path = write(tmp_path / "background.h5", events()[:, :18])
    with pytest.raises(DataError, match=re.escape("Particles: expected numbers of shape (any, 19, 4), found float64")):
        converted(ADC_40MHZ, path)
    with pytest.raises(DataError, match=r"write CLASS=unknown\.h5 with one of background, a_to_4l"):
        converted(ADC_40MHZ, write(tmp_path / "unknown.h5", events()))
    with h5py.File(path, "w") as file:
        file["Particle"] = events()
    with pytest.raises(DataError, match="unknown array 'Particles'; did you mean 'Particle'"):
        converted(ADC_40MHZ, path)
    with pytest.raises(DataError, match="expected at least one row"):
        converted(ADC_40MHZ, write(path, events(0)))
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(DataError, match="truncated"):
        converted(ADC_40MHZ, path)
