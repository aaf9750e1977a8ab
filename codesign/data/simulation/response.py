"""Detector and trigger response as data: the sections of ``responses/*.toml``, each with its source."""

import math
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.sections import Section, read_section

_PRESETS = Path(__file__).with_name("responses")

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Source = Annotated[str, Field(min_length=1)]


class Resolution(Section):
    """σ/x = p(|η|) · (noise/x ⊕ stochastic/√x ⊕ constant ⊕ linear·x) up to |η| = eta_max.

    Attributes:
        eta_max: end of the region; regions follow one another from |η| = 0.
        noise: GeV.
        stochastic: √GeV.
        constant: pure number.
        linear: 1/GeV.
        eta_polynomial: coefficients of p, lowest power first.
    """

    eta_max: Positive
    noise: NonNegative = 0.0
    stochastic: NonNegative = 0.0
    constant: NonNegative = 0.0
    linear: NonNegative = 0.0
    eta_polynomial: tuple[float, ...] = (1.0,)


class Efficiency(Section):
    """Probability in bins of |η| and pT; zero outside the |η| bins and below the first pT edge.

    Attributes:
        eta: edges of the |η| bins, one more than rows of values.
        pt: lower edges of the pT bins in GeV; the last one is open.
        values: one row per |η| bin.
    """

    eta: tuple[NonNegative, ...]
    pt: tuple[NonNegative, ...]
    values: tuple[tuple[Probability, ...], ...]

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        if not self.pt or list(self.pt) != sorted(set(self.pt)) or list(self.eta) != sorted(set(self.eta)):
            raise ValueError("increasing edges")
        if len(self.values) != len(self.eta) - 1 or any(len(row) != len(self.pt) for row in self.values):
            raise ValueError(f"{len(self.eta) - 1} rows (bins of eta) of {len(self.pt)} values (bins of pt)")
        return self


class Isolation(Section):
    """Σ pT of what else lies within a cone, as a fraction of the lepton's pT.

    Attributes:
        radius: ΔR of the cone.
        pt_min: only objects above this pT in GeV count.
        ratio_max: largest fraction.
    """

    source: Source
    radius: Positive
    pt_min: NonNegative
    ratio_max: Positive


class Lepton(Section):
    """How electrons, muons or photons are found.

    Attributes:
        eta_max: acceptance.
        pt_min: smallest measured pT in GeV.
        efficiency: as a function of the measured pT; absent: all are found.
        measured: quantity x of the resolution.
        resolution: per region; empty: exact.
        isolation: absent: not required.
    """

    source: Source
    eta_max: Positive
    pt_min: NonNegative
    efficiency: Efficiency | None = None
    measured: Literal["energy", "pt"] = "energy"
    resolution: tuple[Resolution, ...] = ()
    isolation: Isolation | None = None


class Tracks(Section):
    """Charged hadrons measured in the tracker, so that they need not be measured in the calorimeter.

    Attributes:
        efficiency: as a function of the true pT.
        resolution: of pT.
    """

    source: Source
    efficiency: Efficiency
    resolution: tuple[Resolution, ...]


class Solenoid(Section):
    """Solenoid field that bends charged particles before they reach the calorimeter.

    Attributes:
        bz_t: field in T.
        radius_m: inner radius of the calorimeter in m.
        half_length_m: distance of the endcaps in m.
    """

    source: Source
    bz_t: Positive
    radius_m: Positive
    half_length_m: Positive


class TowerRegion(Section):
    """Towers between two |η|, the same on both sides.

    Attributes:
        edges: edges in |η|.
        divide: number of equal parts of each interval.
        phi: number of towers around the beam.
    """

    edges: Annotated[tuple[NonNegative, ...], Field(min_length=2)]
    divide: Annotated[int, Field(ge=1)] = 1
    phi: Annotated[int, Field(ge=4)]


class Calorimeter(Section):
    """One calorimeter, electromagnetic or hadronic.

    Attributes:
        towers: regions from |η| = 0 outwards.
        resolution: of the energy of a tower, per region; empty: exact.
        energy_min: towers below this energy in GeV are empty.
        significance_min: so are those below this number of standard deviations of the measured energy.
    """

    source: Source
    towers: Annotated[tuple[TowerRegion, ...], Field(min_length=1)]
    resolution: tuple[Resolution, ...] = ()
    energy_min: NonNegative = 0.0
    significance_min: NonNegative = 0.0


class TriggerTowers(Section):
    """Electromagnetic and hadronic towers added, and counted in steps of transverse energy.

    Attributes:
        et_step: GeV; what is left is lost.
    """

    source: Source
    et_step: Positive


