"""Hand-made netlists in the JSON form of Yosys."""

from itertools import count
from typing import Any

OUTPUTS = {"O", "CO", "Q", "P", "Q31", "LO"}


class NetlistBuilder:
    """Writes the JSON form of a mapped netlist, cell by cell; nets are numbers, constants are texts as in Yosys."""

    def __init__(self) -> None:
        self.cells: dict[str, Any] = {}
        self._net = count(2)

    def net(self) -> int:
        return next(self._net)

    def add(self, kind: str, **pins: list[int | str]) -> None:
        directions = {pin: "output" if pin in OUTPUTS else "input" for pin in pins}
        self.cells[f"cell{len(self.cells)}"] = {"type": kind, "connections": pins, "port_directions": directions}

    def lut(self, size: int, number: int = 1) -> int:
        """Add LUTs of ``size`` inputs that drive nothing yet; the output net of the last one."""
        for _ in range(number):
            out = self.net()
            self.add(f"LUT{size}", **{f"I{index}": [self.net()] for index in range(size)}, O=[out])
        return out

    def ff(self) -> int:
        out = self.net()
        self.add("FDRE", C=[self.net()], CE=["1"], D=[self.net()], R=["0"], Q=[out])
        return out

    def carry4(self, s: list[int | str], di: list[int | str] | None = None, ci: int | str = "0") -> list[int]:
        """Add a carry cell; its four CO nets."""
        co = [self.net() for _ in range(4)]
        outs = [self.net() for _ in range(4)]
        self.add("CARRY4", CI=[ci], CYINIT=["0"], S=[*s], DI=di or ["0"] * 4, O=outs, CO=[*co])
        return co

    def json(self, **modules: Any) -> dict[str, Any]:
        return {"creator": "test", "modules": {"top": {"attributes": {}, "cells": self.cells}, **modules}}
