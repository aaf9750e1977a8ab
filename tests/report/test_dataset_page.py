import base64
import copy
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from codesign.data import Column, Dataset, write_dataset
from codesign.data.inspection import inspect_dataset
from codesign.report import dataset_page
from codesign.report.dataset_page import build_dataset_page, write_dataset_page
from codesign.report.dataset_plots import block_plots
from codesign.report.dataset_tables import figure
from codesign.report.plots.distributions import Curve, axis_text, distribution_figure

OBJECT = [Column("pt", "GeV", "transverse momentum"), Column("eta", "", "η"), Column("phi", "rad", "φ")]
HOSTILE = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Collects the tags, attributes and texts of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.images, self.figures, self.text = [], [], 0, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        self.figures += tag == "figure"

    def handle_data(self, data):
        self.text += data


def make(path, *, name="toy events", classes=("q", "W"), columns=None, citation="arXiv:0000.00000", weight=None):
    random = np.random.default_rng(1)
    rows = 300
    jets = -np.sort(-random.exponential(30, (rows, 3, 3)), axis=1)
    jets[np.arange(3) >= random.integers(0, 4, rows)[:, None]] = 0
    jets[..., 1:] = np.sin(jets[..., 1:])
    image = random.exponential(1, (rows, 16, 1))
    bits = random.random((rows, 12)) < 0.2
    columns = columns or [Column("mass", "GeV", "mass of the jet"), Column("count", "", "number")]
    plain = np.stack([random.normal(80, 10, rows), random.integers(0, 9, rows)], axis=1)
    write_dataset(
        path,
        name=name,
        inputs={
            "jets": (jets, OBJECT),
            "plain": (plain, columns),
            "image": (image, [Column("intensity", "", "pixel")]),
            "menu": (bits, [Column(f"bit_{i}", "", "") for i in range(12)]),
        },
        label=random.integers(0, 2, rows),
        classes=classes,
        split=np.arange(rows) % 3,
        weight=weight,
        provenance={"origin": "toy-1", "citation": citation, "repairs": {"rows reordered: jets": 4}, "seed": 99},
    )
    with Dataset.open(path) as dataset:
        return inspect_dataset(dataset)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "toy.h5")


@pytest.fixture(scope="module")
def page(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "sub" / "page.html"
    assert write_dataset_page(record, path) == path
    return path.read_text(encoding="utf-8")


def test_page_names_every_column_class_split_and_the_origin(page, record):
    text = Reader(page).text
    for block in record["blocks"].values():
        for name in block["column_names"]:
            assert name in text
    for word in ("q", "W", "train", "validation", "test", "toy-1", "arXiv:0000.00000", "rows reordered: jets"):
        assert word in text
    assert record["digest"] in text
    assert "mass of the jet" in text


def test_one_image_with_a_text_per_plot_and_nothing_is_loaded(page, record):
    found = Reader(page)
    plots = [plot for section in build_dataset_page(record).sections for plot in section.plots]
    # jets: multiplicity, leading, occupancy, 3 columns; plain: 2; image: histogram and 2 pictures; menu: 1
    assert len(found.images) == found.figures == len(plots) == 6 + 2 + 3 + 1
    assert len({plot.name for plot in plots}) == len(plots)
    assert [image["alt"] for image in found.images] == [plot.caption for plot in plots]
    for image in found.images:
        head, _, body = image["src"].partition(",")
        assert head == "data:image/svg+xml;base64"
        assert b"</svg>" in base64.b64decode(body)
    assert not set(found.tags) & {"script", "iframe", "object"}
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page).replace("http-equiv", "")


