"""The schedule of the learning rate, as something that changes and not as a constant of the compiled step."""

import numpy as np
import pytest

from codesign.models.backend import import_keras
from codesign.training.optimizer import CosineAdam


def path_of(optimizer, keras, steps):
    variable = keras.Variable(np.array([1.0, -2.0], np.float32))
    optimizer.build([variable])
    path = []
    for step in range(steps):
        optimizer.apply([keras.ops.array([0.3, -0.1 * step], dtype="float32")], [variable])
        path.append(np.array(variable))
    return np.array(path)


def test_the_rate_is_that_of_a_cosine_decay():
    keras = import_keras()
    plain = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 8))
    found, expected = (path_of(optimizer, keras, 12) for optimizer in (CosineAdam(0.1, 8), plain))
    assert found == pytest.approx(expected, rel=1e-6)
    assert (found[8:] == found[7]).all(), "after its last step it stands still"
    assert (np.abs(np.diff(found[:7], axis=0)) > 1e-4).all()


@pytest.mark.slow
def test_trainings_that_differ_in_rate_and_length_alone_share_what_is_compiled(problem, tmp_path):
    keras = import_keras()
    if keras.backend.backend() != "jax":
        pytest.skip("only JAX keeps compiled steps")
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    compilation_cache.reset_cache()
    try:
        text = "[quantization]\ntarget_ebops = 9000\n"
        config = problem.config(text)
        problem.fit(config)
        compiled = {path.name for path in tmp_path.iterdir() if path.name.endswith("cache")}
        other = config.training.model_copy(update={"learning_rate": 1e-2, "epochs": 7})
        target = config.quantization.model_copy(update={"target_ebops": 9500})
        problem.fit(config.model_copy(update={"training": other, "quantization": target}))
        again = {path.name for path in tmp_path.iterdir() if path.name.endswith("cache")}
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
        compilation_cache.reset_cache()
    assert any("step" in name for name in compiled), compiled
    assert again == compiled
