"""What anomaly detectors are trained with: roles of the inputs, losses per row, augmented views."""

import math

import numpy as np
import pytest

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError
from codesign.models.backend import import_keras
from codesign.models.event_inputs import event_inputs, object_map
from codesign.models.losses import contrastive_loss, divergence, squared_error, variational_loss

keras = import_keras()
to_numpy = keras.ops.convert_to_numpy
PERIOD = 144


def entry(name, kind, offset=0.0):
    if kind == "phi":
        return InputFormat(name, "rad", 0.0, 2 * math.pi / PERIOD, 8, signed=False, period=PERIOD, integer=3)
    if kind == "eta":
        return InputFormat(name, "", 0.0, 0.0435, 8, signed=True, integer=3)
    return InputFormat(name, "GeV", offset, 0.5, 9, signed=False, integer=4)


@pytest.fixture
def event_contract():
    """MET (pt, phi), two jets and a muon of (pt, eta, phi); integer 1 of the muon's pt is 0 GeV."""
    names = ["met.pt", "met.phi"]
    names += [f"{slot}.{column}" for slot in ("jets[0]", "jets[1]", "muons[0]") for column in ("pt", "eta", "phi")]
    offsets = [-0.5 if name == "muons[0].pt" else 0.0 for name in names]
    inputs = tuple(entry(name, name.split(".")[1], offset) for name, offset in zip(names, offsets, strict=True))
    return InputContract(inputs, (ObjectSlots("jets", 2, 2, 3, 0), ObjectSlots("muons", 8, 1, 3, 0)))


@pytest.fixture
def integers(event_contract):
    """200 events, half of them with an empty jet slot, half without a muon, ten with a muon of 0 GeV."""
    random = np.random.default_rng(1)
    rows = random.integers(2, 100, (200, 11))
    rows[:, [2, 5]] = -np.sort(-random.integers(40, 400, (200, 2)), axis=1)
    rows[::2, 5:8] = 0
    rows[:100, 8:11] = 0
    rows[:10, 8] = 1
    return rows


