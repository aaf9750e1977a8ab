"""The judgement of an anomaly detector: known answers on toy scores."""

import dataclasses

import numpy as np
import pytest

from codesign.config import EvaluationSection
from codesign.errors import DataError, RunError
from codesign.evaluation.anomaly import as_integers, evaluate_anomaly
from codesign.evaluation.scores import SplitScores
from codesign.metrics import COLLIDING_BUNCHES, REVOLUTION_KHZ
from codesign.run import to_json

SCALE = 4.0  # of the exponential signal against that of the background
BACKGROUND = 40_000


def split(labels, weights=None, **scores):
    labels = np.asarray(labels)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    return SplitScores(labels, weights, np.empty((len(labels), 0)), scores)


def settings(**values):
    return EvaluationSection(**({"fpr": (1e-1, 1e-2, 1e-3)} | values))


def judge(scores, labels, **values):
    """Of one score called "kl", classes background and signal."""
    test = split(labels, kl=np.asarray(scores, np.float64))
    return evaluate_anomaly(test, ["b", "s"], ["b"], "kl", settings(**values))


@pytest.fixture(scope="module")
def exponentials():
    """Scores on a grid of 1/1024: exponential background, exponential signal of another scale."""
    random = np.random.default_rng(4)
    labels = np.repeat([0, 1], [BACKGROUND, 10_000])
    scores = random.exponential(np.array([1.0, SCALE])[labels])
    return split(labels, kl=np.floor(scores * 1024) / 1024, mu2=np.floor(random.exponential(1.0, len(labels)) * 8) / 8)


@pytest.fixture(scope="module")
def result(exponentials):
    return evaluate_anomaly(exponentials, ["b", "s"], ["b"], "kl", settings())


class TestThresholds:
    def test_are_the_smallest_integers_that_keep_what_is_asked(self):
        result = judge(np.append(np.arange(10_000), [5, 9_950]) / 16, [0] * 10_000 + [1, 1])
        score = result.scores[0]
        assert (score.lsb, score.bits) == (1 / 16, 14)
        assert [point.threshold for point in score.points] == [9_000, 9_900, 9_990]
        assert all(isinstance(point.threshold, int) for point in score.points)
        assert [point.background_events for point in score.points] == [1_000, 100, 10]
        assert [point.tpr["s"].value for point in score.points] == [0.5, 0.5, 0.0]

    def test_events_that_share_a_score_are_rejected_together(self):
        background = np.repeat([0.0, 0.25, 0.5], [80, 15, 5])
        points = judge([*background, 0.5, 0.5], [0] * 100 + [1, 1], fpr=(0.1, 0.04)).scores[0].points
        assert [(point.threshold, point.background_events) for point in points] == [(2, 5), (3, 0)]

    def test_for_a_rate_is_that_of_the_fraction_of_all_crossings(self):
        full = COLLIDING_BUNCHES * REVOLUTION_KHZ
        score = judge(np.arange(10_002.0), [0] * 10_000 + [1, 1], fpr=(1e-2,), rates_khz=(full / 50,)).scores[0]
        assert [point.threshold for point in score.points] == [9_900, 9_800]
        assert score.points[1].rate.khz == pytest.approx(full / 50)
        fewer = judge(np.arange(10_002.0), [0] * 10_000 + [1, 1], fpr=(1e-2,), colliding_bunches=276).scores[0]
        assert fewer.points[0].rate.khz == pytest.approx(score.points[0].rate.khz / 10)

    def test_too_small_a_sample_is_told(self, result):
        assert [point.warning is None for point in result.scores[0].points] == [True, True, True]
        small = judge(np.arange(102.0), [0] * 100 + [1, 1], fpr=(1e-1, 1e-3)).scores[0]
        assert small.points[0].warning is None
        assert "at least 10,000 are needed" in small.points[1].warning


