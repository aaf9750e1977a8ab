"""The report of a run: one self-contained page, its Markdown twin, and the plots."""

from codesign.report.step import write_report

__all__ = ["write_report"]
