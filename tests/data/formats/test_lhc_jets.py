import re

import h5py
import numpy as np
import pytest

from codesign.data.formats.lhc_jets import LHC_JETS
from codesign.errors import ConfigError, DataError
from codesign.features.high_level import HIGH_LEVEL_FEATURES

PARTICLE_NAMES = [
    f"j1_{name}"
    for name in (
        *("px", "py", "pz", "e", "erel", "pt", "ptrel", "eta", "etarel", "etarot"),
        *("phi", "phirel", "phirot", "deltaR", "costheta", "costhetarel", "pdgid"),
    )
]
JET_NAMES = ["j_ptfrac", "j_pt", "j_eta", "j_mass", *(f"j_{name}" for name in HIGH_LEVEL_FEATURES)]
JET_NAMES += ["j_g", "j_q", "j_w", "j_z", "j_t", "j_undef"]
PT, PT_REL, ETA, PHI = (PARTICLE_NAMES.index(f"j1_{name}") for name in ("pt", "ptrel", "etarel", "phirel"))


def arrays(rows=30, slots=20):
    random = np.random.default_rng(5)
    particles = random.normal(size=(rows, slots, 16))
    particles[..., PT] = -np.sort(-random.exponential(10, (rows, slots)), axis=1)
    particles[..., PT_REL] = particles[..., PT] / 1000
    particles[np.arange(slots) >= random.integers(3, slots + 1, rows)[:, None]] = 0
    jets = random.normal(size=(rows, len(JET_NAMES)))
    jets[:, -6:] = np.eye(6)[random.integers(0, 5, rows)]
    return {
        "jetConstituentList": particles,
        "jets": jets,
        "jetImage": random.exponential(1, (rows, 10, 10)),
        "jetImageECAL": np.zeros((rows, 10, 10)),
        "particleFeatureNames": np.array(PARTICLE_NAMES, "S"),
        "jetFeatureNames": np.array(JET_NAMES, "S"),
    }


def write(path, content):
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file.create_dataset(name, data=values, compression="gzip" if values.ndim > 1 else None)
    return path


def test_the_leading_particles_and_the_sixteen_features_are_taken_by_name(tmp_path, converted):
    content = arrays()
    out = converted(LHC_JETS, write(tmp_path / "jets.h5", content))
    stored = content["jetConstituentList"][:, :16][..., [PT, ETA, PHI]].astype(np.float32)
    np.testing.assert_array_equal(out.blocks["constituents"], stored)
    assert [column.name for column in out.columns["constituents"]] == ["pt", "delta_eta", "delta_phi"]
    assert [column.unit for column in out.columns["constituents"]] == ["GeV", "", "rad"]
    features = [JET_NAMES.index(f"j_{name}") for name in HIGH_LEVEL_FEATURES]
    np.testing.assert_array_equal(out.blocks["high_level"], content["jets"][:, features].astype(np.float32))
    assert out.classes == ("g", "q", "W", "Z", "t")
    assert out.labels == [out.classes[index] for index in content["jets"][:, -6:].argmax(axis=1)]
    assert out.provenance["origin"] == "zenodo-3602260"
    assert out.repairs == {}
    assert set(out.splits) == {"train", "validation", "test"}


def test_unsorted_particles_are_ordered_before_the_softest_are_cut_away(tmp_path, converted):
    content = arrays(rows=3, slots=6)
    particles = content["jetConstituentList"]
    particles[:, :, PT] = [[1, 5, 2, 4, 3, 0], [9, 8, 7, 6, 5, 4], [0, 0, 0, 1, 0, 2]]
    out = converted(LHC_JETS, write(tmp_path / "jets.h5", content), options={"constituents": 3})
    np.testing.assert_array_equal(out.blocks["constituents"][..., 0], [[5, 4, 3], [9, 8, 7], [2, 1, 0]])
    np.testing.assert_array_equal(out.blocks["constituents"][0, :, 1], particles[0, [1, 3, 4], ETA].astype(np.float32))
    np.testing.assert_array_equal(out.blocks["constituents"][2, 2], 0)  # a filler that was not zero
    assert out.repairs == {"rows reordered: constituents by decreasing pt": 2}


def test_more_particles_than_the_file_has_are_padded_with_zeros(tmp_path, converted):
    content = arrays(slots=4)
    out = converted(LHC_JETS, write(tmp_path / "jets.h5", content), options={"constituents": 7})
    assert out.blocks["constituents"].shape == (30, 7, 3)
    np.testing.assert_array_equal(out.blocks["constituents"][:, 4:], 0)


