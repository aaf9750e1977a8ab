"""Quantisers in HLS where hls4ml 1.3 has none: for Catapult and Libero, and for streams. Importing registers them.

hls4ml writes a quantiser as a C++ function with one line per value, for arrays of Vivado, Vitis and oneAPI only.
"""

from typing import Any

import numpy as np
from hls4ml.backends.fpga.passes.hgq_proxy_model import ProcessFixedPointQuantizerLayer
from hls4ml.model.optimizer.optimizer import optimizer_map
from hls4ml.model.types import Source

ARRAYS = ("vivado", "vitis", "oneapi", "quartus")  # back ends whose functions on arrays hls4ml writes itself
TYPES = {
    "vivado": "ap_{u}fixed<{bits},{integer},AP_{rounding},AP_{overflow}>",
    "vitis": "ap_{u}fixed<{bits},{integer},AP_{rounding},AP_{overflow}>",
    "libero": "hls::ap_{u}fixpt<{bits},{integer},AP_{rounding},AP_{overflow}>",
    "catapult": "ac_fixed<{bits},{integer},{signed},AC_{rounding},AC_{overflow}>",
}
STREAMS = {"vivado": "hls::stream", "vitis": "hls::stream", "catapult": "ac_channel"}
ARRAY_FUNCTION = """
template<typename input_t, typename output_t>
void {name}(input_t *inp, output_t *out) {{
{lines}
}}
"""
STREAM_FUNCTION = """
template<typename input_t, typename output_t>
void {name}({stream}<input_t> &inp, {stream}<output_t> &out) {{
    for (unsigned step = 0; step < {steps}; step++) {{
        input_t given = inp.read();
        output_t made;
{lines}
        out.write(made);
    }}
}}
"""


class QuantizerFunction(ProcessFixedPointQuantizerLayer):  # type: ignore[misc]
    """Writes the C++ function of a quantiser."""

    def transform(self, model: Any, node: Any) -> None:
        """Write the function.

        Raises:
            NotImplementedError: the back end has no type for it, or the formats of a stream change from word to word.
        """
        backend, streams = model.config.config["Backend"].lower(), model.config.config["IOType"] == "io_stream"
        if backend in ARRAYS and not streams:
            return super().transform(model, node)  # type: ignore[no-any-return]
        if backend not in (STREAMS if streams else TYPES):
            raise NotImplementedError(
                f"layer {node.name}: no quantiser for {backend} with {'' if streams else 'no '}streams"
            )
        shape = tuple(node.get_input_variable().shape)
        formats = [np.broadcast_to(part[0], shape).reshape(-1, shape[-1]) for part in node.mask_kbi]
        if streams:
            if any((part != part[:1]).any() for part in formats):
                raise NotImplementedError(f"layer {node.name}: its formats differ from word to word of the stream")
            text = _stream(node, backend, [part[0] for part in formats], len(formats[0]))
        else:
            text = _array(node, backend, [part.ravel() for part in formats])
        node.set_attr("mask_fn_codegen", Source(text))
        return None


def _array(node: Any, backend: str, formats: list[Any]) -> str:
    lines = [
        f"    out[{i}] = {_value(node, backend, kbi, f'inp[{i}]')};" for i, kbi in enumerate(zip(*formats, strict=True))
    ]
    return ARRAY_FUNCTION.format(name=node.name, lines="\n".join(lines))


def _stream(node: Any, backend: str, formats: list[Any], steps: int) -> str:
    lines = [
        f"        made[{i}] = {_value(node, backend, kbi, f'given[{i}]')};"
        for i, kbi in enumerate(zip(*formats, strict=True))
    ]
    return STREAM_FUNCTION.format(name=node.name, stream=STREAMS[backend], steps=steps, lines="\n".join(lines))


def _value(node: Any, backend: str, kbi: tuple[Any, Any, Any], given: str) -> str:
    keep, bits, integer = (int(part) for part in kbi)
    if bits <= 0:
        return "0"
    signed = {"u": "" if keep else "u", "signed": "true" if keep else "false"}
    made = TYPES[backend].format(bits=bits, integer=integer, rounding=node.RND, overflow=node.SAT, **signed)
    return f"{made}({given})"


for name in [key for key in optimizer_map if key.endswith("process_fixed_point_quantizer_layer")]:
    optimizer_map[name] = QuantizerFunction()
