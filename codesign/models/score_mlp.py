"""Multi-layer perceptron that gives the anomaly score of a teacher, learned by regression (arXiv:2310.06047).

A large detector, with a score whose arithmetic would not fit the trigger, is trained first
(`codesign.training.distillation`); this small network then learns its score from the inputs alone.
"""

from typing import Annotated

from pydantic import Field

from codesign.errors import ConfigError
from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, Tensor
from codesign.models.quantizers import quantizer_scope
from codesign.naming import unknown_name
from codesign.sections import Section

DISTILLED = "distilled"  # its score: the teacher's, after a logarithm and standardised


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of each hidden layer.
    """

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1)] = (32, 16)


def build(request: Request) -> Network:
    """Build the network: dense layers from all inputs to one number that rises with the teacher's score.

    Raises:
        ConfigError: another score is asked for.
    """
    if request.score != DISTILLED:
        wrong = unknown_name("score", request.score, [DISTILLED])
        raise ConfigError(f"task.score: 'score_mlp' gives what its teacher taught it: {wrong}")
    keras = import_keras()
    from hgq.layers import QDense

    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    hidden = inputs
    with quantizer_scope(request.quantization):
        for index, neurons in enumerate(options.hidden, start=1):
            hidden = QDense(neurons, activation="relu", name=f"dense_{index}")(hidden)
        score = QDense(1, name="score")(hidden)
    model = keras.Model(inputs, score, name="score_mlp")
    return Network(deployed=model, trained=model, loss=squared_error, scores={DISTILLED: model})


def squared_error(targets: Tensor, found: Tensor) -> Tensor:
    """(score - teacher's)² of every row, shape (n,)."""
    from keras import ops

    return ops.square(ops.reshape(found, (-1,)) - ops.reshape(targets, (-1,)))


SCORE_MLP = Architecture("anomaly", Options, build)
