"""A training that was cut off gives, bit for bit, what it would have given."""

import dataclasses

import numpy as np
import pytest

from codesign.errors import ModelError
from codesign.training import checkpoint

METHODS = {
    "path": "[quantization]\ntarget_ebops = 1e5\n",
    "pid": '[quantization]\ntarget_ebops = 1e5\nschedule = "pid"\n',
    "pruned": "[quantization]\ntarget_ebops = 1e5\n[pruning]\nstart_fraction = 0.0\nend_fraction = 0.8\n",
    "ptq": '[quantization]\nmethod = "ptq"\n',
    "pdp": '[quantization]\nmethod = "fixed"\n[pruning]\nmethod = "pdp"\nstart_fraction = 0.2\nend_fraction = 0.8\n',
    "cs": '[quantization]\nmethod = "fixed"\n[pruning]\nmethod = "cs"\nstart_fraction = 0.0\nend_fraction = 0.5\n',
}


class CutError(Exception):
    """The training was killed."""


def cut_after(epochs):
    def progress(_what, done, _total):
        if done > epochs:
            raise CutError

    return progress


def equal(first, second):
    return all((a == b).all() for a, b in zip(first, second, strict=True))


@pytest.fixture(autouse=True)
def _write_after_every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_an_interrupted_training_goes_on_exactly(problem, weights_of, tmp_path, method):
    config = problem.config(METHODS[method])
    whole, expected = problem.fit(config)
    state = tmp_path / "state.npz", "key"
    with pytest.raises(CutError):
        problem.fit(config, state=state, progress=cut_after(3))
    assert state[0].is_file()
    network, result = problem.fit(config, state=state)
    assert result.resumed_epoch == 3
    assert result.history == expected.history
    assert (result.chosen, result.front, result.ebops) == (expected.chosen, expected.front, expected.ebops)
    assert equal(weights_of(network), weights_of(whole))


@pytest.mark.slow
@pytest.mark.parametrize("pruning", ["", "[pruning]\nsparsity = 0.2\nstart_fraction = 0.0\nend_fraction = 0.2\n"])
def test_a_finished_training_gives_another_checkpoint_without_training_again(problem, weights_of, tmp_path, pruning):
    text = '[quantization]\nschedule = "ramp"\nbeta = 1e-6\nbeta_final = 1e-3\ntarget_ebops = 1e5\n'
    state = tmp_path / "state.npz", "key"
    _, first = problem.fit(problem.config(text + pruning), state=state)
    assert pruning or first.chosen != first.front[0]
    other = problem.config(f"{text}checkpoint_ebops = {first.front[0].ebops}\n" + pruning)
    network, result = problem.fit(other, state=state, progress=cut_after(0))
    whole, expected = problem.fit(other)
    assert result.chosen == first.front[0] == expected.chosen
    assert (result.history, result.front, result.ebops) == (first.history, first.front, expected.ebops)
    assert equal(weights_of(network), weights_of(whole))


@pytest.mark.slow
def test_what_the_controller_remembers_matters(problem, tmp_path, monkeypatch):
    from codesign.training.schedules import FixedTarget

    config = problem.config(METHODS["path"])
    _, expected = problem.fit(config)
    state = tmp_path / "state.npz", "key"
    with pytest.raises(CutError):
        problem.fit(config, state=state, progress=cut_after(3))
    monkeypatch.setattr(FixedTarget, "set_state", lambda _self, _state: None)
    _, result = problem.fit(config, state=state)
    assert result.resumed_epoch == 3
    assert result.history != expected.history, "the comparison sees a controller that forgets"


@pytest.mark.slow
def test_the_state_of_another_training_is_not_taken_up(problem, tmp_path):
    config = problem.config('[quantization]\nmethod = "fixed"\n')
    with pytest.raises(CutError):
        problem.fit(config, state=(tmp_path / "state.npz", "key"), progress=cut_after(2))
    _, result = problem.fit(config, state=(tmp_path / "state.npz", "another"))
    assert result.resumed_epoch == 0
    (tmp_path / "state.npz").write_bytes(b"damaged")
    _, again = problem.fit(config, state=(tmp_path / "state.npz", "key"))
    assert again.resumed_epoch == 0
    assert again.history == result.history


@pytest.mark.slow
def test_the_state_of_an_optimiser_with_other_variables_is_not_taken_up(problem, tmp_path):
    """As an older version left it, under the same digest."""
    config, state = problem.config('[quantization]\nmethod = "fixed"\n'), (tmp_path / "state.npz", "key")
    _, result = problem.fit(config, state=state)
    with np.load(state[0]) as file:
        content = dict(file)
    places = [name for name in content if name != "meta"]
    scalars = [name for name in places if content[name].shape == ()]
    left = [content[name] for name in places if name != scalars[-1]]
    np.savez(state[0], meta=content["meta"], **{f"a{index}": array for index, array in enumerate(left)})
    _, again = problem.fit(config, state=state)
    assert again.resumed_epoch == 0
    assert again.history == result.history


@pytest.mark.slow
def test_patience_ends_a_training_and_a_killed_one_ends_at_the_same_epoch(problem, tmp_path):
    text = '[quantization]\nmethod = "fixed"\n'
    config = problem.config(text)
    training = config.training.model_copy(update={"epochs": 40, "patience": 2, "learning_rate": 0.1})
    config = config.model_copy(update={"training": training})
    _, expected = problem.fit(config)
    assert expected.epochs == expected.chosen.epoch + 3 < 40
    state = tmp_path / "state.npz", "key"
    with pytest.raises(CutError):
        problem.fit(config, state=state, progress=cut_after(expected.epochs - 1))
    _, result = problem.fit(config, state=state)
    assert (result.history, result.chosen) == (expected.history, expected.chosen)


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_the_training_and_keeps_nothing(problem):
    problem.train.values[5, 0] = np.nan
    with pytest.raises(ModelError, match="the loss became NaN in epoch 1"):
        problem.fit(problem.config('[quantization]\nmethod = "fixed"\n'))


@pytest.mark.slow
def test_a_target_out_of_reach_is_told_with_what_was_reached(problem):
    with pytest.raises(ModelError, match=r"no epoch stayed within 21 EBOPs \(lowest [\d,]+\)"):
        problem.fit(problem.config("[quantization]\ntarget_ebops = 20\n"))


VAE = """
name = "toy"
[data]
file = "unused.h5"
[task]
kind = "anomaly"
score = "kl"
[model]
architecture = "vae"
hidden = [6]
latent = 2
decoder = [6]
[quantization]
target_ebops = 1e5
[training]
epochs = 4
batch_size = 200
"""


@pytest.mark.slow
def test_the_random_numbers_of_a_vae_go_on_too(problem, weights_of, tmp_path):
    config = problem.config(base=VAE)
    train, validation = (
        dataclasses.replace(sample, targets=sample.values) for sample in (problem.train, problem.validation)
    )
    problem = dataclasses.replace(problem, train=train, validation=validation)
    whole, expected = problem.fit(config)
    state = tmp_path / "state.npz", "key"
    with pytest.raises(CutError):
        problem.fit(config, state=state, progress=cut_after(2))
    network, result = problem.fit(config, state=state)
    assert result.resumed_epoch == 2
    assert result.history == expected.history
    assert equal(weights_of(network), weights_of(whole))
    seeds = [layer._seeds.state for layer in whole.trained.layers if hasattr(layer, "_seeds")]
    assert len(seeds) == 1, "the network draws random numbers"
    assert any(variable is seeds[0] for variable in whole.trained.variables), "and a checkpoint holds their state"
