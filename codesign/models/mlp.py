"""Multi-layer perceptron on high-level features, the network of the first FPGA jet taggers (arXiv:1804.06913)."""

from typing import Annotated, Literal

from pydantic import Field

from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        hidden: neurons of each hidden layer.
        activation: activation of the hidden layers.
    """

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1)] = (64, 32, 32)
    activation: Literal["relu", "linear"] = "relu"


def build(request: Request) -> Network:
    """Build the network: dense layers from all inputs to the logits."""
    keras = import_keras()
    from hgq.layers import QDense

    options: Options = request.options
    inputs = keras.Input((len(request.contract.inputs),), name="inputs")
    hidden = inputs
    with quantizer_scope(request.quantization):
        for index, neurons in enumerate(options.hidden, start=1):
            hidden = QDense(neurons, activation=options.activation, name=f"dense_{index}")(hidden)
        logits = QDense(request.outputs, name="scores")(hidden)
    return classifier(inputs, logits, "mlp")


MLP = Architecture("classification", Options, build)
