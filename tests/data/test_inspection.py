import json
import math
from typing import Any

import h5py
import numpy as np
import pytest

from codesign.data import Column, Dataset, write_dataset
from codesign.data.inspection import inspect_dataset, text_lines
from codesign.data.inspection.text import sparkline
from codesign.errors import DataError

OBJECT = [Column("pt", "GeV", "pT"), Column("eta", "", "η"), Column("phi", "rad", "φ")]


def inspected(path, **options) -> dict[str, Any]:
    with Dataset.open(path) as dataset:
        record = inspect_dataset(dataset, **options)
    json.dumps(record, allow_nan=False)
    return record


def write(path, inputs, label=None, classes=("q", "W"), **more):
    rows = len(next(iter(inputs.values()))[0])
    more = {"name": "toy", "split": np.arange(rows) % 3, "provenance": {"seed": 1}} | more
    write_dataset(path, inputs=inputs, label=np.zeros(rows, int) if label is None else label, classes=classes, **more)
    return path


@pytest.fixture
def events(tmp_path):
    """Six events of two classes, with objects in three slots."""
    jets = np.zeros((6, 3, 3), np.float32)
    jets[0, :2] = [[50, 1.0, 0.5], [20, -1.0, -0.5]]
    jets[1, :1] = [[30, 0.0, 3.0]]
    jets[3, :3] = [[90, 2.0, 1.0], [60, 1.0, 2.0], [10, -2.0, -3.0]]
    met = np.array([[10, 0.5], [20, -0.5], [0, 0], [40, 1], [50, 2], [60, -3]], np.float32)
    return write(
        tmp_path / "events.h5",
        {"jets": (jets, OBJECT), "met": (met, [OBJECT[0], OBJECT[2]])},
        label=[0, 0, 0, 1, 1, 1],
        provenance={"origin": "toy-1", "citation": "arXiv:0000.00000", "repairs": {"rows reordered: jets": 4}},
    )


def column(record, block, name):
    return next(entry for entry in record["blocks"][block]["columns"] if entry["name"] == name)


def entries(histogram):
    sides = sum(histogram["below"].values()) + sum(histogram["above"].values())
    return sides + sum(sum(counts) for counts in histogram["counts"].values())


class TestKnownValues:
    def test_header_says_what_and_whence(self, events):
        record = inspected(events)
        assert (record["rows"], record["classes"], record["origin"]) == (6, ["q", "W"], "toy-1")
        assert record["citation"] == "arXiv:0000.00000"
        assert record["repairs"] == {"rows reordered: jets": 4}
        assert record["counts"]["train"] == {"q": 1, "W": 1}
        assert record["weights"] is None

    def test_moments_quantiles_and_zeros_of_plain_columns(self, events):
        pt = column(inspected(events), "met", "pt")
        assert (pt["min"], pt["max"], pt["mean"]) == (0.0, 60.0, 30.0)
        assert pt["std"] == pytest.approx(math.sqrt(2800 / 6))
        assert pt["zeros"] == pytest.approx(1 / 6)
        assert pt["quantiles"]["0.5"] == 30.0
        assert (pt["unit"], pt["description"], pt["entries"]) == ("GeV", "pT", 6)

    def test_objects_count_only_where_a_slot_is_filled(self, events):
        record = inspected(events)
        pt = column(record, "jets", "pt")
        assert (pt["entries"], pt["min"], pt["mean"], pt["zeros"]) == (6, 10.0, pytest.approx(260 / 6), 0.0)
        assert column(record, "jets", "eta")["mean"] == pytest.approx(1 / 6)
        for name in ("pt", "eta", "phi"):
            assert entries(column(record, "jets", name)["histogram"]) == 6

    def test_multiplicity_leading_object_and_occupancy(self, events):
        objects = inspected(events)["blocks"]["jets"]["objects"]
        assert objects["filled_share"] == pytest.approx(6 / 18)
        assert objects["multiplicity"]["mean"] == {"q": 1.0, "W": 1.0}
        assert objects["multiplicity"]["counts"] == {"q": [1, 1, 1, 0], "W": [2, 0, 0, 1]}
        assert entries(objects["leading"]) == 3
        assert objects["leading"]["edges"][0] <= 30
        assert objects["leading"]["edges"][-1] >= 90
        assert np.sum(objects["occupancy"]["counts"]) + objects["occupancy"]["outside"] == 6
        assert objects["unsorted_rows"] == 0

    def test_a_split_is_looked_at_alone(self, events):
        record = inspected(events, split="train")
        assert (record["rows"], record["split"]) == (2, "train")
        assert column(record, "met", "pt")["mean"] == 25.0
        assert column(record, "jets", "pt")["entries"] == 5

    def test_objects_out_of_order_are_counted(self, tmp_path):
        jets = np.zeros((3, 2, 3), np.float32)
        jets[1, :, 0] = [5, 9]
        path = write(tmp_path / "x.h5", {"jets": (jets, OBJECT)})
        assert inspected(path)["blocks"]["jets"]["objects"]["unsorted_rows"] == 1
        assert "  ! 1 rows are not in decreasing pt" in text_lines(inspected(path))

    def test_weights_are_summed_per_class(self, tmp_path):
        values = np.ones((4, 1), np.float32)
        path = write(tmp_path / "w.h5", {"b": (values, OBJECT[:1])}, label=[0, 1, 1, 1], weight=[1, 2, -1, 4])
        weights = inspected(path)["weights"]
        assert weights["sum"] == {"q": 1.0, "W": 5.0}
        assert (weights["min"], weights["max"], weights["mean"], weights["negative"]) == (-1.0, 4.0, 1.5, 1)


