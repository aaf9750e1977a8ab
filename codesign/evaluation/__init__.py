"""Physics of the trained network on the test split: stored scores in, records out, no machine-learning stack."""

from codesign.evaluation.anomaly import AnomalyResult
from codesign.evaluation.classification import PhysicsResult
from codesign.evaluation.step import evaluate_run

__all__ = ["AnomalyResult", "PhysicsResult", "evaluate_run"]
