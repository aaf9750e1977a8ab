"""The evaluation step over a run directory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.dataset import Dataset
from codesign.errors import DataError, RunError
from codesign.evaluation.anomaly import AnomalyResult, evaluate_anomaly
from codesign.evaluation.classification import PhysicsResult, evaluate_classifier
from codesign.evaluation.scores import read_scores
from codesign.run import Run
from codesign.task import background_classes


def evaluate_run(run: Run, scores_file: Path) -> PhysicsResult | AnomalyResult:
    """Judge a trained network by the scores it gave.

    Args:
        run: the run directory.
        scores_file: what the training kept.

    Raises:
        RunError: the scores are missing, damaged or those of another task.
        DataError: the data set lacks a block or column that the evaluation section names.
    """
    classes, config = run.record("data")["classes"], run.config
    test = read_scores(scores_file, "test")
    if config.task.kind == "anomaly":
        background = background_classes(config.task, classes)
        menu, variable = _columns(run, len(test.labels))
        return evaluate_anomaly(test, classes, background, config.task.score, config.evaluation, menu, variable)
    validation = read_scores(scores_file, "validation")
    if not test.logits.size:
        raise RunError(f"{scores_file}: holds no logits; repeat the training")
    return evaluate_classifier(classes, test, validation)


def _columns(run: Run, rows: int) -> tuple[NDArray[np.bool_] | None, NDArray[Any] | None]:
    """Decisions of the menu and the variable of the stability test on the test rows, where they are asked for."""
    section = run.config.evaluation
    menu = variable = None
    if section.menu is None and section.stability is None:
        return menu, variable
    with Dataset.open(run.data_file()) as dataset:
        if section.menu is not None:
            menu = dataset.read(section.menu, "test") != 0
        if section.stability is not None:
            block, column = section.stability.split(".")
            variable = dataset.read(block, "test", [column]).reshape(rows, -1)
            if variable.shape[1] != 1:
                raise DataError(f"evaluation.stability: {section.stability} has {variable.shape[1]} values per row")
            variable = variable[:, 0].astype(np.float64)
    return menu, variable
