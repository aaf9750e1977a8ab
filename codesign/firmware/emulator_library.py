"""A software emulator compiled into a shared library and called with NumPy arrays."""

import ctypes
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError, FirmwareError
from codesign.firmware.compiled import CompiledProject, build_library
from codesign.firmware.emulator_manifest import MANIFEST, manifest, require_name
from codesign.run import digest, digest_files
from codesign.tools import require_tool, run_tool

# Hidden, because one process may load several emulators, and libraries share the variables that are visible in both.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-shared", "-fvisibility=hidden", "-fvisibility-inlines-hidden")


class Emulator(CompiledProject):
    """The software emulator, compiled for this machine."""

    def _compiled(self) -> ctypes.CDLL:
        self._require_same_network()
        sources = [file for file in self.path.rglob("*") if file.suffix in {".cpp", ".h"}]
        # Compiled for this machine's own instructions: another machine, or compiler, makes its own.
        wanted = digest(digest_files(sources, self.path), FLAGS, self._target())
        library = self.path / f"emulator-{wanted[:16]}.so"
        if not library.is_file():
            flags = [*FLAGS, f"-I{(self.path / 'include').resolve()}"]
            build_library(library, self.path / "src" / "c_api.cpp", flags, "emulator")
        code = ctypes.CDLL(str(library.resolve()))
        self._require_ports(code)
        return code

    def _scores(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        events = self._checked(integers)
        scores = np.empty((len(events), len(self._manifest["classes"])), dtype=np.int64)
        if self._call("predict", events, scores) != 0:
            raise MemoryError("the emulator found no memory for its intermediate values")
        return scores

    def to_hardware(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Hardware integers of physical values, shape (n, inputs), as the emulator's own code makes them.

        Raises:
            DataError: wrong number of columns, or a value is not finite.
        """
        events = np.ascontiguousarray(values, dtype=np.float64)
        if events.ndim != 2 or events.shape[1] != len(self.contract.inputs):
            raise DataError(f"emulator: expected shape (n, {len(self.contract.inputs)}), got {events.shape}")
        integers = np.empty(events.shape, dtype=np.int64)
        done = self._call("to_hardware", events, integers)
        if done < len(events):
            raise DataError(f"emulator: row {done} holds a value that is not finite")
        return integers

    def _call(self, function: str, events: NDArray[Any], results: NDArray[np.int64]) -> int:
        called = getattr(self._code, f"{self._manifest['name']}_{function}")
        called.restype = ctypes.c_size_t if function == "to_hardware" else ctypes.c_int
        pointers = (array.ctypes.data_as(ctypes.c_void_p) for array in (events, results))
        return int(called(*pointers, ctypes.c_size_t(len(events))))

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        path = self.path / MANIFEST
        try:
            found: dict[str, Any] = json.loads(path.read_text())
            require_name(found["name"])
        except FileNotFoundError:
            raise FirmwareError(f"{self.path}: the emulator is missing; generate the firmware again") from None
        except (ValueError, TypeError, KeyError, FirmwareError) as error:
            raise FirmwareError(f"{path}: damaged ({error}); generate the firmware again") from None
        return found

    def _require_same_network(self) -> None:
        """Refuse an emulator with other ports, which would read and write beyond the arrays."""
        found = self._manifest
        expected = manifest(found["name"], "", self.contract, found.get("classes", ()), self.score_format)
        for key in ("inputs", "score_format"):
            if found.get(key) != expected[key]:
                raise FirmwareError(
                    f"{self.path / MANIFEST}: the emulator's {key} are not those of this firmware; generate it again"
                )

    def _require_ports(self, code: ctypes.CDLL) -> None:
        """Refuse code with other ports than its manifest says."""
        found = tuple(self._call_plain(code, key) for key in ("inputs", "outputs"))
        expected = (len(self.contract.inputs), len(self._manifest["classes"]))
        if found != expected:
            raise FirmwareError(f"{self.path}: the code has {found} inputs and outputs, its manifest {expected}")

    def _call_plain(self, code: ctypes.CDLL, function: str) -> int:
        called = getattr(code, f"{self._manifest['name']}_{function}")
        called.restype = ctypes.c_size_t
        return int(called())

    def _target(self) -> str:
        """The compiler's version and the instructions of this machine, as the macros that it predefines."""
        command: list[str | Path] = [require_tool("g++"), "-march=native", "-dM", "-E", "-x", "c++", "/dev/null"]
        return run_tool(command, cwd=self.path, timeout_s=60.0)

    def _checked(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        given = np.asarray(integers)
        inputs = len(self.contract.inputs)
        if given.ndim != 2 or given.shape[1] != inputs or given.dtype.kind not in "iu":
            raise DataError(f"emulator: expected integers of shape (n, {inputs}), got {given.dtype} {given.shape}")
        low, high = self.contract.extremes()
        if len(given) and ((given.min(axis=0) < low) | (given.max(axis=0) > high)).any():
            row, column = (int(i) for i in np.argwhere((given < low) | (given > high))[0])
            raise DataError(
                f"input {self.contract.names[column]!r}: event {row} is {given[row, column]}, "
                f"expected {low[column]} to {high[column]}"
            )
        return np.ascontiguousarray(given, dtype=np.int64)
