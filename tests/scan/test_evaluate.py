"""A trial with the real parts: trained, looked at, measured, interrupted, and handed to the ordinary steps."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from codesign.evaluation.scores import SplitScores
from codesign.scan.evaluate import evaluate
from codesign.scan.quantities import Physics, measure, parse_objective
from codesign.scan.samples import reported_sample, selection_sample
from codesign.scan.trial import RESULT, TrialTask
from codesign.task import background_classes

WAYS = {"accuracy": "maximize", "lut": "minimize"}


def task_in(folder, text, **changes):
    text = text.replace("epochs = 60", "epochs = 40").replace("batch_size = 2048", "batch_size = 4096")
    return TrialTask(0, str(folder / "trials" / "0000"), text, WAYS, {"lut": 5000.0}, points=3, **changes)


@pytest.mark.slow
def test_a_trial_gives_points_of_its_front_that_the_ordinary_steps_find_again(tmp_path, small_text):
    from codesign.pipeline import execute
    from codesign.run import Run

    task = task_in(tmp_path, small_text, look_after=0.8)
    result = evaluate(task)
    assert result.reason is None
    assert result.epochs == 40
    assert 1 < len(result.points) <= 3
    assert result.look is not None
    assert result.look.epoch < 32
    for point in result.points:
        assert 0.3 < point.values["accuracy"] < 0.8
        assert point.values["lut"] > 50
        assert point.feasible
        assert 0 < point.errors["accuracy"] < 0.01
    assert len({point.values["lut"] for point in result.points}) > 1

    Path(task.folder, RESULT).unlink()  # as if it had been killed before it could write its result
    again = evaluate(task)
    assert dataclasses.replace(again, wall_time_s=0) == dataclasses.replace(result, wall_time_s=0)

    hopeless = dataclasses.replace(task, front=({"accuracy": 0.9, "lut": 10.0},))
    stopped = evaluate(hopeless)
    assert stopped.epochs == 32
    assert stopped.points == (stopped.look,)

    run = Run.open(Path(task.folder))
    execute(run, "train")
    assert run.record("train")["epochs"] == 40
    assert run.record("train")["chosen"]["epoch"] == result.points[0].epoch
    execute(run, "evaluate")
    assert run.record("metrics")["validation_accuracy"]["value"] == result.points[0].values["accuracy"]


def test_a_trial_that_raises_is_a_result_with_its_reason(tmp_path, small_text, monkeypatch):
    def broken(*_):
        raise ValueError("a library stumbled")

    monkeypatch.setattr("codesign.scan.evaluate._train", broken)
    task = task_in(tmp_path, small_text)
    assert evaluate(task).reason == "ValueError: a library stumbled"
    assert "a library stumbled" in (Path(task.folder) / "traceback.txt").read_text()
    assert json.loads((Path(task.folder) / RESULT).read_text())["result"]["reason"]


def test_what_is_wrong_with_the_machine_is_not_a_result(tmp_path, small_text, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("codesign.scan.evaluate._train", full)
    with pytest.raises(OSError, match="No space left"):
        evaluate(task_in(tmp_path, small_text))
    assert not (tmp_path / "trials" / "0000" / RESULT).exists()


@pytest.fixture
def anomaly():
    """(task, classes, counts, read) of a search whose signals are in the test split only."""
    from codesign.config import TaskSection

    section, classes = TaskSection(kind="anomaly", score="kl"), ("known", "a", "b")
    counts = {"validation": {"known": 40, "a": 0, "b": 0}, "test": {"known": 40, "a": 30, "b": 30}}

    def read(split):
        labels = np.repeat(np.arange(3), [counts[split][name] for name in classes])
        scores = np.arange(len(labels)) + 1000.0 * (split == "test")
        return SplitScores(labels, np.ones(len(labels)), np.empty((len(labels), 0)), {"kl": scores})

    return section, classes, counts, read


def test_no_event_both_chooses_and_is_reported(anomaly):
    section, classes, counts, read = anomaly
    assert background_classes(section, classes) == ("known",)
    chosen = selection_sample(read, section, classes, counts)
    reported = reported_sample(read("test"), section, classes, counts)
    assert not set(chosen.scores["kl"]) & set(reported.scores["kl"])
    assert [(chosen.labels == i).sum() for i in range(3)] == [40, 15, 15]
    assert [(reported.labels == i).sum() for i in range(3)] == [40, 15, 15]


def test_signals_in_the_validation_split_leave_the_test_split_whole(anomaly):
    section, classes, counts, read = anomaly
    counts["validation"] |= {"a": 5, "b": 5}
    assert len(selection_sample(read, section, classes, counts).labels) == 50
    assert len(reported_sample(read("test"), section, classes, counts).labels) == 100


def test_quantities_by_name(anomaly):
    section, classes, _, read = anomaly
    sample = read("test")  # scores rise with the class, so both signals are separated completely
    sample.scores["kl"][sample.labels == 1] = 1020.0
    for name, expected in (("auc:b", 1.0), ("auc", 0.5 + 1 / 80), ("tpr@0.025:b", 1.0), ("auc_mean", 0.75 + 1 / 160)):
        found = measure(parse_objective(name), sample, section, classes, 2760)
        assert found.value == pytest.approx(expected), name
        assert found.error >= 0
    assert parse_objective("lut") == "lut"
    assert parse_objective("tpr@10kHz:a") == Physics("tpr@10kHz:a", "tpr", None, 10.0, "a")
