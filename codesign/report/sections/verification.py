"""The proof that every implementation computes the same integers."""

from collections.abc import Iterator

from codesign.report import text
from codesign.report.blocks import Block, Cell, Listing, Paragraph, Section, Table, check_mark, facts, table
from codesign.report.collect import Record, Records
from codesign.report.sections.missing import not_run
from codesign.report.sections.verification_depth import depth

CATEGORIES = {
    "real events": "test-split events through the input contract",
    "saturating": "real events with a quarter of their inputs forced to an end of the range",
    "extremes": "every input at its minimum and maximum, alone and together",
    "uniform": "uniform over the whole range of every input",
    "zero": "all inputs zero",
    "toggling": "every input bit flips on every clock",
    "reaching": "searched for bits of inner values and entries of tables that the others do not show",
    "ties": "objects with few different values of what orders them, some equal only after rounding",
}
BENCHES = {
    "back_to_back": "a new event on every clock; every output word compared",
    "latency": "latency of data and of valid, each on its own; initiation interval",
    "gaps": "random gaps with garbage on in_data: exactly the events come out, in order",
    "reset_in_flight": "events in flight at a reset never come out; those after it are right",
    "reload": "trained weights, others written, trained ones again: the scores of the weights in the registers",
    "no_x": "from unknown registers and inputs, no unknown bit beside out_valid",
    "thresholds": "every working point at score - 1, score and score + 1, changed between two events",
    "prescales": "off, all, every second, third and more, changed between two events; the count goes around",
    "counters": "counters stop at their largest value; latch and clear lose no event",
    "orbit": "a whole orbit, an event in every crossing, each with its crossing number",
    "misplaced_bx0": "BX0 early, late, beside its crossing, twice, missing: flagged, counted, followed",
    "registers": "random register accesses during data, refused ones among them, never disturb data",
    "reset_at_every_phase": "reset at every place of the pipeline; afterwards all is as after power-up",
    "upset": "one copy of a triple register turned over: voted out and counted",
    "stalls": "random valid and ready on both sides: nothing lost, doubled or reordered",
    "decisions": "thresholds, prescales and counters through AXI4-Lite",
}
SAMPLES_SHOWN = 3  # counter-examples per implementation


def verification(records: Records) -> Section:
    """Vectors, comparisons, bench tests, measured timing, and the first counter-examples."""
    if records.verify is None:
        return not_run("verification", "Verification", "verify")
    result = records.verify
    blocks: list[Block] = [
        _outcome(result),
        *_modified(result),
        *_float_rounding(result),
        _comparisons(result),
        *_counterexamples(result, records.firmware),
        _benches(result),
        _timing(result),
        _categories(result),
        *depth(result),
    ]
    return Section("verification", "Verification", tuple(blocks))


def _outcome(result: Record) -> Paragraph:
    if not result["passed"]:
        return Paragraph(f"FAILED: {result.get('fault') or 'see below'}", "bad")
    return Paragraph(
        "Passed: every implementation gives exactly the integers of the trained network on every vector it was given, "
        f"{text.count(result.get('vectors'))} in the full run. There is no tolerance.",
        "good",
    )


def _modified(result: Record) -> Iterator[Block]:
    """Files that are not as generated: the proof holds for them as they are, the reader must know."""
    files = result.get("modified_files") or ()
    if files:
        yield Paragraph(f"Changed since they were generated, and verified as they are now: {', '.join(files)}.", "warn")


def _float_rounding(result: Record) -> Iterator[Block]:
    """Scores in which float32 is not fine enough, which is no fault of any implementation."""
    if result.get("float32_rounded"):
        yield Paragraph(
            f"{text.count(result['float32_rounded'])} scores are wider than the 24 bits that float32 holds: there the "
            "trained network gives exactly the float32 number nearest to the integer, and the integer is compared.",
            "plain",
        )


def _comparisons(result: Record) -> Table:
    rows = [
        [
            entry["implementation"],
            text.count(entry["vectors"]),
            _mismatch_cell(entry),
            text.count(entry.get("max_lsb_distance"), "LSB"),
            check_mark(_equal(entry)),
        ]
        for entry in result.get("comparisons", ())
    ]
    header = ("implementation", "vectors", "mismatches", "largest difference", "verdict")
    return table("Equality with the trained network", header, "lrrrl", rows)