class TestInputs:
    def test_filled_is_the_rule_of_the_contract(self, event_contract, integers):
        found = to_numpy(event_inputs(event_contract).filled(event_contract.to_network(integers)))
        expected = np.ones((200, 11))
        for group in event_contract.objects:
            group.of(expected)[group.empty(integers, event_contract.inputs)] = 0.0
        assert (found == expected).all()
        assert not found[:10, 8:].any()

    def test_without_objects_every_input_counts(self, event_contract, integers):
        lone = InputContract(event_contract.inputs)
        assert (to_numpy(event_inputs(lone).filled(lone.to_network(integers))) == 1).all()

    def test_angles_differ_the_shorter_way_around_and_others_do_not(self, event_contract):
        targets, found = np.zeros((2, 1, 11), np.float32)
        found[:] = PERIOD / 32 - 0.25
        missed = to_numpy(event_inputs(event_contract).difference(targets, found))[0]
        assert missed[[1, 4, 7, 10]] == pytest.approx(-0.25)
        assert missed[[0, 2, 3, 5, 6]] == pytest.approx(PERIOD / 32 - 0.25)

    def test_the_map_has_a_row_for_each_object_and_one_for_met(self, event_contract):
        objects = object_map(event_contract, "cnn_vae")
        assert (objects.rows, objects.columns) == (4, ("pt", "eta", "phi"))
        rows = np.arange(1.0, 12.0)[None] @ objects.places
        assert rows.reshape(4, 3).tolist() == [[1, 0, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]

    def test_a_map_needs_objects_that_share_their_columns(self, event_contract):
        with pytest.raises(ConfigError, match=r"'cnn_vae' works on blocks of objects .* got no block of objects"):
            object_map(InputContract(event_contract.inputs), "cnn_vae")
        more = InputContract((*event_contract.inputs, entry("sums.ht", "pt")), event_contract.objects)
        with pytest.raises(ConfigError, match="got columns ht beside pt, eta, phi"):
            object_map(more, "cnn_vae")


class TestLosses:
    def test_empty_slots_miss_nothing(self, event_contract, integers):
        values = event_contract.to_network(integers)
        roles = event_inputs(event_contract)
        found = values + 1.0
        empty_only = np.where(to_numpy(roles.filled(values)) == 1, values, values + 100.0)
        assert to_numpy(squared_error(roles, values, empty_only)) == pytest.approx(0.0)
        filled = to_numpy(roles.filled(values)).sum(axis=1)
        assert to_numpy(squared_error(roles, values, found)) == pytest.approx(filled / 11, rel=1e-4)

    def test_divergence_is_that_of_two_normal_distributions(self):
        random = np.random.default_rng(0)
        mean, logs = random.normal(0, 1, (2, 50, 3)).astype(np.float32)
        expected = 0.5 * (mean**2 + np.exp(logs) - logs - 1).sum(axis=1)
        assert to_numpy(divergence(mean, logs)) == pytest.approx(expected, rel=1e-5)
        assert to_numpy(divergence(np.zeros((1, 3)), np.zeros((1, 3)))) == pytest.approx(0.0)

    @pytest.mark.parametrize("extreme", [-1e4, 1e4])
    def test_no_row_makes_the_loss_infinite(self, event_contract, integers, extreme):
        values = event_contract.to_network(integers)
        loss = variational_loss(event_contract, 2, 0.1)
        found = to_numpy(loss(values, np.full((200, 4 + 11), extreme, np.float32)))
        assert found.shape == (200,)
        assert np.isfinite(found).all()
        assert (found > 1000).all()

    def test_the_contrastive_loss_rises_when_views_differ_and_when_the_embedding_collapses(self, event_contract):
        random = np.random.default_rng(0)
        targets = np.ones((500, 11), np.float32)
        projections = random.normal(0, 1.5, (500, 6)).astype(np.float32)
        embedded = random.normal(0, 1, (500, 3)).astype(np.float32)
        loss = contrastive_loss(event_contract, 3, 6)

        def mean_loss(first, second, decoded=embedded, rows=targets):
            found = np.concatenate([embedded, decoded, first, second], axis=1)
            return to_numpy(loss(rows, found))

        same = mean_loss(projections, projections)
        assert same.shape == (500,)
        assert same.mean() < 0.2
        assert mean_loss(projections, projections + 0.5).mean() == pytest.approx(same.mean() + 25 * 0.25, rel=0.02)
        assert mean_loss(0 * projections, 0 * projections).mean() > 48
        assert mean_loss(projections[:, :1].repeat(6, 1), projections[:, :1].repeat(6, 1)).mean() > same.mean() + 5
        assert mean_loss(projections, projections, embedded + 2).mean() == pytest.approx(same.mean() + 4, rel=0.02)

    def test_rows_with_inputs_at_their_ends_leave_the_batch_statistics_alone(self, event_contract):
        random = np.random.default_rng(0)
        projections = random.normal(0, 1.5, (500, 6)).astype(np.float32)
        targets = np.ones((500, 11), np.float32)
        wild, ends = projections.copy(), targets.copy()
        wild[:50] = 1e3
        ends[:50, 0] = event_contract.to_network(event_contract.extremes()[1][None])[0, 0]
        loss = contrastive_loss(event_contract, 1, 6)

        def last_row(rows, views):
            return to_numpy(loss(rows, np.concatenate([np.zeros((500, 2), np.float32), views, views], axis=1)))[-1]

        assert last_row(ends, wild) < 0.3
        assert last_row(targets, wild) > 1e3


class TestViews:
    @pytest.fixture
    def views(self, event_contract, integers):
        """(events, first view, second view), network values, with smearing off."""
        return self.made(event_contract, integers, 0.0, 0.0, 0.0)

    def made(self, contract, integers, *smearing):
        from codesign.models.random_layers import Views

        keras.utils.set_random_seed(4)
        values = contract.to_network(integers)
        made = to_numpy(Views(contract, *smearing)(values))
        return np.split(made, 3)

    def test_the_first_third_is_the_event(self, event_contract, integers, views):
        assert (views[0] == event_contract.to_network(integers)).all()

    def test_a_view_turns_all_angles_of_filled_slots_alike_and_nothing_else(self, event_contract, integers, views):
        values, first, second = views
        filled = to_numpy(event_inputs(event_contract).filled(values)) == 1
        angles = event_inputs(event_contract).period > 0
        turn = np.mod(first - values, PERIOD / 32)
        turns = np.where(filled & angles, turn, turn[:, 1:2])[:, angles]
        distance = abs(turns - turns[:, :1])
        assert np.minimum(distance, PERIOD / 32 - distance).max() < 1e-4
        assert (first[:, ~angles] == values[:, ~angles] * filled[:, ~angles]).all()
        assert not first[~filled].any()
        assert first[:, angles].min() >= 0
        assert first[:, angles].max() <= PERIOD / 32
        assert np.std(turns[:, 0]) > 0.5
        assert abs(first - second)[:, 1].mean() > 0.5, "both views are turned alike"

    def test_smearing_has_the_width_that_was_asked_for(self, event_contract, integers):
        values, first, _ = self.made(event_contract, integers, 0.1, 0.3, 0.0)
        filled = to_numpy(event_inputs(event_contract).filled(values)) == 1
        momenta, eta = [0, 2, 5, 8], [3, 6, 9]
        ratio = (first[:, momenta] / np.maximum(values[:, momenta], 1e-9))[filled[:, momenta]]
        assert ratio.std() == pytest.approx(0.1, rel=0.2)
        shift = (first - values)[:, eta][filled[:, eta]]
        assert shift.std() == pytest.approx(0.3, rel=0.2)

    def test_only_objects_below_the_threshold_are_left_out_and_harder_ones_first_survive(
        self, event_contract, integers
    ):
        values, first, _ = self.made(event_contract, integers, 0.0, 0.0, 150.0)
        dropped = (first[:, [2, 5]] == 0) & (values[:, [2, 5]] > 0)
        momentum = integers[:, [2, 5]] * 0.5
        assert 0.05 < dropped.mean() < 0.6
        assert momentum[dropped].max() < 150.0
        assert not (dropped[:, 0] & (first[:, 5] > 0)).any()
