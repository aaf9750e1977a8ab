"""What a data set holds: ranges, means and histograms, as a record for JSON, tables and pages."""

from codesign.data.inspection.record import inspect_dataset
from codesign.data.inspection.text import text_lines

__all__ = ["inspect_dataset", "text_lines"]
