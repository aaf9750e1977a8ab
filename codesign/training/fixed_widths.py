"""Given widths: every quantiser gets the format that the configuration states, and keeps it."""

from dataclasses import replace

from codesign.config import LayerQuantization, QuantizationSection
from codesign.errors import ConfigError
from codesign.fixed_point import FixedPoint
from codesign.models.network import Network
from codesign.models.quantizers import given_format
from codesign.training.widths import Width, freeze, layer_settings, refuse_keys, set_format, widths


def fix_widths(network: Network, section: QuantizationSection) -> None:
    """Set all widths as configured and freeze them.

    Weights are exactly those of QKeras. Activations round half up in place of half to even and saturate symmetrically,
    which differs from QKeras on exact ties and in the most negative code: only so are hls4ml and alkaid exact.

    Args:
        network: a network that was built for the method "fixed".
        section: the configuration.

    Raises:
        ConfigError: a layer is unknown, a quantiser is not of fixed widths, or one layer's weights are symmetric and
            another's are not.
    """
    refuse_keys(section, ("weight_bits", "activation_bits"), ("weights", "biases", "activations"))
    settings = layer_settings(network, section)
    symmetry = given_format(section.weights, "quantization.weights").overflow
    for width in widths(network):
        fmt = _format(width, section, settings[width.layer.name])
        if width.place != "datalane" and (not fmt.signed or fmt.overflow != symmetry):
            raise ConfigError(
                f"quantization.layers.{width.layer.name}: weights and biases must all be quantized_bits with one "
                f"setting of symmetric, that of quantization.weights = {section.weights!r}"
            )
        set_format(width.quantizer, *fmt.kif)
    freeze(network)


def _format(width: Width, section: QuantizationSection, layer: LayerQuantization) -> FixedPoint:
    """The format that the most specific key states."""
    common, own = "quantization", f"quantization.layers.{width.layer.name}"
    weights = [(f"{own}.weights", layer.weights), (f"{common}.weights", section.weights)]
    biases = [(f"{own}.biases", layer.biases), (f"{common}.biases", section.biases)]
    entering = "inputs" if width.reads_inputs else "activations"
    activations = [(f"{own}.activations", layer.activations), (f"{common}.{entering}", getattr(section, entering))]
    stated = {"weight": weights, "bias": biases + weights, "datalane": activations}[width.place]
    key, text = next((key, text) for key, text in stated if text is not None)
    fmt = given_format(text, key)
    return replace(fmt, rounding="RND", overflow="SAT_SYM") if width.place == "datalane" else fmt
