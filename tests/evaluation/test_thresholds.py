"""Thresholds of working points: those of metrics.json, on the margin of a class, and what is refused."""

import numpy as np
import pytest

from codesign.config import Config
from codesign.errors import ConfigError
from codesign.evaluation.anomaly import evaluate_anomaly
from codesign.evaluation.scores import read_scores
from codesign.evaluation.thresholds import margin, thresholds, working_points

DETECTOR = '[task]\nkind = "anomaly"\nbackground = ["b"]\n[evaluation]\nfpr = [1e-1, 1e-2]\nrates_khz = [500.0]\n'


def config(text, *points):
    tables = "".join(f"[firmware.decision.working_points.p{k}]\n{point}\n" for k, point in enumerate(points))
    return Config.parse(f'name = "x"\n[data]\nfile = "x.h5"\n{text}{tables}', "x.toml")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Scores as a training keeps them: 4,000 background rows and 1,000 of a signal, on a grid of 1/64."""
    random = np.random.default_rng(2)
    labels = np.repeat([0, 1], [4000, 1000])
    path = tmp_path_factory.mktemp("run") / "scores.npz"
    kl = np.floor(random.exponential(1.0 + labels) * 64) / 64
    np.savez(path, test_labels=labels, test_weights=np.ones(5000), test_score_kl=kl)
    return path


@pytest.fixture(scope="module")
def kept_logits(tmp_path_factory):
    random = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2], 1000)
    logits = np.floor((random.normal(size=(3000, 3)) + 2 * np.eye(3)[labels]) * 32) / 32
    path = tmp_path_factory.mktemp("run") / "scores.npz"
    np.savez(path, test_labels=labels, test_weights=np.ones(3000), test_logits=logits)
    return path


def test_are_those_of_the_metrics(kept):
    chosen = config(DETECTOR, "fpr = 1e-1", "fpr = 1e-2", "rate_khz = 500.0", "threshold = 5")
    found = thresholds(chosen, ["b", "s"], kept)
    judged = evaluate_anomaly(read_scores(kept, "test"), ["b", "s"], ["b"], "kl", chosen.evaluation).scores[0]
    assert list(found.values()) == [point.threshold * judged.lsb for point in judged.points]
    assert list(found) == ["p0", "p1", "p2"]


def test_of_a_class_let_through_the_fraction_of_the_others(kept_logits):
    chosen = config("", 'class = "W"\nfpr = 0.05', 'class = "g"\nfpr = 0.01')
    found = thresholds(chosen, ["g", "q", "W"], kept_logits)
    test = read_scores(kept_logits, "test")
    for name, index, fpr in (("p0", 2, 0.05), ("p1", 0, 0.01)):
        others = margin(test.logits, index)[test.labels != index]
        assert (others >= found[name]).mean() <= fpr < (others >= found[name] - 1 / 32).mean()


def test_there_are_points_without_any_being_asked_for():
    assert [point.fpr for point in working_points(config(DETECTOR), ["b", "s"]).values()] == [1e-1, 1e-2]
    assert [point.class_name for point in working_points(config(""), ["g", "q"]).values()] == ["g", "q"]


@pytest.mark.parametrize(
    ("text", "point", "message"),
    [
        (DETECTOR, 'class = "b"\nfpr = 0.1', r"p0\.class: an anomaly detector has one score"),
        ("", 'class = "top"\nfpr = 0.1', "p0.class: unknown class 'top'"),
        ("", "fpr = 0.1", "p0.class: unknown class 'none'"),
        ("", 'class = "g"\nrate_khz = 1.0', "p0.rate_khz: the rate of a classifier is not known"),
    ],
)
def test_a_point_that_the_task_has_not_is_refused(text, point, message):
    with pytest.raises(ConfigError, match=message):
        working_points(config(text, point), ["g", "q"] if not text else ["b", "s"])
