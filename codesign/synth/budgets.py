"""Budgets: the limits a design was given, compared with what was measured, one pass/fail line each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codesign.config import BudgetSection, EvaluationSection, TaskSection
from codesign.errors import ConfigError
from codesign.naming import unknown_name

UNITS = {
    "latency_ns": "ns",
    "latency_bunch_crossings": "BX",
    "initiation_interval": "cycles",
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram_18k": "BRAM18",
    "lut_share": "of the board",
    "accuracy": "",
    "auc": "",
    "tpr": "",
    "ebops": "EBOPs",
}
"""Unit of every quantity that can have a budget; shares, accuracy, AUC and TPR are fractions in [0, 1]."""

MINIMA = frozenset({"accuracy", "auc", "tpr"})
"""Quantities whose limit is a minimum; every other limit is a maximum."""

_FRACTIONS = frozenset({"accuracy", "auc", "tpr", "lut_share"})

_ONLY_OF = {"accuracy": "classification", "tpr": "anomaly"}
"""Quantities that only one kind of task has."""


@dataclass(frozen=True)
class BudgetLine:
    """One limit and whether it is kept.

    Attributes:
        name: quantity, a key of ``UNITS``.
        limit: the maximum (for ``MINIMA``: the minimum) allowed, in ``unit``.
        measured: the measured value in ``unit``, None when it was not measured.
        unit: unit of both numbers, empty for a bare fraction.
        passed: False also when nothing was measured.
    """

    name: str
    limit: float
    measured: float | None
    unit: str
    passed: bool

    def __str__(self) -> str:
        verdict = "pass" if self.passed else "FAIL"
        bound = "at least" if self.name in MINIMA else "at most"
        found = "not measured" if self.measured is None else f"measured {_text(self.measured)}"
        return f"{verdict}  {self.name}: {found}, {bound} {_text(self.limit)} {self.unit}".rstrip()


def check_budget(limits: Mapping[str, float], measured: Mapping[str, float | None]) -> tuple[BudgetLine, ...]:
    """Compare every limit with its measurement.

    Args:
        limits: limit of each quantity, in the unit of ``UNITS``.
        measured: measured values by the same names; quantities without a limit are ignored.

    Returns:
        One line for each limit, in the order given. A quantity that was not measured, or came out as NaN, fails.

    Raises:
        ConfigError: a limit names an unknown quantity, or is not a finite number that can be kept.
    """
    return tuple(_line(name, limit, measured.get(name)) for name, limit in limits.items())


def require_measurable(budget: BudgetSection, task: TaskSection, evaluation: EvaluationSection) -> None:
    """Refuse a limit on what this task or evaluation never measures.

    Raises:
        ConfigError: a limit of the other kind of task, or on the efficiency at a point that is not evaluated.
    """
    for name in budget.limits():
        if _ONLY_OF.get(name, task.kind) != task.kind:
            raise ConfigError(
                f"budget.{name}: expected task.kind = {_ONLY_OF[name]!r}, found {task.kind!r}; remove the limit"
            )
    if budget.tpr_fpr is not None and budget.tpr_fpr not in evaluation.fpr:
        known = ", ".join(f"{fpr:g}" for fpr in evaluation.fpr)
        raise ConfigError(
            f"budget.tpr_fpr: expected one of evaluation.fpr ({known}), found {budget.tpr_fpr:g}; add it there"
        )


def _line(name: str, limit: float, value: float | None) -> BudgetLine:
    if name not in UNITS:
        raise ConfigError(unknown_name("budget", name, UNITS))
    if not math.isfinite(limit) or limit < 0 or (name in _FRACTIONS and limit > 1):
        expected = "a fraction from 0 to 1" if name in _FRACTIONS else "a finite number, 0 or more"
        raise ConfigError(f"budget {name!r}: expected {expected}, got {limit!r}")
    return BudgetLine(name, limit, value, UNITS[name], value is not None and _kept(name, limit, value))


def _kept(name: str, limit: float, value: float) -> bool:
    """Whether the value keeps the limit; NaN compares as False either way and so never does."""
    return value >= limit if name in MINIMA else value <= limit


def _text(value: float) -> str:
    """Whole numbers in full (no ``1.2e+07`` LUT), others with six significant digits."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"
