"""The training: how accuracy and cost went, and which checkpoint was kept."""

from codesign.report import text
from codesign.report.blocks import Block, Plot, Section, Table, facts, table
from codesign.report.collect import Record, Records
from codesign.report.plots import accuracy_figure, cost_figure, front_figure
from codesign.report.sections.missing import not_run

LOSS_CAPTION = (
    "Accuracy and loss against the epoch. The training loss contains β × EBOPs, the validation loss does not."
)


def training(records: Records) -> Section:
    """Fit, histories and the front of cost and accuracy."""
    if records.train is None:
        return not_run("training", "Training", "train")
    result = records.train
    chosen, target, history = result.get("chosen"), result.get("target_ebops"), result.get("history") or {}
    epoch = chosen["epoch"] if chosen else None
    blocks: list[Block] = [_fit(result)]
    if history:
        accuracy = accuracy_figure(history, epoch)
        cost = cost_figure(history, epoch, target)
        blocks += [
            Plot("training_accuracy", LOSS_CAPTION, accuracy),
            Plot("training_cost", "Cost (EBOPs) and its weight β in the loss against the epoch.", cost),
        ]
    points = result.get("front") or ()
    if points:
        best = (chosen["ebops"], chosen["quality"]) if chosen else None
        accuracies = [point["quality"] for point in points]
        figure = front_figure([point["ebops"] for point in points], accuracies, best, target)
        caption = "Front of cost and validation accuracy: checkpoints that no other one beats in both."
        blocks += [Plot("front", caption, figure), _front(result)]
    return Section("training", "Training", tuple(blocks))


def _fit(result: Record) -> Table:
    reloaded = result.get("reload_identical_rows")
    chosen = result.get("chosen") or {}
    return facts(
        "Fit",
        [
            ("epochs", text.count(result.get("epochs"))),
            ("chosen checkpoint: epoch, counted from 0", text.count(chosen.get("epoch"))),
            ("its EBOPs in training", text.count(chosen.get("ebops"))),
            ("EBOPs after calibration on the training split", text.count(result.get("ebops"))),
            ("target EBOPs", text.count(result.get("target_ebops"))),
            ("saved network reloaded in a new process, outputs identical bit by bit", text.count(reloaded, "events")),
            ("Keras backend", result.get("backend") or text.MISSING),
        ],
        "EBOPs, effective bit operations: the product of the operands' bits, summed over all multiplications. It is "
        "the cost that the training trades against accuracy; what it comes to in LUT is in the chapter Resources.",
    )


def _front(result: Record) -> Table:
    chosen = (result.get("chosen") or {}).get("epoch")
    rows = [
        [
            text.count(point["epoch"]) + (" (chosen)" if point["epoch"] == chosen else ""),
            text.count(point["ebops"]),
            text.percent(point["quality"]),
        ]
        for point in result["front"]
    ]
    note = "The validation accuracy selected the checkpoint and is therefore slightly optimistic."
    return table("Checkpoints on the front", ("epoch", "EBOPs", "validation accuracy"), "rrr", rows, note, half=True)
