"""The columns of a simulated jet sample, and the precision with which they are stored."""

import numpy as np
from numpy.typing import NDArray

from codesign.data.rounding import round_mantissa, round_to_step
from codesign.data.schema import Column
from codesign.features.high_level import HIGH_LEVEL_FEATURES

HIGH_LEVEL_COLUMNS = tuple(Column(name, unit, text) for name, (unit, text) in HIGH_LEVEL_FEATURES.items())
CONSTITUENT_COLUMNS = (
    Column("pt", "GeV", "transverse momentum of the particle; particles in decreasing pT, zero where there is none"),
    Column("delta_eta", "", "pseudorapidity of the particle minus that of the jet axis (sum of all constituents)"),
    Column("delta_phi", "rad", "azimuth of the particle minus that of the jet axis, in [-π, π)"),
)
_TAU = "Thaler, Van Tilburg, arXiv:1011.2268; beta = 1, R0 = 0.8, winner-take-all kT axes, all constituents"
NSUBJETTINESS_COLUMNS = (
    *(Column(f"tau{n}", "", f"N-subjettiness, N = {n}; {_TAU}; 0 up to {n} constituents") for n in (1, 2, 3)),
    Column("tau21", "", "tau2 / tau1; 0 where tau1 is"),
    Column("tau32", "", "tau3 / tau2; 0 where tau2 is"),
)

# Below what the inputs of a trigger resolve: relative errors of at most 2^-11 for the features and
# 2^-10 for the transverse momenta, 2.4e-4 for the angles (the finest cells of the detectors: 4e-3).
HIGH_LEVEL_BITS = 10
CONSTITUENT_PT_BITS = 9
CONSTITUENT_ANGLE_STEP = 2.0**-11
ROUNDING = {
    "high_level": f"{HIGH_LEVEL_BITS} mantissa bits, to nearest even (Kloewer et al., Nat. Comput. Sci. 1 (2021) 713)",
    "nsubjettiness": f"{HIGH_LEVEL_BITS} mantissa bits",
    "constituents": f"pt: {CONSTITUENT_PT_BITS} mantissa bits; angles: nearest multiple of {CONSTITUENT_ANGLE_STEP}",
}


def round_high_level(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round the features, shape (n, 16), to the precision in which they are stored."""
    return round_mantissa(values, HIGH_LEVEL_BITS)


def round_constituents(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round pT, Δη, Δφ of the constituents, shape (n, 16, 3), to the precision in which they are stored."""
    rounded = round_to_step(values, CONSTITUENT_ANGLE_STEP)
    rounded[..., 0] = round_mantissa(values[..., 0], CONSTITUENT_PT_BITS)
    return rounded
