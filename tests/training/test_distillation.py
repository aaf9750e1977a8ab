"""Distillation: the loss, the targets, and a teacher that is trained once."""

import dataclasses

import numpy as np
import pytest

from codesign.config import DistillationSection
from codesign.errors import ConfigError, ModelError
from codesign.training import fit
from codesign.training.distillation import _standardised, distil, distilled_loss
from codesign.training.teacher import TeacherPlace

TAUGHT = """
[quantization]
method = "fixed"
[distillation]
teacher = { architecture = "mlp", hidden = [16] }
epochs = 4
"""


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(labels, logits):
    import keras

    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


@pytest.mark.parametrize(("weight", "temperature"), [(1.0, 1.0), (0.3, 4.0)])
def test_the_loss_is_the_one_of_the_paper(weight, temperature):
    random = np.random.default_rng(1)
    labels, taught, found = random.integers(0, 5, 20), random.normal(size=(20, 5)), random.normal(size=(20, 5))
    section = DistillationSection(teacher={}, weight=weight, temperature=temperature)
    targets = np.concatenate([labels[:, None], taught], axis=1).astype(np.float32)
    loss = np.asarray(distilled_loss(cross_entropy, section)(targets, found.astype(np.float32)))
    p, q = softmax(taught / temperature), softmax(found / temperature)
    expected = (1 - weight) * -np.log(softmax(found)[np.arange(20), labels])
    expected += weight * temperature**2 * (p * np.log(p / q)).sum(axis=1)
    assert loss == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_student_like_its_teacher_has_no_loss_but_the_labels():
    logits = np.array([[2.0, -1.0], [0.5, 0.1]], np.float32)
    targets = np.concatenate([[[0.0], [1.0]], logits], axis=1).astype(np.float32)
    loss = distilled_loss(cross_entropy, DistillationSection(teacher={}, weight=1.0))
    assert np.asarray(loss(targets, logits)) == pytest.approx([0, 0], abs=1e-6)
    assert (np.asarray(loss(targets, -logits)) > 0.05).all()


def test_scores_are_learned_with_mean_0_and_spread_1():
    scores = np.random.default_rng(1).exponential(50, (500, 1))
    known = np.arange(500) < 400
    train, validation = _standardised(scores, scores[:10], known)
    assert train[known].mean() == pytest.approx(0, abs=1e-5)
    assert train[known].std() == pytest.approx(1, abs=1e-5)
    assert (train[:10] == validation).all()
    assert (np.argsort(train[:, 0]) == np.argsort(scores[:, 0])).all()
    with pytest.raises(ModelError, match="the same score for every event"):
        _standardised(np.ones((5, 1)), np.ones((5, 1)), np.ones(5, bool))


def taught(problem, config, folder, key="data", progress=None, shared=None):
    told = [] if progress is None else progress
    network = problem.network(config)
    return distil(
        network,
        problem.train,
        problem.validation,
        problem.contract,
        5,
        config,
        TeacherPlace(folder, key, shared),
        lambda what, *_: told.append(what),
    )


def test_without_a_teacher_nothing_changes(problem, tmp_path):
    config = problem.config()
    network, train, validation, record = taught(problem, config, tmp_path)
    assert train is problem.train
    assert validation is problem.validation
    assert record is None
    assert network.loss is not None


@pytest.mark.slow
def test_a_teacher_is_trained_once_and_again_when_it_changes(problem, tmp_path):
    config = problem.config(TAUGHT)
    told = []
    network, train, validation, record = taught(problem, config, tmp_path, progress=told)
    assert record.trained
    assert record.accuracy == pytest.approx(record.qualities[0], abs=0.02)
    assert told[0].startswith("teacher 1: accuracy")
    assert (train.targets[:, 0] == problem.train.targets).all()
    assert train.targets.shape == (660, 6)

    result = fit(network, train, validation, config)
    assert result.chosen.quality > 0.3

    other_student = config.model_copy(
        update={"distillation": config.distillation.model_copy(update={"weight": 0.9, "temperature": 5.0})}
    )
    again = taught(problem, other_student, tmp_path)
    assert not again[3].trained
    assert again[3].qualities == record.qualities
    assert (again[1].targets == train.targets).all()

    content = (tmp_path / "teacher.keras").read_bytes()
    (tmp_path / "teacher.keras").write_bytes(content[:1000])
    assert taught(problem, config, tmp_path)[3].trained, "a damaged teacher is trained anew"
    assert taught(problem, config, tmp_path, key="other data")[3].trained


