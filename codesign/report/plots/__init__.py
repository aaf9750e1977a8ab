"""Plotters: arrays in, one figure out."""

from codesign.report.plots.hardware import bits_figure, layer_cost_figure, share_figure
from codesign.report.plots.physics import confusion_figure, probability_figure, roc_figure
from codesign.report.plots.style import to_png, to_svg
from codesign.report.plots.training import accuracy_figure, cost_figure, front_figure

__all__ = [
    "accuracy_figure",
    "bits_figure",
    "confusion_figure",
    "cost_figure",
    "front_figure",
    "layer_cost_figure",
    "probability_figure",
    "roc_figure",
    "share_figure",
    "to_png",
    "to_svg",
]
