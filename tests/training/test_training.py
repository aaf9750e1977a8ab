"""The parts of the fit that can be tested without fitting; the fit itself is tested with every architecture."""

from types import SimpleNamespace

import numpy as np
import pytest

from codesign import steps
from codesign.config import Config
from codesign.errors import ModelError
from codesign.training import Sample, with_saturated_rows
from codesign.training.fit import _choose
from codesign.training.front import FrontCheckpoints


class FakeModel:
    """Has weights; the front needs no more of a model."""

    def __init__(self):
        self.weights = [np.zeros(2)]

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def front_of(*epochs, limit=100.0):
    front, model = FrontCheckpoints("accuracy", limit), FakeModel()
    front.set_model(model)
    for epoch, (accuracy, ebops) in enumerate(epochs):
        model.weights[0][:] = epoch
        front.on_epoch_end(epoch, {"val_accuracy": accuracy, "ebops": ebops})
    return front, model


def test_the_front_keeps_what_nothing_beats_and_restores_it():
    front, model = front_of((0.5, 90.0), (0.6, 80.0), (0.55, 70.0), (0.54, 75.0), (0.9, 101.0), (0.6, 80.0))
    assert [point.epoch for point in front.points] == [2, 1]
    front.restore(front.points[0])
    assert model.weights[0].tolist() == [2, 2]


def test_an_epoch_without_numbers_is_not_kept():
    front, _ = front_of((0.5, float("nan")))
    assert front.points == ()


def test_the_best_point_within_the_target_is_chosen():
    front, _ = front_of((0.5, 900.0), (0.6, 1040.0), (0.7, 1100.0), limit=2000.0)
    assert _choose(front, 1050.0, {"loss": [1.0], "ebops": [900.0]}).epoch == 1
    with pytest.raises(ModelError, match=r"no epoch stayed within 500 EBOPs \(lowest 900\)"):
        _choose(front, 500.0, {"loss": [1.0], "ebops": [900.0]})


def test_a_smaller_objective_is_better():
    front = FrontCheckpoints("objective", 100.0)
    front.set_model(FakeModel())
    for epoch, objective in enumerate((3.0, 2.0, 2.5)):
        front.on_epoch_end(epoch, {"val_objective": objective, "ebops": 10.0})
    assert [(point.epoch, point.quality) for point in front.points] == [(1, -2.0)]


def test_saturated_rows_have_no_weight_and_reach_the_ends(contract):
    events = contract.to_hardware(np.zeros((200, len(contract.inputs))))
    sample = Sample(contract.to_network(events), np.zeros(200, np.uint8), np.ones(200, np.float32))
    more = with_saturated_rows(sample, contract, seed=1)
    assert more.values.shape == (220, len(contract.inputs))
    assert (more.values[:200] == sample.values).all()
    assert more.weights[200:].sum() == 0
    ends = contract.to_network(np.stack(contract.extremes()))
    at_an_end = (more.values[200:] == ends[0]) | (more.values[200:] == ends[1])
    assert at_an_end.any(axis=1).all()
    assert (with_saturated_rows(sample, contract, seed=1).values == more.values).all()


def test_another_choice_of_the_checkpoint_is_no_reason_to_train_again(small_text):
    def key(text):
        return steps.fit_key(SimpleNamespace(config=Config.parse(text, "small.toml")), "data")

    chosen = small_text.replace("target_ebops = 1200", "target_ebops = 1200\ncheckpoint_ebops = 900")
    assert key(chosen) == key(small_text)
    assert key(small_text.replace("target_ebops = 1200", "target_ebops = 1100")) != key(small_text)
