"""The study of a scan in Optuna: where it is kept, and what proposes trials.

Proposals come from a study in memory, which begins empty whenever a scan begins or goes on: its sampler is seeded with
the scan's seed, and every trial is proposed when a fixed set of earlier results is known (`codesign.scan.driver`). So a
scan that goes on proposes the trials that it has again, and finds their results in the kept study, or in the folders of
the trials if that was lost. The kept study is written once per trial.
"""

import copy
import dataclasses
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.errors import ConfigError, RunError
from codesign.scan.settings import SearchSection
from codesign.scan.space import Parameter, Space
from codesign.scan.trial import TrialResult

if TYPE_CHECKING:
    import optuna

STUDY = "study.db"
BUSY_S = 30.0  # that a locked SQLite file is waited for
OWNER = "directory"  # attribute of the study: which folder works on it
SPACE = "space"  # attribute: digest of space and objectives
RESULT = "result"  # attribute of a trial


def open_study(folder: Path, url: str | None, name: str, directions: dict[str, Any], key: str) -> "optuna.Study":
    """Open or make the study of a scan.

    Args:
        folder: directory of the scan.
        url: address of a database that several hosts can write, such as ``postgresql://...``; None keeps the study in
            ``study.db`` in the folder.
        name: name of the study.
        directions: "maximize" or "minimize" by objective.
        key: digest of what may not change while a study goes on.

    Raises:
        RunError: the database is damaged, locked or cannot be reached, or the study belongs to another scan.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    where = str(folder / STUDY) if url is None else url
    with readable_faults(where):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{folder / STUDY}" if url is None else url, engine_kwargs=_engine(url)
        )
        study = optuna.create_study(
            storage=storage, study_name=name, directions=list(directions.values()), load_if_exists=True
        )
        study.set_metric_names(list(directions))
        _require_own(study, f"{folder.resolve()}", key, where)
    return study


def _engine(url: str | None) -> dict[str, Any]:
    from sqlalchemy.pool import NullPool

    if url is None or url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_S}}
    return {"poolclass": NullPool}  # a connection for each trial: none can have died in the meantime


def _require_own(study: "optuna.Study", owner: str, key: str, where: str) -> None:
    kept = study.user_attrs
    if kept.get(OWNER, owner) != owner:
        raise RunError(
            f"{where}: study {study.study_name!r} belongs to the scan in {kept[OWNER]}; change 'name' in the file of "
            "this scan, or go on there"
        )
    if kept.get(SPACE, key) != key:
        raise RunError(
            f"{where}: study {study.study_name!r} was made with another base, space, objectives, constraints or seed; "
            "change 'name', or remove the directory of the scan"
        )
    if OWNER not in kept:
        study.set_user_attr(OWNER, owner)
        study.set_user_attr(SPACE, key)


@contextmanager
def readable_faults(where: str) -> Iterator[None]:
    """Turn what databases throw into an error that says what to do.

    Raises:
        RunError: it is damaged, locked, full, or cannot be reached, or its driver is missing.
    """
    import optuna
    import sqlalchemy.exc

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = _deepest(error)
        if isinstance(error, sqlalchemy.exc.ArgumentError):
            advice = "expected the URL of a database, such as postgresql://user@host/name"
        elif "locked" in reason or "busy" in reason:
            advice = f"another program has held it for {BUSY_S:g} s; end that program and repeat the command"
        elif "malformed" in reason or "not a database" in reason:
            advice = "damaged; move it away and repeat the command: it is filled again from the folders of the trials"
        elif "full" in reason or "disk I/O" in reason:
            advice = "make room on the disk and repeat the command; nothing finished is lost"
        else:
            advice = "check that the database can be reached, and repeat the command; nothing finished is lost"
        raise RunError(f"{where}: {reason}: {advice}") from None
    except ImportError as error:
        raise RunError(f"{where}: {_deepest(error)}; install the driver of this database for SQLAlchemy") from None


def _deepest(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(getattr(error, "orig", None) or error).split())


# --- proposals --------------------------------------------------------------------------------------------------------


def _nsga2(search: SearchSection, seed: int) -> Any:
    import optuna

    return optuna.samplers.NSGAIISampler(population_size=search.population, seed=seed)


def _nsga3(search: SearchSection, seed: int) -> Any:
    import optuna

    return optuna.samplers.NSGAIIISampler(population_size=search.population, seed=seed)


def _tpe(search: SearchSection, seed: int) -> Any:
    import optuna

    return optuna.samplers.TPESampler(
        n_startup_trials=search.population, seed=seed, multivariate=True, group=True, constant_liar=True
    )


def _gp(search: SearchSection, seed: int) -> Any:
    import optuna

    if importlib.util.find_spec("torch") is None:
        raise ConfigError('search.sampler: "gp" needs the Python package torch: pip install torch, or choose "tpe"')
    return optuna.samplers.GPSampler(n_startup_trials=search.population, seed=seed)


def _random(_search: SearchSection, seed: int) -> Any:
    import optuna

    return optuna.samplers.RandomSampler(seed=seed)


SAMPLERS: dict[str, Callable[[SearchSection, int], Any]] = {
    "nsga2": _nsga2,
    "nsga3": _nsga3,
    "tpe": _tpe,
    "gp": _gp,
    "random": _random,
}


def proposer(search: SearchSection, directions: dict[str, Any]) -> "optuna.Study":
    """An empty study in memory, whose sampler proposes the trials."""
    import optuna

    return optuna.create_study(
        directions=list(directions.values()), sampler=SAMPLERS[search.sampler](search, search.seed)
    )


def propose(study: "optuna.Study", space: Space) -> tuple["optuna.Trial", dict[str, Any]]:
    """A new trial of a study in memory, and its values by path of the configuration."""
    trial = study.ask()

    def suggest(parameter: Parameter) -> Any:
        """The sampler's value for one parameter; of a choice the label."""
        values = parameter.values
        if values.choice is not None:
            labels = parameter.labels()
            return labels[trial.suggest_categorical(parameter.name, list(labels))]  # type: ignore[index]
        assert values.low is not None
        assert values.high is not None
        if isinstance(values.low, int) and isinstance(values.high, int):
            return trial.suggest_int(
                parameter.name, values.low, values.high, step=int(values.step or 1), log=values.log
            )
        return trial.suggest_float(parameter.name, values.low, values.high, step=values.step, log=values.log)

    return trial, space.draw(suggest)


