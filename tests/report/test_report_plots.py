from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from codesign.evaluation.scores import SplitScores
from codesign.report.plots import (
    accuracy_figure,
    bits_figure,
    confusion_figure,
    cost_figure,
    front_figure,
    layer_cost_figure,
    probability_figure,
    roc_figure,
    share_figure,
    to_png,
    to_svg,
)
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


FIGURES: dict[str, Any] = {
    "roc": roc,
    "confusion": lambda: confusion_figure(["q", "g"], np.array([[9, 1], [2, 8]])),
    "probability": lambda: probability_figure(["q", "g"], np.linspace(0, 1, 4), np.full((2, 2, 3), 0.3)),
    "accuracy": lambda: accuracy_figure(HISTORY, 1),
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
    np.testing.assert_array_equal(line(accuracy_figure(HISTORY, 1), 0, "validation"), [[0, 0.5], [1, 0.7]])
    np.testing.assert_array_equal(line(accuracy_figure(HISTORY, 1), 0, "chosen")[:, 0], [1, 1])
    cost = cost_figure(HISTORY, 1, 100.0)
    np.testing.assert_array_equal(cost.axes[0].lines[0].get_ydata(), [900.0, 90.0])
    assert np.isnan(cost.axes[1].lines[0].get_ydata()[0])  # beta = 0 has no place on a logarithmic axis
    np.testing.assert_array_equal(line(cost, 0, "target")[:, 1], [100.0, 100.0])


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
