"""The anomaly scores against their formulas, on the integers that enter them; and what happens at their limits."""

import numpy as np
import pytest

from codesign.config import QuantizationSection
from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError
from codesign.models import scores, tables
from codesign.models.backend import import_keras
from codesign.models.event_inputs import event_inputs
from codesign.models.fixed_layers import EXACT_STEPS, Format
from codesign.models.network import Request
from codesign.models.scores import SCORES, require_score

keras = import_keras()
LATENT = 5
PERIOD = 144


@pytest.fixture
def event_contract():
    """MET (pt, phi) and two jets and one muon of (pt, eta, phi); integer 1 of the muon's pt is 0 GeV."""

    def pt(name, offset=0.0):
        return InputFormat(name, "GeV", offset, 0.5, 9, signed=False, integer=4)

    def eta(name):
        return InputFormat(name, "", 0.0, 0.0435, 8, signed=True, integer=3)

    def phi(name):
        return InputFormat(name, "rad", 0.0, 2 * np.pi / PERIOD, 8, signed=False, period=PERIOD, integer=3)

    inputs = [pt("met.pt"), phi("met.phi")]
    for slot in ("jets[0]", "jets[1]"):
        inputs += [pt(f"{slot}.pt"), eta(f"{slot}.eta"), phi(f"{slot}.phi")]
    inputs += [pt("muons[0].pt", offset=-0.5), eta("muons[0].eta"), phi("muons[0].phi")]
    return InputContract(tuple(inputs), (ObjectSlots("jets", 2, 2, 3, 0), ObjectSlots("muons", 8, 1, 3, 0)))


def latent_rows():
    """(μ, log σ²) on a fine grid of float32, in range, at its ends and far beyond, shape (n, LATENT)."""
    random = np.random.default_rng(3)
    mean = random.normal(0, 3, (400, LATENT)).astype(np.float32)
    log_variance = random.normal(-2, 2, (400, LATENT)).astype(np.float32)
    ends = np.array([-1e4, -8, -0.0625, 0, 0.0625, 8, 1e4], np.float32)
    return np.concatenate([mean, np.tile(ends[:, None], LATENT)]), np.concatenate(
        [log_variance, np.tile(ends[::-1, None], LATENT)]
    )


def to_format(values, fmt):
    """Round half up and saturate symmetrically, in integers."""
    counts = np.floor(values.astype(np.float64) * 2.0**fmt.fractional + 0.5)
    return np.clip(counts, -(fmt.steps - 1) * fmt.signed, fmt.steps - 1) * 2.0**-fmt.fractional


def score_of(name, arrays, contract):
    parts = {part: keras.Input((array.shape[1],), name=part) for part, array in arrays.items()}
    model = keras.Model(list(parts.values()), SCORES[name].build(parts, contract))
    return keras.ops.convert_to_numpy(model([np.float32(array) for array in arrays.values()]))


def expected_latent(name, mean, log_variance):
    mu, logs = to_format(mean, scores.MEAN), to_format(log_variance, scores.LOG_VARIANCE)
    if name == "mu2":
        return (mu**2).sum(axis=1)
    if name == "kl":
        return 0.5 * (mu**2 + to_format(np.exp(logs) - logs - 1, scores.EXCESS)).sum(axis=1)
    ratio = to_format(mu * to_format(np.exp(-logs / 2), scores.INVERSE_SIGMA), scores.RATIO)
    return (ratio**2).sum(axis=1)


