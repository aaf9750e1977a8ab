"""Numbers as a reader wants them: units, thousands separators, as many digits as the error allows."""

import math
from collections.abc import Mapping
from typing import Any

MISSING = "–"


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
    rounded = float(f"{error:.1e}")  # 0.998 is 1.0, not 1.00
    digits = min(max(1 - math.floor(math.log10(rounded)), 0), 6)
    return f"{value:.{digits}f} ± {error:.{digits}f} {unit}".rstrip()


def power_of_two(exponent: int) -> str:
    """``2⁻⁵`` for -5."""
    return "2" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


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