def _mismatch_cell(entry: Record) -> Cell:
    problem = f"; {entry['problem']}" if entry.get("problem") else ""
    return Cell(text.count(entry["mismatches"]) + problem, "good" if _equal(entry) else "bad")


def _equal(entry: Record) -> bool:
    return entry["mismatches"] == 0 and not entry.get("problem") and entry["vectors"] > 0


def _counterexamples(result: Record, firmware: Record | None) -> Iterator[Block]:
    """The first differing vectors, scores side by side."""
    classes = firmware["classes"] if firmware else None
    for entry in result.get("comparisons", ()):
        samples = (entry.get("samples") or ())[:SAMPLES_SHOWN]
        if not samples:
            continue
        names = classes or [f"score {index}" for index in range(len(samples[0]["expected"]))]
        rows = [row for sample in samples for row in _sample_rows(sample)]
        stored = f" In full: {entry['counterexample']}." if entry.get("counterexample") else ""
        note = (
            f"Score integers; the first {len(samples)} of {text.count(entry['mismatches'])} differing vectors.{stored}"
        )
        header = ("vector", "from", *names)
        yield table(f"Counter-examples: {entry['implementation']}", header, "rl" + "r" * len(names), rows, note)
        if entry.get("cause"):
            yield Paragraph(f"First wrong on their way: {entry['cause']}. To replay them: {entry['replay']}", "bad")
        inputs = "\n".join(f"vector {s['index']}: {' '.join(str(value) for value in s['inputs'])}" for s in samples)
        yield Listing(f"Hardware integers of these vectors: {entry['implementation']}", inputs)


def _sample_rows(sample: Record) -> Iterator[list[Cell | str]]:
    expected, found = sample["expected"], sample["found"] or [None] * len(sample["expected"])
    index = text.count(sample["index"])
    yield [index, "trained network", *(str(value) for value in expected)]
    differing = (
        Cell("X or Z" if got is None else str(got), "plain" if got == want else "bad")
        for got, want in zip(found, expected, strict=False)
    )
    yield [index, "implementation", *differing]


def _benches(result: Record) -> Table:
    benches = result.get("benches") or ()
    rows: list[list[Cell | str]] = [
        [
            f"{bench['top']}: {bench['test'].replace('_', ' ')}" if "top" in bench else bench["test"],
            BENCHES.get(bench["test"], text.MISSING),
            f"{bench['simulator']} {bench['version']}",
            text.count(bench["vectors"]),
            check_mark(bench["passed"]),
        ]
        for bench in benches
    ]
    header, align = ["bench test", "what it checks", "simulator", "events", "verdict"], "lllrl"
    if any(bench.get("message") for bench in benches):
        header, align = [*header, "message"], f"{align}l"
        rows = [[*row, bench.get("message") or ""] for row, bench in zip(rows, benches, strict=True)]
    return table("Bench tests (cocotb)", header, align, rows)


def _timing(result: Record) -> Table:
    promised, measured = result.get("latency_cycles_promised"), result.get("latency_cycles_measured")
    interval = result.get("initiation_interval_measured")
    speed = result.get("vectors_per_second")
    seen = Cell(text.count(measured, "cycles"), "good" if measured == promised else "bad")
    return facts(
        "Timing seen in simulation",
        [
            ("latency promised", text.count(promised, "cycles")),
            ("latency measured", Cell("not seen", "bad") if measured is None else seen),
            ("initiation interval measured", Cell("not seen", "bad") if interval is None else _cycles(interval)),
            ("RTL simulation speed", text.count(speed or None, "vectors/s")),
            ("building the simulations", text.duration(result.get("build_s"))),
            ("seed of the random choices", str(result.get("seed", text.MISSING))),
        ],
    )


def _cycles(interval: float) -> str:
    return f"{text.compact(interval)} cycle" + ("" if interval == 1 else "s")


def _categories(result: Record) -> Table:
    categories = result.get("categories") or {}
    rows = [[name, text.count(number), CATEGORIES.get(name, "")] for name, number in categories.items()]
    rows.append(["all", text.count(result.get("vectors")), ""])
    return table("Vectors by category", ("category", "vectors", "what they exercise"), "lrl", rows)
