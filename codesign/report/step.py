"""The report step: records in, page and plots out."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codesign.files import write_whole
from codesign.report.collect import collect
from codesign.report.numbers import numbers, numbers_csv
from codesign.report.page import Page, build_page, to_html, to_markdown
from codesign.report.plausibility import implausible
from codesign.report.plots import to_png, to_svg
from codesign.run import Run, to_json

HTML = "report.html"
MARKDOWN = "report.md"
NUMBERS_CSV, NUMBERS_JSON = "report_numbers.csv", "report_numbers.json"
PLOTS = "plots"


def write_report(run: Run) -> dict[str, Any]:
    """Write ``report.html``, ``report.md``, ``plots/`` and the numbers as CSV and JSON into the run directory.

    A failed or missing step is reported as such; it does not keep the report from being written.

    Args:
        run: the run directory.

    Returns:
        Paths relative to the run directory, the budget lines, and ``passed``: true when every step has run, every
        integer is equal and every limit is kept. ``reasons`` says what keeps it from being true.

    Raises:
        RunError: a record is damaged.
    """
    records = collect(run)
    page = build_page(records)
    images = {plot.name: to_svg(plot.figure) for section in page.sections for plot in section.plots}
    plots = _write_plots(run.path / PLOTS, page, images)
    write_whole(run.path / MARKDOWN, to_markdown(page))
    write_whole(run.path / HTML, to_html(page, images))
    found = numbers(records)
    write_whole(run.path / NUMBERS_CSV, numbers_csv(found))
    write_whole(run.path / NUMBERS_JSON, to_json({"run": records.name, "numbers": [asdict(n) for n in found]}))
    return {
        "html": HTML,
        "markdown": MARKDOWN,
        "numbers": [NUMBERS_CSV, NUMBERS_JSON],
        "plots": [f"{PLOTS}/{name}" for name in plots],
        "budget": [asdict(line) for line in records.budget],
        "passed": page.verdict.passed,
        "reasons": list(page.verdict.reasons),
        "implausible": list(implausible(records)),
    }


def _write_plots(folder: Path, page: Page, images: dict[str, bytes]) -> list[str]:
    """Each plot as SVG and PNG; plots of an earlier report go."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = []
    for section in page.sections:
        for plot in section.plots:
            (folder / f"{plot.name}.svg").write_bytes(images[plot.name])
            (folder / f"{plot.name}.png").write_bytes(to_png(plot.figure))
            names += [f"{plot.name}.svg", f"{plot.name}.png"]
    return names
