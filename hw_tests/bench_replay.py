"""cocotb bench that shows single vectors: each stands at the inputs until it has gone through all registers.

Reads the folder of ``bench_trigger_algorithm`` and besides, in ``registers.json``, names of registers of the network;
writes what each of them holds for every vector, and the output word, as binary text to ``replay.json``.
"""

import json

import cocotb
from bench_io import load_bench
from bench_player import Cycle, play, restart


@cocotb.test()
async def replay(dut):
    """Play every vector on its own."""
    bench = load_bench(dut, "replay")
    names = json.loads((bench.folder / "registers.json").read_text())
    scope = scope_with(dut, names[0]) if names else None
    await restart(dut, bench)
    seen = []
    for index in range(len(bench)):
        held = [Cycle(valid=0, word=bench.stimuli[index])] * (bench.latency_cycles + 2)
        observed = await play(dut, [bench.event(index), *held])
        registers = {name: str(getattr(scope, name).value) for name in names} if scope is not None else {}
        seen.append({"registers": registers, "output": observed[-1][1]})
    (bench.folder / "replay.json").write_text(json.dumps(seen, indent=1) + "\n")
    bench.record(vectors=len(bench))


def scope_with(handle, name):
    """The instance, at any depth, that has a signal of this name; None when there is none."""
    waiting = [handle]
    while waiting:
        instance = waiting.pop(0)
        if hasattr(instance, name):
            return instance
        waiting += [child for child in instance if isinstance(child, cocotb.handle.HierarchyObject)]
    return None
