"""Texts of the command line as what the library takes."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.errors import ConfigError
from codesign.sections import Section, read_toml, validate_section

if TYPE_CHECKING:
    from codesign.data.reading import Source


def names_of(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def numbers_of(text: str) -> tuple[float, ...]:
    """Numbers separated by commas.

    Raises:
        ConfigError: a part is no number.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"--fractions: expected three numbers such as 0.6,0.2,0.2, found {text!r}") from None


def assignment(text: str) -> tuple[str, float]:
    """Name and number of NAME=VALUE.

    Raises:
        ConfigError: it is none.
    """
    name, equals, value = text.partition("=")
    try:
        if equals:
            return name.strip(), float(value)
    except ValueError:
        pass
    raise ConfigError(f"--limit: expected NAME=VALUE such as lut=2000, found {text!r}")


def source_of(text: str) -> "Source":
    """A file, or CLASS=FILE unless there is a file of this very name."""
    from codesign.data.reading import Source

    name, equals, path = text.partition("=")
    if equals and not Path(text).exists() and "/" not in name:
        return Source(Path(path), name)
    return Source(Path(text))


def options_of(section: type[Section], assignments: Sequence[str], file: Path | None, what: str) -> Section:
    """Options of a format: those of a TOML file, then KEY=VALUE of the command line.

    Args:
        section: what the options may be.
        assignments: KEY=VALUE each.
        file: the TOML file, or ``None``.
        what: whose options, for messages.

    Raises:
        ConfigError: the file or an assignment is wrong, or a key is unknown.
    """
    content: dict[str, Any] = {} if file is None else read_toml(file, "file of options")
    for text in assignments:
        content = _merged(content, _assignment(text))
    return validate_section(section, content, what)


def _assignment(text: str) -> dict[str, Any]:
    """Read ``blocks.jets.objects=4`` as TOML; a value that is no TOML is a text without quotes."""
    key, equals, value = text.partition("=")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    for line in (f"{key} = {value}", f'{key} = "{quoted}"'):
        try:
            if equals:
                return tomllib.loads(line)
        except tomllib.TOMLDecodeError:
            continue
    raise ConfigError(f"--option: expected KEY=VALUE with a key such as map or blocks.jets.objects, found {text!r}")


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(old[key], value) if isinstance(value, Mapping) and isinstance(old.get(key), Mapping) else value
        for key, value in new.items()
    }
    return {**old, **both}
