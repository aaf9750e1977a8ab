"""Training: quantisation-aware fit under a resource target, and its judgement on the test split."""

from codesign.training.evaluate import PhysicsResult, evaluate
from codesign.training.fit import Sample, TrainResult, fit, with_saturated_rows

__all__ = ["PhysicsResult", "Sample", "TrainResult", "evaluate", "fit", "with_saturated_rows"]