@pytest.mark.slow
def test_runs_with_the_same_teacher_share_it(problem, tmp_path):
    config, shared = problem.config(TAUGHT), tmp_path / "teachers"
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
    first, second = (taught(problem, config, tmp_path / name, shared=shared) for name in ("first", "second"))
    assert first[3].trained
    assert not second[3].trained
    assert second[3].qualities == first[3].qualities
    assert (second[1].targets == first[1].targets).all()
    assert not taught(problem, config, tmp_path / "second")[3].trained, "the run has a copy of its own"

    wider = config.distillation.model_copy(update={"teacher": {"hidden": [8]}})
    other = taught(problem, config.model_copy(update={"distillation": wider}), tmp_path / "third", shared=shared)
    assert other[3].trained
    assert len(list(shared.glob("*/teacher.keras"))) == 2


@pytest.mark.slow
def test_an_interrupted_ensemble_goes_on_where_it_stood(problem, tmp_path, monkeypatch):
    from codesign.training import checkpoint

    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.0)
    config = problem.config(TAUGHT + "members = 2\n")
    (tmp_path / "whole").mkdir()
    whole = taught(problem, config, tmp_path / "whole")

    def stop_at(what, done, _total):
        if what.startswith("teacher 2") and done == 3:
            raise KeyboardInterrupt

    (tmp_path / "cut").mkdir()
    with pytest.raises(KeyboardInterrupt):
        distil(
            problem.network(config),
            problem.train,
            problem.validation,
            problem.contract,
            5,
            config,
            TeacherPlace(tmp_path / "cut", "data"),
            stop_at,
        )
    told = []
    resumed = taught(problem, config, tmp_path / "cut", progress=told)
    assert not any(what.startswith("teacher 1") for what in told)
    assert len([what for what in told if what.startswith("teacher 2")]) == 2
    assert resumed[3] == whole[3]
    assert (resumed[1].targets == whole[1].targets).all()


ANOMALY = """
[task]
kind = "anomaly"
score = "{score}"
[model]
architecture = "{architecture}"
"""


def anomaly_config(problem, architecture, score="distilled", more=""):
    base = 'name = "toy"\n[data]\nfile = "x.h5"\n'
    return problem.config(ANOMALY.format(score=score, architecture=architecture) + more, base)


def test_student_and_teacher_of_a_score_must_fit(problem, tmp_path):
    config = anomaly_config(problem, "score_mlp")
    with pytest.raises(ConfigError, match=r"'score_mlp' learns the score of a teacher; add a \[distillation\] table"):
        taught(problem, config, tmp_path)
    with pytest.raises(ConfigError, match="'score_mlp' gives what its teacher taught it: unknown score 'kl'"):
        problem.network(anomaly_config(problem, "score_mlp", "kl"))
    other = anomaly_config(problem, "vae", "kl", '[distillation]\nteacher = { architecture = "vae" }\n')
    place = TeacherPlace(tmp_path, "data")
    with pytest.raises(ConfigError, match=r"only model\.architecture = 'score_mlp' learns a .* score, found 'vae'"):
        distil(None, problem.train, problem.validation, problem.contract, 1, other, place)


@pytest.mark.slow
def test_a_score_is_learned_by_regression(problem):
    config = anomaly_config(
        problem, "score_mlp", more='[training]\nepochs = 40\nbatch_size = 60\n[quantization]\nmethod = "fixed"\n'
    )
    network = problem.network(config)
    scores = problem.validation.values[:, :1] + 0.5 * np.abs(problem.validation.values[:, 1:2])
    sample = dataclasses.replace(problem.validation, targets=scores.astype(np.float32))
    result = fit(network, sample, sample, config)
    assert result.history["objective"][-1] < 0.3 * float(scores.var())
    assert list(network.scores) == ["distilled"]
