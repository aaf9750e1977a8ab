"""cocotb bench of ``reloadable_algorithm``: other weights are written between events, without a reset.

Besides the files of `bench_trigger_algorithm` it reads from the folder ``CODESIGN_BENCH_DIR``

    registers.hex          contents of the registers, one per address, first of the trained weights, then of the others
    response_reloaded.hex  the output word that the network with the other weights gives for each line of the stimulus
"""

import cocotb
from bench_io import load_bench, read_words
from bench_player import check, idle, play, restart
from cocotb.triggers import FallingEdge

EVENTS = 200  # at most, with each set of weights


async def write(dut, words):
    """Write all registers, one per clock, in the order of the addresses."""
    for address, word in enumerate(words):
        await FallingEdge(dut.clk)
        dut.write_enable.value = 1
        dut.write_address.value = address
        dut.write_data.value = word
    await FallingEdge(dut.clk)
    dut.write_enable.value = 0
    # Neither may change anything while write_enable is low.
    dut.write_address.value = 0
    dut.write_data.value = words[0] ^ 1


@cocotb.test()
async def reload(dut):
    """Trained weights, other weights, trained weights again: every score is that of the weights in the registers."""
    bench = load_bench(dut, "reload")
    dut.write_enable.value = 0
    await restart(dut, bench)
    words = [int(line, 16) for line in (bench.folder / "registers.hex").read_text().split()]
    trained, others = words[: len(words) // 2], words[len(words) // 2 :]
    reloaded = read_words(bench.folder / "response_reloaded.hex", len(dut.out_data))
    chosen = bench.random.sample(range(len(bench)), min(EVENTS, len(bench)))
    differing = sum(reloaded[index] != bench.responses[index] for index in chosen)
    assert differing > 0, "the other weights give the same scores: a reload could not be seen"
    vectors = 0
    for registers, responses in ((None, bench.responses), (others, reloaded), (trained, bench.responses)):
        if registers is not None:
            await write(dut, registers)
        cycles = [bench.event(index)._replace(response=responses[index]) for index in chosen]
        cycles += idle(bench.latency_cycles + 2)
        check(bench, cycles, await play(dut, cycles))
        vectors += len(chosen)
    bench.record(vectors=vectors)
