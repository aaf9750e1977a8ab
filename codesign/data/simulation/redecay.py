"""Leptons of heavy quarks: the bottom and charm hadrons of a collision are decayed many times.

Hardly any bottom or charm pair gives an isolated lepton above a trigger threshold, and nearly all the time of an event
goes into its other partonic collisions. A collision is therefore made once, with its weakly decaying bottom and charm
hadrons left stable, and these are decayed N times by a second Pythia. Decays depend on nothing but the hadron, so each
of the N versions has the distribution of an ordinary event. Versions of a collision are not independent: one of those
that pass a selection is kept, drawn evenly, and stands for all of them by its weight.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.generator import start_pythia
from codesign.errors import CodesignError

# Ground states that decay weakly, as in Pythia's table of particles; any other hadron decays in the collision.
HEAVY_HADRONS = (411, 421, 431, 4122, 4132, 4232, 4332, 511, 521, 531, 541, 5122, 5132, 5232, 5332)
LEFT_STABLE = tuple(f"{code}:mayDecay = off" for code in HEAVY_HADRONS)

_LEPTONS = (11, 13)
_MAX_TRIES = 10
_FIELDS = ("id", "status", "daughter1", "daughter2", "px", "py", "pz", "e")

_Rows = list[tuple[float, ...]]  # entries of an event record in the order of the fields


class Versions(NamedTuple):
    """Collisions with their decays.

    Attributes:
        batch: Event records like those of `codesign.data.simulation.generator.event_batches`.
        origin: The collision of each, a number in the batch they were made of; in increasing order.
    """

    batch: Any
    origin: NDArray[np.intp]


class HeavyDecays:
    """The second Pythia, which decays hadrons that are handed to it.

    Args:
        name: Name of the process, for messages.
        seed: Pythia's seed.
        times: How often a collision is decayed.
        min_pt: A version is returned if it has an electron or muon above this pT in GeV.
    """

    def __init__(self, name: str, seed: int, times: int, min_pt: float) -> None:
        settings = ("ProcessLevel:all = off", "Random:setSeed = on", f"Random:seed = {seed}", "Print:quiet = on")
        self._pythia = start_pythia(name, settings)
        self._name, self._times, self._min_pt = name, times, min_pt

    def versions(self, batch: Any) -> Versions:
        """Decay the heavy hadrons of all collisions.

        Args:
            batch: Events made with the settings `LEFT_STABLE`.

        Returns:
            The versions with a lepton, of no collision more than ``times``.

        Raises:
            CodesignError: Pythia cannot decay a hadron.
        """
        import awkward as ak

        sizes = np.asarray(ak.num(batch.prt))
        flat = ak.flatten(batch.prt)
        columns = [np.asarray(flat[name] if name in flat.fields else flat.p[name]) for name in _FIELDS]
        records, origin = [], []
        for event, end in enumerate(np.cumsum(sizes)):
            own = [column[end - sizes[event] : end] for column in columns]
            found = list(self._versions_of(np.stack(own, axis=1, dtype=np.float64)))
            records += found
            origin += [event] * len(found)
        return Versions(_batch_of(records), np.array(origin, np.intp))

    def _versions_of(self, record: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Yield the versions of a collision, event records of shape (n, 8)."""
        code, is_final = np.abs(record[:, 0]), record[:, 1] > 0
        pt = np.hypot(record[:, 4], record[:, 5])
        mt = np.sqrt(np.maximum(record[:, 7] ** 2 - record[:, 6] ** 2, 0.0))
        heavy = is_final & np.isin(code, HEAVY_HADRONS)
        # Of a hadron that decays to massless particles none has more transverse momentum than (pT + mT) / 2.
        able = heavy & (pt + mt > 2.0 * self._min_pt)
        has_lepton = bool((is_final & np.isin(code, _LEPTONS) & (pt > self._min_pt)).any())
        if not able.any() and not has_lepton:
            return
        parents, others = record[able], record[heavy & ~able]
        rest = record.copy()
        rest[heavy, 1] *= -1
        for _ in range(self._times):
            products = self._decay(parents)
            if has_lepton or self._with_lepton(products):
                yield _append(_append(rest, products), self._decay(others))

    def _decay(self, hadrons: NDArray[np.float64]) -> _Rows:
        """Return the hadrons and what they decayed to, numbered from one."""
        if not len(hadrons):
            return []
        event = self._pythia.event
        for _ in range(_MAX_TRIES):
            event.reset()
            for pdg, _status, _first, _last, px, py, pz, energy in hadrons.tolist():
                mass = max(energy**2 - px**2 - py**2 - pz**2, 0.0) ** 0.5
                event.append(int(pdg), 1, 0, 0, px, py, pz, energy, mass)
            if self._pythia.next():
                entries = [event[i] for i in range(1, event.size())]
                return [
                    (p.id(), p.status(), p.daughter1(), p.daughter2(), p.px(), p.py(), p.pz(), p.e()) for p in entries
                ]
        raise CodesignError(f"process {self._name}: Pythia cannot decay the hadrons {hadrons[:, 0].astype(int)}")

    def _with_lepton(self, products: _Rows) -> bool:
        return any(
            abs(pdg) in _LEPTONS and status > 0 and px * px + py * py > self._min_pt**2
            for pdg, status, _first, _last, px, py, _pz, _e in products
        )


def one_per_collision(
    rng: np.random.Generator, collision: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Choose one of the versions of each collision.

    Args:
        rng: Source of randomness.
        collision: Number of the collision of each version that passed.

    Returns:
        Index of one version per collision, in the order of the collisions, and its weight: how many
        there were.
    """
    order = rng.permutation(len(collision))
    _, first, count = np.unique(collision[order], return_index=True, return_counts=True)
    return order[first], count.astype(np.float64)


def _append(record: NDArray[np.float64], products: _Rows) -> NDArray[np.float64]:
    if not products:
        return record
    added = np.array(products)
    added[:, 2:4] += np.where(added[:, 2:4] > 0, len(record) - 1, 0)
    return np.concatenate([record, added])


def _batch_of(records: Sequence[NDArray[np.float64]]) -> Any:
    """Return event records as the Awkward array that Pythia gives."""
    import awkward as ak

    flat = np.concatenate(records) if records else np.zeros((0, len(_FIELDS)))
    whole = {name: flat[:, i].astype(np.int32) for i, name in enumerate(_FIELDS[:4])}
    momenta = ak.zip({name: flat[:, i] for i, name in enumerate(_FIELDS) if name not in whole})
    particles = ak.zip({**whole, "p": momenta}, depth_limit=1)
    return ak.zip(
        {"prt": ak.unflatten(particles, np.array([len(record) for record in records], np.intp))}, depth_limit=1
    )
