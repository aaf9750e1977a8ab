import pytest

from codesign.errors import ConfigError
from codesign.synth.budgets import MINIMA, UNITS, BudgetLine, check_budget


@pytest.mark.parametrize("name", sorted(UNITS))
class TestEveryQuantity:
    limit = 0.5  # allowed for shares and counts alike

    def test_the_limit_itself_passes(self, name: str) -> None:
        assert check_budget({name: self.limit}, {name: self.limit})[0].passed

    def test_only_the_right_side_passes(self, name: str) -> None:
        above = check_budget({name: self.limit}, {name: self.limit + 0.01})[0]
        below = check_budget({name: self.limit}, {name: self.limit - 0.01})[0]
        assert (above.passed, below.passed) == ((True, False) if name in MINIMA else (False, True))

    def test_not_measured_fails(self, name: str) -> None:
        for measured in ({}, {name: None}):
            line = check_budget({name: self.limit}, measured)[0]
            assert not line.passed
            assert line.measured is None
            assert str(line).startswith(f"FAIL  {name}: not measured")

    def test_nan_fails(self, name: str) -> None:
        assert not check_budget({name: self.limit}, {name: float("nan")})[0].passed

    def test_unit(self, name: str) -> None:
        assert check_budget({name: self.limit}, {})[0].unit == UNITS[name]


def test_lines_keep_the_order_and_ignore_what_has_no_limit() -> None:
    lines = check_budget({"lut": 100, "latency_ns": 50}, {"latency_ns": 47.1, "lut": 120, "ff": 5})
    assert [(line.name, line.passed) for line in lines] == [("lut", False), ("latency_ns", True)]


def test_no_limits_give_no_lines() -> None:
    assert check_budget({}, {"lut": 5}) == ()


def test_a_limit_of_zero_is_a_limit() -> None:
    assert check_budget({"dsp": 0}, {"dsp": 0})[0].passed
    assert not check_budget({"dsp": 0}, {"dsp": 1})[0].passed


def test_text_of_a_line() -> None:
    assert str(BudgetLine("lut", 12000, 11767, "LUT", True)) == "pass  lut: measured 11767, at most 12000 LUT"
    assert str(BudgetLine("accuracy", 0.76, 0.7512, "", False)) == "FAIL  accuracy: measured 0.7512, at least 0.76"


def test_large_numbers_are_written_in_full() -> None:
    text = str(BudgetLine("ff", 3456000, 1234567, "FF", True))
    assert "1234567" in text
    assert "3456000" in text


def test_unknown_quantity_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown budget 'latency'; did you mean 'latency_ns'\?"):
        check_budget({"latency": 5}, {"latency": 1})


@pytest.mark.parametrize(
    ("name", "limit", "message"),
    [
        ("lut", float("nan"), "a finite number"),
        ("lut", float("inf"), "a finite number"),
        ("ff", -1, "a finite number, 0 or more"),
        ("accuracy", 76, "a fraction from 0 to 1"),
        ("lut_share", 1.5, "a fraction from 0 to 1"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(name: str, limit: float, message: str) -> None:
    with pytest.raises(ConfigError, match=f"budget '{name}': expected {message}"):
        check_budget({name: limit}, {name: 0.5})
