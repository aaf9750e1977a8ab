import re

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.convert import convert
from codesign.data.formats.jetclass import CLASSES, FORMAT, JET_FEATURES, PARTICLE_FEATURES, JetClassOptions
from codesign.data.reading import Source
from codesign.errors import ConfigError, DataError

ak = pytest.importorskip("awkward")
uproot = pytest.importorskip("uproot")

COUNTS = (3, 1)


def particles(*values):
    return ak.values_astype(ak.unflatten(np.array(values), COUNTS), np.float32)


def content(**changes):
    """Branches of two jets, of three and one particles: a top quark and a QCD jet."""
    branches = {
        "part_px": particles(3.0, 0.0, 6.0, 1.0),
        "part_py": particles(4.0, 1.0, -8.0, 0.0),
        "part_pz": particles(0.0, 0.0, 0.0, 0.0),
        "part_deta": particles(0.1, 0.2, 0.3, 0.4),
        "part_dphi": particles(-0.1, -0.2, -0.3, -0.4),
    }
    branches |= {f"part_{name}": particles(1.0, 2.0, 3.0, 4.0) for name in PARTICLE_FEATURES}
    for index, name in enumerate(JET_FEATURES):
        branches[name] = np.array([100.0 + index, 200.0 + index], np.float32)
    for name in CLASSES:
        branches[f"label_{name}"] = np.array([name == "Tbqq", name == "QCD"]).astype(np.float32)
    return branches | changes


def write(path, branches, name="tree"):
    with uproot.recreate(path) as file:
        types = {k: a.type.content if isinstance(a, ak.Array) else a.dtype for k, a in branches.items()}
        file.mktree(name, types).extend(branches)
    return Source(path)


def converted(source, **options):
    output = source.path.with_suffix(".h5")
    convert([source], output, FORMAT, JetClassOptions(**options))
    return Dataset.open(output)


def test_jets_have_their_hardest_particles_features_and_class(tmp_path):
    source = write(tmp_path / "a.root", content())
    with converted(source, constituents=2) as data:
        constituents = data.read("constituents")
        assert data.classes == CLASSES
        assert data.labels().tolist() == [CLASSES.index("Tbqq"), CLASSES.index("QCD")]
        assert data.read("high_level").tolist() == [[100 + i for i in range(9)], [200 + i for i in range(9)]]
        assert [column.name for column in data.columns("high_level")] == list(JET_FEATURES)
        assert data.columns("high_level")[4].unit == "GeV"
    expected = [[[10, 0.3, -0.3], [5, 0.1, -0.1]], [[1, 0.4, -0.4], [0, 0, 0]]]
    assert constituents == pytest.approx(np.array(expected), rel=1e-6)


def test_particle_features_are_added_in_the_order_asked_for(tmp_path):
    source = write(tmp_path / "a.root", content())
    with converted(source, particle_features=("d0val", "charge")) as data:
        columns = [(column.name, column.unit) for column in data.columns("constituents")]
        assert columns[3:] == [("d0val", "mm"), ("charge", "")]
        assert data.read("constituents")[0, :4, 3].tolist() == [3, 1, 2, 0]


def test_a_file_belongs_to_one_split_of_the_record(tmp_path):
    source = write(tmp_path / "a.root", content())
    with converted(source, split="validation") as data:
        assert data.counts()["validation"] == {name: int(name in ("Tbqq", "QCD")) for name in CLASSES}


BAD = {
    "no class": (content(label_QCD=np.zeros(2, np.float32)), "row 1: expected exactly one of the flags label_QCD"),
    "two classes": (content(label_Hbb=np.ones(2, np.float32)), "row 0: expected exactly one of the flags"),
    "branch": ({k: v for k, v in content().items() if k != "part_deta"}, "unknown branch 'part_deta'"),
    "lengths": (
        content(part_dphi=ak.values_astype(ak.Array([[1.0], [1.0]]), np.float32)),
        "row 0: block constituents: expected as many objects in each branch, found 3 in part_px and 1 in part_dphi",
    ),
    "nan": (content(jet_sdmass=np.array([np.nan, 1], np.float32)), "row 0: high_level.jet_sdmass: expected a finite"),
}


@pytest.mark.parametrize(("branches", "message"), BAD.values(), ids=BAD)
def test_other_content_is_refused(tmp_path, branches, message):
    source = write(tmp_path / "a.root", branches)
    with pytest.raises(DataError, match=re.escape(message)):
        converted(source)
    assert list(tmp_path.iterdir()) == [source.path]


def test_another_tree_is_refused(tmp_path):
    source = write(tmp_path / "a.root", content(), "Events")
    with pytest.raises(DataError, match="unknown tree 'tree'; known: Events"):
        converted(source)


def test_an_unknown_particle_feature_is_named(tmp_path):
    source = write(tmp_path / "a.root", content())
    with pytest.raises(ConfigError, match="unknown particle feature 'd0'; did you mean 'd0val'"):
        converted(source, particle_features=("d0",))
