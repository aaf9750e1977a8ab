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
# Tables whose keys are the user's own names.
OPEN_TABLES = ("data.blocks.", "contract.inputs.", "quantization.layers.", "model.values.")
# What draws a value for a parameter.
Suggest = Callable[["Parameter"], Any]


@dataclass(frozen=True)
class Parameter:
    """One key that varies.

    Attributes:
        name: its name in the study: the path, and the condition where the path has several sets of values.
        path: path of the key in the configuration.
        values: the values, as in the file.
    """

    name: str
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
        parameters: each after those that its condition names.
        base: the tables of the base configuration.
    """

    def __init__(self, scan: ScanConfig, base: Mapping[str, Any]) -> None:
        self.base = base
        self.parameters = tuple(_ordered(scan.space))
        _require_known_paths(self)

    def draw(self, suggest: Suggest) -> dict[str, Any]:
        """Values of all parameters that are there, by path."""
        chosen: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.path not in chosen and parameter.there(chosen):
                chosen[parameter.path] = suggest(parameter)
        return chosen

    def configuration(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The base with the chosen values, as tables."""
        content = copy.deepcopy(dict(self.base))
        own = content.get("model", {}).get("architecture", "mlp")
        if chosen.get(ARCHITECTURE, own) != own:
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

        Every value of every parameter is tried alone; combinations are validated when they are drawn.

        Raises:
            ConfigError: names the parameter and the value.
        """
        for parameter in self.parameters:
            for value in parameter.examples():
                content = self.configuration(self._with(parameter, value))
                try:
                    valid_config(content, "configuration")
                except ConfigError as error:
                    raise ConfigError(f"space.{parameter.name}: value {value!r}: {error}") from None

    def _with(self, tried: Parameter, value: Any) -> dict[str, Any]:
        """A value, and those that its conditions name; of all other keys the base's values hold."""
        wanted, pending = {tried.path: value}, [tried]
        while pending:
            for path, needed in pending.pop().values.when.items():
                wanted[path] = _several(needed)[0]
                pending += [parameter for parameter in self.parameters if parameter.path == path]
        return wanted


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


def _ordered(space: Mapping[str, ParameterSection | tuple[ParameterSection, ...]]) -> Iterator[Parameter]:
    """Parameters after those that their conditions name."""
    pending = [parameter for path, values in space.items() for parameter in _named(path, values)]
    for parameter in pending:
        for name in sorted(set(parameter.values.when) - set(space)):
            raise ConfigError(f"space.{parameter.name}.when: {unknown_name('parameter', name, space)}")
    while pending:
        open_paths = {parameter.path for parameter in pending}
        ready = [parameter for parameter in pending if not set(parameter.values.when) & open_paths]
        if not ready:
            raise ConfigError(f"space: the conditions of {', '.join(open_paths)} go in a circle")
        pending = [parameter for parameter in pending if parameter not in ready]
        yield from ready


def _named(path: str, values: ParameterSection | tuple[ParameterSection, ...]) -> Iterator[Parameter]:
    """The parameters of a path, which need conditions where they are several."""
    if isinstance(values, ParameterSection):
        yield Parameter(path, path, values)
        return
    for entry in values:
        if not entry.when:
            raise ConfigError(f"space.{path}: expected a condition 'when' for each of its {len(values)} tables")
        wanted = ", ".join(str(value) for needed in entry.when.values() for value in _several(needed))
        yield Parameter(f"{path} ({wanted})", path, entry)


def _require_known_paths(space: Space) -> None:
    """Refuse a path that no configuration has.

    Raises:
        ConfigError: names the nearest known one.
    """
    options = _model_keys(space)
    for path in (parameter.path for parameter in space.parameters):
        known = {*options, *_paths(Config, "")}
        if path not in known and not path.startswith(OPEN_TABLES):
            raise ConfigError(f"space: {unknown_name('key', path, sorted(known))}")


def _model_keys(space: Space) -> set[str]:
    """Paths of the keys of all architectures that the space can choose."""
    from codesign.models.registry import MODELS

    own = space.base.get("model", {}).get("architecture", "mlp")
    names = {own, *(name for entry in space.parameters if entry.path == ARCHITECTURE for name in entry.examples())}
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
