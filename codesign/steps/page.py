"""The report."""

from typing import Any

from codesign.progress import Progress
from codesign.run import Run, digest_files


def report_inputs(run: Run) -> object:
    """The configuration's text and the provenance, which the page shows; everything else comes from records."""
    return digest_files([run.path / "config.toml", run.path / "provenance.json"], run.path)


def report(run: Run, progress: Progress) -> dict[str, Any]:
    """Check the budget and write the report."""
    from codesign.report.step import write_report

    progress("plots and page", 0, 1)
    return write_report(run)
