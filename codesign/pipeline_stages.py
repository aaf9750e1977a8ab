"""The stages of a pipeline as the network compiler keeps them."""

from typing import Any


def stages_of(pipeline: Any) -> list[Any]:
    """The combinational block of every stage of alkaid's ``FSM``, in the order of the clocks."""
    return [pipeline.logic[f"logic{number}"] for number in range(len(pipeline.logic))]
