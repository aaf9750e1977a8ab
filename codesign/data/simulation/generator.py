"""Collisions from Pythia 8 in batches."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from codesign.errors import CodesignError

_MODULES = ("pythia8mc", "fastjet", "awkward", "numba")
EVENTS_PER_BATCH = 64  # a few hundred MB at most; the events do not depend on it


def require_simulation() -> dict[str, str]:
    """Check that the generators are installed.

    Returns:
        Version of each package, for the provenance.

    Raises:
        CodesignError: A package of the extra ``simulation`` is missing.
    """
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise CodesignError(
            f"simulation needs the Python package(s) {', '.join(missing)}, which are not installed: "
            "pip install 'codesign[simulation]'"
        )
    return {name: version(name) for name in _MODULES}


def start_pythia(name: str, settings: Sequence[str], *, hint: str = "") -> Any:
    """Make a generator that is ready.

    Args:
        name: Name of the process, for messages.
        settings: Complete Pythia settings.
        hint: What the user chose, for the message when Pythia cannot start.

    Returns:
        A ``pythia8mc.Pythia``.

    Raises:
        CodesignError: Pythia refuses the settings.
    """
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for line in settings:
        if not pythia.readString(line):
            raise CodesignError(f"process {name}: Pythia does not accept the setting {line!r}")
    if not pythia.init():
        raise CodesignError(" ".join(f"process {name}: Pythia cannot be initialised {hint}".split()))
    return pythia


def event_batches(name: str, settings: Sequence[str], *, hint: str = "") -> Iterator[Any]:
    """Generate collisions without end.

    Args:
        name: Name of the process, for messages.
        settings: Complete Pythia settings, with a seed; the same settings give the same events.
        hint: What the user chose, for the message when Pythia cannot start.

    Yields:
        Awkward array of at most `EVENTS_PER_BATCH` events with the field ``prt`` (the event record:
        ``id``, ``status``, ``p.px``, ``p.py``, ``p.pz``, ``p.e`` in GeV).

    Raises:
        CodesignError: Pythia refuses the settings, or fails in generation.
    """
    pythia = start_pythia(name, settings, hint=hint)
    while True:
        events = pythia.nextBatch(EVENTS_PER_BATCH)
        if len(events) == 0 or "prt" not in events.fields:
            raise CodesignError(" ".join(f"process {name}: Pythia gave up in the generation {hint}".split()))
        yield events
