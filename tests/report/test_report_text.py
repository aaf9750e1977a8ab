import pytest

from codesign.report import text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (text.count(None), "–"),
        (text.count(1234567, "LUT"), "1,234,567 LUT"),
        (text.count(0), "0"),
        (text.number(None, "ns"), "–"),
        (text.number(36.04, "ns"), "36.0 ns"),
        (text.compact(None), "–"),
        (text.compact(1.0, "cycles"), "1 cycles"),
        (text.compact(360.71), "360.71"),
        (text.compact(-2749.0), "-2,749"),
        (text.percent(None), "–"),
        (text.percent(0.0), "0 %"),
        (text.percent(0.00315), "0.32 %"),
        (text.percent(1e-6), "<0.01 %"),
        (text.percent(12.5), "1,250.00 %"),
        (text.power_of_two(-13), "2⁻¹³"),
        (text.duration(None), "–"),
        (text.duration(3.26), "3.3 s"),
        (text.duration(200.4), "3 min 20 s"),
        (text.plural(1, "limit"), "1 limit"),
        (text.plural(4, "limit"), "4 limits"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (text.rounded(1294.3), "1,290"),
        (text.rounded(4.083), "4.08"),
        (text.rounded(0.0), "0"),
        (text.exact(129.0625), "129.0625"),
        (text.exact(8.0), "8"),
        (text.power_of_ten(1e-5), "10⁻⁵"),
        (text.power_of_ten(0.001), "10⁻³"),
        (text.power_of_ten(2.5e-4), "2.5 · 10⁻⁴"),
        (text.small(9.31e-4, 8.85e-4, 9.80e-4), "9.31 (8.85 … 9.80) · 10⁻⁴"),
        (text.small(0.0, 0.0, 1.8e-5), "0.00 (0.00 … 1.80) · 10⁻⁵"),
        (text.small(0.5, 0.4, 0.6), "0.50 (0.40 … 0.60)"),
        (text.small(0.0, 0.0, 0.0), "0.00 (0.00 … 0.00)"),
        (text.interval({"value": 0.123, "low": 0.111, "high": 0.136}), "12.3 (11.1 … 13.6) %"),
        (text.interval({"value": 0.0, "low": 0.0, "high": 2e-5}), "0.0000 (0.0000 … 0.0020) %"),
        (text.khz(30.123, 28.4, 31.9), "30.1 (28.4 … 31.9) kHz"),
        (text.change(None, "%"), "–"),
        (text.change({"value": -0.0012, "error": 0.0034}, "pp"), "−0.12 ± 0.34 pp"),
        (text.change({"value": 0.0, "error": 0.0}, "pp"), "none"),
    ],
)
def test_fractions_and_rates_read_well(shown: str, expected: str) -> None:
    assert shown == expected


class TestEstimate:
    def test_the_error_has_two_significant_digits(self) -> None:
        assert text.estimate({"value": 0.69504, "error": 0.00412}) == "0.6950 ± 0.0041"
        assert text.estimate({"value": 0.69504, "error": 0.00412}, 100, "%") == "69.50 ± 0.41 %"
        assert text.estimate({"value": 0.193, "error": 0.016}, 100, "%") == "19.3 ± 1.6 %"

    def test_an_error_that_rounds_up_does_not_gain_a_digit(self) -> None:
        assert text.estimate({"value": 70.76, "error": 0.9996}) == "70.8 ± 1.0"

    def test_nothing_known(self) -> None:
        assert text.estimate(None) == "–"
        assert text.estimate({"value": None, "error": None}) == "–"

    def test_without_an_error_none_is_invented(self) -> None:
        assert text.estimate({"value": 0.5, "error": 0.0}) == "0.5000"
