"""QKeras quantisers as they stand in a file: a call in text, ``quantized_bits(6,0,alpha=1)``, or a dictionary.

Nothing is evaluated: the text is parsed, and its arguments may only be constants. Names, order and defaults of the
parameters are those of QKeras 0.9 (github.com/google/qkeras, ``qkeras/quantizers.py``) and of ``quantized_linear``,
which came later.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from codesign.errors import ModelError
from codesign.naming import unknown_name

_BITS = {"bits": 8, "integer": 0}
_NOISE = {"qnoise_factor": 1.0, "var_name": None, "use_ste": True, "use_variables": False}
_PO2_END = {"use_stochastic_rounding": False, "quadratic_approximation": False, "log2_rounding": "rnd", **_NOISE}

SIGNATURES: dict[str, dict[str, Any]] = {
    "quantized_bits": {
        **_BITS,
        "symmetric": 0,
        "keep_negative": True,
        "alpha": None,
        "use_stochastic_rounding": False,
        "scale_axis": None,
        **_NOISE,
    },
    "quantized_linear": {
        **_BITS,
        "symmetric": 1,
        "keep_negative": True,
        "alpha": None,
        "use_stochastic_rounding": False,
        "scale_axis": None,
        "qnoise_factor": 1.0,
        "var_name": None,
        "use_variables": False,
    },
    "quantized_relu": {
        **_BITS,
        "use_sigmoid": 0,
        "negative_slope": 0.0,
        "use_stochastic_rounding": False,
        "relu_upper_bound": None,
        "is_quantized_clip": True,
        **_NOISE,
    },
    "quantized_tanh": {"bits": 8, "use_stochastic_rounding": False, "symmetric": False, "use_real_tanh": False},
    "quantized_sigmoid": {"bits": 8, "symmetric": False, "use_real_sigmoid": False, "use_stochastic_rounding": False},
    "ternary": {"alpha": None, "threshold": None, "use_stochastic_rounding": False, "number_of_unrolls": 5},
    "stochastic_ternary": {
        "alpha": None,
        "threshold": None,
        "temperature": 8.0,
        "use_real_sigmoid": True,
        "number_of_unrolls": 5,
    },
    "binary": {"use_01": False, "alpha": None, "use_stochastic_rounding": False},
    "stochastic_binary": {"alpha": None, "temperature": 6.0, "use_real_sigmoid": True},
    "quantized_po2": {"bits": 8, "max_value": None, **_PO2_END},
    "quantized_relu_po2": {"bits": 8, "max_value": None, "negative_slope": 0, **_PO2_END},
}
PLAIN_ACTIVATIONS = ("relu", "softmax", "sigmoid", "tanh")  # Keras' own, without a format


@dataclass(frozen=True)
class QuantizerSpec:
    """A quantiser, or an activation function of Keras.

    Attributes:
        name: its class in QKeras, or the function in Keras.
        parameters: all parameters of the quantiser, defaults included; empty for a function.
    """

    name: str
    parameters: Mapping[str, Any]

    def __getitem__(self, parameter: str) -> Any:
        return self.parameters[parameter]

    def __str__(self) -> str:
        defaults = SIGNATURES.get(self.name, {})
        first = [str(self[key]) for key in ("bits", "integer") if key in defaults]
        rest = [
            f"{key}={value!r}"
            for key, value in self.parameters.items()
            if key not in ("bits", "integer") and value != defaults[key]
        ]
        return f"{self.name}({','.join((*first, *rest))})" if defaults else self.name


def read_quantizer(source: object, where: str) -> QuantizerSpec | None:
    """Read a quantiser from the configuration of a layer.

    Args:
        source: text, dictionary with ``class_name`` and ``config``, or ``None``.
        where: the layer and what the quantiser is for, for messages.

    Returns:
        The quantiser; ``None`` if there is none.

    Raises:
        ModelError: the quantiser or a parameter is unknown or has an impossible value.
    """
    if source is None or source == "linear":
        return None
    if isinstance(source, str):
        name, positional, named = _parse_call(source, where)
    elif _is_object(source):
        name, positional, named = source["class_name"], [], source.get("config") or {}
    else:
        raise ModelError(f"{where}: expected a quantiser such as 'quantized_bits(6,0,alpha=1)', found {source!r}")
    if name in PLAIN_ACTIVATIONS and not positional and not named:
        return QuantizerSpec(name, {})
    if name not in SIGNATURES:
        known = (*SIGNATURES, *PLAIN_ACTIVATIONS)
        raise ModelError(f"{where}: {unknown_name('quantizer or activation', name, known)}")
    return _checked(QuantizerSpec(name, _bind(name, positional, named, where)), where)


def _is_object(source: Any) -> TypeGuard[dict[str, Any]]:
    """Whether this is an object as Keras serialises it."""
    return (
        isinstance(source, dict)
        and isinstance(source.get("class_name"), str)
        and isinstance(source.get("config") or {}, dict)
    )


def _parse_call(text: str, where: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Name, positional and named arguments of a call such as ``quantized_relu(6,2)``; a bare name has none."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, [], {}
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
            named = {str(entry.arg): ast.literal_eval(entry.value) for entry in tree.keywords}
            return tree.func.id, [ast.literal_eval(entry) for entry in tree.args], named
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass  # the same message as for every other text
    raise ModelError(f"{where}: expected a quantiser such as 'quantized_bits(6,0,alpha=1)', found {text[:80]!r}")


def _bind(name: str, positional: list[Any], named: Mapping[str, Any], where: str) -> dict[str, Any]:
    defaults = SIGNATURES[name]
    if len(positional) > len(defaults):
        raise ModelError(f"{where}: {name} takes at most {len(defaults)} arguments, found {len(positional)}")
    for key in named:
        if key not in defaults:
            raise ModelError(f"{where}: {name}: {unknown_name('parameter', key, defaults)}")
    given = {**dict(zip(defaults, positional, strict=False)), **named}
    return {**defaults, **{key: _plain(value) for key, value in given.items()}}


def _plain(value: Any) -> Any:
    """The list inside an array as Keras 2 serialises it."""
    if _is_object(value) and value["class_name"] in ("__numpy__", "__tensor__"):
        return value.get("config", {}).get("value")
    return value


def _checked(spec: QuantizerSpec, where: str) -> QuantizerSpec:
    """Refuse values with which QKeras itself could not work, and partial quantisation."""
    parameters, what = spec.parameters, f"{where}: {spec.name}"
    if not _is_whole(parameters.get("bits", 1), 1, 32) or not _is_whole(parameters.get("integer", 0), -32, 32):
        raise ModelError(f"{what}: expected 1 to 32 bits and a whole number of integer bits, found {spec}")
    if parameters.get("qnoise_factor", 1.0) != 1.0:
        raise ModelError(f"{what}: qnoise_factor is {spec['qnoise_factor']}, so values are only partly quantised")
    if parameters.get("scale_axis") is not None:
        raise ModelError(
            f"{what}: scale_axis={spec['scale_axis']!r} is not supported, only one scale per output channel"
        )
    alpha = parameters.get("alpha")
    if isinstance(alpha, str) and alpha not in ("auto", "auto_po2"):
        raise ModelError(f"{what}: expected alpha to be a number, None, 'auto' or 'auto_po2', found {alpha!r}")
    if isinstance(alpha, list) and not all(_is_number(entry) for entry in _flat(alpha)):
        raise ModelError(f"{what}: expected alpha to hold numbers, found {alpha!r}")
    if alpha is not None and not isinstance(alpha, (str, list)) and not _is_number(alpha):
        raise ModelError(f"{what}: expected alpha to be a number, found {alpha!r}")
    for key in ("threshold", "max_value", "relu_upper_bound", "negative_slope"):
        if parameters.get(key) is not None and not _is_number(parameters[key]):
            raise ModelError(f"{what}: expected {key} to be a number, found {parameters[key]!r}")
    if not _is_whole(parameters.get("number_of_unrolls", 1), 1, 1000):
        raise ModelError(f"{what}: expected number_of_unrolls to be 1 or more, found {spec['number_of_unrolls']!r}")
    return spec


def _flat(values: list[Any]) -> list[Any]:
    return [entry for value in values for entry in (_flat(value) if isinstance(value, list) else [value])]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, (int, float)) and float(value).is_integer() and low <= value <= high
