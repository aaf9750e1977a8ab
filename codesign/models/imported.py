"""A network whose weights are given (`codesign import weights`): nothing is trained."""

from typing import Annotated

from pydantic import Field

from codesign.errors import ModelError
from codesign.models.network import Architecture, Network, Request
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        file: the network, ``.keras``; a relative path starts at the configuration file.
        contract: its input contract, JSON; likewise.
        scores: names of its outputs.
    """

    file: str
    contract: str
    scores: Annotated[tuple[str, ...], Field(min_length=1)]


def build(request: Request) -> Network:
    """Refuse: there is nothing to train."""
    raise ModelError("model.architecture: an imported network has its weights already and is not trained")


IMPORTED = Architecture("classification", Options, build)
