"""Processes of the user: a TOML file with Pythia 8 settings."""

from pathlib import Path
from typing import Annotated
from zlib import crc32

from pydantic import Field, field_validator

from codesign.data.simulation.event_processes import BACKGROUND, EVENT_PROCESSES, EventProcess
from codesign.data.simulation.seeds import USER_PROCESS_KEY
from codesign.errors import ConfigError
from codesign.sections import Section, read_section

_RESERVED = ("Random:", "Beams:", "Print:", "Next:", "Init:", "Main:")


class _UserProcess(Section):
    """One ``[[process]]`` table."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    description: Annotated[str, Field(min_length=1)]
    settings: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("settings")
    @classmethod
    def _check_settings(cls, settings: tuple[str, ...]) -> tuple[str, ...]:
        for line in settings:
            if "=" not in line:
                raise ValueError(f"lines 'Key = value' (see {line!r})")
            if line.strip().startswith(_RESERVED):
                raise ValueError(f"no {line.strip()!r}: beams, seeds and printing are set by the production")
        return settings


class _File(Section):
    """The whole file."""

    process: Annotated[tuple[_UserProcess, ...], Field(min_length=1)]


def read_user_processes(path: Path) -> dict[str, EventProcess]:
    """Read processes from a TOML file.

    The file has one ``[[process]]`` table per process with ``name``, ``description`` and
    ``settings``, a list of Pythia 8 settings such as ``"HiggsSM:gg2H = on"``. Whether Pythia accepts
    them is found when the first events are made.

    Args:
        path: The file.

    Returns:
        Processes by name; signals, so they are never trained on. Their random numbers depend on
        the name only.

    Raises:
        ConfigError: The file cannot be read, or is not as described.
    """
    entries = read_section(_File, path, "file of processes").process
    names = [entry.name for entry in entries]
    for name in names:
        if name in EVENT_PROCESSES or name == BACKGROUND or names.count(name) > 1:
            raise ConfigError(f"{path}: expected a process name of its own, found {name!r}, which is taken")
    return {
        entry.name: EventProcess(
            entry.name, USER_PROCESS_KEY + crc32(entry.name.encode()), entry.description, False, entry.settings
        )
        for entry in entries
    }
