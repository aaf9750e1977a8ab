"""NumPy binding of a software emulator that codesign generated, over the C interface of its shared library.

Build the library (README.md), then:

    emulator = Emulator("build/libcodesign_NAME.so", "NAME")
    scores = emulator.predict(emulator.to_hardware(physical_values))
"""

import ctypes
import os
from pathlib import Path

import numpy as np


class Emulator:
    """A network of hardware integers.

    Attributes:
        inputs: number of inputs.
        outputs: number of scores.
        version: digest of network, contract and classes.
    """

    def __init__(self, library: "str | os.PathLike[str]", name: str) -> None:
        """Load the shared library of the emulator of this name."""
        loaded = ctypes.CDLL(str(Path(library).resolve()))
        self._functions = {key: getattr(loaded, f"{name}_{key}") for key in ("predict", "to_hardware")}
        for key in ("inputs", "outputs", "version"):
            function = getattr(loaded, f"{name}_{key}")
            function.restype = ctypes.c_char_p if key == "version" else ctypes.c_size_t
            value = function()
            setattr(self, key, value.decode() if key == "version" else value)
        self._functions["to_hardware"].restype = ctypes.c_size_t

    def predict(self, integers: np.ndarray) -> np.ndarray:
        """Scores, int64 of shape (n, outputs), of hardware integers of shape (n, inputs)."""
        given = np.asarray(integers)
        if given.ndim != 2 or given.shape[1] != self.inputs or given.dtype.kind not in "iu":
            raise ValueError(f"expected integers of shape (n, {self.inputs}), got {given.dtype} of shape {given.shape}")
        events = np.ascontiguousarray(given, dtype=np.int64)
        scores = np.empty((len(events), self.outputs), dtype=np.int64)
        if self._call("predict", events, scores):
            raise MemoryError("the emulator found no memory")
        return scores

    def to_hardware(self, values: np.ndarray) -> np.ndarray:
        """Hardware integers, int64 of the same shape, of physical values of shape (n, inputs)."""
        events = np.ascontiguousarray(values, dtype=np.float64)
        if events.ndim != 2 or events.shape[1] != self.inputs:
            raise ValueError(f"expected values of shape (n, {self.inputs}), got shape {events.shape}")
        integers = np.empty(events.shape, dtype=np.int64)
        if (done := self._call("to_hardware", events, integers)) < len(events):
            raise ValueError(f"event {done} holds a value that is not finite")
        return integers

    def _call(self, function: str, events: np.ndarray, results: np.ndarray) -> int:
        pointers = (array.ctypes.data_as(ctypes.c_void_p) for array in (events, results))
        return self._functions[function](*pointers, ctypes.c_size_t(len(events)))
