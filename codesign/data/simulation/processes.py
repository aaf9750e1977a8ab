"""The physics processes whose jets can be simulated, as Pythia 8 settings."""

from dataclasses import dataclass

from codesign.errors import ConfigError
from codesign.naming import unknown_name

CENTRE_OF_MASS_GEV = 13000.0

_QUARKS = "1 2 3 4 5"
# 3 % around the wanted parton pT keeps the jets comparable between classes (arXiv:1709.08705).
_PARTON_WINDOW = ("PhaseSpace:pTHatMin = {pt_min}", "PhaseSpace:pTHatMax = {pt_max}")


def _heavy_scalar(boson: int) -> tuple[str, ...]:
    """Return the settings for V V from a narrow heavy scalar of twice the wanted pT.

    The scalar gives mostly longitudinal bosons, as the graviton of the public benchmark does; the
    bosons of Standard Model V V production are transverse and much harder to tell from quarks.
    """
    return (
        "HiggsSM:gg2H = on",
        "25:m0 = {scalar_mass}",
        "25:mWidth = {scalar_width}",
        "25:doForceWidth = on",
        "25:mMin = {scalar_min}",
        "25:mMax = {scalar_max}",
        "25:onMode = off",
        f"25:onIfMatch = {boson} -{boson}" if boson == 24 else f"25:onIfMatch = {boson} {boson}",
        f"{boson}:onMode = off",
        f"{boson}:onIfAny = {_QUARKS}",
    )


@dataclass(frozen=True)
class Process:
    """A hard process, and which of its particles makes the jet.

    Attributes:
        name: Class name.
        number: Part of the random seeds; never changes, so that a class gives the same jets
            whatever other classes are simulated beside it.
        description: What the jet comes from.
        particle_ids: Absolute PDG codes of the outgoing particles of the hard process that a jet
            must match.
        settings: Pythia 8 settings with holes for the transverse momentum.
    """

    name: str
    number: int
    description: str
    particle_ids: tuple[int, ...]
    settings: tuple[str, ...]

    def pythia_settings(self, pt_gev: float, seed: int) -> tuple[str, ...]:
        """Return the complete settings of one generator run.

        Args:
            pt_gev: Wanted transverse momentum of the jets in GeV.
            seed: Pythia's own seed, 1 to 900,000,000.

        Returns:
            One line per setting for ``Pythia.readString``.
        """
        values = {
            "pt_min": f"{0.985 * pt_gev:g}",
            "pt_max": f"{1.015 * pt_gev:g}",
            "scalar_mass": f"{2.0 * pt_gev:g}",
            "scalar_width": f"{0.02 * pt_gev:g}",
            "scalar_min": f"{1.9 * pt_gev:g}",
            "scalar_max": f"{2.1 * pt_gev:g}",
        }
        common = (f"Beams:eCM = {CENTRE_OF_MASS_GEV:g}", "Random:setSeed = on", f"Random:seed = {seed}")
        return (*common, "Print:quiet = on", *(line.format(**values) for line in self.settings))


PROCESSES = {
    process.name: process
    for process in (
        Process(
            "g",
            0,
            "gluon from QCD two-gluon production",
            (21,),
            ("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on", *_PARTON_WINDOW),
        ),
        Process(
            "q",
            1,
            "quark (u, d, s, c, b) from QCD two-quark production",
            (1, 2, 3, 4, 5),
            ("HardQCD:qq2qq = on", "HardQCD:gg2qqbar = on", "HardQCD:qqbar2qqbarNew = on", *_PARTON_WINDOW),
        ),
        Process("W", 2, "W to quarks, from a heavy scalar decaying to W W", (24,), _heavy_scalar(24)),
        Process("Z", 3, "Z to quarks, from a heavy scalar decaying to Z Z", (23,), _heavy_scalar(23)),
        Process(
            "t",
            4,
            "top quark decaying to quarks, from QCD top-pair production",
            (6,),
            (
                "Top:gg2ttbar = on",
                "Top:qqbar2ttbar = on",
                "24:onMode = off",
                f"24:onIfAny = {_QUARKS}",
                *_PARTON_WINDOW,
            ),
        ),
    )
}


def process_named(name: str) -> Process:
    """Look a process up.

    Raises:
        ConfigError: There is none of this name; the message lists the known ones.
    """
    if name not in PROCESSES:
        raise ConfigError(f"classes: {unknown_name('process', name, PROCESSES)}")
    return PROCESSES[name]
