"""The physics processes whose events can be simulated, as Pythia 8 settings.

Signals and Standard Model mixture follow the data set for unsupervised searches at 40 MHz
(Govorkova et al., Sci. Data 9 (2022) 118, arXiv:2107.02157; signal models of Cerri et al., JHEP 05
(2019) 036, arXiv:1811.10276).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from codesign.data.simulation.processes import CENTRE_OF_MASS_GEV
from codesign.data.simulation.redecay import LEFT_STABLE
from codesign.errors import ConfigError
from codesign.naming import unknown_name

_LEPTONS = "11 13 15"


@dataclass(frozen=True)
class EventProcess:
    """A hard process whose events are kept when they pass the lepton selection.

    Attributes:
        name: Name.
        number: Part of the random seeds; never changes, so that a process gives the same events
            whatever else is simulated beside it.
        description: What happens.
        is_background: Standard Model, so the events may be trained on.
        settings: Pythia 8 settings.
        events_per_chunk: Kept events of a full piece: some seconds of work. Part of what makes the output.
        decays: How often the heavy hadrons of a collision are decayed (`codesign.data.simulation.redecay`).
            Above one the events have weights.
    """

    name: str
    number: int
    description: str
    is_background: bool
    settings: tuple[str, ...]
    events_per_chunk: int = 250
    decays: int = 1

    def pythia_settings(self, seed: int) -> tuple[str, ...]:
        """Return the complete settings of one generator run, one line each for ``Pythia.readString``.

        Args:
            seed: Pythia's own seed, 1 to 900,000,000.
        """
        common = (f"Beams:eCM = {CENTRE_OF_MASS_GEV:g}", "Random:setSeed = on", f"Random:seed = {seed}")
        return (*common, "Print:quiet = on", *self.settings, *(LEFT_STABLE if self.decays > 1 else ()))


MINIMUM_BIAS = EventProcess(
    "pileup", 0, "one inelastic, non-diffractive collision", True, ("SoftQCD:nonDiffractive = on",)
)

EVENT_PROCESSES = {
    process.name: process
    for process in (
        EventProcess(
            "w_to_lnu",
            10,
            "W to e, mu or tau and a neutrino",
            True,
            ("WeakSingleBoson:ffbar2W = on", "24:onMode = off", f"24:onIfAny = {_LEPTONS}"),
        ),
        EventProcess(
            "z_to_ll",
            11,
            "Z to a pair of e, mu or tau, mass above 50 GeV",
            True,
            (
                "WeakSingleBoson:ffbar2gmZ = on",
                "WeakZ0:gmZmode = 2",
                "PhaseSpace:mHatMin = 50.",
                "23:onMode = off",
                f"23:onIfAny = {_LEPTONS}",
            ),
        ),
        EventProcess("ttbar", 12, "top pair, all decays", True, ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")),
        EventProcess(
            "qcd",
            13,
            "bottom and charm pairs, pT-hat above 30 GeV: leptons of QCD multijet events come from heavy quarks "
            "(flavour excitation and gluon splitting are not included)",
            True,
            ("HardQCD:hardbbbar = on", "HardQCD:hardccbar = on", "PhaseSpace:pTHatMin = 30."),
            events_per_chunk=50,  # few events have a lepton of enough pT
            decays=20,
        ),
        EventProcess(
            "a_to_4l",
            20,
            "neutral scalar A of 50 GeV to two off-shell Z to four e or mu (a CP-odd A has no such decay in Pythia)",
            False,
            (
                "HiggsSM:gg2H = on",
                "25:m0 = 50.",
                "25:mMin = 45.",
                "25:mMax = 55.",
                "25:onMode = off",
                "25:onIfMatch = 23 23",
                "23:onMode = off",
                "23:onIfAny = 11 13",
            ),
        ),
        EventProcess(
            "lq_to_btau",
            21,
            "pair of leptoquarks of 80 GeV, each to a b quark and a tau",
            False,
            (
                "LeptoQuark:gg2LQLQbar = on",
                "LeptoQuark:qqbar2LQLQbar = on",
                "42:0:products = 5 15",
                "42:m0 = 80.",
                "42:mMin = 60.",
                "42:mMax = 100.",
            ),
        ),
        EventProcess(
            "h0_to_tautau",
            22,
            "neutral scalar h0 of 60 GeV to a pair of tau",
            False,
            (
                "HiggsSM:gg2H = on",
                "25:m0 = 60.",
                "25:mMin = 50.",
                "25:mMax = 70.",
                "25:onMode = off",
                "25:onIfMatch = 15 -15",
            ),
        ),
        EventProcess(
            "h_to_taunu",
            23,
            "pair of charged scalars h+ h- of 60 GeV, each to a tau and a neutrino",
            False,
            (
                "HiggsBSM:ffbar2H+H- = on",
                "Higgs:useBSM = on",
                "37:m0 = 60.",
                "37:mMin = 50.",
                "37:mMax = 70.",
                "37:onMode = off",
                "37:onIfMatch = 15 16",
            ),
        ),
    )
}

BACKGROUND = "background"
# Fractions after the lepton selection of arXiv:2107.02157 and its forerunners, as SM_fraction of the first author of
# arXiv:1811.10276: github.com/ocerri/ParticleBasedAnomalyDetection, lib/dataLoaders.py.
BACKGROUND_FRACTIONS = {"w_to_lnu": 0.592, "qcd": 0.338, "z_to_ll": 0.067, "ttbar": 0.003}


def mixture(name: str, count: int) -> dict[str, int]:
    """Divide the events of a class over its processes.

    Args:
        name: Class name.
        count: Events of the class.

    Returns:
        Process → events, in the order of `BACKGROUND_FRACTIONS`; they add up to ``count`` (largest
        remainders) and none is negative. A class that is one process keeps all.
    """
    if name != BACKGROUND:
        return {name: count}
    exact = {process: count * fraction for process, fraction in BACKGROUND_FRACTIONS.items()}
    counts = {process: int(value) for process, value in exact.items()}
    by_remainder = sorted(exact, key=lambda process: counts[process] - exact[process])
    for process in by_remainder[: count - sum(counts.values())]:
        counts[process] += 1
    return counts


def check_classes(names: Mapping[str, object], processes: Mapping[str, EventProcess]) -> None:
    """Check the class names of a production.

    Args:
        names: Requested classes.
        processes: Known processes by name.

    Raises:
        ConfigError: A name is unknown, or a process would be simulated twice.
    """
    for name in names:
        if name != BACKGROUND and name not in processes:
            raise ConfigError(f"events: {unknown_name('process', name, [BACKGROUND, *processes])}")
    doubled = [name for name in BACKGROUND_FRACTIONS if name in names and BACKGROUND in names]
    if doubled:
        raise ConfigError(
            f"events: expected {BACKGROUND} or its parts, found both: the events of {', '.join(doubled)} would be the "
            "same ones twice; ask for one of them"
        )