class TestWeights:
    """A row of weight n counts like n rows."""

    REPEATS = (1, 3, 2, 1, 4, 1)

    @pytest.fixture
    def both(self, events, tmp_path):
        """Records of the events with weights, and of a file in which each event stands as often as its weight says."""
        with Dataset.open(events) as dataset:
            inputs = {b: (dataset.read_rows(b, slice(None)), list(dataset.columns(b))) for b in dataset.blocks}
            label = dataset.labels()
        inputs["menu"] = (
            (np.arange(60).reshape(6, 10) % 7 < 3).astype(float),
            [Column(f"b{i}", "", "") for i in range(10)],
        )
        inputs["image"] = (np.arange(96.0).reshape(6, 16, 1), [Column("e", "", "")])
        repeated = {b: (np.repeat(values, self.REPEATS, axis=0), columns) for b, (values, columns) in inputs.items()}
        heavy = write(tmp_path / "heavy.h5", inputs, label=label, weight=self.REPEATS)
        long = write(tmp_path / "long.h5", repeated, label=np.repeat(label, self.REPEATS))
        return inspected(heavy, batch_rows=2), inspected(long)

    @pytest.mark.parametrize("block", ["jets", "met", "image"])
    def test_means_and_deviations(self, both, block):
        for heavy, long in zip(*(record["blocks"][block]["columns"] for record in both), strict=True):
            assert heavy["mean"] == pytest.approx(long["mean"], rel=1e-12)
            assert heavy["std"] == pytest.approx(long["std"], rel=1e-12)

    @pytest.mark.parametrize("block", ["jets", "met", "image"])
    def test_histograms(self, both, block):
        for heavy, long in zip(*(record["blocks"][block]["columns"] for record in both), strict=True):
            found = heavy["histogram"]
            for name in ("q", "W"):
                repeated = long["histogram"]
                assert (
                    sum(found["counts"][name]) + found["below"][name] + found["above"][name]
                    == sum(repeated["counts"][name]) + repeated["below"][name] + repeated["above"][name]
                )
        met = column(both[0], "met", "pt")["histogram"]
        place = np.searchsorted(met["edges"], 20.0, side="right") - 1
        assert met["counts"]["q"][place] == 3.0

    def test_objects_bits_and_pictures(self, both):
        heavy, long = (record["blocks"] for record in both)
        assert heavy["jets"]["objects"]["multiplicity"] == long["jets"]["objects"]["multiplicity"]
        assert np.sum(heavy["jets"]["objects"]["occupancy"]["counts"]) == 1 * 2 + 3 * 1 + 1 * 3
        assert sum(heavy["jets"]["objects"]["leading"]["counts"]["q"]) == 4
        assert heavy["menu"]["bits"] == long["menu"]["bits"]
        assert heavy["image"]["profile"] == long["image"]["profile"]

    def test_quantiles_are_where_the_weights_add_up_to_the_share(self, both):
        # met.pt: 10 (weight 1), 20 (3), 0 (2), 40 (1), 50 (4), 60 (1); half of 12 is reached at 20.
        assert column(both[0], "met", "pt")["quantiles"] == {"0.01": 0.0, "0.5": 20.0, "0.99": 60.0}

    def test_rows_entries_zeros_and_filled_slots_count_once(self, both):
        heavy, _ = both
        assert (heavy["rows"], sum(heavy["counts"]["train"].values())) == (6, 2)
        assert column(heavy, "met", "pt")["entries"] == 6
        assert column(heavy, "met", "pt")["zeros"] == pytest.approx(1 / 6)
        assert heavy["blocks"]["jets"]["objects"]["filled_share"] == pytest.approx(6 / 18)
        assert heavy["blocks"]["jets"]["shape"] == [6, 3, 3]

    def test_weights_of_one_change_nothing(self, events, tmp_path):
        with Dataset.open(events) as dataset:
            inputs = {b: (dataset.read_rows(b, slice(None)), list(dataset.columns(b))) for b in dataset.blocks}
            path = write(tmp_path / "ones.h5", inputs, label=dataset.labels(), weight=np.ones(6))
        ones, none = inspected(path)["blocks"], inspected(events)["blocks"]
        assert all(block.pop("weighted") for block in ones.values())
        assert not any(block.pop("weighted") for block in none.values())
        for block in (*ones.values(), *none.values()):
            for entry in block["columns"]:
                entry.pop("quantiles")  # between two values without weights, at one of them with weights
        assert ones == none

    def test_a_split_has_its_own_weights(self, events, tmp_path):
        values = np.array([[1.0], [2.0], [3.0], [5.0]])
        path = write(tmp_path / "s.h5", {"b": (values, OBJECT[:1])}, split=[0, 1, 0, 1], weight=[9, 1, 9, 3])
        assert column(inspected(path, split="validation", batch_rows=3), "b", "pt")["mean"] == (2 + 3 * 5) / 4

    def test_negative_weights_take_away_and_a_mean_of_nothing_is_none(self, tmp_path):
        values = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, np.nan]])
        path = write(tmp_path / "n.h5", {"b": (values, [Column("x", "", ""), Column("y", "", "")])}, weight=[1, -1, 2])
        record = inspected(path)
        x, y = record["blocks"]["b"]["columns"]
        assert x["mean"] == (1 - 2 + 8) / 2
        assert sum(x["histogram"]["counts"]["q"]) == 2.0
        assert (y["mean"], y["std"], y["quantiles"]["0.5"]) == (None, None, None)
        assert y["entries"] == 2
        assert any("means and distributions use them" in line for line in text_lines(record))

    def test_a_deviation_that_negative_weights_make_imaginary_is_none(self, tmp_path):
        path = write(tmp_path / "i.h5", {"b": (np.array([[0.0], [1.0]]), OBJECT[:1])}, weight=[-1, 2])
        assert column(inspected(path), "b", "pt")["std"] is None

    def test_weights_that_are_no_numbers_are_said_and_not_used(self, tmp_path):
        values = np.array([[1.0], [2.0], [3.0]])
        path = write(tmp_path / "f.h5", {"b": (values, OBJECT[:1])}, weight=[1, 1, 4])
        with h5py.File(path, "r+") as file:
            file["weight"][2] = np.nan
        record = inspected(path)
        assert "1 NaN or infinite; every row counts once" in record["weights"]["fault"]
        assert column(record, "b", "pt")["mean"] == 2.0
        assert not record["blocks"]["b"]["weighted"]


