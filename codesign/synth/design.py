"""What is synthesised."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Design:
    """A Verilog design.

    Attributes:
        sources: Verilog files, in reading order.
        include_dirs: folders searched by `` `include ``.
        top: module to synthesise.
        clock: its clock.
    """

    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...]
    top: str
    clock: str = "clk"
