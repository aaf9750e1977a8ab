"""HLS: a trained network as an hls4ml project with its bit-exact C-simulation."""

import contextlib
import ctypes
import io
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.firmware.compiled import CompiledProject
from codesign.firmware.hls_backends import HLS_BACKENDS, make_portable, require_complete
from codesign.fixed_point import FixedPoint
from codesign.naming import unknown_name
from codesign.run import digest, digest_files
from codesign.tools import require_tool

log = logging.getLogger(__name__)

PROJECT = "network"
KEYS = {"reuse_factor": "ReuseFactor", "strategy": "Strategy"}  # hls4ml's names
SMARTHLS = "$(SHLS_ROOT_DIR)"  # the place of SmartHLS in the makefiles of a Libero project
CONSTANT_KERNEL = "constant_kernel"  # marks an HLS layer whose kernel is no weight of the network


class HlsFirmware(CompiledProject):
    """The C-simulation of an hls4ml project, compiled with the ap_types that hls4ml ships."""

    def _compiled(self) -> Any:
        from hls4ml.utils.link import FilesystemModelGraph

        if not (self.path / "hls4ml_config.yml").is_file():
            raise FirmwareError(f"{self.path}: the HLS project is missing; generate the firmware again")
        project = FilesystemModelGraph(self.path)
        # The project stores the directory it was written to, which may have moved since, or be relative to another.
        project.config.config["OutputDir"] = str(self.path.resolve())
        stamp, wanted = self.path / "csim.digest", self._sources_digest()
        compiled = sorted((self.path / "firmware").glob(f"{PROJECT}-*.so"))
        if len(compiled) == 1 and stamp.is_file() and stamp.read_text() == wanted:
            project._top_function_lib = ctypes.cdll.LoadLibrary(str(compiled[0].resolve()))
        else:
            self._build(project)
            stamp.write_text(wanted)
        return project

    def _build(self, project: Any) -> None:
        require_tool("g++")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                project.compile()
        except Exception as error:
            raise FirmwareError(f"{self.path}: the C-simulation does not compile: {error}") from error

    def _sources_digest(self) -> str:
        """Digest of the C++ sources, and of the directory: the compiled code reads its weights from there."""
        sources = [path for path in self.path.rglob("*") if path.suffix in {".cpp", ".h", ".txt"}]
        return digest(str(self.path.resolve()), digest_files(sources, self.path))

    def _scores(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        values = np.ascontiguousarray(self.contract.to_network(integers))
        scores = np.asarray(self._code.predict(values), dtype=np.float64)
        return self.score_format.exact_int(scores.reshape(len(integers), -1))


def write_hls(
    model: Any,
    contract: InputContract,
    path: Path,
    *,
    backend: str,
    part: str,
    clock_period_ns: float,
    reuse_factor: int,
    io_type: str = "io_parallel",
    strategy: str = "latency",
    layers: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write the hls4ml project of a Keras model of HGQ2 layers.

    Args:
        model: the trained network.
        contract: formats of the inputs; the HLS input port holds every one of them exactly.
        path: project directory.
        backend: hls4ml back end.
        part: target part.
        clock_period_ns: target clock period.
        reuse_factor: how often a multiplier is reused; 1 = fully parallel.
        io_type: "io_parallel" or "io_stream".
        strategy: hls4ml strategy.
        layers: by layer name, ``reuse_factor`` and ``strategy`` where they are not those of all.

    Raises:
        FirmwareError: the back end cannot build a layer, or not as asked; a layer with weights is missing in the HLS
            code; the input port is too narrow; the project is incomplete.
    """
    input_format = _common_format(contract)
    everywhere = {"Precision": "fixed<16,6>", "ReuseFactor": reuse_factor, "Strategy": strategy}
    asked = {name: {KEYS[key]: value for key, value in layer.items()} for name, layer in (layers or {}).items()}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            graph = _convert(
                model,
                backend,
                io_type=io_type,
                output_dir=str(path),
                project_name=PROJECT,
                part=HLS_BACKENDS[backend].part or part,
                clock_period=clock_period_ns,
                hls_config={"Model": everywhere, "LayerName": asked},
                bit_exact=True,
            )
            _widen_input_port(graph, input_format)
            # The project needs no copy of the network, and the writer of oneAPI would put it into the folder of the
            # project that was written before it.
            graph.config.config.pop("KerasModel")
            path.mkdir(parents=True, exist_ok=True)  # the back end oneAPI expects it
            with _without_missing_script(graph, backend):
                graph.write()
        except Exception as error:  # hls4ml raises what comes first: AssertionError, KeyError, Exception
            raise FirmwareError(f"HLS project: {_refused(model, backend, io_type, error)}") from error
    log.debug("hls4ml: %s", printed.getvalue())
    _require_as_asked(graph, layers or {}, printed.getvalue())
    _require_all_layers(model, graph)
    _require_input_precision(path, input_format)
    make_portable(path, PROJECT)
    require_complete(path)


def _convert(model: Any, backend: str, **options: Any) -> Any:
    """hls4ml's graph of a network, with what this project adds to hls4ml."""
    import hls4ml

    from codesign.firmware import hls_layers, hls_quantizers, hls_saturation, hls_tables  # noqa: F401  register

    if backend == "Libero":
        options["smarthls_path"] = SMARTHLS  # else it looks for an installed one
    return hls4ml.converters.convert_from_keras_model(model, backend=backend, **options)


@contextlib.contextmanager
def _without_missing_script(graph: Any, backend: str) -> Iterator[None]:
    """Write a Libero project without ``build_lib.sh``, which hls4ml 1.3 does not install; SmartHLS needs none."""
    if backend != "Libero":
        yield
        return
    writer = graph.config.backend.writer
    write = writer.write_build_script

    def tolerant(model: Any) -> None:
        try:
            write(model)
        except FileNotFoundError as error:
            if "build_lib.sh" not in str(error):
                raise

    writer.write_build_script = tolerant
    try:
        yield
    finally:
        writer.write_build_script = write


def require_plain(backend: str, io_type: str, strategy: str, layers: Mapping[str, Any]) -> None:
    """Refuse what only hls4ml can, for networks that conifer writes.

    Raises:
        FirmwareError: another back end, interface or strategy is asked for.
    """
    if (backend, io_type, strategy) != ("Vitis", "io_parallel", "latency") or layers:
        raise FirmwareError(
            "HLS project: boosted trees become a conifer project for Vitis, fully unrolled; leave hls_backend, hls_io, "
            "strategy and layers out of the firmware table"
        )


def _refused(model: Any, backend: str, io_type: str, error: Exception) -> str:
    """What hls4ml could not do, with the layer that its message or its own records name."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    named = [layer.name for layer in model.layers if layer.name in text]
    where = f"layer {named[0]!r}" if named else "a layer of the network"
    return f"hls4ml cannot build {where} for {backend} with {io_type}: {text}"


def _require_as_asked(graph: Any, layers: Mapping[str, Mapping[str, Any]], printed: str) -> None:
    """Refuse a layer that hls4ml built in another way than asked: it would only print a warning."""
    nodes = {node.name: node for node in graph.get_layers() if "weight" in node.weights}
    for name, layer in layers.items():
        if name not in nodes:
            raise FirmwareError(f"firmware.layers: {unknown_name('layer with weights', name, nodes)}")
        for key, wanted in layer.items():
            found = nodes[name].get_attr(key)
            # "resource" has forms of its own, such as "resource_unrolled".
            if found != wanted and not (key == "strategy" and str(found).startswith(f"{wanted}_")):
                valid = re.search(rf'layer "{re.escape(name)}".*?Valid ReuseFactor\(s\): ([\d,]+)', printed)
                hint = f"; possible are {valid.group(1)}" if valid and key == "reuse_factor" else ""
                raise FirmwareError(f"firmware.layers.{name}.{key}: hls4ml makes {found!r} of {wanted!r}{hint}")


def _common_format(contract: InputContract) -> FixedPoint:
    """The smallest format that holds the network value of every input."""
    signed, integer, fractional = np.max([fmt.kif for fmt in contract.network_formats], axis=0)
    return FixedPoint.from_kif(bool(signed), int(integer), int(fractional))


def _widen_input_port(graph: Any, input_format: FixedPoint) -> None:
    """Give the input port the contract's format.

    hls4ml narrows the port to the bits that the first quantizer keeps, so that the firmware before it would have to
    round; with the contract's format the port takes the same integers as the RTL and the network rounds.
    """
    for variable in graph.get_input_variables():
        precision = variable.type.precision
        precision.width, precision.integer, precision.signed = (
            input_format.width,
            input_format.integer,
            input_format.signed,
        )


def _require_all_layers(model: Any, graph: Any) -> None:
    """Refuse a conversion that dropped a layer: every layer must reappear by name, every weight matrix by its size."""
    from hgq.layers.core.base import QLayerBase

    nodes = {node.name: node for node in graph.get_layers()}
    missing = [layer.name for layer in model.layers if isinstance(layer, QLayerBase) and layer.name not in nodes]
    if missing:
        raise FirmwareError(f"HLS project: the network's layers {', '.join(missing)} are missing in the HLS code")
    expected = sorted(int(np.prod(layer.kernel.shape)) for layer in model.layers if hasattr(layer, "kernel"))
    found = sorted(
        int(np.prod(node.weights["weight"].data.shape))
        for node in nodes.values()
        if "weight" in node.weights and not node.attributes.get(CONSTANT_KERNEL, False)
    )
    if expected != found:
        raise FirmwareError(f"HLS project: the network has weight matrices of {expected} entries, the HLS code {found}")


def _require_input_precision(path: Path, expected: FixedPoint) -> None:
    """Refuse an input port that would cut bits of the contract before the network sees them."""
    text = next(path.rglob("firmware/defines.h")).read_text()
    pattern = (
        r"typedef\s+(?:nnet::array<)?(?:hls::)?(a[pc]_u?)fix\w+<(\d+),\s*(-?\d+)(?:,\s*(\w+))?[^>]*>.*\s+input\w*_t;"
    )
    match = re.search(pattern, text)
    found = None
    if match:  # ac_fixed has its sign as an argument, ap_fixed in its name
        signed = match[4] == "true" if match[1].startswith("ac") else not match[1].endswith("u")
        found = FixedPoint(signed, int(match[2]), int(match[3]))
    if found is None or any(f < e for f, e in zip(found.kif, expected.kif, strict=True)):
        raise FirmwareError(f"HLS project: the input port is {found}, the input contract needs {expected}")