class TestHistograms:
    def test_whole_numbers_get_bins_of_whole_numbers(self, tmp_path):
        values = np.repeat([0, 1, 2, 5], [4, 3, 2, 1])[:, None]
        record = inspected(write(tmp_path / "n.h5", {"b": (values, [Column("n", "", "")])}, label=np.arange(10) % 2))
        histogram = column(record, "b", "n")["histogram"]
        assert histogram["scale"] == "integer"
        assert histogram["edges"] == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
        assert np.add(*histogram["counts"].values()).tolist() == [4, 3, 2, 0, 0, 1]

    def test_every_value_is_in_a_bin_or_counted_outside(self, tmp_path):
        random = np.random.default_rng(1)
        values = np.stack([random.standard_cauchy(20_000), random.exponential(1, 20_000)], axis=1)
        names = [Column("tails", "", ""), Column("falling", "GeV", "")]
        record = inspected(write(tmp_path / "c.h5", {"b": (values, names)}, label=np.arange(20_000) % 2))
        tails = column(record, "b", "tails")["histogram"]
        assert entries(tails) == entries(column(record, "b", "falling")["histogram"]) == 20_000
        outside = sum(tails["below"].values()) + sum(tails["above"].values())
        assert 30 <= outside <= 50  # the central 99.8 %
        inside, _ = np.histogram(values[::2, 0].astype(np.float32).astype(np.float64), tails["edges"])
        assert tails["counts"]["q"] == inside.tolist()

    def test_the_smallest_and_the_largest_value_are_inside_where_the_bins_reach_the_ends(self, tmp_path):
        values = np.random.default_rng(7).uniform(0, 1, (500, 1))
        record = inspected(write(tmp_path / "u.h5", {"b": (values, [Column("u", "", "")])}))
        u = column(record, "b", "u")
        assert (u["histogram"]["edges"][0], u["histogram"]["edges"][-1]) == (u["min"], u["max"])
        assert sum(u["histogram"]["counts"]["q"]) == 500

    def test_extreme_values_are_no_obstacle(self, tmp_path):
        values = np.array([[3e38], [-3e38], [1e-45], [0], [7]], np.float32)
        histogram = column(inspected(write(tmp_path / "e.h5", {"b": (values, OBJECT[:1])})), "b", "pt")["histogram"]
        assert entries(histogram) == 5
        assert (np.diff(histogram["edges"]) > 0).all()


