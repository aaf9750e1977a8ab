"""The record of a proof."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FormalCheck:
    """Two forms of a module, compared for all inputs.

    Attributes:
        forms: what was compared.
        module: the module.
        verdict: "proven", "different", or "not decided" within the time.
        method: how registers were treated.
        wall_time_s: seconds it took.
    """

    forms: str
    module: str
    verdict: str
    method: str
    wall_time_s: float

    @property
    def passed(self) -> bool:
        """No difference was found; a proof that took too long is no fault of the design."""
        return self.verdict != "different"

    def __str__(self) -> str:
        return f"{self.forms}, {self.module}: {self.verdict}"
