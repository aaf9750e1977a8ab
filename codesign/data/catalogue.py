"""What the data commands know: formats, public data sets, simulated processes, detector responses, scales."""

import inspect
from typing import Any

from codesign.data.fetch import load_sources
from codesign.data.formats.registry import FORMATS
from codesign.data.reading import NoOptions
from codesign.data.simulation.event_processes import EVENT_PROCESSES
from codesign.data.simulation.processes import PROCESSES
from codesign.data.simulation.response import read_response, response_names
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.presets import load_presets

TITLES = {
    "formats": "formats (codesign data convert --format NAME)",
    "public_data_sets": "public data sets (codesign data fetch NAME)",
    "jets": "simulated jets (codesign data simulate jets --classes NAME)",
    "events": "simulated events (codesign data simulate events --processes NAME)",
    "responses": "detector responses (--response NAME)",
    "scales": "scales of triggers (--scales NAME, and [contract] preset = NAME)",
}


def catalogue() -> dict[str, dict[str, str]]:
    """Return section → name → one line."""
    return {
        "formats": {name: known.summary for name, known in FORMATS.items()},
        "public_data_sets": {name: source.description for name, source in load_sources().items()},
        "jets": {name: process.description for name, process in PROCESSES.items()},
        "events": {name: process.description for name, process in EVENT_PROCESSES.items()},
        "responses": {name: read_response(name).description for name in response_names()},
        "scales": {name: preset.description for name, preset in load_presets().items()},
    }


def list_lines() -> list[str]:
    """Return the catalogue as text."""
    lines = []
    for section, entries in catalogue().items():
        width = max(map(len, entries))
        lines += [TITLES[section], *(f"  {name:<{width}}  {text}" for name, text in entries.items()), ""]
    return lines[:-1]


def describe(name: str) -> dict[str, Any]:
    """Return what is known about a format or a public data set.

    Raises:
        ConfigError: there is neither of this name.
    """
    sources = load_sources()
    if name not in FORMATS and name not in sources:
        raise ConfigError(unknown_name("format or public data set", name, {**FORMATS, **sources}))
    entry: dict[str, Any] = {"name": name}
    if name in sources:
        source = sources[name]
        entry |= {"holds": source.description, "fetched from": f"{source.index} record {source.record}"}
        entry |= {"cite": source.citation, "format": source.format}
    if name in FORMATS:
        known = FORMATS[name]
        entry |= {"format": known.summary, "cite": entry.get("cite", known.citation)}
        if known.options is not NoOptions:
            entry["options"] = inspect.getdoc(known.options) or ""
    return entry