def test_blocks_features_and_split_can_be_chosen(tmp_path, converted):
    content = arrays()
    options = {
        "blocks": ["constituents", "image", "high_level"],
        "particle_features": ["pt_rel", "e"],
        "jet_features": ["mass"],
        "split": "test",
    }
    out = converted(LHC_JETS, write(tmp_path / "jets.h5", content), options=options)
    kept = content["jetConstituentList"][:, :16][..., [PT_REL, PARTICLE_NAMES.index("j1_e")]]
    np.testing.assert_array_equal(out.blocks["constituents"], kept.astype(np.float32))
    np.testing.assert_array_equal(out.blocks["image"], content["jetImage"].reshape(30, 100, 1).astype(np.float32))
    assert out.columns["high_level"][0].name == "mass"
    assert out.columns["high_level"][0].unit == "GeV"
    assert set(out.splits) == {"test"}


def test_the_size_of_the_batches_and_the_cut_into_files_do_not_matter(tmp_path, converted, small_batches):
    content = arrays(rows=50)
    path = write(tmp_path / "jets.h5", content)
    whole = converted(LHC_JETS, path)
    small_batches()
    assert converted(LHC_JETS, path).content == whole.content
    names = ("particleFeatureNames", "jetFeatureNames")
    one = {key: value if key in names else value[:20] for key, value in content.items()}
    other = {key: value if key in names else value[20:] for key, value in content.items()}
    parts = converted(LHC_JETS, write(tmp_path / "a.h5", one), write(tmp_path / "b.h5", other))
    for block, values in whole.blocks.items():
        np.testing.assert_array_equal(parts.blocks[block], values)
    assert parts.splits == whole.splits


def test_a_bad_particle_that_would_be_cut_away_is_refused(tmp_path, converted):
    content = arrays()
    content["jetConstituentList"][7, 19, PT] = np.nan
    path = write(tmp_path / "jets.h5", content)
    with pytest.raises(DataError, match=r"row 7, object 0: constituents\.pt: expected a finite number, found nan"):
        converted(LHC_JETS, path)
    assert len(converted(LHC_JETS, path, drop_bad_rows=True).labels) == 29
    content["jetConstituentList"][7, 19, PT] = -1
    with pytest.raises(DataError, match=r"row 7, object 0: constituents\.pt: .* found -1"):
        converted(LHC_JETS, write(tmp_path / "jets.h5", content))


def without(name):
    return lambda content: content.pop(name)


def replaced(name, values):
    return lambda content: content.update({name: values(content[name])})


WRONG = {
    "array": (without("jetConstituentList"), "unknown array 'jetConstituentList'; known: "),
    "names": (without("jetFeatureNames"), "expected the array jetFeatureNames of names"),
    "axes": (replaced("jetConstituentList", lambda v: v[..., 0]), "expected numbers of shape (any, any, any), found"),
    "rows": (replaced("jets", lambda v: v[:-1]), "the same number of rows, found jets 29, jetConstituentList 30"),
    "few names": (replaced("jetFeatureNames", lambda v: v[:9]), "expected 26 names, one for each column, found 9"),
    "no class": (replaced("jets", lambda v: v * 0), "row 0: expected exactly one of the flags j_g, j_q"),
    "empty": (
        lambda content: content.update({k: v[:0] for k, v in content.items() if not k.endswith("Names")}),
        "expected at least one row, found none",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_file_of_another_layout_is_refused(tmp_path, converted, change, message):
    content = arrays()
    change(content)
    with pytest.raises(DataError, match=re.escape(message)):
        converted(LHC_JETS, write(tmp_path / "jets.h5", content))
    assert not (tmp_path / "converted" / "data.h5").exists()


def test_unknown_features_and_blocks_are_refused_by_name(tmp_path, converted):
    path = write(tmp_path / "jets.h5", arrays())
    with pytest.raises(DataError, match="unknown feature 'delta_et'; did you mean 'delta_eta'"):
        converted(LHC_JETS, path, options={"particle_features": ["pt", "delta_et"]})
    with pytest.raises(ConfigError, match="blocks"):
        converted(LHC_JETS, path, options={"blocks": ["constituent"]})


def test_a_truncated_file_is_refused(tmp_path, converted):
    path = write(tmp_path / "jets.h5", arrays())
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="truncated"):
        converted(LHC_JETS, path)