@pytest.mark.parametrize("name", ["mu2", "kl", "rz"])
class TestLatentScores:
    def test_is_its_formula_exactly(self, name, event_contract):
        mean, log_variance = latent_rows()
        arrays = {"mean": mean} if name == "mu2" else {"mean": mean, "log_variance": log_variance}
        found = score_of(name, arrays, event_contract)
        assert found.shape == (len(mean), 1)
        assert (found[:, 0] == expected_latent(name, mean, log_variance)).all()

    def test_is_close_to_the_formula_of_real_numbers(self, name, event_contract):
        mean, log_variance = latent_rows()
        inside = (abs(mean) < 6).all(axis=1) & (abs(log_variance + 1) < 3).all(axis=1)
        mean, log_variance = mean[inside], log_variance[inside]
        arrays = {"mean": mean} if name == "mu2" else {"mean": mean, "log_variance": log_variance}
        real = {
            "mu2": (mean**2).sum(axis=1),
            "kl": 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1),
            "rz": np.minimum(mean**2 * np.exp(-log_variance), scores.RATIO.largest**2).sum(axis=1),
        }[name]
        found = score_of(name, arrays, event_contract)[:, 0]
        assert len(mean) > 50
        assert np.median(abs(found - real) / (real + 1)) < 0.05
        assert np.corrcoef(found, real)[0, 1] > 0.99

    def test_an_event_beyond_the_range_stays_at_the_upper_end(self, name, event_contract):
        huge = np.full((1, LATENT), 1e6, np.float32)
        edge = np.full((1, LATENT), scores.MEAN.largest, np.float32)
        logs = np.zeros((1, LATENT), np.float32)
        more = {} if name == "mu2" else {"log_variance": logs}
        found = score_of(name, {"mean": huge, **more}, event_contract)
        assert found == score_of(name, {"mean": edge, **more}, event_contract)
        assert found > score_of(name, {"mean": edge / 2, **more}, event_contract)

    def test_every_possible_sum_is_exact_in_float32(self, name, event_contract):
        largest = np.full((1, 32), 1e6, np.float32)
        for logs in (-largest, largest):
            arrays = {"mean": largest} if name == "mu2" else {"mean": largest, "log_variance": logs}
            found = float(score_of(name, arrays, event_contract)[0, 0])
            assert found == expected_latent(name, largest, logs)[0]
            lsb = 2.0**-7 if name == "kl" else 2.0**-6
            assert found / lsb < EXACT_STEPS


class TestLimits:
    def test_too_narrow_a_table_of_the_variance_is_seen(self, event_contract, monkeypatch):
        arrays = {"mean": np.zeros((1, 2), np.float32), "log_variance": np.full((1, 2), 7.0, np.float32)}
        right = score_of("kl", arrays, event_contract)[0, 0]
        assert right == pytest.approx(np.exp(7.0) - 8.0, abs=0.1)
        monkeypatch.setattr(scores, "EXCESS", Format(0, 8, 4))
        assert score_of("kl", arrays, event_contract)[0, 0] < 0.5 * right

    def test_tables_hold_their_functions_over_the_whole_range(self):
        given = np.arange(1 - scores.LOG_VARIANCE.steps, scores.LOG_VARIANCE.steps) / 8.0
        assert tables.variance_excess(given).max() <= scores.EXCESS.largest
        assert tables.inverse_sigma(given).max() <= scores.INVERSE_SIGMA.largest
        assert scores.MEAN.largest**2 <= scores.SQUARE.largest
        assert scores.DIFFERENCE.largest**2 <= scores.SQUARE.largest
        assert scores.RATIO.largest**2 <= scores.RATIO_SQUARE.largest

    @pytest.mark.parametrize(("function", "fmt"), [("variance_excess", "EXCESS"), ("inverse_sigma", "INVERSE_SIGMA")])
    def test_no_entry_turns_with_the_last_bit_of_the_exponential(self, function, fmt):
        given = np.arange(1 - scores.LOG_VARIANCE.steps, scores.LOG_VARIANCE.steps) / 8.0
        entries = np.asarray(getattr(tables, function)(given), np.float64)
        counts = entries * 2.0 ** getattr(scores, fmt).fractional
        to_tie = abs(counts - np.floor(counts) - 0.5)
        assert (to_tie > 8 * np.finfo(np.float32).eps * np.maximum(counts, 1)).all()

    def test_more_latent_variables_than_float32_can_add_are_refused(self, event_contract):
        many = np.zeros((1, 80), np.float32)
        with pytest.raises(ConfigError, match="is not exact in float32; expected less than 262144"):
            score_of("kl", {"mean": many, "log_variance": many}, event_contract)


