"""The finer points of an anomaly detector: its other scores, fewer bits, an existing menu, stability."""

from collections.abc import Iterator

from codesign.report import text
from codesign.report.blocks import Block, Cell, Paragraph, Plot, table
from codesign.report.collect import Record
from codesign.report.detector import Detector
from codesign.report.plots import stability_figure


def all_scores(detector: Detector) -> Iterator[Block]:
    """Signal efficiencies of every score, where there is more than the deployed one."""
    scores = detector.result["scores"]
    if len(scores) < 2 or not detector.signals:
        return
    rows = [
        [
            name,
            score["name"],
            *(
                Cell(text.percent(point["tpr"][name]["value"]), "warn" if point["warning"] else "plain")
                for point in score["points"]
            ),
        ]
        for name in detector.signals
        for score in scores
    ]
    header = ["signal", "score", *(f"at {detector.asked(point)}" for point in scores[0]["points"])]
    note = (
        f"All scores are of the same trained network; {detector.result['deployed']} is in the firmware, another one "
        "would need its own (task.score). Marked ⚠: too few background events, or none that a threshold could part."
    )
    yield table("Signal efficiency of every score", header, "ll" + "r" * len(scores[0]["points"]), rows, note)


def dropped_bits(detector: Detector) -> Iterator[Block]:
    """What a score of fewer bits costs at the middle point."""
    score = detector.deployed
    if not score["coarser"]:
        return
    dropped = [score["bits"] - kept["kept_bits"] for kept in score["coarser"]]
    columns = [_kept(detector, score, kept) for kept in score["coarser"]]
    names = ["bits left", "step of the score", "background accepted", "change of it, relative"]
    names += [f"change of the efficiency for {name}" for name in detector.signals]
    rows = [[name, *(column[index] for column in columns)] for index, name in enumerate(names)]
    note = (
        f"The threshold is placed anew for {detector.asked(detector.middle)} of the background each time. pp: "
        "percentage points. Errors are those of events gained and lost, 68 %. The test scores need "
        f"{text.plural(score['bits'], 'bit')}; low bits that are always zero are not counted."
    )
    header = ["", *(f"without {text.plural(number, 'low bit')}" for number in dropped)]
    yield table(f"Fewer bits of {score['name']}", header, "l" + "r" * len(dropped), rows, note)


def _kept(detector: Detector, score: Record, kept: Record) -> list[str]:
    """One column: a score of fewer bits."""
    before = kept["full"]["rate"]["khz"]
    change = {key: kept["rate_change_khz"][key] / before for key in ("value", "error")} if before else None
    return [
        text.count(kept["kept_bits"]),
        text.step(score["lsb"] * 2 ** (score["bits"] - kept["kept_bits"])),
        detector.accepted(kept["point"]["rate"]),
        text.change(change, "%"),
        *(text.change(kept["tpr_change"][name], "pp") for name in detector.signals),
    ]


def menu(detector: Detector) -> Iterator[Block]:
    """What the detector adds to the trigger menu that the data set holds."""
    pure = detector.result["pure"]
    if not pure:
        return
    rows = [
        [
            detector.asked(point),
            detector.accepted(entry["rate"]),
            detector.accepted(entry["pure"]),
            text.interval(entry["overlap"]) if entry["overlap"] else text.MISSING,
        ]
        for point, entry in zip(detector.deployed["points"], pure, strict=True)
    ]
    header = ("background allowed", "detector accepts", "not in the menu (pure)", "share that the menu has too")
    note = (
        f"The menu is the block {detector.evaluation.menu or text.MISSING} of the data set; any of its bits accepts. "
        f"By itself it accepts {detector.accepted(pure[0]['menu'])} of the background."
    )
    yield table("On top of the existing menu", header, "rrrr", rows, note)


def stability(detector: Detector) -> Iterator[Block]:
    """Whether the rate at the middle point stands still against a variable."""
    found = detector.result["stability"]
    if found is None:
        return
    scale = 1.0 if detector.in_khz else 1.0 / detector.full_khz
    columns = [[None if khz is None else khz * scale for khz in found[key]] for key in ("khz", "low_khz", "high_khz")]
    variable = detector.evaluation.stability or "variable"
    point = detector.middle
    figure = stability_figure(
        found["edges"], columns[0], columns[1], columns[2], point["rate"]["khz"] * scale, variable, _ylabel(detector)
    )
    caption = (
        f"What {detector.result['deployed']} accepts of the background at its threshold for {detector.asked(point)}, "
        f"against {variable}. Line: over all events. Hypothesis of a flat rate: χ² = {found['chi2']:.1f} for "
        f"{found['degrees']} degrees of freedom, p = {found['p_value']:.2g}."
    )
    yield Plot("stability", caption, figure)
    if found["outside"]:
        yield Paragraph(f"Stability: {text.plural(found['outside'], 'event')} in no bin.", "warn")
    if found["warning"]:
        yield Paragraph(f"Stability: {found['warning']}.", "warn")


def _ylabel(detector: Detector) -> str:
    return "rate in kHz" if detector.in_khz else "fraction accepted"
