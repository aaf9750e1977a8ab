"""Training: quantisation-aware fit under a resource target."""

from codesign.training.fit import TrainResult, fit
from codesign.training.sample import Sample, with_saturated_rows

__all__ = ["Sample", "TrainResult", "fit", "with_saturated_rows"]