class TestFaults:
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_values_that_are_not_finite_are_reported_with_their_row(self, sample, value):
        clean = column(inspected(sample), "high_level", "mass")
        with h5py.File(sample, "r+") as file:
            file["inputs/high_level"][[7, 11], 1] = value
            file["inputs/constituents"][[9], 2, 1] = value
        record = inspected(sample)
        assert record["blocks"]["high_level"]["not_finite"] == [{"column": "multiplicity", "values": 2, "first_row": 7}]
        assert record["blocks"]["constituents"]["not_finite"] == [{"column": "delta_eta", "values": 1, "first_row": 9}]
        bad = column(record, "high_level", "multiplicity")
        assert (bad["not_finite"], bad["first_bad_row"], bad["entries"]) == (2, 7, 38)
        rest = [3 * row + 1 for row in range(40) if row not in (7, 11)]
        assert bad["mean"] == pytest.approx(np.mean(rest))
        assert entries(bad["histogram"]) == 38
        assert column(record, "high_level", "mass") == clean
        assert "  ! multiplicity: 2 NaN or infinite, first in row 7" in text_lines(record)

    def test_the_row_is_that_of_the_file_whatever_the_split(self, sample):
        with h5py.File(sample, "r+") as file:
            file["inputs/high_level"][37, 0] = np.nan  # row 37 is a row of the validation split
        found = inspected(sample, split="validation")["blocks"]["high_level"]["not_finite"]
        assert found == [{"column": "mass", "values": 1, "first_row": 37}]
        assert inspected(sample, split="test")["blocks"]["high_level"]["not_finite"] == []

    def test_a_slot_whose_momentum_is_nan_is_empty_but_reported(self, events):
        with h5py.File(events, "r+") as file:
            file["inputs/jets"][3, 2, 0] = np.nan
        record = inspected(events)
        assert record["blocks"]["jets"]["not_finite"] == [{"column": "pt", "values": 1, "first_row": 3}]
        assert record["blocks"]["jets"]["objects"]["multiplicity"]["counts"]["W"] == [2, 0, 1, 0]

    def test_nothing_but_nan(self, tmp_path):
        path = write(tmp_path / "nan.h5", {"b": (np.full((4, 1), np.nan, np.float32), OBJECT[:1])})
        pt = column(inspected(path), "b", "pt")
        assert [pt[key] for key in ("min", "max", "mean", "std", "zeros", "histogram")] == [None] * 6
        assert text_lines(inspected(path))[-1].split() == ["pt", "GeV", "–", "–", "–", "–", "–"]

    def test_an_empty_class_and_an_empty_split(self, tmp_path):
        values = np.arange(8, dtype=np.float32)[:, None]
        objects = np.zeros((8, 2, 3), np.float32)
        inputs = {"b": (values, OBJECT[:1]), "jets": (objects, OBJECT)}
        path = write(tmp_path / "e.h5", inputs, classes=("q", "never"), split=np.zeros(8, int))
        record = inspected(path)
        assert record["blocks"]["jets"]["objects"]["multiplicity"]["mean"] == {"q": 0.0, "never": None}
        assert sum(column(record, "b", "pt")["histogram"]["counts"]["never"]) == 0
        empty = inspected(path, split="test")
        assert empty["rows"] == 0
        assert column(empty, "b", "pt")["entries"] == 0
        assert text_lines(empty)

    def test_unknown_split_and_impossible_bins(self, sample):
        with Dataset.open(sample) as dataset:
            with pytest.raises(DataError, match="unknown split 'trian'; did you mean 'train'"):
                inspect_dataset(dataset, split="trian")
            with pytest.raises(DataError, match="bins: expected at least 1, found 0"):
                inspect_dataset(dataset, bins=0)


