"""Plotters: arrays in, one figure out."""

from codesign.report.plots.anomaly import detector_roc_figure, score_figure, stability_figure, threshold_figure
from codesign.report.plots.hardware import bits_figure, layer_cost_figure, share_figure
from codesign.report.plots.physics import confusion_figure, probability_figure, roc_figure
from codesign.report.plots.style import to_png, to_svg
from codesign.report.plots.training import cost_figure, front_figure, quality_figure

__all__ = [
    "bits_figure",
    "confusion_figure",
    "cost_figure",
    "detector_roc_figure",
    "front_figure",
    "layer_cost_figure",
    "probability_figure",
    "quality_figure",
    "roc_figure",
    "score_figure",
    "share_figure",
    "stability_figure",
    "threshold_figure",
    "to_png",
    "to_svg",
]
