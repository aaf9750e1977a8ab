"""The engine of the conversion, on a format of its own: two columns of text per row, and a class."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from codesign.data.convert import convert
from codesign.data.dataset import Dataset
from codesign.data.reading import DRAW, TEST, Batch, Format, NoOptions, Reading, Source
from codesign.data.schema import Block, Column
from codesign.errors import ConfigError, DataError

BLOCKS = {"high_level": Block((Column("pt", "GeV", ""), Column("eta", "", "")))}


def text_format(batch_size=7, claimed_rows=None, split=None):
    def read(sources, options):
        def batches():
            for source in sources:
                rows = np.loadtxt(source.path, ndmin=2)
                for start in range(0, len(rows), batch_size):
                    piece = rows[start : start + batch_size]
                    given = None if split is None else np.full(len(piece), split, np.uint8)
                    yield Batch({"high_level": piece[:, 1:]}, piece[:, 0].astype(int), None, given)

        return Reading("two columns", "test", BLOCKS, ("a", "b"), batches(), claimed_rows, repairs=Counter())

    return Format("text", "two columns", "nobody", read)


@pytest.fixture
def source(tmp_path):
    random = np.random.default_rng(3)
    rows = np.stack([random.integers(0, 2, 300), random.exponential(50, 300), random.normal(size=300)], axis=1)
    path = tmp_path / "in.txt"
    np.savetxt(path, rows)
    return Source(path)


def run(source, output, file_format=None, **settings):
    return convert([source], output, file_format or text_format(), NoOptions(), **settings)


def test_rows_arrive_in_order_with_a_drawn_split(source, tmp_path):
    done = run(source, tmp_path / "out.h5")
    rows = np.loadtxt(source.path)
    with Dataset.open(tmp_path / "out.h5") as data:
        assert (data.read("high_level") == rows[:, 1:].astype(np.float32)).all()
        assert (data.labels() == rows[:, 0]).all()
        shares = np.bincount(data.splits()) / len(data)
        data.verify_digest()
        assert data.origin == "test"
        assert data.provenance["sources"][0]["file"] == "in.txt"
        assert str(tmp_path) not in json.dumps(data.provenance), "no paths of this machine in the data set"
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.08)
    assert (done.rows, done.rows_read, done.repairs) == (300, 300, {})


def test_the_result_does_not_depend_on_the_batches(source, tmp_path):
    contents = []
    for size in (1, 7, 1000):
        run(source, tmp_path / "out.h5", text_format(size))
        contents.append((tmp_path / "out.h5").read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_the_seed_and_the_shares_decide_on_the_split(source, tmp_path):
    splits = []
    for seed in (1, 1, 2):
        run(source, tmp_path / "out.h5", seed=seed, fractions=(0.5, 0.0, 0.5))
        with Dataset.open(tmp_path / "out.h5") as data:
            splits.append(data.splits())
    assert (splits[0] == splits[1]).all()
    assert (splits[0] != splits[2]).any()
    assert set(splits[0]) == {0, 2}


@pytest.mark.parametrize(("given", "expected"), [(TEST, {2}), (DRAW, {0, 1, 2})])
def test_a_split_of_the_format_is_kept(source, tmp_path, given, expected):
    run(source, tmp_path / "out.h5", text_format(split=given))
    with Dataset.open(tmp_path / "out.h5") as data:
        assert set(data.splits()) == expected


def test_bad_rows_are_left_out_only_on_request_and_the_provenance_says_so(source, tmp_path):
    lines = source.path.read_text().splitlines()
    lines[20] = "1 nan 0"
    source.path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"in\.txt: row 20: high_level\.pt"):
        run(source, tmp_path / "out.h5")
    assert list(tmp_path.iterdir()) == [source.path], "nothing half-written"
    done = run(source, tmp_path / "out.h5", drop_bad_rows=True)
    assert (done.rows, done.rows_read) == (299, 300)
    with Dataset.open(tmp_path / "out.h5") as data:
        assert data.provenance["repairs"] == done.repairs == {"rows left out: NaN, infinite or negative momentum": 1}


def test_an_input_that_ends_early_is_refused(source, tmp_path):
    with pytest.raises(DataError, match="expected 301 rows, found 300; the file is damaged or truncated"):
        run(source, tmp_path / "out.h5", text_format(claimed_rows=301))
    assert not (tmp_path / "out.h5").exists()


def test_a_reader_that_stops_with_an_error_leaves_an_older_output_alone(source, tmp_path):
    run(source, tmp_path / "out.h5")
    before = (tmp_path / "out.h5").read_bytes()
    source.path.write_text(source.path.read_text() + "1 -5 0\n")
    with pytest.raises(DataError, match="≥ 0, found -5"):
        run(source, tmp_path / "out.h5")
    assert (tmp_path / "out.h5").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.h5"]


def test_missing_inputs_directories_and_the_output_as_input(source, tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: expected a file of format text, found no file"):
        run(Source(tmp_path / "none.txt"), tmp_path / "out.h5")
    with pytest.raises(DataError, match="found a directory"):
        run(Source(tmp_path), tmp_path / "out.h5")
    with pytest.raises(DataError, match="the output is also an input"):
        run(source, source.path)


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.5, 0.4, 0.2), (1.2, -0.2, 0.0)])
def test_shares_must_be_three_with_sum_one(source, tmp_path, fractions):
    with pytest.raises(ConfigError, match="expected three shares"):
        run(source, tmp_path / "out.h5", fractions=fractions)


def test_progress_ends_with_all_megabytes(source, tmp_path):
    source.path.write_text(source.path.read_text() * 200)
    calls = []
    run(source, tmp_path / "out.h5", text_format(2000, 60000), progress=lambda *call: calls.append(call))
    text, done, total = calls[-1]
    assert done == total == int(source.path.stat().st_size / 1e6) > 0
    assert text.startswith("60,000 rows, ")
    assert text.endswith("MB/s")


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from codesign.data.schema import Block, Column
from codesign.data.writing import DatasetWriter
from codesign.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
random = np.random.default_rng(1)
try:
    with DatasetWriter(sys.argv[1], name="x", blocks={"a": Block((Column("v", "", ""),))}, classes=["c"]) as writer:
        for _ in range(40):
            writer.append({"a": random.random((8192, 1))}, np.zeros(8192, int), np.zeros(8192, int))
        writer.finish({})
except DataError as error:
    print(error)
    sys.exit(2)
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    output = tmp_path / "out.h5"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(output)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith(f"{output}: cannot be written: ")
    assert list(Path(tmp_path).iterdir()) == []