class Jets(Section):
    """Anti-kT jets of tracks, towers and what else is seen.

    Attributes:
        radius: R.
        pt_min: GeV, after all corrections.
        eta_max: acceptance.
        scale: (a, b) of the correction √((a − b|η|)²/pT + 1); absent: none.
        with_leptons: whether accepted electrons and photons are also (part of) jets, as in a trigger
            without identification.
    """

    source: Source
    radius: Positive
    pt_min: Positive
    eta_max: Positive
    scale: tuple[float, float] | None = None
    with_leptons: bool = False


class MissingMomentum(Section):
    """Minus the vector sum of what is seen.

    Attributes:
        eta_max: of the towers and tracks.
        muons: whether the accepted muons are in the sum.
    """

    source: Source
    eta_max: Positive
    muons: bool


class Sums(Section):
    """Scalar sums: ``et`` over towers and tracks, ``ht`` over jets.

    Attributes:
        et_eta_max: largest |η| of a tower or track.
        ht_pt_min: smallest pT of a jet in GeV.
        ht_eta_max: largest |η| of a jet.
    """

    source: Source
    et_eta_max: Positive
    ht_pt_min: NonNegative
    ht_eta_max: Positive


class Taus(Section):
    """Jets tagged as hadronic tau decays.

    Attributes:
        eta_max: acceptance.
        radius: ΔR within which the jet has a tau of the simulation.
        efficiency: probability of the tag with a tau.
        fake_rate: probability of the tag without.
    """

    source: Source
    eta_max: Positive
    radius: Positive
    efficiency: Probability
    fake_rate: Probability


class Pileup(Section):
    """What is done about the other collisions of the same crossing.

    Attributes:
        method: how the density under a jet is estimated (`codesign.data.simulation.subtraction`).
        always: subtract also when no pile-up is simulated.
        charged_removed: whether tracks of the other collisions are recognised and dropped, but for the
            missing momentum.
    """

    source: Source
    method: Literal["none", "median", "donut"]
    always: bool = False
    charged_removed: bool = False


class Response(Section):
    """A detector or trigger.

    Attributes:
        description: what it stands for, and what is left out.
        electrons: objects of the block ``electrons``.
        muons: objects of the block ``muons``.
        photons: objects of the block ``photons``; absent: the response has none.
        tracks: absent: no tracker.
        field: absent: charged particles fly straight.
        em: electromagnetic calorimeter; absent together with ``had``: every particle is seen as it is.
        had: hadronic calorimeter.
        trigger_towers: absent: the two calorimeters are read out apart.
        jets: objects of the block ``jets``.
        met: the block ``met``.
        sums: the block ``sums``.
        taus: objects of the block ``taus``; absent: the response has none.
        pileup: treatment of pile-up.
    """

    description: str
    electrons: Lepton
    muons: Lepton
    photons: Lepton | None = None
    tracks: Tracks | None = None
    field: Solenoid | None = None
    em: Calorimeter | None = None
    had: Calorimeter | None = None
    trigger_towers: TriggerTowers | None = None
    jets: Jets
    met: MissingMomentum
    sums: Sums
    taus: Taus | None = None
    pileup: Pileup

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.em is None) != (self.had is None):
            raise ValueError("both calorimeters [em] and [had], or none")
        if self.em is None and (self.tracks is not None or self.trigger_towers is not None):
            raise ValueError("calorimeters [em] and [had] beside [tracks] and [trigger_towers]")
        if self.trigger_towers is not None and self.em is not None and self.had is not None:
            if self.tracks is not None:
                raise ValueError("no [tracks] beside [trigger_towers]")
            if self.em.towers != self.had.towers:
                raise ValueError("equal towers of [em] and [had] for [trigger_towers]")
        if self.pileup.method == "donut" and not self._has_uniform_towers():
            raise ValueError("[trigger_towers] with one number of towers around the beam for the method 'donut'")
        return self

    def _has_uniform_towers(self) -> bool:
        return (
            self.trigger_towers is not None
            and self.em is not None
            and len({region.phi for region in self.em.towers}) == 1
        )

    @property
    def has_particle_flow(self) -> bool:
        """Whether single particles, and not towers alone, are what jets are made of."""
        return self.trigger_towers is None

    @property
    def jet_area(self) -> float:
        """Area of a jet in η–φ: π R² for the cones of anti-kT."""
        return math.pi * self.jets.radius**2


def response_names() -> tuple[str, ...]:
    """Return the names of the shipped responses."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.toml")))


def read_response(name: str | Path) -> Response:
    """Read a shipped response or one of the user.

    Args:
        name: One of `response_names`, or the path of a TOML file (a `Path`, or text that ends in ``.toml``).

    Raises:
        ConfigError: There is no such response, or the file is wrong.
    """
    if isinstance(name, Path) or name.endswith(".toml"):
        return read_section(Response, Path(name), "detector response")
    if name not in response_names():
        raise ConfigError(
            f"response: {unknown_name('response', name, response_names())} (or a path that ends in .toml)"
        )
    return read_section(Response, _PRESETS / f"{name}.toml", "detector response")
