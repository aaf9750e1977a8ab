from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from codesign.evaluation.scores import SplitScores
from codesign.report.plots import (
    bits_figure,
    confusion_figure,
    cost_figure,
    detector_roc_figure,
    front_figure,
    layer_cost_figure,
    probability_figure,
    quality_figure,
    roc_figure,
    score_figure,
    share_figure,
    stability_figure,
    threshold_figure,
    to_png,
    to_svg,
)
from codesign.report.plots.anomaly import DetectorCurve, Mark
from codesign.report.plots.physics import RocCurve
from codesign.report.plots.style import label
from codesign.report.sections.physics import probability_histograms, roc_curves

HISTORY = {
    "loss": [2.0, 1.0],
    "accuracy": [0.4, 0.6],
    "val_accuracy": [0.5, 0.7],
    "ebops": [900.0, 90.0],
    "beta": [0, 1],
}
FPR, TPR = np.array([0.0, 0.001, 0.1, 1.0]), np.array([0.0, 0.2, 0.8, 1.0])


def line(figure: Figure, axes: int, label: str) -> np.ndarray:
    """Points of the labelled line, shape (n, 2)."""
    (found,) = (entry for entry in figure.axes[axes].lines if str(entry.get_label()).startswith(label))
    return np.asarray(found.get_xydata())


def roc() -> Figure:
    return roc_figure([RocCurve("top", "0.9 ± 0.1", FPR, TPR, ((0.8, 0.05, 0.1),))], 0.01)


POINT = {"value": 0.1, "low": 0.05, "high": 0.2}


def detector_roc() -> Figure:
    signal = {"value": 0.8, "low": 0.7, "high": 0.9}
    return detector_roc_figure([DetectorCurve("higgs", "0.9", FPR, TPR, ((POINT, signal),))], 0.001)


