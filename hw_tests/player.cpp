// Plays recorded clocks into a compiled design and says at which clock the outputs first differ from what was due.
//
//   player TRACE FIRST...     one run for every number: of a planted fault, or 0 for the design as it is
//
// prints "NUMBER CLOCK" per run, CLOCK -1 when nothing differed. TRACE is binary: the number of clocks, of input bytes
// and of output bytes (32 bits each), then for every clock the inputs, the outputs due before the rising edge that
// samples these inputs, and a mask of the output bits that are judged. Bits as in the ports of module player, lowest
// byte first; on a little-endian machine that is also how Verilator keeps a port.
#include "Vplayer.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace {

struct Trace {
    std::vector<char> bytes;
    uint32_t clocks = 0, inputs = 0, outputs = 0;

    explicit Trace(const char *path) {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        uint32_t head[3] = {0, 0, 0};
        if (bytes.size() >= sizeof head)
            std::memcpy(head, bytes.data(), sizeof head);
        clocks = head[0], inputs = head[1], outputs = head[2];
        if (clocks == 0 || bytes.size() != sizeof head + size_t(clocks) * record()) {
            std::fprintf(stderr, "%s: not a trace, or cut short\n", path);
            std::exit(2);
        }
    }
    size_t record() const { return inputs + 2 * size_t(outputs); }
    const char *at(uint32_t clock) const { return bytes.data() + 12 + clock * record(); }
};

long first_difference(const Trace &trace, uint32_t number) {
    VerilatedContext context;
    const auto design = std::make_unique<Vplayer>(&context);
    if (sizeof design->stimulus < trace.inputs || sizeof design->response < trace.outputs) {
        std::fprintf(stderr, "the trace is wider than the ports\n");
        std::exit(2);
    }
    design->mutant = number;
    for (uint32_t clock = 0; clock < trace.clocks; ++clock) {
        const char *inputs = trace.at(clock), *due = inputs + trace.inputs, *mask = due + trace.outputs;
        const char *found = reinterpret_cast<const char *>(&design->response);
        for (uint32_t byte = 0; byte < trace.outputs; ++byte)
            if ((found[byte] ^ due[byte]) & mask[byte])
                return clock;
        std::memcpy(&design->stimulus, inputs, trace.inputs);
        design->clk = 0;
        design->eval();
        design->clk = 1;
        design->eval();
    }
    return -1;
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: player TRACE NUMBER...\n");
        return 2;
    }
    const Trace trace(argv[1]);
    for (int argument = 2; argument < argc; ++argument) {
        const uint32_t number = uint32_t(std::strtoul(argv[argument], nullptr, 10));
        std::printf("%u %ld\n", number, first_difference(trace, number));
        std::fflush(stdout);
    }
    return 0;
}