class TestReconstruction:
    @pytest.fixture
    def rows(self, event_contract):
        """(network values of events, some with empty slots; a reconstruction that is off)."""
        random = np.random.default_rng(5)
        low, high = event_contract.extremes()
        integers = random.integers(low, high, (300, len(low)), endpoint=True)
        integers[:, [1, 4, 7, 10]] %= PERIOD
        integers[:100, 5:8] = 0  # one jet
        integers[50:150, 8:11] = 0  # no muon
        integers[150:160, 8] = 1  # a muon of 0 GeV
        values = event_contract.to_network(integers)
        return values, values + random.normal(0, 2, values.shape).astype(np.float32)

    def expected(self, contract, values, found, *, masked=True):
        roles = event_inputs(contract)
        missed = to_format(found, scores.DECODED) - np.floor(values * 8.0 + 0.5) / 8.0
        if masked:
            integers = np.rint(values / [fmt.lsb for fmt in contract.network_formats])
            for group in contract.objects:
                group.of(missed)[group.empty(integers, contract.inputs)] = 0.0
        missed = to_format(missed, scores.DIFFERENCE)
        period = np.where(roles.period > 0, roles.period, np.inf)
        around = np.minimum(abs(missed) % period, period - abs(missed) % period)
        return (np.where(roles.period > 0, around, missed) ** 2).sum(axis=1)

    def test_is_its_formula_exactly(self, event_contract, rows):
        values, found = rows
        score = score_of("reconstruction", {"inputs": values, "reconstruction": found}, event_contract)[:, 0]
        assert (score == self.expected(event_contract, values, found)).all()

    def test_without_the_mask_it_differs_on_rows_with_empty_slots_and_on_no_other(self, event_contract, rows):
        values, found = rows
        arrays = {"inputs": values, "reconstruction": found}
        score = score_of("reconstruction", arrays, event_contract)[:, 0]
        unmasked = score_of("reconstruction", arrays, InputContract(event_contract.inputs))[:, 0]
        assert (unmasked == self.expected(event_contract, values, found, masked=False)).all()
        assert (unmasked[:160] > score[:160]).all()
        assert (unmasked[160:] == score[160:]).all()

    def test_angles_on_both_sides_of_the_seam_are_close(self, event_contract):
        values = np.zeros((1, 11), np.float32)
        found = values.copy()
        values[0, :2], found[0, :2] = (1.0, 0.0), (1.0, PERIOD / 32 - 0.125)
        arrays = {"inputs": values, "reconstruction": found}
        assert score_of("reconstruction", arrays, event_contract)[0, 0] == 0.125**2


def test_the_embedding_score_is_its_formula_exactly(event_contract):
    random = np.random.default_rng(2)
    found, given = random.normal(0, 4, (2, 300, 10)).astype(np.float32)
    missed = to_format(to_format(found, scores.DECODED) - to_format(given, scores.DECODED), scores.DIFFERENCE)
    score = score_of("embedding", {"decoded_embedding": found, "embedding": given}, event_contract)[:, 0]
    assert (score == (missed**2).sum(axis=1)).all()


def test_a_score_that_an_architecture_cannot_give_names_those_it_can(event_contract):
    def request(score):
        return Request(None, event_contract, 1, score, QuantizationSection())

    require_score(request("rz"), "vae", ("mean", "log_variance"))
    with pytest.raises(ConfigError, match=r"task.score: unknown score 'k'.* known: mu2, kl, rz"):
        require_score(request("k"), "vae", ("mean",))
    with pytest.raises(ConfigError, match=r"task.score: 'vae' cannot give 'embedding'; choose one of mu2, kl, rz$"):
        require_score(request("embedding"), "vae", ("mean", "log_variance"))
