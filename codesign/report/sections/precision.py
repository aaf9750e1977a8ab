"""What the training made of each layer: bits, zeros, cost."""

from collections.abc import Sequence

from codesign.report import text
from codesign.report.blocks import Plot, Section, Table, table
from codesign.report.collect import Record, Records
from codesign.report.plots import bits_figure, layer_cost_figure
from codesign.report.sections.missing import not_run

HEADER = (
    "layer", "weights", "zero weights", "mean bits, non-zero weights", "widest weight", "mean bits, used inputs",
    "dead inputs", "EBOPs",
)  # fmt: skip


def precision(records: Records) -> Section:
    """Bits per layer, zero weights, dead inputs, EBOPs."""
    if records.train is None or not records.train.get("layers"):
        return not_run("precision", "Precision", "train")
    layers = records.train["layers"]
    names = [layer["name"] for layer in layers]
    bits = bits_figure(
        names,
        *([layer[key] for layer in layers] for key in ("weight_bits", "input_bits", "weight_bits_max")),
    )
    cost = layer_cost_figure(
        names, [layer["ebops"] for layer in layers], [_zero_share(layer) or 0.0 for layer in layers]
    )
    return Section(
        "precision",
        "Precision",
        (
            _table(layers),
            Plot("layer_bits", "Bits of weights and inputs, by layer.", bits),
            Plot("layer_ebops", "EBOPs and share of zero weights, by layer.", cost),
        ),
    )


def _table(layers: Sequence[Record]) -> Table:
    rows = [
        [
            layer["name"],
            text.count(layer["weights"]),
            f"{text.count(layer['zero_weights'])} ({text.percent(_zero_share(layer), 1)})",
            text.number(layer["weight_bits"], digits=2),
            text.number(layer["weight_bits_max"], digits=0),
            text.number(layer["input_bits"], digits=2),
            text.count(layer["dead_inputs"]),
            text.count(layer["ebops"]),
        ]
        for layer in layers
    ]
    weights, zero, dead, ebops = (
        sum(layer[key] for layer in layers) for key in ("weights", "zero_weights", "dead_inputs", "ebops")
    )
    share = text.percent(zero / weights if weights else None, 1)
    total = [text.count(weights), f"{text.count(zero)} ({share})", "", "", "", text.count(dead), text.count(ebops)]
    note = (
        "Bits include the sign. A zero weight costs nothing (pruned by the training); a dead input got 0 bits. "
        "Biases are not counted among the weights."
    )
    return table("Layers", HEADER, "lrrrrrrr", [*rows, ["all", *total]], note)


def _zero_share(layer: Record) -> float | None:
    return layer["zero_weights"] / layer["weights"] if layer.get("weights") else None