FIGURES: dict[str, Any] = {
    "roc": roc,
    "confusion": lambda: confusion_figure(["q", "g"], np.array([[9, 1], [2, 8]])),
    "probability": lambda: probability_figure(["q", "g"], np.linspace(0, 1, 4), np.full((2, 2, 3), 0.3)),
    "detector roc": detector_roc,
    "score": lambda: score_figure(
        np.array([0.5, 1.0, 2.0]),
        {"background": np.ones(2), "higgs": np.array([0.0, 1.0])},
        [Mark(1.5, "10⁻³")],
        "kl",
        log_x=True,
    ),
    "threshold": lambda: threshold_figure(
        np.array([0.0, 10.0, 20.0]),
        np.array([1, 0.1, 0]),
        np.array([1, 0.05, 0]),
        np.array([1, 0.2, 0.1]),
        [Mark(10.0, "10⁻¹", 0.1)],
        "threshold",
        "fraction",
    ),
    "stability": lambda: stability_figure(
        [0, 1, 2, 3], [0.1, None, 0.3], [0.05, None, 0.2], [0.2, None, 0.4], 0.2, "event.pileup", "fraction"
    ),
    "accuracy": lambda: quality_figure(HISTORY, 1),
    "cost": lambda: cost_figure(HISTORY, None, None),
    "front": lambda: front_figure([90.0], [0.7], (90.0, 0.7), 100.0),
    "bits": lambda: bits_figure(["a", "b"], [3.0, 2.0], [4.0, 5.0], [6, 7]),
    "layer cost": lambda: layer_cost_figure(["a", "b"], [0.0, 0.0], [1.0, 1.0]),
    "share": lambda: share_figure(["x"], {"LUT": [0.0], "DSP": [0.0]}, [0.0]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_plot(name: str) -> None:
    svg = to_svg(FIGURES[name]())
    assert b'href="http' not in svg
    assert b"<text" not in svg  # glyphs are paths: no font is looked for
    with matplotlib.rc_context({"font.size": 31, "axes.facecolor": "green", "lines.linewidth": 9}):
        figure = FIGURES[name]()
        assert to_svg(figure) == svg  # equal byte by byte, whatever the user's settings
        assert to_png(figure).startswith(b"\x89PNG")
        assert matplotlib.rcParams["font.size"] == 31


class TestRoc:
    def test_points_above_the_lowest_background_are_drawn_as_given(self) -> None:
        np.testing.assert_array_equal(line(roc(), 0, "top"), [[0.8, 0.1], [1.0, 1.0]])

    def test_axis_is_logarithmic_and_ends_where_asked(self) -> None:
        axes = roc().axes[0]
        assert axes.get_yscale() == "log"
        assert axes.get_ylim() == (0.01, 1.0)

    def test_working_point_stands_at_the_background_really_accepted(self) -> None:
        scores = SplitScores(
            np.array([0, 0, 1, 1, 1, 1]), np.ones(6), np.array([[2, 0], [0, 0], [1, 0], [0, 9], [0, 9], [0, 9]]), {}
        )
        point = {"tpr": 0.5, "tpr_error": 0.3, "fpr": 0.3, "background_events": 1}
        result = {"classes": [{"name": "q", "auc": {"value": 0.9, "error": 0.1}, "working_points": [point]}]}
        (curve,) = roc_curves(result, scores)
        assert curve.points == ((0.5, 0.3, 0.25),)
        assert curve.area == "0.90 ± 0.10"
        assert (curve.fpr[0], curve.tpr[0]) == (0.0, 0.0)
        assert (curve.fpr[-1], curve.tpr[-1]) == (1.0, 1.0)


def test_confusion_shows_shares_of_the_true_class_and_counts() -> None:
    texts = [entry.get_text() for entry in FIGURES["confusion"]().axes[0].texts]
    assert texts == ["90.0 %\n9", "10.0 %\n1", "20.0 %\n2", "80.0 %\n8"]


def test_confusion_of_a_class_without_events() -> None:
    figure = confusion_figure(["q", "g"], np.array([[0, 0], [2, 8]]))
    assert figure.axes[0].texts[0].get_text() == "0.0 %\n0"


def test_histories() -> None:
    np.testing.assert_array_equal(line(quality_figure(HISTORY, 1), 0, "validation"), [[0, 0.5], [1, 0.7]])
    np.testing.assert_array_equal(line(quality_figure(HISTORY, 1), 0, "chosen")[:, 0], [1, 1])
    cost = cost_figure(HISTORY, 1, 100.0)
    np.testing.assert_array_equal(cost.axes[0].lines[0].get_ydata(), [900.0, 90.0])
    assert np.isnan(cost.axes[1].lines[0].get_ydata()[0])  # beta = 0 has no place on a logarithmic axis
    np.testing.assert_array_equal(line(cost, 0, "target")[:, 1], [100.0, 100.0])


def test_history_and_front_of_an_objective() -> None:
    history = {"objective": [8.0, 6.0], "val_objective": [8.5, 6.5], "loss": [9.0, 7.0]}
    figure = quality_figure(history, None, "objective")
    np.testing.assert_array_equal(line(figure, 0, "validation")[:, 1], [8.5, 6.5])
    assert figure.axes[0].get_ylabel() == "objective"
    front = front_figure([90.0], [6.5], (90.0, 6.5), 100.0, "objective").axes[0]
    assert front.get_ylabel() == "validation objective"


def efficiency(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


class TestDetector:
    def test_roc_begins_at_the_last_background_event_and_draws_what_it_is_given(self) -> None:
        axes = detector_roc().axes[0]
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlim() == (0.001, 1.0)
        np.testing.assert_array_equal(line(detector_roc(), 0, "higgs"), [[0.001, 0.2], [0.1, 0.8], [1.0, 1.0]])

    def test_signal_that_nothing_accepts_leaves_a_gap_and_no_marker(self) -> None:
        curve = DetectorCurve("dark", "0.5", FPR, np.array([0.0, 0.0, 0.0, 1.0]), ((POINT, efficiency(0, 0, 0.1)),))
        axes = detector_roc_figure([curve], 0.001).axes[0]
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1.0, 1.0]])
        assert len(axes.containers) == 0

    def test_thresholds_carry_band_and_working_points(self) -> None:
        axes = FIGURES["threshold"]().axes[0]
        assert [tuple(entry.get_xydata()[0]) for entry in axes.lines[1:]] == [(10.0, 0.1)]
        assert [text.get_text() for text in axes.texts] == ["10⁻¹"]
        assert len(axes.collections) == 1

    def test_threshold_beyond_every_score_is_not_drawn(self) -> None:
        marks = [Mark(2.0, "far"), Mark(0.5, "near")]
        figure = score_figure(np.array([0.0, 1.0]), {"background": np.ones(1)}, marks, "kl", log_x=False)
        assert [text.get_text() for text in figure.axes[0].texts] == ["near"]

    def test_labels_of_close_thresholds_do_not_hide_each_other(self) -> None:
        marks = [Mark(0.5, "a"), Mark(0.51, "b"), Mark(0.9, "c")]
        figure = score_figure(np.array([0.0, 1.0]), {"background": np.ones(1)}, marks, "kl", log_x=False)
        assert [text.get_text() for text in figure.axes[0].texts] == ["a", "c"]
        assert len(figure.axes[0].lines) == 3

    def test_empty_bin_of_the_stability_leaves_a_gap(self) -> None:
        points = np.asarray(FIGURES["stability"]().axes[0].lines[0].get_ydata())
        np.testing.assert_array_equal(points, [0.1, np.nan, 0.3])


def test_bars() -> None:
    widths = [patch.get_width() for patch in FIGURES["bits"]().axes[0].patches]
    assert widths == [3.0, 2.0, 4.0, 5.0]
    shares = share_figure(["x", "y"], {"LUT": [0.1, 0.2], "FF": [0.0, 0.3]}, [0.05, 0.2]).axes[0]
    assert [patch.get_width() for patch in shares.patches] == pytest.approx([10.0, 0.0, 20.0, 30.0])


def test_probability_histograms_count_every_event_of_a_class_once() -> None:
    random = np.random.default_rng(1)
    scores = SplitScores(random.integers(0, 3, 500), np.ones(500), random.normal(size=(500, 3)), {})
    edges, shares = probability_histograms(scores, 10)
    assert edges.shape == (11,)
    np.testing.assert_allclose(shares.sum(axis=2), 1.0)


def test_names_are_plot_text_whatever_they_hold() -> None:
    assert label("top") == "top"
    assert label("two\nlines") == "two lines"
    assert label("x" * 50) == "x" * 19 + "…"
    names = ["$\\broken{$", "_hidden", "a" * 300]
    figure = roc_figure([RocCurve(name, "0.9", FPR, TPR, ()) for name in names], 0.01)
    assert to_svg(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 3