def tell(trial: "optuna.Trial", result: TrialResult, directions: dict[str, Any]) -> None:
    """Give a study in memory the point that the training chose."""
    import optuna

    if result.reason is not None:
        trial.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return
    chosen = result.points[0]
    for name, violation in chosen.violations.items():
        trial.set_constraint(name, violation)
    trial.study.tell(trial, [chosen.values[name] for name in directions])


def keep(study: "optuna.Study", trial: "optuna.Trial", result: TrialResult) -> None:
    """Write a finished trial and all its points into the kept study, without what only the sampler needs."""
    kept = copy.copy(trial.study.get_trials(deepcopy=False)[trial.number])
    kept.system_attrs = {name: value for name, value in kept.system_attrs.items() if name.startswith("constraints")}
    kept.user_attrs = {RESULT: dataclasses.asdict(result)}
    study.add_trial(kept)


@dataclasses.dataclass(frozen=True)
class Told:
    """A finished trial that a study holds.

    Attributes:
        parameters: its values, by name of the parameter.
        result: what came of it.
    """

    parameters: dict[str, Any]
    result: TrialResult


def told(study: "optuna.Study") -> dict[int, Told]:
    """The finished trials that the study holds, by number.

    Raises:
        RunError: they were written by something else.
    """
    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    try:
        return {t.number: Told(t.params, TrialResult.of(t.user_attrs[RESULT])) for t in ended}
    except (KeyError, TypeError) as error:
        raise RunError(
            f"study {study.study_name!r}: holds results that this version of codesign did not write ({error}); "
            "move the directory of the scan away and begin anew"
        ) from None


def taken_up(known: dict[int, Told], trial: "optuna.Trial") -> TrialResult | None:
    """The result that the study holds for a trial that is proposed again, None if it holds none.

    Raises:
        RunError: the study holds other values under its number.
    """
    kept = known.get(trial.number)
    if kept is None:
        return None
    if kept.parameters != trial.params:
        raise RunError(
            f"study: trial {trial.number} has the values {kept.parameters}, but {trial.params} are proposed now: "
            "another version of codesign or of Optuna began this scan; go on with that one, or move the directory of "
            "the scan away and begin anew"
        )
    return kept.result