def test_the_same_record_gives_the_same_bytes(page, record, tmp_path):
    again = write_dataset_page(copy.deepcopy(record), tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == page


def test_weighted_plots_say_so_and_draw_weights(page, record, tmp_path):
    weight = np.where(np.arange(300) < 150, 8.0, 1.0)
    heavy = make(tmp_path / "heavy.h5", weight=weight)
    captions = [image["alt"] for image in Reader(write_dataset_page(heavy, tmp_path / "h.html").read_text()).images]
    assert captions
    assert all(caption.endswith("Weighted.") for caption in captions)
    assert not any("Weighted" in image["alt"] for image in Reader(page).images)
    assert "In plots and means every row counts once." in Reader(page).text
    text = Reader((tmp_path / "h.html").read_text()).text
    assert "In plots and means rows count with their weights." in text
    assert "means, deviations and quantiles on this page use them" in text
    for name in ("q", "W"):  # rows stay rows
        assert sum(by_class[name] for by_class in record["counts"].values()) == sum(
            by_class[name] for by_class in heavy["counts"].values()
        )
    drawn = [
        sum(sum(counts) for counts in found["blocks"]["plain"]["columns"][0]["histogram"]["counts"].values())
        for found in (record, heavy)
    ]
    assert drawn[0] <= 300 < drawn[1] <= weight.sum()


def test_a_class_whose_weights_cancel_has_no_curve(tmp_path):
    weight = np.zeros(300)
    page = build_dataset_page(make(tmp_path / "nothing.h5", weight=weight))
    assert any(plot.name == "b3-0" for section in page.sections for plot in section.plots)


def test_hostile_names_are_shown_and_not_run(tmp_path):
    columns = [Column(HOSTILE, HOSTILE, "<img src=x onerror=alert(1)>"), Column('" onload="x', "$\\frac{", "")]
    record = make(
        tmp_path / "h.h5", name=HOSTILE, classes=('q"><b>', "$\\W{"), columns=columns, citation="</title><script>"
    )
    found = Reader(write_dataset_page(record, tmp_path / "h.html").read_text(encoding="utf-8"))
    assert not set(found.tags) & {"script", "b"}
    assert all(set(image) == {"src", "alt"} for image in found.images)
    for text in (HOSTILE, 'q"><b>', "$\\W{", "<img src=x onerror=alert(1)>", '" onload="x', "</title><script>"):
        assert text in found.text


def test_faults_and_empty_classes_are_said_at_the_top(record, tmp_path):
    changed = copy.deepcopy(record)
    changed["blocks"]["plain"]["not_finite"] = [{"column": "mass", "values": 2, "first_row": 7}]
    changed["blocks"]["jets"]["objects"]["unsorted_rows"] = 5
    for by_class in changed["counts"].values():
        by_class["W"] = 0
    remarks = [remark.text for remark in build_dataset_page(changed).remarks]
    assert remarks == [
        "jets: 5 rows not in decreasing pt.",
        "plain.mass: 2 values NaN or infinite, first in row 7; left out of every number and plot below.",
        "Classes without a row: W.",
    ]
    assert build_dataset_page(record).remarks == ()
    text = Reader(write_dataset_page(changed, tmp_path / "p.html").read_text(encoding="utf-8")).text
    assert all(remark in text for remark in remarks)
    assert "W (no rows)" in text


def test_a_split_without_rows_makes_a_page(tmp_path):
    values = np.zeros((4, 2, 3), np.float32)
    plain = np.full((4, 1), np.nan, np.float32)
    write_dataset(
        tmp_path / "e.h5", name="e", inputs={"jets": (values, OBJECT), "b": (plain, OBJECT[:1])},
        label=[0] * 4, classes=["q"], split=[0] * 4, provenance={},
    )  # fmt: skip
    for split in ("train", "test"):
        with Dataset.open(tmp_path / "e.h5") as dataset:
            record = inspect_dataset(dataset, split=split)
        assert f"split {split}" in write_dataset_page(record, tmp_path / "e.html").read_text(encoding="utf-8")


def test_many_columns_and_classes_are_drawn_in_part_and_listed_in_full(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_page, "HISTOGRAMS", 3)
    columns = [Column(f"x{i}", "", "") for i in range(20)]
    classes = [f"c{i}" for i in range(30)]
    write_dataset(
        tmp_path / "m.h5", name="m", inputs={"b": (np.full((90, 20), 5.0), columns)}, label=np.arange(90) % 30,
        classes=classes, split=np.zeros(90, int), provenance={},
    )  # fmt: skip
    with Dataset.open(tmp_path / "m.h5") as dataset:
        record = inspect_dataset(dataset)
    page = build_dataset_page(record)
    assert sum(len(section.plots) for section in page.sections) == 3
    assert [key.text for key in page.legend] == [f"c{i} (3 rows)" for i in range(10)]
    text = Reader(write_dataset_page(record, tmp_path / "m.html").read_text(encoding="utf-8")).text
    assert "Histograms of the first 3 of 20 columns are drawn." in text
    assert "Drawn are the 10 classes with most rows of 30." in text
    assert "x19" in text
    assert "c29" in text


def test_a_page_that_would_become_too_large_has_fewer_plots(record, page, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_page, "IMAGE_BYTES", 100_000)
    short = write_dataset_page(record, tmp_path / "p.html").read_text(encoding="utf-8")
    found = Reader(short)
    assert 0 < len(found.images) < len(Reader(page).images)
    assert sum(len(image["src"]) for image in found.images) < 4 / 3 * 100_000 + 100 * len(found.images)
    left_out = sum(int(number) for number in re.findall(r"(\d+) plots? left out", found.text))
    assert left_out + len(found.images) == len(Reader(page).images)


def test_curves_are_shares_of_each_class_and_overflow_is_said(record):
    block = copy.deepcopy(record["blocks"]["plain"])
    histogram = block["columns"][0]["histogram"]
    histogram |= {"edges": [0.0, 1.0, 2.0], "scale": "linear", "counts": {"q": [3, 1], "W": [0, 5]}}
    histogram |= {"below": {"q": 0, "W": 0}, "above": {"q": 4, "W": 0}}
    block["columns"][0]["quantiles"] = {"0.01": 60.0, "0.5": 80.04, "0.99": 100.0}
    plot = next(block_plots("p", block, [(0, "q"), (1, "W")], 1))
    heights = [patch.get_data().values.tolist() for patch in plot.figure.axes[0].patches]
    assert heights == [[3 / 8, 1 / 8], [0.0, 1.0]]
    assert plot.caption == "mass: median 80 GeV, 98 % between 60 and 100 GeV. Not shown: 31 % above."
    assert plot.figure.axes[0].get_xlabel() == "mass [GeV]"


def test_logarithmic_bins_are_drawn_as_densities(record):
    block = copy.deepcopy(record["blocks"]["plain"])
    histogram = block["columns"][0]["histogram"]
    histogram |= {"edges": [1.0, 10.0, 100.0], "scale": "log", "counts": {"q": [9, 1], "W": [0, 0]}}
    histogram |= {"below": {"q": 0, "W": 0}, "above": {"q": 0, "W": 0}}
    (axes,) = next(block_plots("p", block, [(0, "q"), (1, "W")], 1)).figure.axes
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_ylabel()) == ("log", "log", "density [GeV⁻¹]")
    (curve,) = axes.patches  # a class without entries has no curve
    np.testing.assert_allclose(curve.get_data().values, [0.9 / 9, 0.1 / 90])


