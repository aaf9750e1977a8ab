"""Gathers what the steps of a run left behind; a step that has not run leaves None, never a zero."""

from dataclasses import dataclass
from typing import Any

from codesign.config import EvaluationSection, TaskSection
from codesign.evaluation.scores import SplitScores, read_scores
from codesign.run import Run
from codesign.summary import budget_lines
from codesign.synth.budgets import BudgetLine

Record = dict[str, Any]

SCORES = "scores.npz"


@dataclass(frozen=True)
class Records:
    """Everything the report shows; a record is None when its step has not finished.

    Attributes:
        name: name of the run.
        seed: seed of every random choice.
        config_text: the configuration file.
        task: what the network is for.
        evaluation: where its physics is quoted.
        provenance: versions and source state.
        data: data set and input contract.
        train: the fit.
        metrics: physics performance of the fitted network.
        scores: test scores of the fitted network.
        firmware: what was generated.
        verify: the proof.
        synth: resources.
        budget: one line per limit.
    """

    name: str
    seed: int
    config_text: str
    task: TaskSection
    evaluation: EvaluationSection
    provenance: Record | None
    data: Record | None
    train: Record | None
    metrics: Record | None
    scores: SplitScores | None
    firmware: Record | None
    verify: Record | None
    synth: Record | None
    budget: tuple[BudgetLine, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, empty before the data step."""
        return tuple(self.data["classes"]) if self.data else ()

    @property
    def main_board(self) -> Record | None:
        """Resources on the board the firmware is made for."""
        boards = self.synth.get("boards") if self.synth else None
        return dict(boards[0]) if boards else None


def collect(run: Run) -> Records:
    """Read the records of a run.

    Raises:
        RunError: a record or the test scores are damaged.
    """
    train = _record(run, "train")
    # Scores without a finished training belong to one that was interrupted.
    return Records(
        name=run.config.name,
        seed=run.config.seed,
        config_text=(run.path / "config.toml").read_text(encoding="utf-8"),
        task=run.config.task,
        evaluation=run.config.evaluation,
        provenance=_record(run, "provenance"),
        data=_record(run, "data"),
        train=train,
        metrics=_record(run, "metrics") if train else None,
        scores=read_scores(run.path / SCORES, "test") if train and (run.path / SCORES).is_file() else None,
        firmware=_record(run, "firmware"),
        verify=_record(run, "verify"),
        synth=_record(run, "synth"),
        budget=budget_lines(run),
    )


def _record(run: Run, name: str) -> Record | None:
    return run.record(name) if run.has_record(name) else None
