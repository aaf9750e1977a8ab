"""The sections of the configuration that say how the firmware is synthesised: tools, their options, build host."""

from typing import Annotated, Literal

from pydantic import Field

from codesign.sections import Section


class VivadoSection(Section):
    """How Vivado is run.

    Attributes:
        stage: "synthesised" (out of context, minutes) or "implemented" (placed and routed as well, hours).
        strategy: implementation strategy by Vivado's name.
        threads: threads that it may use; absent its own default.
        version: version that it must have, such as "2024.1"; absent any.
    """

    stage: Literal["synthesised", "implemented"] = "synthesised"
    strategy: str = "Default"
    threads: Annotated[int, Field(ge=1, le=8)] | None = None
    version: str | None = None


class BuildHostSection(Section):
    """Where the vendor's tools are, if not here; reached with ssh.

    Attributes:
        host: what ssh takes: a name, or user@name.
        folder: folder there that takes the files.
        settings: script there that puts the tools on the path; absent they are on it.
    """

    host: Annotated[str, Field(min_length=1)]
    folder: Annotated[str, Field(min_length=1)] = "codesign-runs"
    settings: str | None = None


class VitisHlsSection(Section):
    """What Vitis HLS does with the HLS project besides C synthesis.

    Attributes:
        csim: run the test bench against the C++ code.
        cosim: run the test bench against the RTL.
        export: write the RTL as IP.
        flow: with ``export``: Vivado "syn" or "impl" of the exported RTL too; its numbers replace the estimates.
        version: version that it must have, such as "2024.1"; absent any.
    """

    csim: bool = False
    cosim: bool = False
    export: bool = False
    flow: Literal["syn", "impl"] | None = None
    version: str | None = None


class SynthesisSection(Section):
    """Synthesis.

    Attributes:
        boards: boards to report, by name or as the path of a TOML file; the firmware's board comes first even if it is
            not listed.
        tool: "yosys"; or, where it is installed, here or on ``host``, "vivado" (the Verilog) or "vitis_hls" (the HLS
            project).
        vivado: how Vivado is run.
        vitis_hls: how Vitis HLS is run.
        host: build host for the vendor's tools; absent this machine.
        place_and_route: "ecp5" or "xc7z020" places and routes the design on that device as well, for a routed clock
            without any licence; "off" does not.
        place_and_route_max_lut: a larger design is not placed and routed, which would take long.
    """

    boards: tuple[str, ...] = ()
    tool: Literal["yosys", "vivado", "vitis_hls"] = "yosys"
    vivado: VivadoSection = VivadoSection()
    vitis_hls: VitisHlsSection = VitisHlsSection()
    host: BuildHostSection | None = None
    place_and_route: Literal["off", "ecp5", "xc7z020"] = "off"
    place_and_route_max_lut: Annotated[int, Field(ge=1)] = 10_000
