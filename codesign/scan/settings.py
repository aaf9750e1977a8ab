"""The file of a scan: a base configuration, the space around it, what is wanted and how long to look for it."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from codesign.config import BudgetSection, Config
from codesign.errors import ConfigError
from codesign.sections import Section, read_section, read_toml, validate_section

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class ParameterSection(Section):
    """The values of one key of the configuration.

    Attributes:
        choice: the values themselves; ``false`` leaves a whole table (such as ``pruning``) out.
        low, high: ends of a range, both included; of whole numbers if both are whole.
        step: distance of the values of a range.
        log: draw evenly in the logarithm.
        when: values that other parameters must have for this one to be there; without it the base's value holds.
    """

    choice: Annotated[tuple[Any, ...], Field(min_length=1)] | None = None
    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    log: bool = False
    when: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        ends = (self.low, self.high)
        if (self.choice is None) == (None in ends) or (self.choice is not None and ends != (None, None)):
            raise ValueError("either 'choice', or 'low' and 'high'")
        if self.choice is None:
            self._check_range()
        elif self.log or self.step is not None:
            raise ValueError("'log' and 'step' go with 'low' and 'high' only")
        return self

    def _check_range(self) -> None:
        assert self.low is not None
        assert self.high is not None
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low ≤ high, and low > 0 with 'log'")
        if self.step is not None and (self.step <= 0 or self.log):
            raise ValueError("a positive 'step', and none with 'log'")


class SearchSection(Section):
    """How the space is searched.

    Attributes:
        sampler: what proposes trials: "nsga2", "nsga3", "tpe", "gp" (needs torch) or "random".
        trials: number of trials.
        seed: of the proposals; the trainings have the seed of the base configuration.
        ahead: trials that are proposed before the results of earlier ones are needed. With it the trials depend on the
            seed alone and not on how many workers there are or which one is faster; more workers than this stay idle.
        population: generation of "nsga2" and "nsga3"; trials before the model of "tpe" and "gp" begins.
        points: most points of the front of one training that are measured, its chosen one included.
        look_after: share of the epochs after which a training ends unless it comes near the front that the trials
            before it had at the same share; absent trains all to the end.
        inherit: share of the epochs that is enough for a training which begins with the weights of an earlier trial of
            the same network; absent every training begins anew. Candidates are trained anew and for all epochs.
        time_limit_s: a trial that takes longer has failed.
        memory_gb: a worker that needs more is ended; absent an equal share of what the machine has.
        attempts: how often a trial whose worker dies is tried in all.
    """

    sampler: Literal["nsga2", "nsga3", "tpe", "gp", "random"] = "nsga2"
    trials: Annotated[int, Field(ge=1)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    ahead: Annotated[int, Field(ge=1)] = 4
    population: Annotated[int, Field(ge=2)] = 12
    points: Annotated[int, Field(ge=1)] = 4
    look_after: Share | None = None
    inherit: Share | None = None
    time_limit_s: Positive = 3600.0
    memory_gb: Positive | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] = 2


class FinalSection(Section):
    """What is done with the best points before anything is reported.

    Attributes:
        candidates: points of the front that are trained again, verified and synthesised, spread along it.
        seeds: further trainings of each with other seeds.
        epochs_factor: how many times the epochs of the search a candidate is trained for; at 1 its training is the one
            of the search and is not repeated.
    """

    candidates: Annotated[int, Field(ge=1)] = 4
    seeds: Annotated[int, Field(ge=1)] = 2
    epochs_factor: Annotated[float, Field(ge=1)] = 1.0


class ScanConfig(Section):
    """The whole file.

    Attributes:
        name: name of the scan; its directory is ``runs/<name>``.
        base: an ordinary configuration; a relative path starts at this file.
        space: what varies, by the path of the key in the configuration ("model.hidden"); several tables for one key
            where different conditions give it different values.
        objectives: what is wanted, "maximize" or "minimize", by name (`codesign.scan.quantities`).
        constraints: hard limits by the names of the ``budget`` table.
        search: how long and how to look.
        final: what becomes of the best.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    base: str
    space: dict[str, ParameterSection | tuple[ParameterSection, ...]] = Field(default_factory=dict)
    objectives: Annotated[dict[str, Literal["maximize", "minimize"]], Field(min_length=1)]
    constraints: BudgetSection = BudgetSection()
    search: SearchSection = SearchSection()
    final: FinalSection = FinalSection()


def read_scan(path: Path) -> tuple[ScanConfig, dict[str, Any]]:
    """Read the file of a scan and the tables of its base configuration.

    Files that the base names become absolute, since every trial has a configuration in a place of its own.

    Raises:
        ConfigError: one of the two is missing or wrong.
    """
    scan = read_section(ScanConfig, path, "scan configuration")
    base_file = path.resolve().parent / scan.base
    base = read_toml(base_file, "base configuration of a scan")
    validate_section(Config, base, str(base_file))
    return scan, _absolute(base, base_file.parent)


def _absolute(base: dict[str, Any], folder: Path) -> dict[str, Any]:
    base["data"]["file"] = str((folder / base["data"]["file"]).resolve())
    board = base.get("firmware", {}).get("board", "")
    if board.endswith(".toml"):
        base["firmware"]["board"] = str((folder / board).resolve())
    boards = base.get("synthesis", {}).get("boards", [])
    if boards:
        base["synthesis"]["boards"] = [str((folder / b).resolve()) if b.endswith(".toml") else b for b in boards]
    return base


def require_limits(scan: ScanConfig, config: Config) -> None:
    """Refuse constraints that the task does not have.

    Raises:
        ConfigError: names the limit.
    """
    from codesign.synth.budgets import require_measurable

    try:
        require_measurable(scan.constraints, config.task, config.evaluation)
    except ConfigError as error:
        raise ConfigError(str(error).replace("budget.", "constraints.")) from None
