"""How the weight of the cost is led: on a stand-in for a network, and on one."""

import numpy as np
import pytest

from codesign.config import QuantizationSection, TrainingSection
from codesign.training.schedules import SCHEDULES, CostController, FixedTarget


class SlowCost:
    """A stand-in for a network: EBOPs creeps towards a value that falls with the cost's weight."""

    def __init__(self, quantization, training):
        super().__init__(quantization, training)
        self.ebops, self.weight = 2e5, 0.0

    def get_ebops(self):
        balance = 2e5 / (1 + 1e6 * self.weight)
        self.ebops *= (balance / self.ebops) ** (1 / 20)
        return self.ebops

    def set_beta(self, beta):
        self.weight = beta


class SlowPath(SlowCost, CostController):
    """The path on the stand-in."""


class SlowTarget(SlowCost, FixedTarget):
    """The fixed target on the stand-in."""


def history_of(controller, epochs, first=0):
    history = []
    for epoch in range(first, epochs):
        controller.on_epoch_begin(epoch, {})
        logs = {}
        controller.on_epoch_end(epoch, logs)
        history.append(logs["ebops"])
    return history


@pytest.mark.parametrize("epochs", [150, 600])
@pytest.mark.parametrize("target", [2e3, 2e4])
def test_the_path_reaches_the_target_and_stays_there(epochs, target):
    controller = SlowPath(QuantizationSection(target_ebops=target), TrainingSection(epochs=epochs))
    controller.on_train_begin({})
    history = history_of(controller, epochs)
    assert history[-1] == pytest.approx(target, rel=0.1)
    assert min(history) > 0.5 * target, "the cost overshoots and the network would collapse"


@pytest.mark.parametrize("target", [2e3, 2e4])
def test_a_fixed_target_is_reached_and_held(target):
    controller = SlowTarget(QuantizationSection(target_ebops=target), TrainingSection(epochs=150))
    controller.on_train_begin({})
    assert history_of(controller, 150)[-10:] == pytest.approx([target] * 10, rel=0.1)


def test_hgq2s_own_gain_would_not_arrive():
    controller = SlowTarget(QuantizationSection(target_ebops=2e3), TrainingSection(epochs=600))
    controller.pid.i = 2e-3
    controller.on_train_begin({})
    assert history_of(controller, 600)[-1] > 5 * 2e3


@pytest.mark.parametrize("kind", [SlowPath, SlowTarget])
def test_a_controller_goes_on_from_its_state_as_if_it_had_not_stopped(kind):
    section, training = QuantizationSection(target_ebops=5e3), TrainingSection(epochs=100)
    whole, first, second = (kind(section, training) for _ in range(3))
    whole.on_train_begin({})
    first.on_train_begin({})
    expected, begun = history_of(whole, 100), history_of(first, 40)
    second.set_state(first.state())
    second.on_train_begin({})
    second.ebops = first.ebops  # the network's own state
    assert begun + history_of(second, 100, first=40) == expected


class Betas:
    """A model of one layer whose weight of the cost can be seen."""

    def __init__(self):
        import keras

        self._beta = keras.Variable(0.0, trainable=False)
        self.layers = [self]
        self.ebops = 7.0

    def _flatten_layers(self):
        return [self]


def betas_of(section, epochs, monkeypatch):
    from hgq.utils.sugar import beta_scheduler

    callback, model = SCHEDULES[section.schedule](section, TrainingSection(epochs=epochs, warmup_fraction=0.1)), Betas()
    monkeypatch.setattr(beta_scheduler, "Model", Betas)
    monkeypatch.setattr(type(callback), "model", model)
    seen = []
    for epoch in range(epochs):
        callback.on_epoch_begin(epoch)
        logs = {}
        callback.on_epoch_end(epoch, logs)
        assert logs["ebops"] == 7.0
        assert logs["beta"] == pytest.approx(float(model._beta.numpy()))
        seen.append(logs["beta"])
    return np.array(seen)


def test_a_ramp_is_straight_in_the_logarithm_from_the_warmup_to_the_end(monkeypatch):
    betas = betas_of(QuantizationSection(schedule="ramp", beta=1e-6, beta_final=1e-3), 31, monkeypatch)
    assert betas[:4] == pytest.approx([1e-6] * 4)
    assert np.diff(np.log(betas[3:])) == pytest.approx(np.log(1000) / 27, rel=1e-4)
    assert betas[-1] == pytest.approx(1e-3)


def test_a_constant_weight_is_constant_from_the_first_epoch(monkeypatch):
    assert (betas_of(QuantizationSection(schedule="constant", beta=3e-5), 10, monkeypatch) == 3e-5).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schedule", "settings", "expected"),
    [
        ("path", "", 1200),
        ("pid", "", 1200),
        ("ramp", "beta = 1e-5\nbeta_final = 5e-3", None),
        ("constant", "beta = 5e-4", None),
    ],
)
def test_every_schedule_brings_a_network_under_the_target(problem, schedule, settings, expected):
    text = f'[quantization]\nschedule = "{schedule}"\ntarget_ebops = 1200\n{settings}\n'
    config = problem.config(text)
    config = config.model_copy(
        update={"training": config.training.model_copy(update={"epochs": 250, "batch_size": 66})}
    )
    _, result = problem.fit(config)
    assert result.chosen.ebops <= 1.05 * 1200
    if expected is not None:
        assert result.history["ebops"][-1] == pytest.approx(expected, rel=0.25)
    assert len(result.history["beta"]) == 250
