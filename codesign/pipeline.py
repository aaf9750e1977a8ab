"""The steps in their order, each over the run directory, and the rule when a step need not be repeated."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codesign import __version__, steps
from codesign.errors import RunError
from codesign.imported import SKIPPED, is_imported
from codesign.progress import Progress, silent
from codesign.run import Run, digest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        name: name of the step.
        command: the subcommand that runs it alone.
        record: name of the JSON record, without suffix.
        title: what the user reads while it runs.
        needs: steps whose records it reads.
        inputs: everything besides those records that determines its result.
        execute: does the work and returns the record.
        kept: files from which an earlier execution goes on; forcing the step removes them.
    """

    name: str
    command: str
    record: str
    title: str
    needs: tuple[str, ...]
    inputs: Callable[[Run], object]
    execute: Callable[[Run, Progress], dict[str, Any]]
    kept: tuple[str, ...] = ()


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("prepare", "data prepare", "data", "data and input contract", (), steps.prepare_inputs, steps.prepare),
        Step(
            "train",
            "train",
            "train",
            "training",
            ("prepare",),
            steps.train_inputs,
            steps.train,
            (steps.TRAINING_STATE,),
        ),
        Step("evaluate", "evaluate", "metrics", "physics", ("train",), steps.evaluate_inputs, steps.evaluate),
        Step("generate", "generate", "firmware", "firmware", ("train",), steps.generate_inputs, steps.generate),
        Step("verify", "verify", "verify", "verification", ("generate",), steps.verify_inputs, steps.verify),
        Step("synth", "synth", "synth", "synthesis", ("generate",), steps.synth_inputs, steps.synth),
        Step(
            "report", "report", "report", "report", ("evaluate", "verify", "synth"), steps.report_inputs, steps.report
        ),
    )
}


@dataclass(frozen=True)
class Outcome:
    """What became of a step.

    Attributes:
        step: the step.
        repeated: false if the earlier result still holds.
        wall_time_s: time it took when it ran.
        record: its record.
    """

    step: Step
    repeated: bool
    wall_time_s: float
    record: dict[str, Any]


def steps_of(run: Run) -> tuple[str, ...]:
    """The steps of a run in their order: all, or those that need no events."""
    return tuple(name for name in STEPS if name not in SKIPPED or not is_imported(run.config))


def execute(run: Run, name: str, progress: Progress = silent, *, force: bool = False) -> Outcome:
    """Bring one step up to date.

    Args:
        run: the run directory.
        name: step name.
        progress: receives the progress of the work.
        force: repeat the step even if nothing that determines it has changed.

    Raises:
        RunError: a step it needs has not run, or has run with other inputs.
    """
    step = STEPS[name]
    for needed in filter(steps_of(run).__contains__, step.needs):
        if needed == "prepare":  # takes a second, so nobody has to ask for it
            execute(run, needed, progress)
        else:
            _require_current(run, STEPS[needed], name)
    wanted = _digest(run, step)
    if not force and run.has_record(step.record):
        record = run.record(step.record)
        if record.get("digest") == wanted and not record.get("failed"):  # a tool that failed is tried again
            return Outcome(step, False, float(record["wall_time_s"]), record)
    # The old record goes first: an interruption must not leave it beside half of a new result.
    (run.path / f"{step.record}.json").unlink(missing_ok=True)
    for name in step.kept if force else ():
        (run.path / name).unlink(missing_ok=True)
    started = time.monotonic()
    result = step.execute(run, progress)
    elapsed = time.monotonic() - started
    record = {"digest": wanted, "wall_time_s": round(elapsed, 3), **result}
    run.write_record(step.record, record)
    return Outcome(step, True, elapsed, record)


def _require_current(run: Run, step: Step, wanted_by: str) -> None:
    if not run.has_record(step.record):
        raise RunError(f"{run.path}: '{wanted_by}' needs '{step.name}' first: codesign {step.command} {run.path}")
    if run.record(step.record).get("digest") != _digest(run, step):
        raise RunError(
            f"{run.path}: the result of '{step.name}' is out of date (its configuration or input files changed): "
            f"repeat it with: codesign {step.command} {run.path}"
        )


def _digest(run: Run, step: Step) -> str:
    """Everything that determines a step's result: version, its inputs, and the digests of the steps it needs."""
    own = steps_of(run)
    records = [run.record(STEPS[name].record) for name in step.needs if name in own]
    # A failed tool leaves the digest of its inputs; tried again with success, the steps after it must be repeated.
    needed = [
        [record["digest"], record["failed"]] if record.get("failed") else record.get("digest") for record in records
    ]
    return digest(__version__, step.name, step.inputs(run), needed)
