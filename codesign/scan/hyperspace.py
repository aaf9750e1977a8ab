"""The space of a user's ``keras_tuner.HyperModel``, read by building it as keras-tuner itself does."""

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
    """All hyperparameters that some value of the others lets appear, inside a conditional scope or a plain ``if``.

    The model is built with the defaults, then once with every other choice, or end of a range, of each hyperparameter.
    """
    import keras_tuner  # type: ignore[import-untyped]

    known = keras_tuner.HyperParameters()
    hypermodel.declare_hyperparameters(known)
    pending: list[dict[str, Any]] = [{}]
    tried: list[dict[str, Any]] = []
    while pending:
        values = pending.pop(0)
        parameters = known.copy()
        parameters.values = {**parameters.values, **values}
        hypermodel.build(parameters)
        known.merge(parameters.space)
        tried.append(values)
        for parameter in known.space:
            for value in _ends(parameter):
                wanted = {condition.name: condition.values[0] for condition in parameter.conditions}
                if (other := {**wanted, parameter.name: value}) not in (*tried, *pending):
                    pending.append(other)
    return list(known.space)


def _ends(parameter: Any) -> tuple[Any, ...]:
    """Values of which each may let other hyperparameters appear."""
    values = _section(parameter) if type(parameter).__name__ != "Fixed" else None
    return () if values is None else values.choice or (values.low, values.high)


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
