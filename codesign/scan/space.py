"""The space of a scan: which keys of the base configuration vary, over which values, and the configurations in it."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from codesign.config import Config
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.scan.settings import ParameterSection, ScanConfig
from codesign.sections import section_of, validate_section

ARCHITECTURE = "model.architecture"
# suggest(path, parameter) -> value; what draws it is the caller's matter.
Suggest = Callable[[str, "Parameter"], Any]


@dataclass(frozen=True)
class Parameter:
    """One key that varies.

    Attributes:
        path: path of the key in the configuration.
        values: the values, as in the file.
    """

    path: str
    values: ParameterSection

    def there(self, chosen: Mapping[str, Any]) -> bool:
        """Whether the parameter exists beside the values chosen for others."""
        return all(path in chosen and chosen[path] in _several(wanted) for path, wanted in self.values.when.items())

    def examples(self) -> tuple[Any, ...]:
        """Every choice, or both ends of the range."""
        return self.values.choice or (self.values.low, self.values.high)

    def labels(self) -> dict[str | bool | int | float, Any]:
        """Every choice by what stands for it in the study, which takes no lists."""
        plain = (str, bool, int, float)
        return {value if isinstance(value, plain) else json.dumps(value): value for value in self.values.choice or ()}


class Space:
    """All parameters of a scan around its base configuration.

    Attributes:
        parameters: by path, each after those that its condition names.
        base: the tables of the base configuration.
    """

    def __init__(self, scan: ScanConfig, base: Mapping[str, Any]) -> None:
        self.base = base
        self.parameters = {entry.path: entry for entry in _ordered(scan.space)}
        _require_known_paths(self)

    def draw(self, suggest: Suggest) -> dict[str, Any]:
        """Values of all parameters that are there, by path."""
        chosen: dict[str, Any] = {}
        for path, parameter in self.parameters.items():
            if parameter.there(chosen):
                chosen[path] = suggest(path, parameter)
        return chosen

    def configuration(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The base with the chosen values, as tables."""
        content = copy.deepcopy(dict(self.base))
        if chosen.get(ARCHITECTURE, content.get("model", {}).get("architecture", "mlp")) != content.get(
            "model", {}
        ).get("architecture", "mlp"):
            content["model"] = {}  # the base's keys are those of its own architecture
        for path, value in chosen.items():
            *tables, key = path.split(".")
            table = content
            for name in tables:
                table = table.setdefault(name, {})
            if value is False and _is_table(path):
                table.pop(key, None)
            else:
                table[key] = list(value) if isinstance(value, tuple) else value
        return content

    def check(self) -> None:
        """Refuse values that no configuration can have, before any work is done.

        Every value of every parameter is tried with the first values of all others.

        Raises:
            ConfigError: names the parameter and the value.
        """
        for path, parameter in self.parameters.items():
            for value in parameter.examples():
                content = self.configuration(self._first(path, value))
                try:
                    valid_config(content, "configuration")
                except ConfigError as error:
                    raise ConfigError(
                        f"space.{path}: value {value!r} gives a configuration that is wrong: {error}"
                    ) from None

    def _first(self, path: str, value: Any) -> dict[str, Any]:
        """First values of all parameters, with one of them and those that its condition names as wanted."""
        wanted = {path: value}
        pending = [path]
        while pending:
            for name, needed in self.parameters[pending.pop()].values.when.items():
                wanted[name] = _several(needed)[0]
                pending.append(name)
        return self.draw(lambda name, parameter: wanted.get(name, parameter.examples()[0]))


def valid_config(content: Mapping[str, Any], where: str) -> Config:
    """Validate tables as a configuration whose architecture exists and takes its keys.

    Raises:
        ConfigError: they are none.
    """
    from codesign.models.registry import require_architecture

    config = validate_section(Config, content, where)
    require_architecture(config)
    return config


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _ordered(space: Mapping[str, ParameterSection]) -> Iterator[Parameter]:
    """Parameters after those that their conditions name."""
    pending = {path: set(values.when) for path, values in space.items()}
    for path, needed in pending.items():
        for name in sorted(needed - set(space)):
            raise ConfigError(f"space.{path}.when: {unknown_name('parameter', name, space)}")
    while pending:
        ready = [path for path, needed in pending.items() if not needed & set(pending)]
        if not ready:
            raise ConfigError(f"space: the conditions of {', '.join(pending)} go in a circle")
        for path in ready:
            del pending[path]
            yield Parameter(path, space[path])


def _require_known_paths(space: Space) -> None:
    """Refuse a path that no configuration has.

    Raises:
        ConfigError: names the nearest known one.
    """
    options = _model_keys(space)
    for path in space.parameters:
        known = {*options, *_paths(Config, "")}
        if path not in known and not path.startswith(("data.blocks.", "contract.inputs.", "quantization.layers.")):
            raise ConfigError(f"space: {unknown_name('key', path, sorted(known))}")


def _model_keys(space: Space) -> set[str]:
    """Paths of the keys of all architectures that the space can choose."""
    from codesign.models.registry import MODELS

    chosen = space.parameters.get(ARCHITECTURE)
    names = chosen.examples() if chosen else (space.base.get("model", {}).get("architecture", "mlp"),)
    return {f"model.{key}" for name in names if name in MODELS for key in MODELS[name].options.model_fields}


def _paths(section: type[BaseModel], prefix: str) -> Iterator[str]:
    """Paths of all keys below a section, and of the tables themselves where they may be left out."""
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner is None or field.default is None:
            yield f"{prefix}{name}"
        if inner is not None:
            yield from _paths(inner, f"{prefix}{name}.")


def _is_table(path: str) -> bool:
    """Whether a path is that of a table which may be left out."""
    field = Config.model_fields.get(path)
    return field is not None and field.default is None
