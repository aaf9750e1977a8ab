"""JetClass: 125 million simulated jets of ten classes with their particles (Zenodo 6619768, arXiv:2202.03772)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from codesign.data.formats.root_map import BlockMap, Branch, BranchMap
from codesign.data.formats.root_ntuple import read_mapped
from codesign.data.formats.splits import SplitChoice, chosen_split
from codesign.data.reading import Format, Reading, Source
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.sections import Section

CLASSES = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
# The angles are relative to the jet axis; delta_eta changes its sign with the jet's η, as stored in the files.
CONSTITUENTS: dict[str, Branch] = {
    "pt": ("part_px", "part_py"),
    "delta_eta": "part_deta",
    "delta_phi": "part_dphi",
}
PARTICLE_FEATURES = {
    "energy": "GeV",
    "charge": "",
    "isChargedHadron": "",
    "isNeutralHadron": "",
    "isPhoton": "",
    "isElectron": "",
    "isMuon": "",
    "d0val": "mm",
    "d0err": "mm",
    "dzval": "mm",
    "dzerr": "mm",
}
JET_FEATURES = {
    "jet_pt": "GeV",
    "jet_eta": "",
    "jet_energy": "GeV",
    "jet_nparticles": "",
    "jet_sdmass": "GeV",
    "jet_tau1": "",
    "jet_tau2": "",
    "jet_tau3": "",
    "jet_tau4": "",
}


class JetClassOptions(Section):
    """Options of JetClass.

    Attributes:
        constituents: number of particles kept, those of highest pT; a jet has up to 128.
        particle_features: further quantities of a particle, names of the file without ``part_``.
        split: split of all rows, since the record comes in files for training, validation and test.
    """

    constituents: Annotated[int, Field(ge=1, le=128)] = 16
    particle_features: tuple[str, ...] = ()
    split: SplitChoice = "draw"


def read(sources: Sequence[Source], options: JetClassOptions) -> Reading:
    """Open files of JetClass; the class of a jet is in the file.

    Args:
        sources: ROOT files.
        options: what to read of the particles.

    Raises:
        ConfigError: there is no such particle feature.
    """
    for name in options.particle_features:
        if name not in PARTICLE_FEATURES:
            raise ConfigError(f"particle_features: {unknown_name('particle feature', name, PARTICLE_FEATURES)}")
    reading = read_mapped(sources, _branch_map(options), origin="jetclass-zenodo-6619768")
    batches = (batch._replace(split=chosen_split(options.split, len(batch.label))) for batch in reading.batches)
    return replace(reading, batches=batches)


def _branch_map(options: JetClassOptions) -> BranchMap:
    features = dict.fromkeys(options.particle_features)
    return BranchMap(
        tree="tree",
        name="jetclass",
        classes={name: f"label_{name}" for name in CLASSES},
        blocks={
            "constituents": BlockMap(
                columns=CONSTITUENTS | {name: f"part_{name}" for name in features},
                objects=options.constituents,
                units={name: PARTICLE_FEATURES[name] for name in features},
            ),
            "high_level": BlockMap(columns={name: name for name in JET_FEATURES}, units=JET_FEATURES),
        },
    )


FORMAT = Format(
    name="jetclass",
    summary="JetClass (Zenodo 6619768, ROOT): jets of ten classes, their particles and substructure",
    citation="H. Qu, C. Li, S. Qian, arXiv:2202.03772; doi:10.5281/zenodo.6619768",
    read=read,
    options=JetClassOptions,
)
