from collections import Counter

import numpy as np
import pytest

from codesign.data.checking import checked
from codesign.data.reading import Batch
from codesign.data.schema import Block, Column
from codesign.errors import DataError

BLOCKS = {
    "met": Block((Column("pt", "GeV", ""), Column("phi", "rad", ""))),
    "jets": Block((Column("pt", "GeV", ""), Column("eta", "", "")), objects=3, order_by="pt"),
}


@pytest.fixture
def inputs():
    jets = np.array([[[9, 1], [5, 2], [0, 0]], [[7, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [0, 0]]], np.float64)
    return {"met": np.array([[3.0, 1.0], [4.0, -1.0], [5.0, 0.0]]), "jets": jets}


def check(inputs, *, drop=False, weight=None):
    repairs = Counter()
    batch = Batch(inputs, np.arange(3), weight, np.array([0, 1, 2], np.uint8))
    return checked(batch, BLOCKS, drop_bad_rows=drop, repairs=repairs, where="in.h5", first_row=100), repairs


def test_good_rows_pass_unchanged(inputs):
    found, repairs = check(inputs)
    assert (found.inputs["jets"] == inputs["jets"]).all()
    assert found.inputs["met"].dtype == np.float32
    assert repairs == {}


def test_unsorted_objects_are_sorted_and_counted(inputs):
    inputs["jets"][0] = [[5, 2], [0, 3], [9, 1]]
    found, repairs = check(inputs)
    assert found.inputs["jets"][0].tolist() == [[9, 1], [5, 2], [0, 0]]
    assert repairs == {"rows reordered: jets by decreasing pt": 1}


@pytest.mark.parametrize(
    ("block", "place", "value", "message"),
    [
        ("met", (1, 1), np.nan, r"row 101: met\.phi: expected a finite number, found nan"),
        ("met", (2, 0), np.inf, r"row 102: met\.pt: expected a finite number, found inf"),
        ("met", (0, 0), -1.0, r"row 100: met\.pt: expected a finite number ≥ 0, found -1"),
        ("jets", (1, 2, 0), -0.5, r"row 101, object 2: jets\.pt: expected a finite number ≥ 0, found -0\.5"),
        ("jets", (1, 0, 1), 1e60, r"row 101, object 0: jets\.eta: expected a finite number, found inf"),
    ],
)
def test_bad_values_are_refused_with_their_place_or_left_out_and_counted(inputs, block, place, value, message):
    inputs[block][place] = value
    with pytest.raises(DataError, match=r"^in\.h5: " + message + ".*--drop-bad-rows"):
        check(inputs)
    found, repairs = check(inputs, drop=True)
    kept = [row for row in range(3) if row != place[0]]
    assert found.label.tolist() == kept
    assert found.split.tolist() == kept
    assert (found.inputs["met"] == inputs["met"][kept]).all()
    assert repairs == {"rows left out: NaN, infinite or negative momentum": 1}


def test_negative_values_of_other_columns_are_fine(inputs):
    inputs["met"][0, 1] = -3.0
    inputs["jets"][0, 0, 1] = -2.0
    assert check(inputs)[1] == {}


def test_a_bad_weight_is_refused_or_left_out(inputs):
    weight = np.array([1.0, np.nan, 2.0])
    with pytest.raises(DataError, match="row 101: weight: expected a finite number, found nan"):
        check(inputs, weight=weight)
    assert check(inputs, weight=weight, drop=True)[0].weight.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("values", [np.zeros((3, 2, 2)), np.zeros((2, 3, 2)), np.zeros((3, 3, 2), "S1")])
def test_wrong_shapes_and_types_are_refused(inputs, values):
    inputs["jets"] = values
    with pytest.raises(DataError, match=r"block jets: expected numbers of shape \(3, 3, 2\), found"):
        check(inputs)


def test_a_batch_without_rows_is_fine(inputs):
    none = {name: values[:0] for name, values in inputs.items()}
    batch = Batch(none, np.zeros(0, int), None, np.zeros(0, np.uint8))
    found = checked(batch, BLOCKS, drop_bad_rows=False, repairs=Counter(), where="in.h5", first_row=0)
    assert found.inputs["jets"].shape == (0, 3, 2)
