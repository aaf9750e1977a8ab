"""The quantisers every HGQ2 layer gets unless it asks for others, by ``quantization.method``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace

from codesign.config import QuantizationSection
from codesign.errors import ConfigError, ModelError
from codesign.fixed_point import FixedPoint

# EBOPs weight at the start of the training; the schedule moves it (codesign.training.schedules).
INITIAL_BETA = 1e-6
# Numbers so wide that rounding them changes no decision: steps of 2**-14, weights up to 16.
WIDE_FRACTIONAL = 14
WIDE_INTEGER = 4


@contextmanager
def quantizer_scope(section: QuantizationSection) -> Iterator[None]:
    """Within the scope, HGQ2 layers get quantisers that start where the configuration says.

    Weights saturate symmetrically. Activations of trained widths wrap, which costs nothing; their ranges are learned
    from the training rows and from rows with saturated inputs (`codesign.training.fit`), so that none wraps in
    practice. Activations of given widths saturate symmetrically (``SAT_SYM``). Plain saturation (``SAT``) is not used:
    hls4ml 1.3 narrows it by a rule that loses fractional bits of the largest value, and its C-simulation then differs
    from the network (found by ``codesign verify``).

    Raises:
        ConfigError: a given quantiser is none, or not one of fixed widths.
    """
    from hgq.config import LayerConfigScope, QuantizerConfigScope

    weights, activations = _defaults(section)
    trained = section.method == "hgq"
    scopes: tuple[AbstractContextManager[object], ...] = (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="SAT_SYM"),
        QuantizerConfigScope(place=("weight", "bias"), **weights) if not trained else nullcontext(),
        QuantizerConfigScope(place="weight", q_type="kbi", b0=section.weight_bits) if trained else nullcontext(),
        QuantizerConfigScope(place="datalane", default_q_type="kif", **activations),
        LayerConfigScope(enable_ebops=True, beta0=INITIAL_BETA if trained else 0.0),
    )
    with ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(scope)
        yield


def _defaults(section: QuantizationSection) -> tuple[dict[str, object], dict[str, object]]:
    """Settings of weights and of activations; the numbers of given widths follow (`codesign.training.fixed_widths`)."""
    if section.method == "hgq":
        return {}, {"overflow_mode": "WRAP", "f0": section.activation_bits}
    no_cost: dict[str, object] = {"br": None, "ir": None, "fr": None}
    wide: dict[str, object] = {"b0": WIDE_INTEGER + WIDE_FRACTIONAL, "i0": WIDE_INTEGER, **no_cost}
    if section.method == "fixed":
        given = given_format(section.weights, "quantization.weights")
        weights: dict[str, object] = {**wide, "round_mode": given.rounding, "overflow_mode": given.overflow}
        return weights, {"overflow_mode": "SAT_SYM", "i0": WIDE_INTEGER, "f0": WIDE_FRACTIONAL, **no_cost}
    return wide, {"overflow_mode": "WRAP", "f0": WIDE_FRACTIONAL, **no_cost}


def given_format(text: str, key: str) -> FixedPoint:
    """The format a QKeras quantiser stands for.

    ``quantized_bits(bits, integer, symmetric, keep_negative, alpha)`` and ``quantized_relu(bits, integer)``, where
    ``integer`` does not count the sign. They round half to even and saturate; a signed one uses its most negative code
    unless it is symmetric.

    Args:
        text: the quantiser.
        key: its key in the configuration, for messages.

    Raises:
        ConfigError: the text is no such quantiser, or its scale depends on the data.
    """
    from codesign.models.importers.activation_formats import activation_format
    from codesign.models.importers.quantizer_specs import read_quantizer

    try:
        spec = read_quantizer(text, key)
        fmt = None
        if spec is not None and spec.name in ("quantized_bits", "quantized_relu"):
            fmt = activation_format(spec, key)
    except ModelError as error:
        raise ConfigError(str(error)) from None
    if spec is None or fmt is None or spec.parameters.get("alpha") not in (None, 1):
        raise ConfigError(
            f"{key}: expected quantized_bits(bits,integer) of at least 2 bits or quantized_relu(bits,integer), with "
            f"alpha=1 if it is stated, found {text!r}"
        )
    return replace(fmt, rounding="RND_CONV")
