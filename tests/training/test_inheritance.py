"""Weights of an earlier training as the beginning of another."""

import numpy as np
import pytest

from codesign.errors import ModelError
from codesign.training.inheritance import inherit_weights

HGQ = "[quantization]\ntarget_ebops = 9000\n"


def parts(model):
    """Weights of the layers, and widths, by path."""
    learned = {v.path: np.array(v) for v in model.weights if v.path.split("/")[-1] in ("kernel", "bias")}
    widths = {v.path: np.array(v) for v in model.weights if "quantizer" in v.path}
    return learned, widths


@pytest.mark.slow
def test_the_best_weights_are_taken_and_the_widths_begin_anew(problem, tmp_path):
    config, file = problem.config(HGQ), tmp_path / "state.npz"
    _, result = problem.fit(config, state=(file, "key"))
    best = max(result.front, key=lambda point: point.quality)
    chosen = config.quantization.model_copy(update={"checkpoint_ebops": best.ebops})
    restored, again = problem.fit(config.model_copy(update={"quantization": chosen}), state=(file, "key"))
    assert again.chosen == best

    other = problem.network(config, seed=2)
    before = parts(other.trained)
    count = inherit_weights(other.trained, file)
    after, kept = parts(other.trained), parts(restored.trained)[0]
    assert count == len(kept) == 4
    for (path, value), earlier, wanted in zip(after[0].items(), before[0].values(), kept.values(), strict=True):
        assert (value == wanted).all(), path
        assert (value != earlier).any() or not wanted.any(), path
    assert all((after[1][path] == value).all() for path, value in before[1].items())

    wider = problem.config(HGQ, base=BASE_WIDER)
    with pytest.raises(ModelError, match="it is of another network"):
        inherit_weights(problem.network(wider).trained, file)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ModelError, match="found none that can be read"):
        inherit_weights(other.trained, file)


BASE_WIDER = """
name = "toy"
[data]
file = "unused.h5"
[model]
hidden = [7]
"""
