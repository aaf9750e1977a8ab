"""Hardware integers of CMS Level-1 trigger words as physical quantities: blocks of muons, e/γ, τ, jets, sums."""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.cms_ugt_words import ALGORITHMS, EGAMMA, JET, MUON, SUMS, TAU, decode, unpack_bits
from codesign.data.schema import Block, Column
from codesign.sections import Section

ENERGY_LSB = 0.5  # GeV, of all transverse momenta but the unconstrained one of muons (1 GeV)
CALORIMETER_ETA_LSB, CALORIMETER_PHI_COUNT = 0.087 / 2, 144
MUON_ETA_LSB, MUON_PHI_COUNT = 0.087 / 8, 576

Values = dict[str, NDArray[np.int64]]


class CmsUgtOptions(Section):
    """Options of µGT test vectors.

    Attributes:
        met: which sum becomes the block ``met``: with the forward calorimeter (|η| < 5) or without (|η| < 3).
        muon_word: ``"run2"`` for menus up to 2018, whose words have no unconstrained pT and no impact parameter.
        menu_bits: also write the expected decisions of the 512 algorithms.
        empty_crossings: ``"drop"`` leaves out crossings with neither objects nor sums, and counts them.
        partial_orbit: accept files whose number of lines is no multiple of 3,564.
    """

    met: Literal["etmhf", "etm"] = "etmhf"
    muon_word: Literal["run3", "run2"] = "run3"
    menu_bits: bool = False
    empty_crossings: Literal["keep", "drop"] = "keep"
    partial_orbit: bool = False


