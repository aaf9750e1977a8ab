"""Tables of a TOML file as validated, immutable objects, and the errors their authors can read."""

import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from codesign.errors import ConfigError
from codesign.naming import unknown_name


class Section(BaseModel):
    """A table of a file: strict types, no unknown key, immutable once read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


def read_section(model: type[AnySection], path: Path, kind: str) -> AnySection:
    """Read and validate a TOML file.

    Args:
        model: what the file must hold.
        path: the file.
        kind: what the file is called in errors, for example "configuration file".

    Raises:
        ConfigError: the file is missing or wrong.
    """
    return validate_section(model, read_toml(path, kind), str(path))


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Read a TOML file as tables.

    Raises:
        ConfigError: the file is missing or not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such {kind}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a TOML file: {error}") from None
    return _parsed(text, str(path))


def parse_section(model: type[AnySection], text: str, where: str) -> AnySection:
    """Validate TOML text; ``where`` names its file in errors.

    Raises:
        ConfigError: not TOML, an unknown key, a wrong type or a value out of range.
    """
    return validate_section(model, _parsed(text, where), where)


def validate_section(model: type[AnySection], content: Mapping[str, Any], where: str) -> AnySection:
    """Validate what a TOML file or the command line gave.

    Raises:
        ConfigError: an unknown key, a wrong type or a value out of range; one line per fault.
    """
    try:
        return model.model_validate(_tuples(content))
    except ValidationError as error:
        lines = [_explain(model, detail) for detail in error.errors()]
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines)) from None


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None


def _tuples(value: Any) -> Any:
    """TOML arrays as tuples, since strict validation of an immutable section takes no list."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(model: type[BaseModel], detail: ErrorDetails) -> str:
    """One readable line for one validation error: path of the key, what was expected, what was found."""
    path = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{path}: {unknown_name('key', str(detail['loc'][-1]), _keys_at(model, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"key {path!r} is missing"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"key {path!r}: expected {expected}, got {detail['input']!r}"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the keys a table may hold, by its path in the file."""
    for part in location:
        field = model.model_fields.get(str(part))
        # A key that is not a field is a user's own name inside a table of tables (contract.inputs.<name>).
        inner = section_of(field.annotation) if field is not None else model
        if inner is None:
            return []
        model = inner
    return sorted(field.alias or name for name, field in model.model_fields.items())


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section class inside an annotation such as ``dict[str, GivenInput]`` or ``Section | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (dict, tuple, Union, types.UnionType, Annotated):
        return next((found for arg in get_args(annotation) if (found := section_of(arg)) is not None), None)
    return None
