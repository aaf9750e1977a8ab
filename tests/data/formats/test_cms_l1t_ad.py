import math

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from codesign.data.convert import convert
from codesign.data.dataset import Dataset
from codesign.data.formats.cms_l1t_ad import CMS_L1T_AD, CmsL1tAdOptions
from codesign.data.reading import Source
from codesign.errors import DataError


def rows(**changes):
    """Two crossings: a muon of 12.5 GeV and two jets in the wrong order; nothing."""
    table = {
        "muons_muonIEt": [[26], []],
        "muons_muonIEtaAtVtx": [[-74], []],
        "muons_muonIPhiAtVtx": [[92], []],
        "egammas_egIEt": [[], []],
        "egammas_egIEta": [[], []],
        "egammas_egIPhi": [[], []],
        "taus_tauIEt": [[], []],
        "taus_tauIEta": [[], []],
        "taus_tauIPhi": [[], []],
        "jets_jetIEt": [[40, 60], []],
        "jets_jetIEta": [[28, -10], []],
        "jets_jetIPhi": [[108, 0], []],
        "MET_Et": [[33], [0]],
        "MET_phi": [[143], [0]],
        "ET_Et": [[500], [1]],
        "HT_Et": [[100], [0]],
        "L1bit": [True, False],
        "order": [0, 1],
        "label": [0, 0],
    }
    return table | changes


def write(path, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = rows(**changes)
    content = {name: value for name, value in content.items() if value is not None}
    pyarrow.parquet.write_table(pyarrow.table(content), path)
    return path


def run(tmp_path, *sources, **options):
    convert(sources, tmp_path / "out.h5", CMS_L1T_AD, CmsL1tAdOptions(**options))
    return Dataset.open(tmp_path / "out.h5")


def test_integers_become_physical_objects_in_order(tmp_path):
    path = write(tmp_path / "ZB_run396102" / "train-00000-of-00001.parquet")
    with run(tmp_path, Source(path)) as data:
        assert data.classes == ("zero_bias",)
        assert data.splits().tolist() == [0, 0]
        jets = data.read("jets")
        assert jets.shape == (2, 12, 3)
        assert jets[0, :2] == pytest.approx(np.array([[30.0, -0.435, 0.0], [20.0, 1.218, -math.pi / 2]]))
        assert (jets[0, 2:] == 0).all()
        assert data.read("muons")[0, 0] == pytest.approx([12.5, -0.80475, 92 * 2 * math.pi / 576])
        assert data.read("met")[0] == pytest.approx([16.5, -2 * math.pi / 144])
        assert data.read("sums")[0].tolist() == [250.0, 50.0]
        assert data.read("trigger").ravel().tolist() == [1.0, 0.0]
        assert (data.read("jets")[1] == 0).all()
        assert data.origin == "cms-l1t-ad-2025"


def test_samples_become_classes_and_file_names_splits(tmp_path):
    sources = [
        Source(write(tmp_path / "haa-4b-ma15" / "test-00000-of-00001.parquet")),
        Source(write(tmp_path / "ZB_run396102" / "train-00000-of-00001.parquet")),
        Source(write(tmp_path / "ZB_run398183" / "valid-00000-of-00001.parquet")),
        Source(write(tmp_path / "x" / "test-0.parquet"), "mine"),
    ]
    with run(tmp_path, *sources) as data:
        assert data.classes == ("zero_bias", "haa-4b-ma15", "mine")
        assert data.labels().tolist() == [1, 1, 0, 0, 0, 0, 2, 2]
        assert data.splits().tolist() == [2, 2, 0, 0, 1, 1, 2, 2]


def test_saturated_crossings_are_left_out_and_counted_or_kept(tmp_path):
    source = Source(write(tmp_path / "ZB_run396102" / "train-0.parquet", order=[0, -1]))
    with run(tmp_path, source) as data:
        assert len(data) == 1
        assert data.provenance["repairs"] == {"crossings left out as the authors do: something saturates": 1}
    with run(tmp_path, source, saturated="keep") as data:
        assert len(data) == 2


def test_more_objects_than_slots_lose_the_softest(tmp_path):
    many = list(range(1, 16))
    changes = {"jets_jetIEt": [many, []], "jets_jetIEta": [many, []], "jets_jetIPhi": [many, []]}
    with run(tmp_path, Source(write(tmp_path / "ZB_run1" / "train-0.parquet", **changes))) as data:
        assert data.read("jets")[0, :, 0].tolist() == [n / 2 for n in range(15, 3, -1)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"jets_jetIEt": None}, "unknown column 'jets_jetIEt'.*jets_jetIEta"),
        ({"jets_jetIEta": [[1], []]}, "jets: the lists of jetIEt, jetIEta, jetIPhi differ in length"),
        ({"MET_Et": [[1, 2], [3]]}, "MET_Et: expected lists of length one, found 2"),
        ({"MET_Et": [1, 2]}, "MET_Et: expected lists of integers, found int64"),
        ({"HT_Et": [[1], None]}, "HT_Et: expected lists of integers, found 1 missing"),
    ],
)
def test_files_of_another_shape_are_refused(tmp_path, changes, message):
    path = write(tmp_path / "ZB_run1" / "train-0.parquet", **changes)
    with pytest.raises(DataError, match=message):
        run(tmp_path, Source(path))


def test_other_names_and_truncated_files_are_refused(tmp_path):
    path = write(tmp_path / "ZB_run1" / "run.parquet")
    with pytest.raises(DataError, match="expected a name that begins with train, valid, test"):
        run(tmp_path, Source(path))
    path = path.rename(path.with_name("train-0.parquet"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="not a Parquet file, or truncated"):
        run(tmp_path, Source(path))