def wrapped_phi(hardware: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return azimuths in [-π, π) of hardware integers with ``count`` steps per turn."""
    wrapped = ((hardware + count // 2) % count - count // 2).astype(np.float64)
    return wrapped * (2 * math.pi / count)


def _columns(*columns: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*column) for column in columns)


_CALORIMETER = (
    ("pt", "GeV", "transverse energy, 0.5 GeV steps; the highest value marks an overflow"),
    ("eta", "", "pseudorapidity, lower edge of a bin of 0.0435"),
    ("phi", "rad", "azimuth, lower edge of a bin of 2π/144, in [-π, π)"),
)
_ISOLATION = ("isolation", "", "isolation class, two bits")
_DISPLACED = ("displaced", "", "1 if late or displaced in the hadronic calorimeter; without meaning before 2022")
_MUON = (
    ("pt", "GeV", "transverse momentum, lower edge of a bin of 0.5 GeV; 255 marks an overflow"),
    ("eta", "", "pseudorapidity at the vertex, centre of a bin of 0.010875"),
    ("phi", "rad", "azimuth at the vertex, lower edge of a bin of 2π/576, in [-π, π)"),
    ("quality", "", "track quality, 0 to 15"),
    _ISOLATION,
    ("charge", "", "+1 or -1, zero where not valid"),
)
_MUON_RUN3 = (
    ("pt_unconstrained", "GeV", "transverse momentum without the vertex, lower edge of a bin of 1 GeV, zero for none"),
    ("impact", "", "class of the impact parameter, two bits"),
)
_ENERGIES = ("ett", "ett_ecal", "htt", "etm", "htm", "etmhf", "htmhf")
_SUM_TEXTS = {
    "ett": "scalar sum of transverse energy",
    "ett_ecal": "scalar sum of transverse energy in the electromagnetic calorimeter",
    "htt": "scalar sum of jet transverse energy",
    "tower_count": "number of calorimeter towers above threshold",
    "etm": "missing transverse energy, |η| < 3",
    "htm": "missing transverse energy of jets",
    "etmhf": "missing transverse energy, |η| < 5",
    "htmhf": "missing transverse energy of jets, forward jets included",
}


def _sum_column(name: str) -> Column:
    if name.endswith("_phi"):
        return Column(name, "rad", f"azimuth of {name[:-4]}, lower edge of a bin of 2π/144, in [-π, π)")
    return Column(
        name, "GeV" if name in _ENERGIES else "", _SUM_TEXTS.get(name, f"{name.replace('_', ' ')}, hardware integer")
    )


SUM_NAMES = tuple(field.name for fields in SUMS.values() for field in fields if not field.name.endswith("_spare"))


def output_blocks(options: CmsUgtOptions) -> dict[str, Block]:
    """Return what the blocks hold."""
    muon = _MUON + (_MUON_RUN3 if options.muon_word == "run3" else ())
    blocks = {
        "met": Block(_columns(("pt", "GeV", _SUM_TEXTS[options.met]), ("phi", "rad", "azimuth, in [-π, π)"))),
        "egammas": Block(_columns(*_CALORIMETER, _ISOLATION), 12, "pt"),
        "muons": Block(_columns(*muon), 8, "pt"),
        "taus": Block(_columns(*_CALORIMETER, _ISOLATION), 12, "pt"),
        "jets": Block(_columns(*_CALORIMETER, _DISPLACED), 12, "pt"),
        "sums": Block(tuple(_sum_column(name) for name in SUM_NAMES)),
        "crossing": Block(
            _columns(
                ("bx", "", "bunch crossing, 0 to 3563"), ("final_or", "", "1 if any unmasked algorithm accepted it")
            )
        ),
    }
    if options.menu_bits:
        blocks["menu"] = Block(
            _columns(*((f"algorithm_{i}", "", f"decision of algorithm {i}") for i in range(ALGORITHMS)))
        )
    return blocks


def _calorimeter(values: Values, last: str) -> NDArray[np.float64]:
    """Return pt, eta, phi and a class of calorimeter objects, shape (n, 12, 4)."""
    columns = (
        values["et"] * ENERGY_LSB,
        values["eta"] * CALORIMETER_ETA_LSB,
        wrapped_phi(values["phi"], CALORIMETER_PHI_COUNT),
        values[last],
    )
    objects = np.stack(columns, axis=-1)
    objects[values["et"] == 0] = 0
    return objects


def _muons(values: Values, muon_word: str) -> NDArray[np.float64]:
    """Return the columns of muons, shape (n, 8, 6 or 8)."""
    columns = [
        np.maximum(values["pt"] - 1, 0) * ENERGY_LSB,
        values["eta"] * MUON_ETA_LSB,
        wrapped_phi(values["phi"], MUON_PHI_COUNT),
        values["quality"],
        values["isolation"],
        (1 - 2 * values["charge"]) * values["charge_valid"],
    ]
    if muon_word == "run3":
        columns += [np.maximum(values["pt_unconstrained"] - 1, 0), values["impact"]]
    objects = np.stack(columns, axis=-1)
    objects[values["pt"] == 0] = 0
    return objects


def _sums(words: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Return each quantity of the energy sums, shape (n,), from their six words, shape (n, 6)."""
    columns: dict[str, NDArray[np.float64]] = {}
    for index, fields in enumerate(SUMS.values()):
        for name, value in decode(words[:, index], fields).items():
            if name.endswith("_phi"):
                columns[name] = wrapped_phi(value, CALORIMETER_PHI_COUNT)
            else:
                columns[name] = value.astype(np.float64) * (ENERGY_LSB if name in _ENERGIES else 1.0)
    return columns


def physical_inputs(
    crossings: NDArray[Any], bx: NDArray[np.int64], final_or: NDArray[np.int64], options: CmsUgtOptions
) -> dict[str, NDArray[Any]]:
    """Return the values of every block in physical units.

    Args:
        crossings: words of type `CROSSING`, shape (n,).
        bx: bunch crossing, shape (n,).
        final_or: 0 or 1, shape (n,).
        options: what was chosen.

    Returns:
        block name → shape (n, columns) or (n, objects, columns), objects in the order of the hardware.
    """
    sums = _sums(crossings["sums"])
    inputs: dict[str, NDArray[Any]] = {
        "met": np.stack([sums[options.met], sums[f"{options.met}_phi"]], axis=-1),
        "egammas": _calorimeter(decode(crossings["egammas"], EGAMMA), "isolation"),
        "muons": _muons(decode(crossings["muons"], MUON), options.muon_word),
        "taus": _calorimeter(decode(crossings["taus"], TAU), "isolation"),
        "jets": _calorimeter(decode(crossings["jets"], JET), "displaced"),
        "sums": np.stack([sums[name] for name in SUM_NAMES], axis=-1),
        "crossing": np.stack([bx, final_or], axis=-1),
    }
    if options.menu_bits:
        inputs["menu"] = unpack_bits(crossings["algorithms"])
    return inputs
