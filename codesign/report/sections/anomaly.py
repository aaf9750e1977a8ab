"""Physics performance of an anomaly detector: what its score accepts of the background and of signals it never saw."""

from collections.abc import Iterator

from codesign.report import text
from codesign.report.blocks import Block, Cell, Paragraph, Section, Table, table
from codesign.report.collect import Record
from codesign.report.detector import Detector
from codesign.report.sections.anomaly_details import all_scores, dropped_bits, menu, stability
from codesign.report.sections.anomaly_plots import curve_plot, roc_plot, score_plot

INTERVALS = (
    "Intervals hold the truth with 68 %: exact (Clopper and Pearson) for counted events, for signals widened by what "
    "the finite background says of the threshold."
)
WEIGHTED = " Events have weights: fractions are of their sums, intervals those of the effective number of events."


def anomaly(detector: Detector) -> Section:
    """Separation, working points with their thresholds in firmware, rates, and what fewer bits would cost."""
    blocks: list[Block] = [_about(detector)]
    if detector.signals:
        blocks.append(_areas(detector))
    blocks += _points(detector)
    if detector.signals:
        blocks.append(_efficiencies(detector))
    blocks += _plots(detector)
    blocks += [*stability(detector), *all_scores(detector), *dropped_bits(detector), *menu(detector)]
    return Section("physics", "Physics", tuple(blocks))


def _about(detector: Detector) -> Paragraph:
    """What a row of the background stands for, since only that makes a rate of an efficiency."""
    result = detector.result
    known = text.count(result["background_events"], "test events")
    names = ", ".join(result["background"])
    said = f"The detector learned from {names} alone and is judged against {known} of it"
    said += f"; it never saw a signal. The score that becomes firmware is {result['deployed']}. "
    if detector.in_khz:
        bunches = text.count(detector.evaluation.colliding_bunches)
        said += (
            f"Rates take every row of the background for one crossing of the {bunches} colliding bunch pairs "
            f"({text.count(detector.full_khz, 'kHz')}) as it comes, as zero-bias data are."
        )
    else:
        said += (
            "A row of the background is not taken for a bunch crossing as it comes (zero bias), so fractions of the "
            "background stand here and no trigger rates; evaluation.rates_khz asks for rates."
        )
    return Paragraph(said + (WEIGHTED if result["weighted"] else ""))


def _areas(detector: Detector) -> Table:
    scores = detector.result["scores"]
    header = ["signal", "events", *(_title(detector, score) for score in scores)]
    rows = [
        [
            signal["name"],
            text.count(signal["events"]),
            *(text.estimate(score["signals"][index]["auc"]) for score in scores),
        ]
        for index, signal in enumerate(scores[0]["signals"])
    ]
    note = "Each signal against the background; 0.5 is no separation. Errors are statistical, 68 %."
    return table("Area under the ROC curve (AUC), by score", header, "lr" + "r" * len(scores), rows, note)


def _title(detector: Detector, score: Record) -> str:
    return f"{score['name']} (in firmware)" if score["name"] == detector.result["deployed"] else str(score["name"])


def _points(detector: Detector) -> Iterator[Block]:
    """The table of thresholds, and below it in plain words which of them cannot be trusted."""
    points = detector.deployed["points"]
    header = ["background allowed", "firmware: score integer ≥", "score ≥", "background accepted", "events"]
    header += ["rate"] if detector.in_khz else []
    worth = "There is no firmware yet."
    if detector.score_format is not None:
        worth = f"The integer is compared with the {detector.score_format} of the port out_data."
    note = (
        f"{worth} Equal scores are accepted or rejected together, so less than allowed may pass. "
        f"{INTERVALS} Rows marked ⚠ are explained below."
    )
    rows = [_point(detector, point) for point in points]
    yield table(f"Working points of {detector.result['deployed']}", header, "r" * len(header), rows, note)
    if detector.fault:
        yield Paragraph(f"No threshold is given in firmware integers: {detector.fault}.", "bad")
    remarks = [f"At {detector.asked(point)}: {said}." for point in points for said in _warnings(detector, point)]
    # The metrics know the integers of the evaluation only.
    if any("score" in (point["warning"] or "") for point in points) and detector.counts != 1:
        remarks.append(f"Scores in these remarks count {text.step(detector.deployed['lsb'])}.")
    if remarks:
        yield Paragraph(" ".join(remarks), "warn")


def _warnings(detector: Detector, point: Record) -> Iterator[str]:
    threshold = detector.threshold(point["threshold"])
    if threshold is not None and not detector.reachable(threshold):
        yield f"{threshold} is more than {detector.score_format} can hold, so that the firmware would accept nothing"
    if point["warning"]:
        yield point["warning"]


def _point(detector: Detector, point: Record) -> list[Cell | str]:
    threshold, fpr = detector.threshold(point["threshold"]), point["fpr"]
    integer = Cell(str(threshold)) if threshold is not None else Cell(text.MISSING, "missing")
    cells: list[Cell | str] = [
        Cell(detector.asked(point), "warn" if any(_warnings(detector, point)) else "plain"),
        integer,
        text.exact(point["threshold"] * detector.deployed["lsb"]),
        text.small(fpr["value"], fpr["low"], fpr["high"]),
        f"{text.count(fpr['passed'])} of {text.count(fpr['total'])}",
    ]
    if detector.in_khz:
        cells.append(detector.accepted(point["rate"]))
    return cells


def _efficiencies(detector: Detector) -> Table:
    points = detector.deployed["points"]
    rows: list[list[Cell | str]] = [
        [
            name,
            *(Cell(text.interval(point["tpr"][name]), "warn" if point["warning"] else "plain") for point in points),
        ]
        for name in detector.signals
    ]
    header = ["signal", *(f"at {detector.asked(point)}" for point in points)]
    title = f"Signal efficiency (TPR) of {detector.result['deployed']} at its working points"
    return table(title, header, "l" + "r" * len(points), rows, INTERVALS)


def _plots(detector: Detector) -> Iterator[Block]:
    if detector.scores is None:
        yield Paragraph("Score distributions and ROC curves: the test scores (scores.npz) are missing.", "missing")
    else:
        yield score_plot(detector, detector.scores)
        if detector.signals:
            yield roc_plot(detector, detector.scores)
    yield curve_plot(detector)
