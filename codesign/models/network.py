"""What an architecture is, and what it builds: the network that is trained and the part of it that becomes firmware."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codesign.config import QuantizationSection
from codesign.contract import InputContract
from codesign.sections import Section

Tensor = Any
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Request:
    """What a network is built for.

    Attributes:
        options: the architecture's own keys of the ``model`` table.
        contract: formats of the inputs; ``contract.objects`` says which of them are slots of objects.
        outputs: number of classes of a classifier, 1 for an anomaly detector.
        score: anomaly score that becomes firmware (`codesign.models.scores.SCORES`); empty for a classifier.
        quantization: how weights and activations are quantised.
    """

    options: Any
    contract: InputContract
    outputs: int
    score: str
    quantization: QuantizationSection


@dataclass(frozen=True)
class Network:
    """A built network. Both models take network values of shape (n, inputs) and share their layers.

    Attributes:
        deployed: ``keras.Model`` to the logits, shape (n, classes), or to the anomaly score, shape (n, 1); only this
            one is saved and becomes firmware.
        trained: ``keras.Model`` whose output the loss reads; the same object where nothing is left out of the firmware.
        loss: per-row loss, shape (n,), of (targets, output of ``trained``). Targets are the labels, shape (n,), of a
            classifier and the network values, shape (n, inputs), of an anomaly detector.
        scores: every anomaly score the network can give, by name, each a ``keras.Model`` to shape (n, 1).
    """

    deployed: Any
    trained: Any
    loss: Loss
    scores: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Architecture:
    """One entry of ``MODELS``.

    Attributes:
        task: "classification" or "anomaly".
        options: the keys of the ``model`` table besides ``architecture``.
        build: makes the network.
        by_gradient: whether it is trained epoch by epoch.
    """

    task: str
    options: type[Section]
    build: Callable[[Request], Network]
    by_gradient: bool = True


def classifier(inputs: Tensor, logits: Tensor, name: str) -> Network:
    """A network that is trained on class labels with cross entropy.

    Args:
        inputs: input tensor, shape (n, inputs).
        logits: output tensor, shape (n, classes).
        name: name of the model.
    """
    import keras

    model = keras.Model(inputs, logits, name=name)

    def cross_entropy(labels: Tensor, found: Tensor) -> Tensor:
        return keras.losses.sparse_categorical_crossentropy(labels, found, from_logits=True)

    return Network(deployed=model, trained=model, loss=cross_entropy)
