"""Numbers as a reader wants them: units, thousands separators, as many digits as the error allows."""

import math
from collections.abc import Mapping
from typing import Any

MISSING = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float | None, unit: str = "") -> str:
    """A whole number with thousands separators, ``MISSING`` for None."""
    return MISSING if value is None else f"{value:,.0f} {unit}".rstrip()


def number(value: float | None, unit: str = "", digits: int = 1) -> str:
    """A number with a fixed number of decimals, ``MISSING`` for None."""
    return MISSING if value is None else f"{value:,.{digits}f} {unit}".rstrip()


def compact(value: float | None, unit: str = "") -> str:
    """A number with up to six significant digits and no trailing zeros; whole numbers in full."""
    if value is None:
        return MISSING
    text = f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    return f"{text} {unit}".rstrip()


def exact(value: float) -> str:
    """A fixed-point number with all its digits: ``129.0625``."""
    return f"{value:.15g}"


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as a percentage; a small one that would show as zero is shown as an upper bound."""
    if fraction is None:
        return MISSING
    smallest = 10.0**-digits
    if 0 < 100 * fraction < smallest / 2:
        return f"<{smallest:.{digits}f} %"
    return "0 %" if fraction == 0 else f"{100 * fraction:,.{digits}f} %"


def estimate(record: Mapping[str, Any] | None, scale: float = 1.0, unit: str = "") -> str:
    """Value ± error of an ``Estimate`` record, the error with two significant digits.

    Args:
        record: ``{"value": …, "error": …}``, or None.
        scale: factor on both, 100 for per cent.
        unit: written once, behind the error.
    """
    if record is None or record.get("value") is None:
        return MISSING
    value, error = scale * record["value"], scale * (record.get("error") or 0.0)
    if not error > 0:
        return f"{value:.4f} {unit}".rstrip()
    digits = _digits(error)
    return f"{value:.{digits}f} ± {error:.{digits}f} {unit}".rstrip()


def change(record: Mapping[str, Any] | None, unit: str) -> str:
    """A change of a fraction, an ``Estimate`` record, with its sign, times 100: ``+0.12 ± 0.34 pp``."""
    if record is None:
        return MISSING
    value, error = 100 * record["value"], 100 * record["error"]
    if value == error == 0:
        return "none"
    digits = _digits(error)
    return f"{value:+.{digits}f} ± {error:.{digits}f} {unit}".replace("-", "−")


def rounded(value: float) -> str:
    """Three significant digits, large numbers with thousands separators: ``4.08``, ``1,290``."""
    digits = max(2 - math.floor(math.log10(abs(value))), -12) if value else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def interval(record: Mapping[str, Any]) -> str:
    """Value and ends of an ``Efficiency`` record in per cent: ``12.3 (11.9 … 12.8) %``.

    The ends have two significant digits of half their distance, as an error would have.
    """
    value, low, high = (100 * record[key] for key in ("value", "low", "high"))
    digits = _digits((high - low) / 2)
    return f"{value:.{digits}f} ({low:.{digits}f} … {high:.{digits}f}) %"


def small(value: float, low: float, high: float) -> str:
    """A small fraction with the ends of its interval and one power of ten: ``9.31 (8.85 … 9.80) · 10⁻⁴``."""
    typical = value or high
    exponent = math.floor(math.log10(typical)) if 0 < typical < 0.1 else 0
    scaled = tuple(number / 10.0**exponent for number in (value, low, high))
    digits = min(_digits((scaled[2] - scaled[1]) / 2), 3)
    text = f"{scaled[0]:.{digits}f} ({scaled[1]:.{digits}f} … {scaled[2]:.{digits}f})"
    return text if exponent == 0 else f"{text} · {_power(10, exponent)}"


def khz(value: float, low: float, high: float) -> str:
    """A rate in kHz with the ends of its interval: ``30.1 (28.4 … 31.9) kHz``."""
    digits = min(_digits((high - low) / 2), 3)
    return f"{value:,.{digits}f} ({low:,.{digits}f} … {high:,.{digits}f}) kHz"


def power_of_ten(value: float) -> str:
    """``10⁻³`` for 0.001, ``2.5 · 10⁻⁴`` for 0.00025."""
    exponent = math.floor(math.log10(value) + 1e-12)
    mantissa = float(f"{value / 10.0**exponent:.3g}")
    return _power(10, exponent) if mantissa == 1 else f"{mantissa:g} · {_power(10, exponent)}"


def power_of_two(exponent: int) -> str:
    """``2⁻⁵`` for -5."""
    return _power(2, exponent)


def _power(base: int, exponent: int) -> str:
    return f"{base}{str(exponent).translate(_SUPERSCRIPTS)}"


def _digits(error: float) -> int:
    """Decimals that show two significant digits of an error."""
    if not error > 0:
        return 2
    rounded = float(f"{error:.1e}")  # 0.998 is 1.0, not 1.00
    return min(max(1 - math.floor(math.log10(rounded)), 0), 6)


def step(value: float) -> str:
    """A step of a scale: ``2⁻⁵ (0.0312)`` for a power of two, the plain number for any other."""
    mantissa, exponent = math.frexp(value)
    return f"{power_of_two(exponent - 1)} ({value:.3g})" if mantissa == 0.5 else f"{value:.6g}"


def duration(seconds: float | None) -> str:
    """A wall time: seconds below two minutes, minutes and seconds above."""
    if seconds is None:
        return MISSING
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def plural(amount: int, noun: str) -> str:
    """``1 limit``, ``2 limits``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
