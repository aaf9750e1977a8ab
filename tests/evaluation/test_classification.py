"""The judgement of a classifier."""

import numpy as np

from codesign.evaluation.classification import evaluate_classifier
from codesign.evaluation.scores import SplitScores


def split(labels, logits):
    return SplitScores(labels, np.ones(len(labels)), logits, {})


def test_evaluation_quotes_every_class_with_errors():
    labels = np.arange(3000) % 3
    logits = np.eye(3)[labels] * 2 + np.random.default_rng(1).normal(size=(3000, 3))
    result = evaluate_classifier("abc", split(labels, logits), split(labels[:300], logits[:300]))
    assert result.events == 3000
    assert [entry.name for entry in result.classes] == ["a", "b", "c"]
    assert all(0.9 < entry.auc.value < 1 and 0 < entry.auc.error < 0.01 for entry in result.classes)
    assert np.sum(result.confusion) == 3000
    assert result.accuracy.error < result.validation_accuracy.error
