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


def test_rate_and_length_are_no_constants_of_the_compiled_step():
    keras = import_keras()
    if keras.backend.backend() != "jax":
        pytest.skip("only JAX keeps compiled steps")
    import jax

    gradients = [np.array([0.3, -0.1 * step], np.float32) for step in range(6)]
    paths = []
    for compiled_for in ((0.1, 8), (0.02, 5)):
        optimizers = [CosineAdam(*given) for given in (compiled_for, (0.02, 5))]
        for optimizer in optimizers:
            optimizer.build([keras.Variable(np.array([1.0, -2.0], np.float32))])
        step = jax.jit(optimizers[0].stateless_apply)
        state, values, path = [variable.value for variable in optimizers[1].variables], [np.float32([1.0, -2.0])], []
        for gradient in gradients:
            values, state = step(state, [gradient], values)
            path.append(values[0])
        paths.append(np.array(path))
    assert (paths[0] == paths[1]).all(), "the step compiled for another training does this one"
    assert len(np.unique(paths[0], axis=0)) == 5, "which has 5 steps"