class TestPieces:
    def test_pieces_give_what_the_whole_gives(self, tmp_path):
        random = np.random.default_rng(8)
        jets = -np.sort(-random.pareto(2, (1000, 4, 3)), axis=1)
        jets[random.random((1000, 4)) < 0.3] = 0
        jets[500, 1, 2] = np.nan
        path = write(
            tmp_path / "j.h5", {"jets": (jets, OBJECT), "met": (jets[:, 0], OBJECT)}, label=np.arange(1000) % 2
        )
        whole, parts = inspected(path), inspected(path, batch_rows=7)
        for block in ("jets", "met"):
            for one, many in zip(whole["blocks"][block]["columns"], parts["blocks"][block]["columns"], strict=True):
                for key in ("mean", "std"):
                    assert many.pop(key) == pytest.approx(one.pop(key), rel=1e-12)
        assert whole == parts

    def test_no_more_rows_are_read_at_a_time_than_asked_for(self, sample, monkeypatch):
        sizes = []
        read_rows = Dataset.read_rows

        def spied(self, block, rows):
            values = read_rows(self, block, rows)
            sizes.append(len(values))
            return values

        monkeypatch.setattr(Dataset, "read_rows", spied)
        inspected(sample, batch_rows=6)
        assert max(sizes) == 6
        assert sum(sizes) == 2 * 2 * 40  # two passes over two blocks

    def test_quantiles_of_a_large_block_come_from_every_nth_row_wherever_the_pieces_end(self, tmp_path, monkeypatch):
        monkeypatch.setattr("codesign.data.inspection.layout.SAMPLE_VALUES", 100)
        values = np.arange(1000, dtype=np.float32)[:, None]
        path = write(tmp_path / "s.h5", {"b": (values, [Column("x", "", "")])})
        whole, parts = inspected(path), inspected(path, batch_rows=33)
        assert whole["blocks"]["b"]["sample"] == {"every": 10, "rows": 100}
        assert column(whole, "b", "x")["quantiles"]["0.5"] == np.median(np.arange(0, 1000, 10))
        assert column(whole, "b", "x")["max"] == 999.0
        assert column(whole, "b", "x")["quantiles"] == column(parts, "b", "x")["quantiles"]

    def test_a_large_offset_does_not_cost_the_variance(self, tmp_path):
        values = (1e6 + np.arange(1000) % 2)[:, None]
        path = write(tmp_path / "o.h5", {"b": (values, [Column("x", "", "")])})
        assert column(inspected(path, batch_rows=100), "b", "x")["std"] == pytest.approx(0.5)

    def test_progress_ends_at_the_number_of_rows(self, sample):
        calls = []
        inspected(sample, batch_rows=15, progress=lambda *call: calls.append(call))
        assert ("high_level: ranges", 40, 40) in calls
        assert ("constituents: histograms", 40, 40) in calls


