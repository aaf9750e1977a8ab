"""The quantisers every HGQ2 layer gets unless it asks for others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from codesign.config import QuantizationSection

# EBOPs weight at the start of the training; the schedule moves it (codesign.training.callbacks).
INITIAL_BETA = 1e-6


@contextmanager
def quantizer_scope(section: QuantizationSection) -> Iterator[None]:
    """Within the scope, HGQ2 layers get trainable widths that start where the configuration says.

    Weights saturate symmetrically. Activations wrap, which costs nothing; their ranges are learned from the training
    rows and from rows with saturated inputs (`codesign.training.fit`), so that none wraps in practice. Saturating
    activations are not used: hls4ml 1.3 narrows them by a rule that loses fractional bits of the largest value, and its
    C-simulation then differs from the network (found by ``codesign verify``).
    """
    from hgq.config import LayerConfigScope, QuantizerConfigScope

    with ExitStack() as stack:
        for scope in (
            QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="SAT_SYM"),
            QuantizerConfigScope(place="weight", q_type="kbi", b0=section.weight_bits),
            QuantizerConfigScope(
                place="datalane",
                default_q_type="kif",
                overflow_mode="WRAP",
                f0=section.activation_bits,
            ),
            LayerConfigScope(enable_ebops=True, beta0=INITIAL_BETA),
        ):
            stack.enter_context(scope)
        yield
