"""The sixteen high-level jet features of the public `hls4ml_lhc_jets_hlf` benchmark.

Benchmark: Duarte et al., JINST 13 (2018) P07027, arXiv:1804.06913; choice of observables: Coleman et
al., JINST 13 (2018) T01003, arXiv:1709.08705. The name of a feature ends in ``_mmdt`` when it is
computed from the constituents that survive modified mass-drop grooming (z_cut = 0.1).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from codesign.features.correlators import Correlators, energy_correlators_of_jets
from codesign.features.kinematics import Array, azimuth, invariant_mass, rapidity, transverse_momentum
from codesign.features.substructure import c1, c2, d2, m2, n2, zlogz_of_jets

_LARKOSKI_2013 = "Larkoski, Salam, Thaler, arXiv:1305.0007"
_LARKOSKI_2014 = "Larkoski, Moult, Neill, arXiv:1409.6298"
_MOULT_2016 = "Moult, Necib, Thaler, arXiv:1609.07483"
_ZERO = "0 below three groomed constituents"

# name → (unit, definition); the order is that of the columns.
HIGH_LEVEL_FEATURES: dict[str, tuple[str, str]] = {
    "zlogz": ("", "Σ z ln z over all constituents of the ungroomed jet, z = pT / Σ pT (arXiv:1709.08705)"),
    "c1_b0_mmdt": ("", f"C1(β=0) = e2; {_LARKOSKI_2013}; 0 below two groomed constituents"),
    "c1_b1_mmdt": ("", f"C1(β=1) = e2; {_LARKOSKI_2013}; 0 below two groomed constituents"),
    "c1_b2_mmdt": ("", f"C1(β=2) = e2; {_LARKOSKI_2013}; 0 below two groomed constituents"),
    "c2_b1_mmdt": ("", f"C2(β=1) = e3 / e2²; {_LARKOSKI_2013}; {_ZERO}"),
    "c2_b2_mmdt": ("", f"C2(β=2) = e3 / e2²; {_LARKOSKI_2013}; {_ZERO}"),
    "d2_b1_mmdt": ("", f"D2(β=1) = e3 / e2³; {_LARKOSKI_2014}; {_ZERO}"),
    "d2_b2_mmdt": ("", f"D2(β=2) = e3 / e2³; {_LARKOSKI_2014}; {_ZERO}"),
    "d2_a1_b1_mmdt": ("", f"D2(α=1, β=1) = e3(α) / e2(β)^(3α/β), equal to d2_b1_mmdt; {_LARKOSKI_2014}; {_ZERO}"),
    "d2_a1_b2_mmdt": ("", f"D2(α=1, β=2) = e3(α) / e2(β)^(3α/β); {_LARKOSKI_2014}; {_ZERO}"),
    "m2_b1_mmdt": ("", f"M2(β=1) = ₁e3 / ₁e2; {_MOULT_2016}; {_ZERO}"),
    "m2_b2_mmdt": ("", f"M2(β=2) = ₁e3 / ₁e2; {_MOULT_2016}; {_ZERO}"),
    "n2_b1_mmdt": ("", f"N2(β=1) = ₂e3 / (₁e2)²; {_MOULT_2016}; {_ZERO}"),
    "n2_b2_mmdt": ("", f"N2(β=2) = ₂e3 / (₁e2)²; {_MOULT_2016}; {_ZERO}"),
    "mass_mmdt": ("GeV", "mass of the jet after modified mass drop; Dasgupta et al., arXiv:1307.0007"),
    "multiplicity": ("", "number of constituents of the ungroomed jet (arXiv:1709.08705)"),
}

_RATIOS: dict[str, Callable[[Correlators], Any]] = {
    "c1_b0_mmdt": lambda e: c1(e, 0),
    "c1_b1_mmdt": lambda e: c1(e, 1),
    "c1_b2_mmdt": lambda e: c1(e, 2),
    "c2_b1_mmdt": lambda e: c2(e, 1),
    "c2_b2_mmdt": lambda e: c2(e, 2),
    "d2_b1_mmdt": lambda e: d2(e, 1, 1),
    "d2_b2_mmdt": lambda e: d2(e, 2, 2),
    "d2_a1_b1_mmdt": lambda e: d2(e, 1, 1),
    "d2_a1_b2_mmdt": lambda e: d2(e, 1, 2),
    "m2_b1_mmdt": lambda e: m2(e, 1),
    "m2_b2_mmdt": lambda e: m2(e, 2),
    "n2_b1_mmdt": lambda e: n2(e, 1),
    "n2_b2_mmdt": lambda e: n2(e, 2),
}


def high_level_features(constituents: Array, groomed: Array) -> Array:
    """Compute the sixteen features of one jet.

    Args:
        constituents: Four-vectors (px, py, pz, E) in GeV of all constituents, shape (n, 4), n ≥ 1,
            pT > 0.
        groomed: The same for those left by modified mass-drop grooming, shape (m, 4), m ≥ 1.

    Returns:
        float64 of shape (16,) in the order and units of `HIGH_LEVEL_FEATURES`; always finite.
    """
    features: Array = high_level_features_of_jets([(constituents, groomed)])[0]
    return features


def high_level_features_of_jets(jets: Sequence[tuple[Array, Array]]) -> Array:
    """Compute what `high_level_features` does for many jets, which is much faster.

    Args:
        jets: Constituents and groomed constituents of each jet.

    Returns:
        float64 of shape (jets, 16).
    """
    if not jets:
        return np.zeros((0, len(HIGH_LEVEL_FEATURES)))
    sizes, kept_sizes = ([len(jet[i]) for jet in jets] for i in (0, 1))
    constituents, groomed = (np.concatenate([jet[i] for jet in jets]) for i in (0, 1))
    correlators = energy_correlators_of_jets(
        transverse_momentum(groomed), rapidity(groomed), azimuth(groomed), kept_sizes
    )
    values = {name: ratio(correlators) for name, ratio in _RATIOS.items()}
    values["zlogz"] = zlogz_of_jets(transverse_momentum(constituents), sizes)
    values["mass_mmdt"] = invariant_mass(np.add.reduceat(groomed, np.cumsum([0, *kept_sizes[:-1]])))
    values["multiplicity"] = np.array(sizes, np.float64)
    return np.stack([values[name] for name in HIGH_LEVEL_FEATURES], axis=1)
