"""What the plots of an anomaly detector show: arrays from the test scores."""

import math

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.evaluation.scores import SplitScores
from codesign.report import text
from codesign.report.blocks import Plot
from codesign.report.detector import Detector
from codesign.report.plots import detector_roc_figure, score_figure, threshold_figure
from codesign.report.plots.anomaly import DetectorCurve, Mark

BINS = 60
CURVE_POINTS = 400
LONG_TAIL = 20.0  # largest over median score from which the axis of scores is logarithmic
Groups = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]  # scores and weights


def score_plot(detector: Detector, scores: SplitScores) -> Plot:
    """Distributions of the deployed score, with its thresholds."""
    known, signals = groups(detector, scores)
    edges, logarithmic = score_edges(known, signals, detector.deployed["lsb"])
    densities = {name: density(*members, edges) for name, members in {"background": known, **signals}.items()}
    lsb = detector.deployed["lsb"]
    marks = [Mark(point["threshold"] * lsb, detector.asked(point)) for point in detector.deployed["points"]]
    figure = score_figure(edges, densities, marks, detector.result["deployed"], log_x=logarithmic)
    caption = "Distribution of the score, each with area one. Dotted: thresholds, by the background they allow."
    if logarithmic:
        caption += " Scores below the axis are in the first bin."
    return Plot("scores", caption, figure)


def roc_plot(detector: Detector, scores: SplitScores) -> Plot:
    """ROC curves of the deployed score down to the last background event."""
    curves = roc_curves(detector, scores)
    lowest = min(float(curve.fpr[curve.fpr > 0].min()) for curve in curves)
    caption = (
        f"ROC curves of {detector.result['deployed']}; upper left is better. Markers: the working points, with the "
        "errors of both efficiencies. The axis begins where one background event is left. Dotted: a score that "
        "separates nothing."
    )
    return Plot("roc", caption, detector_roc_figure(curves, min(lowest, 0.1)))


def curve_plot(detector: Detector) -> Plot:
    """Accepted background against the threshold in firmware."""
    curve, score = detector.deployed["curve"], detector.deployed
    counts = None if detector.fault else detector.counts
    step = score["lsb"] if counts is None else float(counts)
    scale = 1.0 if detector.in_khz else 1.0 / detector.full_khz
    # With the working points, which the line between its own thresholds would miss.
    rates = [point["rate"] for point in score["points"]]
    thresholds = np.array([*curve["thresholds"], *(point["threshold"] for point in score["points"])])
    thresholds, order = np.unique(thresholds, return_index=True)
    accepted, low, high = (
        np.array([*curve[key], *(rate[key] for rate in rates)])[order] * scale for key in ("khz", "low_khz", "high_khz")
    )
    xlabel = "threshold on the score" if counts is None else "threshold, integer of the firmware"
    ylabel = "background rate in kHz" if detector.in_khz else "fraction of the background accepted"
    marks = [
        Mark(point["threshold"] * step, detector.asked(point), point["rate"]["khz"] * scale)
        for point in score["points"]
        if point["rate"]["khz"] > 0
    ]
    figure = threshold_figure(thresholds * step, accepted, low, high, marks, xlabel, ylabel)
    caption = f"What {score['name']} accepts of the background against its threshold. Band: 68 % interval."
    return Plot("thresholds", caption + " Markers: the working points.", figure)


def groups(detector: Detector, scores: SplitScores) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], Groups]:
    """Scores and weights of the background, and of every signal."""
    values = scores.scores[detector.result["deployed"]]
    known = np.isin(scores.labels, [detector.classes.index(name) for name in detector.result["background"]])
    rows = {name: scores.labels == detector.classes.index(name) for name in detector.signals}
    return (values[known], scores.weights[known]), {
        name: (values[chosen], scores.weights[chosen]) for name, chosen in rows.items()
    }


def score_edges(
    known: tuple[NDArray[np.float64], NDArray[np.float64]], signals: Groups, lsb: float
) -> tuple[NDArray[np.float64], bool]:
    """Bin edges between the values that the score can have, and whether they grow in proportion.

    Args:
        known: scores and weights of the background.
        signals: the same of the signals.
        lsb: step of the score.
    """
    values = np.concatenate([known[0], *(members[0] for members in signals.values())])
    low, high, median = float(values.min()), float(values.max()), float(np.median(known[0]))
    logarithmic = low >= 0 and high > LONG_TAIL * max(median, lsb)
    if logarithmic:
        low = max(float(np.quantile(values, 0.001)), lsb)
        raw = np.geomspace(low, high + lsb, BINS + 1)
    else:
        raw = np.linspace(low, high + lsb, BINS + 1)
    # On half steps every bin holds the same values of the score at both of its ends: no comb.
    edges = np.unique(np.rint(raw / lsb)) * lsb - lsb / 2
    if edges.size < 2:
        edges = np.array([low - lsb / 2, low + lsb / 2])
    return edges, bool(logarithmic and edges[0] > 0)


def density(
    values: NDArray[np.float64], weights: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of the weight in each bin over its width; what lies outside is in the first and the last bin."""
    inside = np.clip(values, edges[0], np.nextafter(edges[-1], -math.inf))
    share, _ = np.histogram(inside, edges, weights=weights)
    return np.asarray(share / weights.sum() / np.diff(edges))


def roc_curves(detector: Detector, scores: SplitScores) -> list[DetectorCurve]:
    """One curve for every signal, thinned evenly in the logarithm; points stand at the background really accepted."""
    known, signals = groups(detector, scores)
    curves = []
    for entry in detector.deployed["signals"]:
        name = entry["name"]
        values, weights = (np.concatenate(parts) for parts in zip(known, signals[name], strict=True))
        is_signal = np.arange(values.size) >= known[0].size
        fpr, tpr = metrics.roc(values, is_signal, weights if detector.result["weighted"] else None)
        wanted = np.geomspace(fpr[fpr > 0].min(), 1.0, CURVE_POINTS)
        chosen = np.unique(np.searchsorted(fpr, wanted, side="right") - 1)
        points = tuple(
            (point["fpr"], point["tpr"][name]) for point in detector.deployed["points"] if point["fpr"]["value"] > 0
        )
        area = text.number(entry["auc"]["value"], digits=3)
        curves.append(DetectorCurve(name, area, fpr[chosen], tpr[chosen], points))
    return curves
