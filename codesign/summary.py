"""What a run's records say, in a few lines: results of each step, the budget, and what failed."""

from typing import Any

from codesign.run import Run
from codesign.synth.budgets import BudgetLine, check_budget

# Which step measures which budget.
MEASURED_BY = {
    "train": ("ebops",),
    "evaluate": ("accuracy",),
    "generate": ("latency_ns", "latency_bunch_crossings", "initiation_interval"),
    "synth": ("lut", "ff", "dsp", "bram_18k", "lut_share"),
}


def measured(run: Run) -> dict[str, float | None]:
    """Every quantity that can have a budget, None where its step has not run."""
    values: dict[str, float | None] = {name: None for names in MEASURED_BY.values() for name in names}
    if run.has_record("train"):
        values["ebops"] = run.record("train")["ebops"]
    if run.has_record("metrics"):
        values["accuracy"] = run.record("metrics")["accuracy"]["value"]
    if run.has_record("firmware"):
        firmware = run.record("firmware")
        values |= {name: firmware[name] for name in MEASURED_BY["generate"]}
    if run.has_record("synth"):
        main_board = run.record("synth")["boards"][0]
        values |= {name: main_board[name] for name in MEASURED_BY["synth"]}
    return values


def budget_lines(run: Run, step: str | None = None) -> tuple[BudgetLine, ...]:
    """The budget, one line per limit; with ``step`` only the limits that this step measures."""
    limits = run.config.budget.limits()
    if step is not None:
        limits = {name: limit for name, limit in limits.items() if name in MEASURED_BY.get(step, ())}
    return check_budget(limits, measured(run))


def failures(run: Run, step: str | None = None) -> list[str]:
    """What makes the exit status 1: missed limits and mismatching integers; with ``step`` only of that step."""
    lines = [str(line).replace("FAIL ", "budget missed:") for line in budget_lines(run, step) if not line.passed]
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
        lines += describe(run)
    lines += [f"budget        {line}" for line in budget_lines(run)]
    return [*lines, *_report_lines(run)]


def _data_lines(run: Run) -> list[str]:
    record = run.record("data")
    counts = {split: sum(by_class.values()) for split, by_class in record["counts"].items()}
    inputs = record["contract"]["inputs"]
    bits = sum(entry["width"] for entry in inputs)
    rows = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    return [f"data          {record['name']}: {rows}; {len(inputs)} inputs in {bits} bits"]


def _train_lines(run: Run) -> list[str]:
    train = run.record("train")
    weights = sum(layer["weights"] for layer in train["layers"])
    zero = sum(layer["zero_weights"] for layer in train["layers"])
    return [
        f"training      {train['epochs']} epochs, {train['ebops']:,.0f} EBOPs, "
        f"{zero / weights:.0%} of {weights:,} weights are zero"
    ]


def _physics_lines(run: Run) -> list[str]:
    physics = run.record("metrics")
    areas = "  ".join(f"{c['name']} {c['auc']['value']:.4f}±{c['auc']['error']:.4f}" for c in physics["classes"])
    return [f"physics       test accuracy {_estimate(physics['accuracy'])}", f"AUC           {areas}"]


def _firmware_lines(run: Run) -> list[str]:
    record = run.record("firmware")
    return [
        f"firmware      latency {record['latency_cycles']} cycles = {record['latency_ns']:.1f} ns = "
        f"{record['latency_bunch_crossings']} BX at {record['target']['clock_mhz']:.2f} MHz, "
        f"II = {record['initiation_interval']}, scores {record['score_format']}"
    ]


def _verify_lines(run: Run) -> list[str]:
    record = run.record("verify")
    compared = ", ".join(f"{c['implementation']} {c['mismatches']}" for c in record["comparisons"])
    benches = sum(bench["passed"] for bench in record["benches"])
    return [
        f"verification  {'passed' if record['passed'] else 'FAILED'}: {record['vectors']:,} vectors, "
        f"mismatches against the trained network: {compared}; {benches} of {len(record['benches'])} bench tests passed"
    ]


def _synth_lines(run: Run) -> list[str]:
    return [
        f"resources     {use['board']}: {use['lut']:,} LUT ({use['lut_share']:.2%}), {use['ff']:,} FF, "
        f"{use['dsp']} DSP, {use['bram_18k']} BRAM18  [{use['estimate_class']}]"
        for use in run.record("synth")["boards"]
    ]


def _report_lines(run: Run) -> list[str]:
    return [f"report        {run.path / run.record('report')['html']}"]


def _estimate(record: dict[str, Any]) -> str:
    return f"{record['value']:.4f} ± {record['error']:.4f}"
