"""Collisions from Pythia 8 in batches."""

from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from codesign.data.simulation.processes import Process
from codesign.errors import CodesignError

_MODULES = ("pythia8mc", "fastjet", "awkward")
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


def event_batches(process: Process, *, pt_gev: float, seed: int) -> Iterator[Any]:
    """Generate collisions without end.

    Args:
        process: What to generate.
        pt_gev: Wanted transverse momentum in GeV.
        seed: Pythia's seed; the same seed gives the same events.

    Yields:
        Awkward array of at most `EVENTS_PER_BATCH` events with the field ``prt`` (the event record:
        ``id``, ``status``, ``p.px``, ``p.py``, ``p.pz``, ``p.e`` in GeV).

    Raises:
        CodesignError: Pythia refuses the settings, or fails in generation.
    """
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for line in process.pythia_settings(pt_gev, seed):
        if not pythia.readString(line):
            raise CodesignError(f"process {process.name}: Pythia does not accept the setting {line!r}")
    if not pythia.init():
        raise CodesignError(f"process {process.name}: Pythia cannot be initialised for jets of {pt_gev:g} GeV")
    while True:
        events = pythia.nextBatch(EVENTS_PER_BATCH)
        if len(events) == 0 or "prt" not in events.fields:
            raise CodesignError(f"process {process.name}: Pythia gave up in the generation at {pt_gev:g} GeV")
        yield events