class TestWideBlocks:
    def test_many_bits_are_ranked_by_their_share(self, tmp_path):
        bits = np.zeros((10, 300), np.float32)
        bits[:, 7] = 1
        bits[:5, 200] = 1
        names = [Column(f"algorithm_{i}", "", "") for i in range(300)]
        path = write(tmp_path / "m.h5", {"menu": (bits, names)}, label=np.repeat([0, 1], 5))
        block = inspected(path)["blocks"]["menu"]
        assert block["columns"] == []
        assert block["bits"]["never"] == 298
        assert block["bits"]["most_frequent"] == [
            {"name": "algorithm_7", "share": 1.0, "by_class": {"q": 1.0, "W": 1.0}},
            {"name": "algorithm_200", "share": 0.5, "by_class": {"q": 1.0, "W": 0.0}},
        ]
        assert any(line.split() == ["algorithm_200", "50.000", "%"] for line in text_lines(inspected(path)))

    def test_a_picture_has_its_mean_per_class_and_one_histogram(self, tmp_path):
        pixels = np.zeros((4, 16, 1), np.float32)
        pixels[:2, 5, 0] = [1, 3]
        pixels[2:, 10, 0] = 8
        path = write(tmp_path / "i.h5", {"image": (pixels, [Column("intensity", "", "")])}, label=[0, 0, 1, 1])
        block = inspected(path)["blocks"]["image"]
        assert block["kind"] == "cells"
        assert block["profile"]["grid"] == [4, 4]
        assert block["profile"]["mean"]["q"] == [0.0] * 5 + [2.0] + [0.0] * 10
        assert block["profile"]["mean"]["W"][10] == 8.0
        assert block["columns"][0]["entries"] == 64
        assert block["columns"][0]["zeros"] == pytest.approx(60 / 64)

    def test_more_columns_than_wanted_are_summarised(self, sample):
        block = inspected(sample, max_columns=2)["blocks"]["high_level"]
        assert (block["columns"], block["range"]) == ([], [0.0, 119.0])
        lines = text_lines(inspected(sample, max_columns=2))
        assert "  3 columns, mass to zlogz, values from 0 to 119" in lines


class TestLines:
    def test_table_is_short_aligned_and_says_where_the_data_come_from(self, events):
        lines = text_lines(inspected(events))
        assert max(len(line) for line in lines) <= 100
        assert lines[0].endswith("events.h5: toy, 6 rows")
        assert "  origin     toy-1" in lines
        assert "  citation   arXiv:0000.00000" in lines
        assert "  repaired   rows reordered: jets: 4" in lines
        assert any(line.startswith("  digest     ") and len(line.split()[1]) == 64 for line in lines)
        (pt,) = (line for line in lines if line.split()[:3] == ["pt", "GeV", "0"])
        assert pt.split()[3:8] == ["30", "21.6", "60", "16.7", "%"]
        assert "  mean multiplicity: q 1.00, W 1.00" in lines

    def test_numbers_never_touch_and_control_characters_never_reach_the_terminal(self, tmp_path):
        values = np.array([[-1.2345e-30], [1.2345e-30]], np.float32)
        path = write(tmp_path / "t.h5", {"b": (values, [Column("\x1b[31mred\n" + "x" * 50, "1/m\x07", "")])})
        lines = text_lines(inspected(path))
        assert all(line.isprintable() for line in lines)
        assert "-1.23e-30" in lines[-1].split()
        assert max(len(line) for line in lines) <= 100

    def test_sparkline_is_as_high_as_the_bins(self):
        histogram = {"counts": {"q": [0, 1, 4], "W": [0, 0, 4]}}
        assert sparkline(histogram) == " ▂█"
        assert len(sparkline({"counts": {"q": list(range(50))}})) <= 20
        assert sparkline(None) == ""


def test_blocks_without_columns_slots_or_rows_are_described(tmp_path):
    def bare(path, rows, blocks):
        with h5py.File(path, "w") as file:
            file.attrs.update({"schema_version": 1, "name": "", "digest": "0", "provenance": "{}"})
            for name, (shape, names) in blocks.items():
                stored = file.create_dataset(f"inputs/{name}", data=np.zeros((rows, *shape), np.float32))
                stored.attrs["columns"] = json.dumps([{"name": n, "unit": "", "description": ""} for n in names])
            file.create_dataset("label", data=np.zeros(rows, np.uint8)).attrs["classes"] = '["q"]'
            file["split"] = np.zeros(rows, np.uint8)
        return inspected(path)

    shapes = {"none": ((0,), []), "objects": ((0, 2), ["pt", "eta"]), "cells": ((0, 1), ["e"])}
    record = bare(tmp_path / "shapes.h5", 5, shapes)
    assert record["blocks"]["none"]["columns"] == []
    assert record["blocks"]["objects"]["objects"]["multiplicity"]["counts"] == {"q": [5]}
    assert "none: 5 × 0 columns" in text_lines(record)
    wide = [f"b{i}" for i in range(300)]
    record = bare(tmp_path / "rows.h5", 0, {"wide": ((300,), wide), "picture": ((16, 1), ["e"])})
    assert (record["rows"], record["blocks"]["wide"]["bits"], record["blocks"]["wide"]["range"]) == (
        0,
        None,
        [None] * 2,
    )
    assert record["blocks"]["picture"]["profile"]["mean"] == {}
    assert "  300 columns, b0 to b299, values from – to –" in text_lines(record)
