"""The training: how quality and cost went, and which checkpoint was kept."""

from codesign.report import text
from codesign.report.blocks import Block, Plot, Section, Table, facts, table
from codesign.report.collect import Record, Records
from codesign.report.plots import cost_figure, front_figure, quality_figure
from codesign.report.sections.missing import not_run

MAX_FRONT_ROWS = 24
LOSS_CAPTIONS = {
    "accuracy": "Accuracy and loss against the epoch. The training loss contains β × EBOPs, the validation loss does "
    "not.",
    "objective": "Objective and loss against the epoch; smaller is better. The training loss is the objective and "
    "β × EBOPs, the validation loss has no cost.",
}
FRONT_CAPTIONS = {
    "accuracy": "Front of cost and validation accuracy: checkpoints that no other one beats in both.",
    "objective": "Front of cost and validation objective, both better when smaller: checkpoints that no other one "
    "beats in both.",
}


def training(records: Records) -> Section:
    """Fit, histories and the front of cost and quality."""
    if records.train is None:
        return not_run("training", "Training", "train")
    result = records.train
    chosen, target, history = result.get("chosen"), result.get("target_ebops"), result.get("history") or {}
    monitor = _monitor(result)
    epoch = chosen["epoch"] if chosen else None
    blocks: list[Block] = [_fit(result)]
    if history:
        quality = quality_figure(history, epoch, monitor)
        cost = cost_figure(history, epoch, target)
        blocks += [
            Plot(f"training_{monitor}", LOSS_CAPTIONS[monitor], quality),
            Plot("training_cost", "Cost (EBOPs) and its weight β in the loss against the epoch.", cost),
        ]
    points = result.get("front") or ()
    if points:
        best = (chosen["ebops"], _quality(chosen, monitor)) if chosen else None
        qualities = [_quality(point, monitor) for point in points]
        tips = [
            f"epoch {point['epoch']}: {text.count(point['ebops'], 'EBOPs')}, {monitor} {_shown(point, monitor)}"
            for point in points
        ]
        figure = front_figure([point["ebops"] for point in points], qualities, best, target, monitor, tips)
        blocks += [Plot("front", FRONT_CAPTIONS[monitor], figure), _front(result)]
    return Section("training", "Training", tuple(blocks))


def _monitor(result: Record) -> str:
    """What chose the checkpoint: accuracy, or the objective of an anomaly detector."""
    return str(result.get("monitor") or "accuracy")


def _quality(point: Record, monitor: str) -> float:
    """The monitored quantity itself: the record holds what is maximised, minus the objective."""
    return float(point["quality"] if monitor == "accuracy" else -point["quality"])


def _fit(result: Record) -> Table:
    reloaded = result.get("reload_identical_rows")
    chosen = result.get("chosen") or {}
    return facts(
        "Fit",
        [
            ("epochs", text.count(result.get("epochs"))),
            *_resumed(result),
            ("chosen checkpoint: epoch, counted from 0", text.count(chosen.get("epoch"))),
            ("its EBOPs in training", text.count(chosen.get("ebops"))),
            ("EBOPs after calibration on the training split", text.count(result.get("ebops"))),
            ("target EBOPs", text.count(result.get("target_ebops"))),
            *_rounding(result),
            ("saved network reloaded in a new process, outputs identical bit by bit", text.count(reloaded, "events")),
            ("Keras backend", result.get("backend") or text.MISSING),
        ],
        "EBOPs, effective bit operations: the product of the operands' bits, summed over all multiplications. It is "
        f"the cost that the training trades against the {_monitor(result)}; what it comes to in LUT is in the chapter "
        "Resources.",
    )


def _resumed(result: Record) -> list[tuple[str, str]]:
    """When an interrupted training went on; nothing for one that ran through."""
    epoch = result.get("resumed_epoch")
    return [("interrupted, and taken up again exactly where it was, at epoch", text.count(epoch))] if epoch else []


def _rounding(result: Record) -> list[tuple[str, str]]:
    """What post-training quantisation cost; nothing for networks that were trained with their widths."""
    rounding, monitor = result.get("rounding"), _monitor(result)
    if not rounding:
        return []
    before, after = ({"quality": rounding[key]} for key in ("wide_quality", "quality"))
    ebops = f"{text.count(rounding['wide_ebops'])} → {text.count(rounding['ebops'])}"
    return [
        (f"validation {monitor}, wide numbers → rounded", f"{_shown(before, monitor)} → {_shown(after, monitor)}"),
        ("EBOPs, wide numbers → rounded", ebops),
    ]


def _shown(point: Record, monitor: str) -> str:
    return text.percent(point["quality"]) if monitor == "accuracy" else f"{_quality(point, monitor):.5g}"


def _front(result: Record) -> Table:
    monitor = _monitor(result)
    chosen = (result.get("chosen") or {}).get("epoch")
    points = result["front"]
    every = -(-len(points) // MAX_FRONT_ROWS)
    rows = [
        [
            text.count(point["epoch"]) + (" (chosen)" if point["epoch"] == chosen else ""),
            text.count(point["ebops"]),
            _shown(point, monitor),
        ]
        for index, point in enumerate(points)
        if index % every == 0 or point["epoch"] == chosen
    ]
    shown = "" if len(rows) == len(points) else f" {len(rows)} of {len(points)} checkpoints are listed."
    note = (
        f"The validation {monitor} selected the checkpoint and is therefore slightly optimistic.{shown} "
        "quantization.checkpoint_ebops takes another one without training again."
    )
    return table("Checkpoints on the front", ("epoch", "EBOPs", f"validation {monitor}"), "rrr", rows, note, half=True)
