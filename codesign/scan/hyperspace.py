"""The space of a user's ``keras_tuner.HyperModel``, read by building it as keras-tuner itself does."""

import copy
from pathlib import Path
from typing import Any

from codesign.errors import ConfigError
from codesign.scan.settings import ParameterSection

PREFIX = "model.values."
ARCHITECTURE = "hypermodel"


def split_reference(text: str) -> tuple[Path, str]:
    """File and class of ``file.py:Name``.

    Raises:
        ConfigError: there is no colon.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not file or not name:
        raise ConfigError(f"--hypermodel: expected FILE.py:NAME, found {text!r}")
    return Path(file).resolve(), name


def read_hyperspace(file: Path, name: str) -> dict[str, ParameterSection]:
    """Parameters of a HyperModel, by the path of their key in the configuration.

    Raises:
        ConfigError: the class is missing, or a hyperparameter cannot be a key.
    """
    from codesign.models.backend import import_keras
    from codesign.models.hypermodel import load_hypermodel

    import_keras()
    hypermodel = load_hypermodel(file, name)
    found: dict[str, ParameterSection] = {}
    for parameter in _explore(hypermodel):
        if "." in parameter.name:
            raise ConfigError(f"{name}: hyperparameter {parameter.name!r}: a name here has no dot; rename it")
        if type(parameter).__name__ != "Fixed":
            found[f"{PREFIX}{parameter.name}"] = _section(parameter)
    if not found:
        raise ConfigError(f"{name}: its build() asks for no hyperparameter")
    return found


def _explore(hypermodel: Any) -> list[Any]:
    """All hyperparameters: the model is built until every conditional scope has been entered once."""
    import keras_tuner  # type: ignore[import-untyped]

    known, wanted, entered = keras_tuner.HyperParameters(), [], []  # type: ignore[var-annotated]
    hypermodel.declare_hyperparameters(known)
    values: dict[str, Any] = {}
    while True:
        parameters = known.copy()
        parameters.values = {**parameters.values, **values}
        parameters.ensure_active_values()
        hypermodel.build(parameters)
        known.merge(parameters.space)
        entered += copy.deepcopy(parameters.active_scopes)
        wanted = [scope for scope in [*wanted, *copy.deepcopy(parameters.inactive_scopes)] if scope not in entered]
        if not wanted:
            return list(known.space)
        asked = {condition.name: condition.values[0] for condition in wanted[0]}
        if asked == values:
            raise ConfigError(f"hyperparameters under the condition {asked} are never asked for by build()")
        values = asked


def _section(parameter: Any) -> ParameterSection:
    """The values of one hyperparameter, and the conditions under which it is asked for."""
    when = {f"{PREFIX}{condition.name}": tuple(condition.values) for condition in parameter.conditions}
    kind, content = type(parameter).__name__, parameter.get_config()
    if kind == "Choice":
        return ParameterSection(choice=tuple(content["values"]), when=when)
    if kind == "Boolean":
        return ParameterSection(choice=(False, True), when=when)
    low, high, step, log = (content[key] for key in ("min_value", "max_value", "step", "sampling"))
    if log == "log" and step not in (None, 1):
        steps = [low]
        while steps[-1] * step <= high:
            steps.append(steps[-1] * step)
        return ParameterSection(choice=tuple(steps), when=when)
    return ParameterSection(low=low, high=high, step=None if step in (None, 1) else step, log=log == "log", when=when)
