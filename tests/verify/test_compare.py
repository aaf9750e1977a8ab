import json

import numpy as np
import pytest

from codesign.verify.compare import compare

INPUTS = np.array([[1, -2], [3, 4], [-8, 7], [0, 0]])
SCORES = np.array([[10, 20, 30], [1, 2, 3], [-5, 0, 5], [7, 7, 7]])


def against(other, **arguments):
    return compare("RTL", SCORES, other, inputs=INPUTS, input_widths=(4, 4), score_lsb=0.25, **arguments)


def test_equal_integers_pass(tmp_path):
    stale = tmp_path / "counterexample.json"
    stale.write_text("{}")
    result = against(SCORES.copy(), counterexample=stale)
    assert result.passed
    assert (result.vectors, result.mismatches, result.max_lsb_distance, result.samples) == (4, 0, 0, ())
    assert str(result) == "RTL: 4 vectors equal"
    assert not stale.exists()


def test_one_lsb_is_a_mismatch_and_is_written_down(tmp_path):
    other = SCORES.copy()
    other[2, 1] += 1
    file = tmp_path / "deep" / "counterexample.json"
    result = against(other, counterexample=file)
    assert not result.passed
    assert (result.mismatches, result.max_lsb_distance) == (1, 1)
    assert "1 of 4 vectors differ, by up to 1 LSB" in str(result)
    assert "vector 2: expected [-5, 0, 5], found [-5, 1, 5]" in str(result)
    record = json.loads(file.read_text())
    assert record["samples"] == [
        {"index": 2, "inputs": [-8, 7], "input_word": "0x78", "expected": [-5, 0, 5], "found": [-5, 1, 5]}
    ]
    assert (record["implementation"], record["input_widths"], record["score_lsb"]) == ("RTL", [4, 4], 0.25)


def test_only_the_first_samples_are_kept():
    scores = np.zeros((100, 1), dtype=np.int64)
    result = compare(
        "x", scores, scores + 3, inputs=np.zeros((100, 2), dtype=np.int64), input_widths=(4, 4), score_lsb=1.0
    )
    assert (result.mismatches, result.max_lsb_distance) == (100, 3)
    assert [sample.index for sample in result.samples] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("other", "mismatches", "words"),
    [
        (SCORES[:3], 1, r"expected scores of shape (4, 3), got (3, 3)"),
        (np.concatenate([SCORES, SCORES]), 4, r"expected scores of shape (4, 3), got (8, 3)"),
        (SCORES[:, :2], 4, r"expected scores of shape (4, 3), got (4, 2)"),
        (SCORES[:0], 4, r"expected scores of shape (4, 3), got (0, 3)"),
        (SCORES.astype(float), 4, r"expected int64 score integers, got int64 (reference) and float64"),
        (np.int64(3), 4, r"expected scores of shape (4, 3), got ()"),
    ],
)
def test_another_shape_or_type_is_a_failure(tmp_path, other, mismatches, words):
    result = against(np.asarray(other), counterexample=tmp_path / "c.json")
    assert not result.passed
    assert result.mismatches == mismatches
    assert words in str(result)
    assert words in json.loads((tmp_path / "c.json").read_text())["problem"]


def test_unknown_bits_never_pass():
    result = against(SCORES.copy(), unknown=np.array([False, True, False, False]))
    assert (result.passed, result.mismatches, result.max_lsb_distance) == (False, 1, 0)
    assert result.samples[0].found is None
    assert "vector 1: expected [1, 2, 3], found X or Z bits" in str(result)


def test_nothing_compared_is_not_a_pass():
    empty = SCORES[:0]
    result = compare("RTL", empty, empty, inputs=INPUTS[:0], input_widths=(4, 4), score_lsb=1.0)
    assert not result.passed
    assert "there are no vectors to compare" in str(result)


def test_a_sample_keeps_its_place_among_all_vectors():
    other = SCORES.copy()
    other[1] += 1
    result = against(other, positions=np.array([10, 20, 30, 40]))
    assert (result.samples[0].index, result.samples[0].inputs) == (20, (3, 4))
