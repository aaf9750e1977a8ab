"""How deep the proof goes: planted faults that were found, proofs for all inputs, and what was not exercised."""

from collections.abc import Iterator, Sequence

from codesign.report import text
from codesign.report.blocks import Block, Cell, Paragraph, Table, table
from codesign.report.collect import Record

SURVIVORS_SHOWN = 40
# By what its scope says, the first that fits.
PROOFS = {
    "programme": "changes nothing, for any input (integer programme)",
    "_fed": "changes nothing, for all that words can give (SAT)",
    "_watch_": "changes nothing, within proven ranges (SAT)",
    "": "changes nothing, for any input (SAT)",
}
VERDICTS = {
    "proven": Cell("proven", "good"),
    "different": Cell("different", "bad"),
    "not decided": Cell("not decided in time", "warn"),
}


def depth(result: Record) -> Iterator[Block]:
    """Planted faults, proofs and coverage, where the verification has them."""
    if result.get("mutation"):
        yield from _mutation(result["mutation"])
    if result.get("formal"):
        yield _formal(result["formal"])
    if result.get("coverage"):
        yield from _coverage(result["coverage"])


def _mutation(mutation: Record) -> Iterator[Block]:
    changing = mutation["planted"] - mutation["equivalent"]
    yield Paragraph(
        f"{text.count(mutation['killed'])} of {text.count(changing)} planted faults that may change something were "
        f"found ({mutation['score']:.2%}); {mutation['equivalent']} more were proven to change nothing. Each of "
        f"{text.count(mutation['planted'])} faults, drawn from {text.count(mutation['faults'])} with seed "
        f"{mutation['seed']}, was planted alone and the {text.count(mutation['clocks'])} recorded clocks of the bench "
        f"were played against it, {1000 * mutation['seconds_per_mutant']:.1f} ms each.",
        "good" if mutation["score"] >= 0.99 else "bad",
    )
    rows = [
        [
            kind,
            text.count(numbers["planted"]),
            text.count(numbers["killed"]),
            text.count(numbers["equivalent"]),
            _missed(numbers["planted"] - numbers["killed"] - numbers["equivalent"]),
        ]
        for kind, numbers in mutation["kinds"].items()
    ]
    yield table("Planted faults", ("kind", "planted", "found", "change nothing", "missed"), "lrrrr", rows)
    if mutation["survivors"]:
        yield _survivors(mutation["survivors"])


def _missed(number: int) -> Cell:
    return Cell(text.count(number), "bad" if number else "plain")


def _survivors(survivors: Sequence[Record]) -> Table:
    """Those that say something about the vectors first."""
    order = sorted(survivors, key=lambda entry: entry["verdict"] == "equivalent")
    rows = [
        [f"#{entry['number']}", entry["kind"], entry["what"], entry["place"], _explanation(entry)]
        for entry in order[:SURVIVORS_SHOWN]
    ]
    hidden = len(order) - len(rows)
    note = f"{hidden} more stand in verify.json." if hidden else ""
    return table("Faults that no vector showed", ("fault", "kind", "what", "place", "why"), "lllll", rows, note)


def _explanation(survivor: Record) -> Cell:
    if survivor["verdict"] == "equivalent":
        return Cell(next(words for part, words in PROOFS.items() if part in survivor["scope"]), "good")
    if survivor.get("shown_by"):
        return Cell("shown by an input that joins the vectors of the next verification", "bad")
    return Cell("the vectors have a hole", "bad") if survivor["verdict"] == "different" else Cell("not decided", "warn")


def _formal(checks: Sequence[Record]) -> Table:
    rows = [
        [check["forms"], check["module"], VERDICTS[check["verdict"]], check["method"], f"{check['wall_time_s']:.1f} s"]
        for check in checks
    ]
    header = ("forms", "module", "verdict", "over", "time")
    return table("Proofs by SAT", header, "llllr", rows)


def _coverage(coverage: Record) -> Iterator[Block]:
    holes = coverage["holes"]
    if holes:
        yield Paragraph(f"Not exercised: {'; '.join(holes)}.", "warn")
    else:
        yield Paragraph("Every input bit, range end, score bit, gap and reset phase was exercised.", "good")
    header = ("name", "bits", "codes seen", "of", "smallest", "largest", "at the lower end", "at the upper end")
    for caption, fields in (("Inputs exercised", coverage["inputs"]), ("Scores exercised", coverage["scores"])):
        rows = [
            [
                field["name"],
                *(text.count(field[key]) for key in ("width", "codes", "possible", "minimum", "maximum")),
                *(text.count(field[key]) for key in ("at_minimum", "at_maximum")),
            ]
            for field in fields
        ]
        yield table(caption, header, "lrrrrrrr", rows)
    yield _occurrences(coverage)


def _occurrences(coverage: Record) -> Table:
    groups = {
        "class with the largest score": coverage["largest"],
        "empty clocks between two events": coverage["gaps"],
        "clocks that an event was in flight at a reset": coverage["reset_phases"],
        "clocks that a reset lasted": coverage["reset_lengths"],
    }
    rows = [
        [name, ", ".join(f"{key}: {text.count(number)}" for key, number in counts.items())]
        for name, counts in groups.items()
        if counts
    ]
    rows.append(["events in which scores tie for the largest", text.count(coverage["ties"])])
    return table("What the bench went through", ("quantity", "how often"), "ll", rows)