def test_tiny_quantities_have_their_power_of_ten_in_the_axis_text(record):
    block = copy.deepcopy(record["blocks"]["plain"])
    block["columns"][0]["histogram"]["edges"] = [
        1e-6 * edge for edge in range(len(block["columns"][0]["histogram"]["edges"]))
    ]
    (axes,) = next(block_plots("p", block, [(0, "q")], 1)).figure.axes
    assert axes.get_xlabel() == "mass [10⁻⁶ GeV]"
    assert axes.get_xlim()[1] > 1


def test_axis_texts_keep_their_unit_when_the_name_is_cut():
    assert axis_text("x" * 40, "GeV") == "x" * 21 + "… [GeV]"
    assert axis_text("eta", "") == "eta"


def test_a_class_with_empty_bins_leaves_gaps_on_a_logarithmic_axis():
    figure_ = distribution_figure([Curve(0, np.array([1.0, 0.0, 2.0]))], [0, 1, 2, 3], "x", "y", log_y=True)
    values = figure_.axes[0].patches[0].get_data().values
    assert np.isnan(values[1])
    assert values[[0, 2]].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (-0.0, "0"), (0.00012345, "0.0001234"), (123456.0, "123,456"), (1e-9, "1e-09")]
)
def test_numbers_have_four_digits(value, shown):
    assert figure(value) == shown
