import re

import numpy as np
import pandas as pd
import pytest

from codesign.data.formats.lhco import FEATURES, LHCO_FEATURES, LHCO_PARTICLES
from codesign.errors import ConfigError, DataError


def features(rows=30):
    random = np.random.default_rng(7)
    frame = pd.DataFrame({name: random.normal(0, 100, rows) for name in FEATURES})
    frame["label"] = (np.arange(rows) % 5 == 0).astype(float)
    return frame


def events(rows=10, labelled=True):
    random = np.random.default_rng(8)
    particles = random.normal(size=(rows, 700, 3))
    particles[..., 0] = random.exponential(5, (rows, 700))
    particles[np.arange(700) >= random.integers(20, 60, rows)[:, None]] = 0
    columns = particles.reshape(rows, 2100)
    return pd.DataFrame(np.column_stack([columns, np.arange(rows) % 2]) if labelled else columns)


def write(path, frame, **how):
    frame.to_hdf(path, key="df", mode="w", **how)
    return path


def leading(frame, count):
    particles = frame.to_numpy()[:, :2100].reshape(len(frame), 700, 3)
    order = np.argsort(-particles[..., 0], axis=1, kind="stable")[:, :count]
    return np.take_along_axis(particles, order[..., None], axis=1).astype(np.float32)


@pytest.mark.parametrize("how", [{}, {"format": "table"}, {"complib": "blosc", "complevel": 3, "format": "table"}])
def test_jet_features_keep_their_names(tmp_path, converted, how):
    frame = features()
    out = converted(LHCO_FEATURES, write(tmp_path / "events_anomalydetection_v2.features.h5", frame, **how))
    np.testing.assert_array_equal(out.blocks["high_level"], frame[list(FEATURES)].astype(np.float32))
    assert [column.name for column in out.columns["high_level"]][:7] == [
        *("pxj1", "pyj1", "pzj1", "mj1", "tau1j1", "tau2j1", "tau3j1")
    ]
    assert out.classes == ("background", "signal")
    assert out.labels == ["signal" if label else "background" for label in frame["label"]]
    assert out.provenance["origin"] == "lhco2020"


def test_features_without_label_need_a_class(tmp_path, converted):
    extra = write(tmp_path / "qcd_extra.h5", features(4).drop(columns="label"))
    with pytest.raises(DataError, match=r"write CLASS=qcd_extra\.h5 with one of background, signal"):
        converted(LHCO_FEATURES, extra)
    with_label = write(tmp_path / "v2.h5", features(6))
    out = converted(LHCO_FEATURES, with_label, ("background", extra))
    assert out.labels == ["signal", *["background"] * 4, "signal", *["background"] * 4]
    with pytest.raises(DataError, match="tell the class of each row"):
        converted(LHCO_FEATURES, ("signal", with_label))


def test_particles_are_ordered(tmp_path, converted):
    frame = events()
    out = converted(LHCO_PARTICLES, write(tmp_path / "events.h5", frame))
    np.testing.assert_array_equal(out.blocks["particles"], leading(frame, 700))
    assert out.labels == ["background", "signal"] * 5
    assert out.repairs == {"rows reordered: particles by decreasing pt": 10}
    cut = converted(LHCO_PARTICLES, tmp_path / "events.h5", options={"particles": 8})
    np.testing.assert_array_equal(cut.blocks["particles"], leading(frame, 8))
    with pytest.raises(ConfigError, match="particles"):
        converted(LHCO_PARTICLES, tmp_path / "events.h5", options={"particles": 701})


def test_a_black_box_is_a_class_of_its_own(tmp_path, converted):
    path = write(tmp_path / "events_LHCO2020_BlackBox1.h5", events(labelled=False))
    out = converted(LHCO_PARTICLES, path, options={"particles": 2})
    assert out.classes == ("blackbox",)
    assert set(out.labels) == {"blackbox"}


def test_the_size_of_the_batches_does_not_matter(tmp_path, converted, small_batches):
    jets, particles = write(tmp_path / "a.h5", features()), write(tmp_path / "b.h5", events(), format="fixed")
    whole = converted(LHCO_FEATURES, jets).content, converted(LHCO_PARTICLES, particles).content
    small_batches()
    assert (converted(LHCO_FEATURES, jets).content, converted(LHCO_PARTICLES, particles).content) == whole


WRONG = {
    "column": (LHCO_FEATURES, lambda: features().rename(columns={"mj1": "m_j1"}), "unknown column 'mj1'; did you mean"),
    "class": (LHCO_FEATURES, lambda: features().assign(label=3), "row 0: label: unknown class '3'; known: 0, 1"),
    "nan": (LHCO_FEATURES, lambda: features().assign(tau3j2=np.nan), "row 0: high_level.tau3j2: expected a finite"),
    "empty": (LHCO_FEATURES, lambda: features()[:0], "expected at least one row, found none"),
    "width": (LHCO_PARTICLES, lambda: events().iloc[:, :2000], "expected a pandas frame of 2100 columns"),
    "negative": (
        LHCO_PARTICLES,
        lambda: events() * ([-1] * 2100 + [1]),
        "row 0, object 0: particles.pt: expected a finite number ≥ 0",
    ),
    "several": (LHCO_PARTICLES, None, "expected one pandas frame, found /df, /other"),
}


@pytest.mark.parametrize(("file_format", "make", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content_is_refused(tmp_path, converted, file_format, make, message):
    path = write(tmp_path / "events.h5", make() if make else events())
    if make is None:
        events().to_hdf(path, key="other")
    with pytest.raises(DataError, match=re.escape(message)):
        converted(file_format, path)


def test_a_truncated_file_is_refused(tmp_path, converted):
    path = write(tmp_path / "events.h5", events())
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="truncated"):
        converted(LHCO_PARTICLES, path)
