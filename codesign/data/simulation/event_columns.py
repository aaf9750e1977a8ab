"""The columns of a simulated event sample, and the precision with which they are stored."""

import numpy as np
from numpy.typing import NDArray

from codesign.data.rounding import round_mantissa, round_to_step
from codesign.data.schema import Column

_PT = Column("pt", "GeV", "transverse momentum; objects in decreasing pT, zero where there is none")
_ETA = Column("eta", "", "pseudorapidity; zero where there is no object")
_PHI = Column("phi", "rad", "azimuth in [-π, π); zero where there is no object")
_OBJECT = (_PT, _ETA, _PHI)

EVENT_COLUMNS = {
    "met": (
        Column("pt", "GeV", "missing transverse momentum"),
        Column("phi", "rad", "azimuth of the missing transverse momentum in [-π, π)"),
    ),
    "electrons": _OBJECT,
    "muons": _OBJECT,
    "jets": _OBJECT,
    "taus": _OBJECT,
    "photons": _OBJECT,
    "sums": (
        Column("et", "GeV", "scalar sum of the pT of towers and tracks"),
        Column("ht", "GeV", "scalar sum of the pT of jets"),
    ),
}
STANDARD_BLOCKS = ("met", "electrons", "muons", "jets")
EXTRA_BLOCKS = ("taus", "photons", "sums")

# Relative errors of at most 2^-11, angles to 2.4e-4: below what the links of a trigger carry.
ENERGY_BITS = 10
ANGLE_STEP = 2.0**-11
ROUNDING = f"pt, et, ht: {ENERGY_BITS} mantissa bits, to nearest even; eta, phi: nearest multiple of {ANGLE_STEP}"


def process_column(names: list[str]) -> Column:
    """Describe the column that says which process an event comes from."""
    numbered = ", ".join(f"{index} {name}" for index, name in enumerate(names))
    return Column("process", "", f"hard process of the event, not an input: {numbered}")


def round_block(block: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round the values of a block to the precision in which they are stored."""
    rounded = np.empty_like(values)
    for index, column in enumerate(EVENT_COLUMNS[block]):
        if column.unit == "GeV":
            rounded[..., index] = round_mantissa(values[..., index], ENERGY_BITS)
        else:
            rounded[..., index] = round_to_step(values[..., index], ANGLE_STEP)
    return rounded
