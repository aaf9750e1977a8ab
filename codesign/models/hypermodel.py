"""A network that a user's ``keras_tuner.HyperModel`` builds, as one architecture among the others."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from pydantic import Field

from codesign.errors import ConfigError
from codesign.models.backend import import_keras
from codesign.models.network import Architecture, Network, Request, classifier
from codesign.models.quantizers import quantizer_scope
from codesign.naming import unknown_name
from codesign.sections import Section


class Options(Section):
    """Keys of the ``model`` table.

    Attributes:
        file: Python file of the class.
        name: class in it, a ``keras_tuner.HyperModel``.
        values: value of every hyperparameter by its name; one that is missing has its default.
        sha256: of the file, so that results are not mixed with those of another one; empty accepts any.
    """

    file: str
    name: str
    values: dict[str, Any] = Field(default_factory=dict)
    sha256: str = ""


def load_hypermodel(file: Path, name: str) -> Any:
    """An instance of a user's class.

    Raises:
        ConfigError: keras-tuner or the file is missing, or holds no such class.
    """
    try:
        import keras_tuner  # type: ignore[import-untyped]
    except ImportError as error:
        raise ConfigError(
            f"model.file: a HyperModel needs keras-tuner ({error}): pip install 'codesign[scan]'"
        ) from None
    spec = importlib.util.spec_from_file_location(f"codesign_hypermodel_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ConfigError(f"model.file: {file}: expected a Python file with the class {name!r}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's file raises
        raise ConfigError(f"model.file: {file}: {type(error).__name__}: {error}") from error
    found = {key: value for key, value in vars(module).items() if isinstance(value, type)}
    models = [key for key, value in found.items() if issubclass(value, keras_tuner.HyperModel)]
    if name not in models:
        raise ConfigError(f"model.name: {unknown_name('HyperModel', name, models)} (in {file})")
    return found[name]()


def build(request: Request) -> Network:
    """Build the user's network with the chosen values, inside the configured quantiser scope."""
    keras = import_keras()
    options: Options = request.options
    file = Path(options.file)
    if options.sha256 and file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() != options.sha256:
        raise ConfigError(f"model.file: {file} was changed since the scan began; choose another name for a new scan")
    hypermodel = load_hypermodel(file, options.name)
    import keras_tuner

    parameters = keras_tuner.HyperParameters()
    parameters.values = dict(options.values)
    with quantizer_scope(request.quantization):
        model = hypermodel.build(parameters)
    _require_firmware(model, keras, request, options.name)
    return classifier(model.inputs[0], model.outputs[0], "hypermodel")


def _require_firmware(model: Any, keras: Any, request: Request, name: str) -> None:
    """Refuse a model that could not become firmware.

    Raises:
        ConfigError: says what it must be.
    """
    must = (
        f"a HyperModel whose build() returns a keras.Model from shape (None, {len(request.contract.inputs)}) to "
        f"logits of shape (None, {request.outputs}), of HGQ2 layers"
    )
    if not isinstance(model, keras.Model) or not model.built:
        raise ConfigError(f"model.name: {name}: expected {must}; got {type(model).__name__}, or one without Input")
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, len(request.contract.inputs)), (None, request.outputs)]:
        raise ConfigError(f"model.name: {name}: expected {must}; got the shapes {shapes}")
    plain = [layer.name for layer in model.layers if layer.weights and not hasattr(layer, "enable_ebops")]
    if plain:
        raise ConfigError(f"model.name: {name}: expected {must}; not of HGQ2: {', '.join(plain)} (use QDense, ...)")
    last = getattr(getattr(model.layers[-1], "activation", None), "__name__", "linear")
    if last != "linear":
        raise ConfigError(f"model.name: {name}: expected {must}; the last layer has the activation {last!r}")


HYPERMODEL = Architecture("classification", Options, build)
