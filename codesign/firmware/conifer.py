"""HLS of boosted trees: a conifer project (arXiv:2002.02534) with its bit-exact C-simulation."""

import ctypes
import logging
import math
import re
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.firmware.compiled import CompiledProject, build_library
from codesign.fixed_point import FixedPoint
from codesign.models.trees import NEVER, Trees, lsb_of
from codesign.run import digest, digest_files

log = logging.getLogger(__name__)

PROJECT = "network"
LEAF = -2  # conifer's mark in place of the compared input
# What conifer's own bridge does, without pybind11 and through the top function: doubles in, doubles out. In one piece,
# since every source file holds all trees.
BRIDGE = """\
#include "firmware/BDT.cpp"
#include "firmware/network.cpp"

extern "C" void predict(const double *inputs, double *scores, long rows) {
  for (long row = 0; row < rows; row++) {
    input_arr_t x;
    score_arr_t y;
    for (int i = 0; i < n_features; i++) x[i] = inputs[row * n_features + i];
    network(x, y);
    for (int i = 0; i < CLASSES; i++) scores[row * CLASSES + i] = y[i].to_double();
  }
}
"""


class ConiferFirmware(CompiledProject):
    """The C-simulation of a conifer project, compiled with the ap_types that hls4ml ships."""

    def _compiled(self) -> ctypes.CDLL:
        source = self.path / "bridge.cpp"
        if not source.is_file():
            raise FirmwareError(f"{self.path}: the HLS project is missing; generate the firmware again")
        files = [path for path in self.path.rglob("*") if path.suffix in {".cpp", ".h"}]
        library = self.path / f"csim-{digest(digest_files(files, self.path))[:16]}.so"
        if not library.is_file():
            flags = ["-O1", "-shared", "-std=c++14", "-fPIC", "-w", f"-I{_ap_types()}", f"-I{self.path.resolve()}"]
            build_library(library, source, flags, "C-simulation")
        return ctypes.CDLL(str(library.resolve()))

    def _scores(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        values = np.ascontiguousarray(self.contract.to_network(integers), dtype=np.float64)
        scores = np.empty((len(values), self._classes()), dtype=np.float64)
        pointers = [array.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for array in (values, scores)]
        self._code.predict(*pointers, ctypes.c_long(len(values)))
        return self.score_format.exact_int(scores)

    def _classes(self) -> int:
        found = re.search(r"i < (\d+);", (self.path / "bridge.cpp").read_text())
        assert found, "written by write_conifer"
        return int(found.group(1))


def is_trees(model: Any) -> bool:
    """Whether a model is boosted trees, so that this module and not hls4ml writes its HLS."""
    return any(type(layer).__name__ == "BoostedTrees" for layer in model.layers)


def write_conifer(model: Any, contract: InputContract, path: Path, *, part: str, clock_period_ns: float) -> None:
    """Write the conifer project of boosted trees, fully unrolled.

    Inputs are network values of one common format, thresholds and leaves are exact, and the scores hold every sum.

    Args:
        model: the trained network, one layer of trees.
        contract: formats of the inputs.
        path: project directory.
        part: target part.
        clock_period_ns: target clock period.

    Raises:
        FirmwareError: conifer is missing, or its project is not the expected one.
    """
    layer = next(layer for layer in model.layers if isinstance(getattr(layer, "trees", None), Trees))
    trees: Trees = layer.trees
    rounds = int(np.flatnonzero((trees.leaf != 0).any(axis=(1, 2))).max(initial=-1)) + 1
    trees = trees.first(max(rounds, 1))
    precision, scores = _common_format(contract), _score_format(trees)
    log.info("conifer: inputs %s, scores %s", precision, scores)
    configuration = {
        "Backend": "xilinxhls",
        "OutputDir": str(path),
        "ProjectName": PROJECT,
        "XilinxPart": part,
        "ClockPeriod": clock_period_ns,
        "Unroll": True,
        "InputPrecision": _type(precision),
        "ThresholdPrecision": _type(precision),
        "WeightPrecision": "ap_ufixed<1,1>",
        "ScorePrecision": _type(scores),
    }
    # Conifer's own description of the project names the user and the host.
    nobody = SimpleNamespace(_to_dict=dict)
    project = _backend().XilinxHLSModel(_ensemble(trees, np.array(layer.lsb)), configuration, nobody)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing its files to the interpreter
        project.write()
    (path / f"{PROJECT}.json").unlink()
    _repair(path)
    (path / "bridge.cpp").write_text(BRIDGE.replace("CLASSES", str(len(trees.base))))


def _backend() -> Any:
    """Conifer's writer of HLS projects."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its regular expressions
            from conifer.backends.xilinxhls import writer
    except ImportError as error:
        raise FirmwareError(f"HLS of boosted trees needs conifer ({error}): pip install 'codesign[trees]'") from error
    return writer


def _repair(path: Path) -> None:
    """Make header and test bench of conifer 1.11 call the top function that it writes: it has two arguments."""
    header, bench = path / "firmware" / f"{PROJECT}.h", path / f"{PROJECT}_test.cpp"
    declared = re.sub(r",\s*score_t tree_scores\[[^;]*\]\);", ");", header.read_text())
    if not re.search(rf"void {PROJECT}\(\s*input_arr_t \w+,\s*score_arr_t \w+\);", declared):
        raise FirmwareError(f"{header}: the top function is not the one of conifer 1.11; install 'conifer>=1.11,<2'")
    header.write_text(declared)
    bench.write_text(bench.read_text().replace(f"{PROJECT}(x, score, tree_scores)", f"{PROJECT}(x, score)"))


def _ensemble(trees: Trees, lsb: NDArray[np.float64]) -> dict[str, Any]:
    """The trees as conifer describes them. It gives two classes one score, so a third that is zero stands beside."""
    classes = max(len(trees.base), 3)
    empty = {"feature": [LEAF], "threshold": [0.0], "value": [0.0], "children_left": [-1], "children_right": [-1]}
    rows = [
        [_tree(*parts, lsb) for parts in zip(*group, strict=True)]
        + [{**empty, "weight": [[0] * len(lsb)]} for _ in range(classes - len(trees.base))]
        for group in zip(trees.feature, trees.threshold, trees.leaf, strict=True)
    ]
    return {
        "max_depth": trees.depth,
        "n_trees": len(rows),
        "n_classes": classes,
        "n_features": len(lsb),
        "feature_map": {f"input_{index}": index for index in range(len(lsb))},
        "init_predict": [*(float(value) for value in trees.base), *[0.0] * (classes - len(trees.base))],
        "norm": 1,
        "library": "codesign",
        "splitting_convention": "<",
        "trees": rows,
    }


def _tree(
    feature: NDArray[np.int32], threshold: NDArray[np.float32], leaf: NDArray[np.float32], lsb: NDArray[np.float64]
) -> dict[str, list[Any]]:
    """One tree as lists over its nodes, without those that decide nothing."""
    tree: dict[str, list[Any]] = {
        key: [] for key in ("feature", "threshold", "value", "children_left", "children_right", "weight")
    }

    def add(place: int) -> int:
        """Append a node with all below it; returns its number."""
        while place < len(feature) and threshold[place] == NEVER:
            place = 2 * place + 1
        number, is_leaf = len(tree["feature"]), place >= len(feature)
        compared = LEAF if is_leaf else int(feature[place])
        tree["feature"].append(compared)
        tree["threshold"].append(0.0 if is_leaf else float(threshold[place]) * float(lsb[compared]))
        tree["value"].append(float(leaf[place - len(feature)]) if is_leaf else 0.0)
        tree["weight"].append([int(index == compared) for index in range(len(lsb))])
        tree["children_left"].append(-1)
        tree["children_right"].append(-1)
        if not is_leaf:
            tree["children_left"][number] = add(2 * place + 1)
            tree["children_right"][number] = add(2 * place + 2)
        return number

    add(0)
    return tree


def _common_format(contract: InputContract) -> FixedPoint:
    """The smallest format that holds the network value of every input."""
    signed, integer, fractional = np.max([fmt.kif for fmt in contract.network_formats], axis=0)
    return FixedPoint.from_kif(bool(signed), int(integer), int(fractional))


def _score_format(trees: Trees) -> FixedPoint:
    """A format that holds every leaf, every sum of them, and the 1 that conifer multiplies with."""
    largest = np.abs(trees.leaf).max(axis=2).sum(axis=0) + np.abs(trees.base)
    lsb = min(lsb_of(trees.leaf), lsb_of(trees.base))
    integer = math.floor(math.log2(max(float(largest.max()), 1.0))) + 1
    return FixedPoint.from_kif(True, integer, max(0, -round(math.log2(lsb))))


def _type(fmt: FixedPoint) -> str:
    """The C++ type, whose rounding and overflow never act."""
    return f"ap_{'' if fmt.signed else 'u'}fixed<{fmt.width},{fmt.integer}>"


def _ap_types() -> Path:
    """Folder of the ap_types that hls4ml ships; conifer's wheel has none."""
    import hls4ml

    return Path(hls4ml.__file__).parent / "templates" / "vivado" / "ap_types"
