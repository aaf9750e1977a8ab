"""Small adder graphs and their emulators, for several test files."""

import numpy as np

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.firmware import rtl
from codesign.firmware.emulator import Emulator, write_emulator

FORMATS = (
    InputFormat("a", "GeV", -3.0, 0.25, 8, integer=3),
    InputFormat("b", "", 0.0, 1.0, 6, integer=6),
    InputFormat("c", "", 0.0, 1.0, 5, signed=False, integer=2),
    InputFormat("d", "", 0.0, 1.0, 16, integer=4),
)
CONTRACT = InputContract(FORMATS)


def slots(block, count):
    """Formats of some objects with pt, eta and phi."""
    return [
        entry
        for slot in range(count)
        for entry in (
            InputFormat(f"{block}[{slot}].pt", "GeV", 0.0, 0.5, 10, signed=False, integer=3),
            InputFormat(f"{block}[{slot}].eta", "", 0.0, 0.0435, 8, integer=2),
            InputFormat(f"{block}[{slot}].phi", "rad", 0.0, 2 * np.pi / 144, 8, signed=False, period=144, integer=2),
        )
    ]


EVENT = InputContract(
    (InputFormat("met.pt", "GeV", 0.0, 0.5, 10, signed=False), *slots("jets", 4)), (ObjectSlots("jets", 1, 4, 3, 0),)
)


def graph_of(function, contract=CONTRACT):
    """The integer model of a function of the network values, traced, with sums of three as networks have them."""
    from alkaid.trace import FVArray, trace
    from alkaid.trace.passes import fuse_ternary_adders

    kif = np.array([fmt.kif for fmt in contract.network_formats]).T
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2], solver_options=rtl.SOLVER_OPTIONS)
    return rtl.IntegerModel(fuse_ternary_adders(trace(inputs, function(inputs))), contract)


def project_of(network, path, name="small", **more):
    names = more.get("classes") or [f"score {index}" for index in range(len(network.score_bits))]
    return write_emulator(path, network, network.contract, names, name)


def emulator_of(network, path):
    return Emulator(project_of(network, path).path, network.contract, network.score_format)


def corner_events(contract, count=2000):
    """Every input at its ends, alone and together, forced ends, zeros, and uniform integers."""
    random, (low, high) = np.random.default_rng(5), contract.extremes()
    uniform = random.integers(low, high, (count, len(low)), endpoint=True)
    ends = np.where(random.random(uniform.shape) < 0.5, low, high)
    forced = contract.saturate_some(uniform, count, random)
    zero = np.zeros_like(uniform[:1])
    return np.concatenate([np.stack([low, high]), np.diag(low), np.diag(high), zero, ends, forced, uniform])
