import re

import h5py
import numpy as np
import pytest

from codesign.data.formats.jetnet import JETNET
from codesign.errors import ConfigError, DataError


def jets(rows=20, slots=30, seed=6):
    random = np.random.default_rng(seed)
    particles = random.normal(0, 0.1, (rows, slots, 4)).astype(np.float32)
    particles[..., 2] = -np.sort(-random.exponential(0.05, (rows, slots)), axis=1)
    particles[..., 3] = np.arange(slots) < random.integers(3, slots + 1, rows)[:, None]
    features = np.stack(
        [random.uniform(800, 1200, rows), random.normal(size=rows), random.exponential(80, rows), np.ones(rows)], axis=1
    )
    return {"particle_features": particles, "jet_features": features.astype(np.float32)}


def write(path, content):
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file[name] = values
    return path


def test_particles_get_their_momentum_and_masked_ones_are_empty(tmp_path, converted):
    content = jets()
    out = converted(JETNET, write(tmp_path / "t.hdf5", content))
    particles, features = content["particle_features"][:, :16], content["jet_features"]
    eta, phi, pt, mask = np.moveaxis(particles, -1, 0)
    expected = np.stack([pt * features[:, :1], eta, phi], axis=-1) * mask[..., None]
    np.testing.assert_allclose(out.blocks["constituents"], expected, rtol=1e-6)
    assert (out.blocks["constituents"][mask == 0] == 0).all()
    assert (mask == 0).any()
    np.testing.assert_array_equal(out.blocks["jet"], features)
    assert [column.name for column in out.columns["jet"]] == ["pt", "eta", "mass", "num_particles"]
    assert out.labels == ["t"] * 20
    assert out.provenance["origin"] == "jetnet"
    assert set(out.splits) == {"train", "validation", "test"}


def test_each_file_is_a_class_by_its_name_or_as_given(tmp_path, converted):
    files = [write(tmp_path / name, jets(3)) for name in ("z150.hdf5", "g.hdf5", "w.hdf5")]
    out = converted(JETNET, *files, ("q", write(tmp_path / "generated.hdf5", jets(2))))
    assert out.classes == ("g", "q", "W", "Z")
    assert out.labels == ["Z"] * 3 + ["g"] * 3 + ["W"] * 3 + ["q"] * 2


def test_features_can_be_chosen(tmp_path, converted):
    content = jets(slots=150)
    options = {"constituents": 150, "particle_features": ["pt_rel", "delta_phi"]}
    out = converted(JETNET, write(tmp_path / "q150.hdf5", content), options=options)
    particles = content["particle_features"]
    np.testing.assert_array_equal(out.blocks["constituents"], particles[..., [2, 1]] * particles[..., 3:])
    with pytest.raises(ConfigError, match="particle_features"):
        converted(JETNET, tmp_path / "q150.hdf5", options={"particle_features": ["etarel"]})


def test_the_size_of_the_batches_does_not_matter(tmp_path, converted, small_batches):
    files = [write(tmp_path / name, jets(40, seed=seed)) for seed, name in enumerate(("g.hdf5", "t.hdf5"))]
    whole = converted(JETNET, *files).content
    small_batches()
    assert converted(JETNET, *files).content == whole


def test_what_the_mask_hides_may_be_anything_and_nothing_else(tmp_path, converted):
    content = jets()
    hidden = content["particle_features"][..., 3] == 0
    content["particle_features"][hidden, :3] = np.nan
    assert converted(JETNET, write(tmp_path / "g.hdf5", content)).repairs == {}
    content["particle_features"][3, 0, 0] = np.nan
    with pytest.raises(DataError, match=r"row 3, object 0: constituents\.delta_eta: expected a finite number"):
        converted(JETNET, write(tmp_path / "g.hdf5", content))


WRONG = {
    "array": (lambda c: {"particle_features": c["particle_features"]}, "unknown array 'jet_features'; did you mean"),
    "columns": (
        lambda c: c | {"particle_features": c["particle_features"][..., :3]},
        "particle_features: expected numbers of shape (any, any, 4), found float32 (20, 30, 3)",
    ),
    "rows": (
        lambda c: c | {"jet_features": c["jet_features"][:7]},
        "expected arrays with the same number of rows, found particle_features 20, jet_features 7",
    ),
    "empty": (lambda c: {key: values[:0] for key, values in c.items()}, "expected at least one row, found none"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content_is_refused(tmp_path, converted, change, message):
    with pytest.raises(DataError, match=re.escape(message)):
        converted(JETNET, write(tmp_path / "g.hdf5", change(jets())))


def test_an_unknown_class_and_a_truncated_file_are_refused(tmp_path, converted):
    path = write(tmp_path / "gluons.hdf5", jets())
    with pytest.raises(DataError, match=r"write CLASS=gluons\.hdf5 with one of g, q, W, Z, t"):
        converted(JETNET, path)
    with pytest.raises(DataError, match="unknown class 'b'; known: g, q, W, Z, t"):
        converted(JETNET, ("b", path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="truncated"):
        converted(JETNET, ("g", path))
