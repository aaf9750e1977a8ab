"""What a run's records say, in a few lines: results of each step, the budget, and what failed."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from codesign.run import Run
from codesign.synth.budgets import BudgetLine, check_budget, require_measurable

LINE = 120  # characters of a line
INDENT = 14  # where the values of a line begin

# Which step measures which budget.
MEASURED_BY = {
    "train": ("ebops",),
    "evaluate": ("accuracy", "auc", "tpr"),
    "generate": ("latency_ns", "latency_bunch_crossings", "initiation_interval"),
    "synth": ("lut", "ff", "dsp", "bram_18k", "lut_share"),
}


def measured(run: Run) -> dict[str, float | None]:
    """Every quantity that can have a budget, None where its step has not run."""
    values: dict[str, float | None] = {name: None for names in MEASURED_BY.values() for name in names}
    if run.has_record("train"):
        values["ebops"] = run.record("train")["ebops"]
    if run.has_record("metrics"):
        values |= _physics(run)
    if run.has_record("firmware"):
        firmware = run.record("firmware")
        values |= {name: firmware[name] for name in MEASURED_BY["generate"]}
    if run.has_record("synth"):
        main_board = run.record("synth")["boards"][0]
        values |= {name: main_board[name] for name in MEASURED_BY["synth"]}
    return values


def budget_lines(run: Run, step: str | None = None) -> tuple[BudgetLine, ...]:
    """The budget, one line per limit; with ``step`` only the limits that this step measures."""
    config = run.config
    require_measurable(config.budget, config.task, config.evaluation)
    limits = config.budget.limits()
    if step is not None:
        limits = {name: limit for name, limit in limits.items() if name in MEASURED_BY.get(step, ())}
    lines = check_budget(limits, measured(run))
    at_point = f"at FPR {config.budget.tpr_fpr:g}" if config.budget.tpr_fpr else ""
    return tuple(replace(line, unit=at_point) if line.name == "tpr" else line for line in lines)


def _physics(run: Run) -> dict[str, float | None]:
    """Accuracy, smallest AUC, and smallest signal efficiency at the point of the budget, where there are such."""
    result, wanted = run.record("metrics"), run.config.budget.tpr_fpr
    if "deployed" not in result:
        return {"accuracy": result["accuracy"]["value"], "auc": _smallest_auc(result["classes"])}
    deployed = result["scores"][0]
    found = [point for point in deployed["points"] if wanted and math.isclose(point["asked_fpr"], wanted)]
    efficiencies = (signal["value"] for point in found[:1] for signal in point["tpr"].values())
    return {"auc": _smallest_auc(deployed["signals"]), "tpr": min(efficiencies, default=None)}


def _smallest_auc(entries: Iterable[dict[str, Any]]) -> float | None:
    return min((entry["auc"]["value"] for entry in entries), default=None)


def failures(run: Run, step: str | None = None) -> list[str]:
    """What makes the exit status 1: missed limits and mismatching integers; with ``step`` only of that step."""
    lines = [str(line).replace("FAIL ", "budget missed:") for line in budget_lines(run, step) if not line.passed]
    if step in (None, "synth") and run.has_record("synth"):
        lines += synthesis_failures(run.record("synth"))
    if step in (None, "report") and run.has_record("report"):
        lines += [f"implausible {found}" for found in run.record("report").get("implausible", ())]
    if step in (None, "verify") and run.has_record("verify") and not run.record("verify")["passed"]:
        lines.insert(0, f"verification: {run.record('verify')['fault']}")
    return lines


def step_lines(run: Run, step: str) -> list[str]:
    """The result of one step for a reader."""
    describe = {
        "prepare": _data_lines,
        "train": _train_lines,
        "evaluate": _physics_lines,
        "generate": _firmware_lines,
        "verify": _verify_lines,
        "synth": _synth_lines,
        "report": _report_lines,
    }[step]
    return [*describe(run), *(str(line) for line in budget_lines(run, step))]


def summary_lines(run: Run) -> list[str]:
    """The results of a whole run for a reader."""
    lines = ["", f"{run.config.name}: {run.path}"]
    for describe in (_data_lines, _train_lines, _physics_lines, _firmware_lines, _verify_lines, _synth_lines):
        if describe is not _physics_lines or run.has_record("metrics"):
            lines += describe(run)
    lines += [f"budget        {line}" for line in budget_lines(run)]
    return [*lines, *_report_lines(run)]


def _data_lines(run: Run) -> list[str]:
    record = run.record("data")
    counts = {split: sum(by_class.values()) for split, by_class in record["counts"].items()}
    inputs = record["contract"]["inputs"]
    bits = sum(entry["width"] for entry in inputs)
    rows = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    return [f"data          {record['name']}: {rows or 'no events'}; {len(inputs)} inputs in {bits} bits"]


def _train_lines(run: Run) -> list[str]:
    train = run.record("train")
    if "imported" in train:
        return [f"training      none: {train['imported']} as it is"]
    weights = sum(layer["weights"] for layer in train["layers"])
    zero = sum(layer["zero_weights"] for layer in train["layers"])
    pruned = f", {zero / weights:.0%} of {weights:,} weights are zero" if weights else ""
    return [f"training      {train['epochs']} epochs, {train['ebops']:,.0f} EBOPs{pruned}"]


def _physics_lines(run: Run) -> list[str]:
    physics = run.record("metrics")
    if "deployed" in physics:
        return list(_anomaly_lines(physics, run.config.evaluation.rates_khz))
    areas = _wrapped("AUC", map(_area, physics["classes"]))
    return [f"physics       test accuracy {_estimate(physics['accuracy'])}", *areas]


def _anomaly_lines(physics: dict[str, Any], rates_khz: Sequence[float]) -> Iterator[str]:
    """AUC and working points of the deployed score; a warning stands with the point that it is about."""
    score, known = physics["scores"][0], ", ".join(physics["background"])
    yield from _wrapped(
        "physics", [f"score {score['name']} against {physics['background_events']:,} test events of {known}"]
    )
    yield from _wrapped("AUC", map(_area, score["signals"]))
    for point in score["points"]:
        fpr = point["fpr"]
        parts = [f"score ≥ {point['threshold'] * score['lsb']:.15g}", f"accepts {fpr['passed']:,} of {fpr['total']:,}"]
        parts += [f"{name} {signal['value']:.2%}" for name, signal in point["tpr"].items()]
        rate = next((f"{rate:g} kHz" for rate in rates_khz if math.isclose(rate, point["asked_khz"])), None)
        yield from _wrapped(rate or f"FPR {point['asked_fpr']:.3g}", parts)
        if point["warning"]:
            indent = " " * INDENT
            yield from textwrap.wrap(f"{indent}warning: {point['warning']}", LINE, subsequent_indent=indent)


def _area(entry: dict[str, Any]) -> str:
    return f"{entry['name']} {entry['auc']['value']:.4f}±{entry['auc']['error']:.4f}"


def _wrapped(title: str, parts: Iterable[str]) -> list[str]:
    """Parts side by side under one title, on as many lines of at most `LINE` characters as it takes."""
    lines, line = [], f"{title:<{INDENT}}"
    for part in parts:
        if len(line) > INDENT and len(line) + 2 + len(part) > LINE:
            lines.append(line)
            line = " " * INDENT
        line += ("  " if len(line) > INDENT else "") + part
    return [*lines, line.rstrip()]


def _firmware_lines(run: Run) -> list[str]:
    record = run.record("firmware")
    decision = record.get("decision")
    top = f"{record['top']}: {len(decision['working_points'])} working points, " if decision else ""
    return [
        f"firmware      {top}latency {record['latency_cycles']} cycles = {record['latency_ns']:.1f} ns = "
        f"{record['latency_bunch_crossings']} BX at {record['target']['clock_mhz']:.2f} MHz, "
        f"II = {record['initiation_interval']}, scores {record['score_format']}",
        *_unsimulated(record),
    ]


def _unsimulated(record: dict[str, Any]) -> list[str]:
    """A warning where the HLS project could not be simulated; it was written and compared with nothing."""
    needs = record.get("hls_simulation_needs")
    backend = record["target"]["hls_backend"]
    return [f"              HLS project of {backend}: NOT simulated, its C-simulation needs {needs}"] if needs else []


def _verify_lines(run: Run) -> list[str]:
    record = run.record("verify")
    compared = ", ".join(f"{c['implementation']} {c['mismatches']}" for c in record["comparisons"])
    benches = sum(bench["passed"] for bench in record["benches"])
    mutation = record.get("mutation")
    faults = f"{mutation['killed']:,} of {mutation['planted']:,} planted faults found, " if mutation else ""
    faults += f"{mutation['equivalent']} proven to change nothing (score {mutation['score']:.2%})" if mutation else ""
    return [
        f"verification  {'passed' if record['passed'] else 'FAILED'}: {record['vectors']:,} vectors, "
        f"mismatches against the trained network: {compared}; {benches} of {len(record['benches'])} bench tests passed",
        *([f"              {faults}"] if faults else []),
    ]


def synthesis_failures(record: dict[str, Any]) -> list[str]:
    """Boards and devices without numbers, and boards whose clock is not met."""
    lines = [f"synthesis of {line}" for line in record.get("failed", ())]
    return lines + [
        f"synthesis of {use['board']} with {use['tool']}: timing not met: the slack allows {use['fmax_mhz']:.1f} MHz"
        for use in record["boards"]
        if use.get("timing_met") is False and use.get("fmax_mhz")
    ]


def _synth_lines(run: Run) -> list[str]:
    record = run.record("synth")
    alone = {use["board"]: use.get("lut") for use in record.get("network_alone", ())}
    lines = [f"resources     {use['board']}: {_use(use, alone.get(use['board']))}" for use in record["boards"]]
    lines += [f"              with weights in registers: {_use(use)}" for use in record.get("reloadable", ())]
    routed = record.get("place_and_route")
    if routed:
        found = routed["failed"] or f"{routed['fmax_mhz']:.1f} MHz on {routed['device']}"
        lines.append(f"routed clock  {found}  [{routed['estimate_class']}]")
    return lines


def _use(use: dict[str, Any], network_lut: int | None = None) -> str:
    """Resources on one board, and the LUTs of the network without what unpacks its inputs."""
    if use.get("failed"):
        return f"NOT KNOWN: {use['failed']}"
    part = "" if network_lut is None else f", the network alone {network_lut:,}"
    return (
        f"{use['lut']:,} LUT ({use['lut_share']:.2%}){part}, {use['ff']:,} FF, {use['dsp']} DSP, "
        f"{use['bram_18k']} BRAM18{_timed(use)}  [{use['estimate_class']}]"
    )


def _timed(use: dict[str, Any]) -> str:
    """What a tool that times the design says; nothing for one that does not."""
    met, fmax_mhz = use.get("timing_met"), use.get("fmax_mhz")
    if met is None or fmax_mhz is None:
        return ""
    return f", timing {'met' if met else 'NOT MET'} ({fmax_mhz:.1f} MHz)"


def _report_lines(run: Run) -> list[str]:
    return [f"report        {run.path / run.record('report')['html']}"]


def _estimate(record: dict[str, Any]) -> str:
    return f"{record['value']:.4f} ± {record['error']:.4f}"
