"""Physics performance on the test split."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesign import metrics
from codesign.evaluation.scores import SplitScores
from codesign.report import text
from codesign.report.blocks import Block, Paragraph, Plot, Section, Table, facts, table
from codesign.report.collect import Record, Records
from codesign.report.detector import detector_of
from codesign.report.plots import confusion_figure, probability_figure, roc_figure
from codesign.report.plots.physics import RocCurve
from codesign.report.sections.anomaly import anomaly
from codesign.report.sections.missing import not_run

FEWEST_BACKGROUND = 10  # a ROC curve is drawn down to this many background events
PROBABILITY_BINS = 25


def physics(records: Records) -> Section:
    """Of a classifier or of an anomaly detector, whichever was judged."""
    detector = detector_of(records)
    if detector is not None:
        return anomaly(detector)
    if records.metrics is None:
        return not_run("physics", "Physics", "evaluate")
    return _classifier(records, records.metrics)


def _classifier(records: Records, result: Record) -> Section:
    """Accuracy, AUC and working points of every class, ROC curves, confusion matrix."""
    blocks: list[Block] = [_overall(result), _by_class(result), _working_points(result)]
    counts = np.array(result["confusion"], dtype=np.int64)
    names = [entry["name"] for entry in result["classes"]]
    if records.scores is None:
        blocks.append(Paragraph("ROC curves: the test scores (scores.npz) are missing.", "missing"))
    else:
        blocks.append(_roc_plot(result, records.scores))
    blocks.append(Plot("confusion", "Confusion matrix on the test split.", confusion_figure(names, counts)))
    if records.scores is not None:
        blocks.append(_probability_plot(names, records.scores))
    blocks.append(_confusion_table(names, counts))
    return Section("physics", "Physics", tuple(blocks))


def probability_histograms(scores: SplitScores, bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Histograms of every class probability, by true class.

    Args:
        scores: test scores.
        bins: number of bins from 0 to 1.

    Returns:
        (edges, shape (bins + 1,); share of the true class in each bin, shape (probability of, true class, bins)).
    """
    probabilities, classes = metrics.softmax(scores.logits), scores.logits.shape[1]
    edges = np.linspace(0.0, 1.0, bins + 1)
    shares = np.zeros((classes, classes, bins))
    for true in range(classes):
        members = probabilities[scores.labels == true]
        for of in range(classes):
            shares[of, true] = np.histogram(members[:, of], edges)[0] / max(len(members), 1)
    return edges, shares


def roc_curves(result: Record, scores: SplitScores) -> list[RocCurve]:
    """One class against all others; working points stand at the background efficiency really reached."""
    probabilities, curves = metrics.softmax(scores.logits), []
    for index, entry in enumerate(result["classes"]):
        fpr, tpr = metrics.roc(probabilities[:, index], scores.labels == index)
        background = max(int((scores.labels != index).sum()), 1)
        points = tuple(
            (point["tpr"], point["tpr_error"], point["background_events"] / background)
            for point in entry["working_points"]
        )
        curves.append(RocCurve(entry["name"], text.estimate(entry["auc"]), fpr, tpr, points))
    return curves


def _overall(result: Record) -> Table:
    return facts(
        "Accuracy",
        [
            ("test accuracy", text.estimate(result.get("accuracy"), 100, "%")),
            ("validation accuracy, of the split that chose the network", _validation(result)),
            ("test events", text.count(result.get("events"))),
        ],
        "An event counts as right when its largest score is that of its true class. Errors are statistical, 68 %.",
    )


def _validation(result: Record) -> str:
    return text.estimate(result.get("validation_accuracy"), 100, "%")


def _by_class(result: Record) -> Table:
    first = result["classes"][0]
    header = ["class", "events", "AUC"]
    header += [f"signal efficiency at {_asked(point['fpr'])} background" for point in first["working_points"]]
    header += [f"background rejection at {_asked(point['tpr'])} signal" for point in first["rejections"]]
    rows = []
    for entry in result["classes"]:
        signal = (_signal_efficiency(point) for point in entry["working_points"])
        rejected = (_rejection(point) for point in entry["rejections"])
        rows.append([entry["name"], text.count(entry["events"]), text.estimate(entry["auc"]), *signal, *rejected])
    note = (
        "One class against all others, on the class probability. Background rejection is the inverse of the background "
        "efficiency, with the ends of its interval. Errors and intervals are statistical, 68 %."
    )
    return table("Classes", header, "l" + "r" * (len(header) - 1), rows, note)


def _working_points(result: Record) -> Table:
    rows = []
    for entry in result["classes"]:
        background = result["events"] - entry["events"]
        for point in entry["working_points"]:
            accepted = point["background_events"]
            share = text.percent(accepted / background if background else None)
            rows.append(
                [
                    entry["name"],
                    _asked(point["fpr"]),
                    text.number(point["threshold"], digits=4),
                    f"{share} ({text.count(accepted)} of {text.count(background)})",
                    _signal_efficiency(point),
                ]
            )
    header = ("class", "background allowed", "threshold", "background accepted", "signal efficiency")
    note = (
        "Accepted are events whose class probability is at or above the threshold. Scores are integers: events that "
        "share a score are accepted or rejected together, so less background than allowed may pass."
    )
    return table("Working points", header, "lrrrr", rows, note)


def _asked(fpr: float) -> str:
    return f"{text.compact(100 * fpr)}\u00a0%"


def _signal_efficiency(point: Record) -> str:
    return text.estimate({"value": point["tpr"], "error": point["tpr_error"]}, 100, "%")


def _rejection(point: Record) -> str:
    """``1,290 (1,110 … 1,510)``; only a lower limit where no background is left."""
    if point["value"] is None:
        return f"> {text.rounded(point['low'])}"
    high = "∞" if point["high"] is None else text.rounded(point["high"])
    return f"{text.rounded(point['value'])} ({text.rounded(point['low'])} … {high})"


def _roc_plot(result: Record, scores: SplitScores) -> Plot:
    curves = roc_curves(result, scores)
    lowest = max(FEWEST_BACKGROUND / max(len(scores.labels), 1), 1e-6)
    caption = (
        "ROC curves, one class against all others; lower right is better. Markers: the working points of the table, "
        f"with errors. The axis ends where about {FEWEST_BACKGROUND} background events are left."
    )
    return Plot("roc", caption, roc_figure(curves, min(lowest, 0.1)))


def _probability_plot(names: Sequence[str], scores: SplitScores) -> Plot:
    figure = probability_figure(names, *probability_histograms(scores, PROBABILITY_BINS))
    return Plot("probabilities", "Class probabilities for the jets of every true class.", figure, wide=True)


def _confusion_table(names: Sequence[str], counts: NDArray[np.int64]) -> Table:
    rows = []
    for name, row in zip(names, counts, strict=True):
        total = max(int(row.sum()), 1)
        rows.append([name, *(f"{text.count(int(n))} ({text.percent(n / total, 1)})" for n in row)])
    header = ["true class", *(f"chosen {name}" for name in names)]
    return table("Confusion matrix: events and share of the true class", header, "l" + "r" * len(names), rows)