class TestEfficiencies:
    def test_area_is_that_of_two_exponentials(self, result):
        area = result.scores[0].signals[0].auc
        assert 0 < area.error < 0.005
        assert abs(area.value - SCALE / (1 + SCALE)) < 4 * area.error

    def test_score_that_knows_nothing_has_area_one_half(self, result):
        area = result.scores[1].signals[0].auc
        assert abs(area.value - 0.5) < 4 * area.error

    def test_at_a_background_efficiency_is_its_power(self, result):
        for point in result.scores[0].points:
            signal = point.tpr["s"]
            expected = point.asked_fpr ** (1 / SCALE)
            half = (signal.high - signal.low) / 2
            assert 0 < half < 0.1
            assert abs(signal.value - expected) < 4 * half

    def test_deployed_score_comes_first_and_all_are_judged_alike(self, exponentials, result):
        assert [score.name for score in result.scores] == ["kl", "mu2"]
        other = evaluate_anomaly(exponentials, ["b", "s"], ["b"], "mu2", settings())
        assert [score.name for score in other.scores] == ["mu2", "kl"]
        assert other.scores[1] == result.scores[0]

    def test_classes_without_events_are_no_signals_and_backgrounds_are_joined(self):
        test = split([0, 0, 2, 2, 3, 3], kl=np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
        result = evaluate_anomaly(test, ["qcd", "none", "w", "x"], ["qcd", "w"], "kl", settings(fpr=(0.3,)))
        assert result.background_events == 4
        assert [(signal.name, signal.events, signal.auc.value) for signal in result.scores[0].signals] == [
            ("x", 2, 1.0)
        ]
        assert result.scores[0].points[0].threshold == 3

    def test_background_alone_can_be_judged(self):
        result = judge(np.arange(100.0), [0] * 100, fpr=(0.1,))
        assert result.scores[0].signals == ()
        assert result.scores[0].points[0].threshold == 90


class TestWeights:
    def test_whole_weights_are_repeated_events(self):
        random = np.random.default_rng(2)
        labels, weights = random.integers(0, 2, 600), random.integers(1, 4, 600)
        scores = random.integers(0, 50, 600) + 8.0 * labels
        weighted = evaluate_anomaly(split(labels, weights, kl=scores), ["b", "s"], ["b"], "kl", settings(fpr=(0.05,)))
        repeated = judge(np.repeat(scores, weights), np.repeat(labels, weights), fpr=(0.05,))
        assert (weighted.weighted, repeated.weighted) == (True, False)
        one, many = weighted.scores[0], repeated.scores[0]
        assert one.signals[0].auc.value == pytest.approx(many.signals[0].auc.value)
        assert one.points[0].threshold == many.points[0].threshold
        assert one.points[0].tpr["s"].value == pytest.approx(many.points[0].tpr["s"].value)
        assert one.points[0].fpr.high - one.points[0].fpr.low > many.points[0].fpr.high - many.points[0].fpr.low
        without = judge(scores, labels, fpr=(0.05,))
        assert without.scores[0].signals[0].auc.value != pytest.approx(one.signals[0].auc.value)

    def test_equal_weights_are_none(self):
        scores, labels = np.arange(200.0), [0] * 150 + [1] * 50
        heavy = evaluate_anomaly(split(labels, np.full(200, 7.5), kl=scores), ["b", "s"], ["b"], "kl", settings())
        assert heavy == judge(scores, labels)


class TestMenu:
    def test_pure_rate_leaves_out_what_the_menu_accepts(self):
        test = split([0] * 1000 + [1, 1], kl=np.arange(1002.0))
        menu = np.zeros((1002, 2), bool)
        menu[0:1000:4, 0] = menu[2:1000:4, 1] = True
        pure = evaluate_anomaly(test, ["b", "s"], ["b"], "kl", settings(), menu=menu).pure
        assert [(entry.rate.events, entry.pure.events, entry.menu.events) for entry in pure] == [
            (100, 50, 500), (10, 5, 500), (1, 1, 500),
        ]  # fmt: skip
        assert [entry.overlap.value for entry in pure] == [0.5, 0.5, 0.0]

    def test_signal_rows_do_not_count(self):
        test = split([1] * 500 + [0] * 100, kl=np.arange(600.0))
        menu = np.repeat([[True], [False]], [500, 100], axis=0)
        (pure,) = evaluate_anomaly(test, ["b", "s"], ["b"], "kl", settings(fpr=(0.1,)), menu=menu).pure
        assert (pure.menu.events, pure.pure.events) == (0, 10)

    def test_without_a_menu_there_is_none(self, result):
        assert (result.pure, result.stability) == ((), None)


class TestStability:
    def judged(self, dependence):
        random = np.random.default_rng(11)
        pileup = random.poisson(50, 30_000).astype(float)
        scores = np.floor(random.exponential(1.0 + dependence * (pileup - 50) / 50) * 64)
        test = split(np.append(np.zeros(29_000, int), np.ones(1000, int)), kl=scores)
        return evaluate_anomaly(test, ["b", "s"], ["b"], "kl", settings(), variable=pileup)

    def test_flat_rate_passes_and_a_planted_slope_does_not(self):
        assert self.judged(0.0).stability.p_value > 0.01
        assert self.judged(0.5).stability.p_value < 1e-6

    def test_every_background_event_is_in_a_bin(self):
        found = self.judged(0.0)
        assert (sum(found.stability.events), found.stability.outside) == (29_000, 0)
        assert sum(found.stability.accepted) == found.scores[0].points[0].background_events

    def test_variable_of_one_value_is_refused(self):
        test = split([0] * 100 + [1, 1], kl=np.arange(102.0))
        with pytest.raises(DataError):
            evaluate_anomaly(test, ["b", "s"], ["b"], "kl", settings(), variable=np.ones(102))


class TestDroppedBits:
    def test_cost_nothing_where_scores_do_not_use_them(self):
        scores = np.append(np.arange(1000.0) * 16, [1, 15_500])
        coarser = judge(scores, [0] * 1000 + [1, 1], fpr=(0.1,)).scores[0].coarser
        assert [kept.kept_bits for kept in coarser] == [13, 12, 10]
        assert [kept.threshold for kept in coarser] == [14_386, 14_388, 14_400]
        for kept in coarser:
            assert (kept.rate_change_khz.value, kept.tpr_change["s"].value) == (0, 0)

    def test_that_part_the_signal_cost_efficiency(self):
        scores = np.repeat([0.0, 16.0, 17.0], [900, 95, 5])
        result = judge([*scores, *[17.0] * 50], [0] * 1000 + [1] * 50, fpr=(0.01,))
        assert result.scores[0].points[0].tpr["s"].value == 1.0
        assert result.scores[0].coarser[0].tpr_change["s"].value == -1.0

    def test_leave_at_least_two_bits(self):
        for highest, kept in ((3.0, []), (7.0, [2])):
            coarser = judge([0.0, 1.0, 2.0, highest], [0, 0, 1, 1], fpr=(0.5,)).scores[0].coarser
            assert [entry.kept_bits for entry in coarser] == kept


class TestCurve:
    def test_falls_from_all_events_to_few(self, exponentials, result):
        curve, background = result.scores[0].curve, exponentials.scores["kl"][:BACKGROUND]
        assert list(curve.events) == [(background * 1024 >= cut).sum() for cut in curve.thresholds]
        assert (curve.events[0], curve.events[-1]) == (BACKGROUND, 1)
        assert (np.diff(curve.khz) < 0).all()
        assert all(low <= khz <= high for low, khz, high in zip(curve.low_khz, curve.khz, curve.high_khz, strict=True))


class TestGrid:
    @pytest.mark.parametrize(
        ("scores", "integers", "lsb"),
        [([0.0, 0.5, 1.75], [0, 2, 7], 0.25), ([-3.0, 8.0], [-3, 8], 1.0), ([0.0, 48.0], [0, 3], 16.0)],
    )
    def test_is_the_coarsest_that_holds_every_score(self, scores, integers, lsb):
        found, step = as_integers(np.array(scores))
        assert (found.tolist(), step) == (integers, lsb)

    def test_signed_scores_have_a_sign_bit(self):
        score = judge([-4.0, -1.0, 0.0, 3.0, 3.0], [0, 0, 0, 1, 1], fpr=(0.4,)).scores[0]
        assert (score.bits, score.points[0].threshold) == (3, 0)

    @pytest.mark.parametrize("fault", [np.pi, 2.0**-25, np.nan])
    def test_scores_off_every_grid_are_refused(self, fault):
        with pytest.raises(RunError, match="expected fixed-point numbers"):
            judge([0.0, 1.0, fault], [0, 0, 1])


def test_score_that_was_not_kept_is_refused(exponentials):
    with pytest.raises(RunError, match="expected 'rz' among kl, mu2; repeat the training"):
        evaluate_anomaly(exponentials, ["b", "s"], ["b"], "rz", settings())


def test_record_is_json(exponentials):
    menu, variable = np.zeros((len(exponentials.labels), 1), bool), np.arange(float(len(exponentials.labels)))
    result = evaluate_anomaly(exponentials, ["b", "s"], ["b"], "kl", settings(), menu, variable)
    assert to_json(dataclasses.asdict(result)).startswith('{\n  "deployed": "kl"')
