"""The commands around data sets, as a user types them."""

import json
from pathlib import Path

import numpy as np
import pytest

from codesign.data.dataset import Dataset
from codesign.data.formats.registry import FORMATS

CSV = "pt,eta,kind\n" + "".join(f"{20 + i},{i / 10},{'sig' if i % 3 else 'bkg'}\n" for i in range(60))


LABEL = ("--format", "table", "--option", "label=kind", "--option", 'classes={bkg="bkg", sig="sig"}')


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(CSV)
    return path


@pytest.fixture
def dataset(codesign, table):
    assert codesign("data", "convert", *LABEL, table, "a.h5")[0] == 0
    return table.with_name("a.h5")


def test_list_names_every_format_and_scale(codesign):
    status, out, _ = codesign("data", "list")
    assert status == 0
    assert all(f"  {name} " in out for name in [*FORMATS, "cms-run3-ugt", "a_to_4l", "l1-run3", "jetnet"])
    assert set(json.loads(codesign("data", "list", "--json")[1])["formats"]) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_list_explains_every_format(codesign, name):
    status, out, _ = codesign("data", "list", name)
    assert status == 0
    assert name in out
    fields = FORMATS[name].options.model_fields
    assert all(f"    {field}" in out for field in fields), "every option is explained"


def test_list_of_an_unknown_name(codesign):
    status, _, err = codesign("data", "list", "root-ntuple")
    assert status == 2
    assert "unknown format or public data set 'root-ntuple'" in err


def test_convert_writes_a_data_set_and_says_what_it_did(codesign, dataset):
    with Dataset.open(dataset) as data:
        assert len(data) == 60
        assert sorted(data.classes) == ["bkg", "sig"]
        assert [column.name for column in data.columns("high_level")] == ["pt", "eta"]
    status, out, err = codesign("data", "convert", *LABEL, "in.csv", "b.h5")
    assert status == 0
    assert "60 of 60 rows" in out
    assert "MB/s" in out
    assert "conversion" in err
    assert dataset.read_bytes() == dataset.with_name("b.h5").read_bytes()


def test_convert_takes_classes_from_the_command_line(codesign, table):
    table.with_name("other.csv").write_text("pt,eta\n1,2\n3,4\n")
    table.write_text("pt,eta\n5,6\n")
    assert codesign("data", "convert", "--format", "table", "signal=in.csv", "qcd=other.csv", "a.h5")[0] == 0
    with Dataset.open(table.with_name("a.h5")) as data:
        assert [data.classes[label] for label in data.labels()] == ["signal", "qcd", "qcd"]


def test_convert_leaves_bad_rows_out_only_when_asked(codesign, table):
    table.write_text(CSV.replace("25,0.5", "nan,0.5"))
    command = ("data", "convert", *LABEL, "in.csv", "a.h5")
    status, _, err = codesign(*command)
    assert status == 2
    assert "in.csv: row 5: high_level.pt: expected a finite number" in err
    assert not table.with_name("a.h5").exists()
    status, out, _ = codesign(*command, "--drop-bad-rows", "--json")
    assert status == 0
    assert json.loads(out)["repairs"] == {"rows left out: NaN, infinite or negative momentum": 1}
    assert json.loads(out)["rows"] == 59


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "tabel"), "unknown format 'tabel'; did you mean 'table'?"),
        (("--format", "table", "--option", "lable=kind"), "unknown key 'lable'; did you mean 'label'?"),
        (("--format", "table", "--option", "label"), "--option: expected KEY=VALUE"),
        (("--format", "table", "--option", "label=knd"), "knd"),
        (("--format", "table", "--options", "none.toml"), "none.toml: no such file of options"),
        (("--format", "table", "--fractions", "a,b,c"), "--fractions: expected three numbers"),
        (("--format", "table", "--fractions", "0.5,0.5,0.5"), "expected three shares"),
        (("--format", "root"), "options of root: key 'map' is missing"),
        (("--format", "jetnet"), "in.csv"),
    ],
)
def test_mistakes_of_a_conversion(codesign, table, arguments, message):
    status, out, err = codesign("data", "convert", *arguments, "in.csv", "a.h5")
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert [path.name for path in table.parent.iterdir() if path.suffix != ".toml"] == ["in.csv"]


