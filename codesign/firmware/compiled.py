"""C++ of a firmware directory that is compiled and called here: what C-simulations and the emulator have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import FirmwareError, ToolError
from codesign.fixed_point import FixedPoint
from codesign.tools import require_tool, run_tool

COMPILE_SECONDS = 1800.0


class CompiledProject(ABC):
    """A project whose code computes scores.

    Attributes:
        path: project directory.
        contract: formats of the inputs.
        score_format: format of the returned integers.
    """

    def __init__(self, path: Path, contract: InputContract, score_format: FixedPoint) -> None:
        self.path = path
        self.contract = contract
        self.score_format = score_format
        self._loaded: Any = None

    def compile(self) -> None:
        """Compile the code with g++ and load it; unchanged code is not compiled again.

        Raises:
            ToolError: there is no g++.
            FirmwareError: the project is missing, belongs to another network, or does not compile.
        """
        self._loaded = self._compiled()

    def predict(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Scores as integers of ``score_format``.

        Args:
            integers: hardware integers, shape (n, inputs).

        Returns:
            shape (n, classes).

        Raises:
            DataError: the integers are not ones that the contract's formats hold.
        """
        return self._scores(integers)

    @property
    def _code(self) -> Any:
        """What was loaded, compiled when it is needed first."""
        if self._loaded is None:
            self.compile()
        return self._loaded

    @abstractmethod
    def _compiled(self) -> Any:
        """Compile and load."""

    @abstractmethod
    def _scores(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Call the code."""


def build_library(library: Path, source: Path, flags: Sequence[str], what: str) -> None:
    """Compile a source into a shared library, and remove those of before.

    Args:
        library: ``NAME-DIGEST.so``. The digest is of what is in it, since a process that has loaded a library gets the
            same one by the same name again.
        source: C++.
        flags: of g++.
        what: is compiled, for the message of an error.

    Raises:
        ToolError: there is no g++.
        FirmwareError: it does not compile.
    """
    partial, name = library.with_suffix(".part").resolve(), library.stem.rpartition("-")[0]
    command: list[str | Path] = [require_tool("g++"), *flags, source.resolve(), "-o", partial]
    try:
        run_tool(command, cwd=library.parent, timeout_s=COMPILE_SECONDS, log=library.parent / f"{name}.log")
    except ToolError as error:
        raise FirmwareError(f"{library.parent}: the {what} does not compile: {error}") from error
    for old in library.parent.glob(f"{name}-*.so"):
        old.unlink()
    partial.replace(library)
