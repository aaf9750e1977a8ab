"""The scores that the training kept, one file for the validation and the test split."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError

PREFIX = "score_"


@dataclass(frozen=True)
class SplitScores:
    """Network outputs on one split.

    Attributes:
        labels: class indices, shape (n,).
        weights: event weights, shape (n,).
        logits: shape (n, classes), without columns for an anomaly detector.
        scores: by name of the anomaly score, shape (n,); empty for a classifier.
    """

    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    logits: NDArray[np.float64]
    scores: dict[str, NDArray[np.float64]]


def read_scores(path: Path, split: str) -> SplitScores:
    """Read the kept scores of a split.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        with np.load(path) as file:
            arrays: dict[str, Any] = {
                name.removeprefix(f"{split}_"): file[name] for name in file.files if name.startswith(f"{split}_")
            }
        labels, weights = arrays["labels"], arrays["weights"]
        logits = arrays.get("logits", np.empty((len(labels), 0)))
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path}: missing or damaged ({error}); repeat the training") from None
    scores = {name.removeprefix(PREFIX): value for name, value in arrays.items() if name.startswith(PREFIX)}
    named = {"labels": labels, "weights": weights, "logits": logits, **scores}
    shapes = {name: value.shape[:1] for name, value in named.items()}
    if len(set(shapes.values())) != 1 or not (logits.size or scores):
        raise RunError(f"{path}: expected one score per row, found rows {shapes}; repeat the training")
    return SplitScores(
        labels.astype(np.int64),
        weights.astype(np.float64),
        logits.astype(np.float64),
        {name: value.astype(np.float64) for name, value in scores.items()},
    )
