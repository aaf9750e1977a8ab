"""Multi-layer perceptron on high-level features, the network of the first FPGA jet taggers (arXiv:1804.06913)."""

from typing import Any

from codesign.config import Config
from codesign.contract import InputContract
from codesign.models.backend import import_keras
from codesign.models.quantizers import quantizer_scope


def build(config: Config, contract: InputContract, outputs: int) -> Any:
    """Build the network.

    Args:
        config: ``model.hidden``, ``model.activation`` and the quantisation are used.
        contract: formats of the inputs; their number is the input size.
        outputs: number of classes.

    Returns:
        ``keras.Model`` from network values, shape (n, inputs), to logits, shape (n, outputs).
    """
    keras = import_keras()
    from hgq.layers import QDense

    inputs = keras.Input((len(contract.inputs),), name="inputs")
    hidden = inputs
    with quantizer_scope(config.quantization):
        for index, neurons in enumerate(config.model.hidden, start=1):
            hidden = QDense(neurons, activation=config.model.activation, name=f"dense_{index}")(hidden)
        logits = QDense(outputs, name="scores")(hidden)
    return keras.Model(inputs, logits, name="mlp")
