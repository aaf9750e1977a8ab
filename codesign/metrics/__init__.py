"""Physics metrics as a trigger reads them, with their statistical errors (NumPy and SciPy only)."""

from codesign.metrics.classification import accuracy, auc, confusion, roc, softmax
from codesign.metrics.intervals import Efficiency, Estimate, Interval, clopper_pearson, efficiency
from codesign.metrics.menu import PureRate, pure_rate
from codesign.metrics.rates import (
    COLLIDING_BUNCHES,
    REVOLUTION_KHZ,
    Rate,
    RateCurve,
    RatePoint,
    full_rate_khz,
    rate_curve,
    rate_point,
)
from codesign.metrics.score_bits import QuantizedScore, score_quantization
from codesign.metrics.seeds import Comparison, Spread, better, spread
from codesign.metrics.stability import BinnedRates, rate_by_bins
from codesign.metrics.working_points import Rejection, WorkingPoint, background_rejection, working_point

__all__ = [
    "COLLIDING_BUNCHES",
    "REVOLUTION_KHZ",
    "BinnedRates",
    "Comparison",
    "Efficiency",
    "Estimate",
    "Interval",
    "PureRate",
    "QuantizedScore",
    "Rate",
    "RateCurve",
    "RatePoint",
    "Rejection",
    "Spread",
    "WorkingPoint",
    "accuracy",
    "auc",
    "background_rejection",
    "better",
    "clopper_pearson",
    "confusion",
    "efficiency",
    "full_rate_khz",
    "pure_rate",
    "rate_by_bins",
    "rate_curve",
    "rate_point",
    "roc",
    "score_quantization",
    "softmax",
    "spread",
    "working_point",
]
