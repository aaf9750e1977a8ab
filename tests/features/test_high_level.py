import numpy as np
import pytest

from codesign.features import HIGH_LEVEL_FEATURES, high_level_features, high_level_features_of_jets

BENCHMARK_NAMES = [
    "zlogz",
    "c1_b0_mmdt",
    "c1_b1_mmdt",
    "c1_b2_mmdt",
    "c2_b1_mmdt",
    "c2_b2_mmdt",
    "d2_b1_mmdt",
    "d2_b2_mmdt",
    "d2_a1_b1_mmdt",
    "d2_a1_b2_mmdt",
    "m2_b1_mmdt",
    "m2_b2_mmdt",
    "n2_b1_mmdt",
    "n2_b2_mmdt",
    "mass_mmdt",
    "multiplicity",
]


def by_name(constituents, groomed):
    return dict(zip(HIGH_LEVEL_FEATURES, high_level_features(constituents, groomed), strict=True))


def test_names_and_order_are_those_of_the_benchmark():
    assert list(HIGH_LEVEL_FEATURES) == BENCHMARK_NAMES
    assert HIGH_LEVEL_FEATURES["mass_mmdt"][0] == "GeV"
    assert all("arXiv" in definition for _, definition in HIGH_LEVEL_FEATURES.values())


def test_groomed_and_ungroomed_features(particles):
    jet = particles([300.0, 100.0, 4.0], [0.0, 0.3, 0.7], [1.0, 1.4, 1.6])
    values = by_name(jet, jet[:2])
    assert values["multiplicity"] == 3
    z = np.array([300.0, 100.0, 4.0]) / 404
    assert values["zlogz"] == pytest.approx(np.sum(z * np.log(z)))
    # Two massless particles: m² = 2 pT1 pT2 (cosh Δy − cos Δφ).
    assert values["mass_mmdt"] == pytest.approx(np.sqrt(2 * 300 * 100 * (np.cosh(0.3) - np.cos(0.4))))
    assert values["c1_b1_mmdt"] == pytest.approx(0.1875 * 0.5)
    assert values["n2_b1_mmdt"] == 0.0


def test_three_prongs(particles):
    jet = particles([50.0, 50.0, 50.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.4])
    values = by_name(jet, jet)
    assert values["n2_b1_mmdt"] == pytest.approx(0.12 / 27 / (1.2 / 9) ** 2)
    assert values["m2_b1_mmdt"] == pytest.approx(0.3 / 27 / (1.2 / 9))
    assert values["c2_b1_mmdt"] == pytest.approx(0.06 / 27 / (1.2 / 9) ** 2)
    assert values["d2_b1_mmdt"] == values["d2_a1_b1_mmdt"] == pytest.approx(0.06 / 27 / (1.2 / 9) ** 3)
    assert values["d2_a1_b2_mmdt"] == pytest.approx(0.06 / 27 / (0.5 / 9) ** 1.5)


@pytest.mark.parametrize("count", [1, 2])
def test_few_constituents_give_finite_values(particles, count):
    jet = particles([500.0, 400.0][:count], [0.0, 0.3][:count], [1.0, 1.2][:count])
    values = by_name(jet, jet)
    assert np.isfinite(list(values.values())).all()
    assert [values[name] for name in BENCHMARK_NAMES[4:14]] == [0.0] * 10
    assert (values["c1_b1_mmdt"] == 0.0) == (count == 1)


def test_collinear_constituents_give_finite_values(particles):
    jet = particles([500.0, 400.0, 3.0], [0.2] * 3, [1.0] * 3)
    values = high_level_features(jet, jet)
    assert np.isfinite(values).all()
    assert by_name(jet, jet)["d2_b2_mmdt"] == 0.0


def test_almost_collinear_constituents_give_finite_values(particles):
    jet = particles([500.0, 400.0, 3.0], [0.2, 0.2 + 1e-8, 0.2], [1.0, 1.0, 1.0 + 1e-9])
    assert np.isfinite(high_level_features(jet, jet)).all()


def test_many_jets_at_once_are_the_jets_one_by_one(random_jet):
    jets = [(random_jet(count), random_jet(count)[: count // 2 + 1]) for count in (1, 2, 5, 30, 30, 80)]
    found = high_level_features_of_jets(jets)
    expected = [high_level_features(constituents, groomed) for constituents, groomed in jets]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_no_jets_have_no_features():
    assert high_level_features_of_jets([]).shape == (0, 16)


@pytest.mark.simulation
def test_agreement_with_fastjet(random_jet):
    ak = pytest.importorskip("awkward")
    fastjet = pytest.importorskip("fastjet")
    jets = [random_jet(count) for count in (3, 5, 12, 40, 80)]
    found = np.array([high_level_features(jet, jet) for jet in jets])
    flat = np.concatenate(jets)
    records = ak.zip({name: flat[:, i] for i, name in enumerate(("px", "py", "pz", "E"))})
    sequence = fastjet.ClusterSequence(
        ak.unflatten(records, [len(jet) for jet in jets]), fastjet.JetDefinition(fastjet.cambridge_algorithm, 10.0)
    )
    for name, ratio, beta, alpha in (
        ("c1_b1_mmdt", "c1", 1, 0),
        ("c1_b2_mmdt", "c1", 2, 0),
        ("c2_b1_mmdt", "c2", 1, 0),
        ("c2_b2_mmdt", "c2", 2, 0),
        ("d2_b1_mmdt", "d2", 1, 0),
        ("d2_b2_mmdt", "d2", 2, 0),
        ("d2_a1_b1_mmdt", "generalizedd2", 1, 1),
        ("d2_a1_b2_mmdt", "generalizedd2", 2, 1),
        ("m2_b1_mmdt", "m2", 1, 0),
        ("m2_b2_mmdt", "m2", 2, 0),
        ("n2_b1_mmdt", "n2", 1, 0),
        ("n2_b2_mmdt", "n2", 2, 0),
    ):
        expected = sequence.exclusive_jets_energy_correlator(njets=1, func=ratio, beta=beta, alpha=alpha)
        tolerance = 1e-6 if ratio in ("m2", "n2") else 1e-9  # single and double precision
        values = found[:, BENCHMARK_NAMES.index(name)]
        np.testing.assert_allclose(values, np.asarray(expected), rtol=tolerance, err_msg=name)