def test_options_from_a_file_and_the_command_line(codesign, table):
    table.with_name("options.toml").write_text('label = "eta"\n[blocks.momenta]\ncolumns = ["pt"]\n')
    status, _, err = codesign("data", "convert", *LABEL, "--options", "options.toml", "in.csv", "a.h5")
    assert status == 0, err
    with Dataset.open(table.with_name("a.h5")) as data:
        assert data.blocks == ("momenta",)
        assert len(data.classes) == 2


def test_split_and_merge(codesign, dataset, table):
    status, out, _ = codesign(
        "data", "split", "--fractions", "0.5,0,0.5", "--test-only", "sig", "a.h5", "b.h5", "--json"
    )
    assert status == 0
    counts = json.loads(out)["counts"]
    assert counts["train"] == {"bkg": 10, "sig": 0}
    assert counts["test"] == {"bkg": 10, "sig": 40}
    table.write_text(CSV.replace("20,", "21,"))
    codesign("data", "convert", *LABEL, "in.csv", "c.h5")
    status, out, err = codesign("data", "merge", "a.h5", "c.h5", "d.h5")
    assert status == 0, err
    assert "120 rows" in out
    assert codesign("data", "merge", "a.h5", "d.h5")[0] == 2


def test_data_sets_of_different_origin_are_never_merged(codesign, dataset, tmp_path):
    with Dataset.open(dataset) as data:
        columns, origin = data.columns("high_level"), data.origin
    from codesign.data.writing import write_dataset

    write_dataset(
        tmp_path / "other.h5",
        name="other",
        inputs={"high_level": (np.ones((2, 2)), columns)},
        label=[0, 0],
        classes=["bkg"],
        split=[0, 0],
        provenance={"origin": "another experiment"},
    )
    status, _, err = codesign("data", "merge", "a.h5", "other.h5", "d.h5")
    assert status == 2
    assert f"origin 'another experiment', but a.h5 has {origin!r}" in err


def test_inspect_shows_columns_and_writes_a_page(codesign, dataset):
    status, out, _ = codesign("data", "inspect", "a.h5", "--html", "page.html")
    assert status == 0
    assert "eta" in out
    assert "page: page.html" in out
    page = dataset.with_name("page.html").read_text()
    assert "pt" in page
    assert "<img" in page
    record = json.loads(codesign("data", "inspect", "a.h5", "--json")[1])
    assert record["rows"] == 60


def test_fetch_of_an_unknown_data_set(codesign):
    status, _, err = codesign("data", "fetch", "open-jets")
    assert status == 2
    assert "unknown public data set 'open-jets'; did you mean 'openml-jets'?" in err


@pytest.mark.simulation
def test_simulated_events_arrive_with_their_signals_in_the_test_split(codesign):
    arguments = ("--background", "12", "--signals", "4", "--processes", "a_to_4l", "--scales", "cms-run3-ugt", "e.h5")
    status, out, err = codesign("data", "simulate", "events", *arguments, "--json")
    assert status == 0, err
    content = json.loads(out)
    assert content["counts"]["train"]["a_to_4l"] == 0
    assert content["counts"]["test"]["a_to_4l"] == 4
    # Of the 4 QCD events among 12 (see test_events.py) one is made, with weight 4.
    assert sum(content["counts"][split]["background"] for split in content["counts"]) == 9
    status, _, err = codesign("data", "simulate", "events", "--processes", "a_to_5l", "f.h5")
    assert status == 2
    assert "a_to_4l" in err


def test_a_classifier_is_not_trained_without_rows_of_a_class(codesign, dataset, tmp_path):
    codesign("data", "split", "--test-only", "sig", "a.h5", "b.h5")
    (tmp_path / "c.toml").write_text('name = "c"\n[data]\nfile = "b.h5"\n')
    status, _, err = codesign("train", "c.toml")
    assert status == 2
    assert "b.h5: the train split has no rows of sig; a classifier needs every class in every split" in err


@pytest.mark.simulation
def test_processes_of_the_user_as_in_the_example(codesign):
    example = Path(__file__).parent.parent / "examples" / "simulation" / "user_processes.toml"
    arguments = ("--user-processes", example, "--processes", "", "--background", "0", "--signals", "6", "e.h5")
    status, out, err = codesign("data", "simulate", "events", *arguments, "--json")
    assert status == 0, err
    assert json.loads(out)["counts"]["test"] == {"zprime_to_mumu": 6, "wprime_to_lnu": 6}
    with Dataset.open("e.h5") as data:
        muons = data.read("muons")[data.labels() == 0]
    assert (muons[:, 0, 0] > 100).mean() > 0.5, "half the mass of the Z'"
