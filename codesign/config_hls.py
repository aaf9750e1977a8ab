"""The keys of the ``firmware`` table that shape the HLS project."""

from typing import Annotated, Literal

from pydantic import Field

from codesign.sections import Section

HlsBackendName = Literal["Vitis", "Vivado", "Catapult", "oneAPI", "Libero"]
Strategy = Literal["latency", "resource", "distributed_arithmetic"]


class HlsLayerSection(Section):
    """How one layer is built, where it is not as all.

    Attributes:
        reuse_factor: how often each multiplier of the layer is used for one event.
        strategy: hls4ml's way to build it: "latency" (unrolled), "resource" (weights in memories), or
            "distributed_arithmetic" (adders only).
    """

    reuse_factor: Annotated[int, Field(ge=1)] | None = None
    strategy: Strategy | None = None
