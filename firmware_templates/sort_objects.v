// Pipelined sorting network: objects in decreasing order of an unsigned key, equal keys in the order they came in.
//
// Merge exchange after Batcher (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M), for any number of objects:
// with T = ceil(log2 OBJECTS) it takes T (T + 1) / 2 layers of comparators. Such a network alone moves equal keys
// around, so every object carries the number of its place below the key, and no two objects compare as equal.
//
//   objects  OBJECTS items of ITEM bits, the first in the least significant bits
//   sorted   the KEPT first ones in order, ceil(layers / LAYERS_PER_REGISTER) clocks later
`timescale 1 ns / 1 ps
`default_nettype none

module sort_objects #(
    parameter integer OBJECTS = 4,
    parameter integer KEPT = 4,
    parameter integer ITEM = 16,
    parameter integer KEY_LOW = 0,
    parameter integer KEY_WIDTH = 8,
    parameter integer LAYERS_PER_REGISTER = 1
) (
    input  wire                    clk,
    input  wire [OBJECTS*ITEM-1:0] objects,
    output wire [KEPT*ITEM-1:0]    sorted
);

    localparam integer STEPS = $clog2(OBJECTS);
    localparam integer LAYERS = STEPS * (STEPS + 1) / 2;
    localparam integer PLACED = ITEM + STEPS;

    // Layer LAYER belongs to step s, 0 ≤ s < STEPS, and is the s (s + 1) / 2 + n-th, 0 ≤ n ≤ s.
    function integer step_of(input integer index);
        begin
            step_of = 0;
            while ((step_of + 1) * (step_of + 2) / 2 <= index)
                step_of = step_of + 1;
        end
    endfunction

    // The place stands inverted, so that of two equal keys the first one is the larger.
    wire [OBJECTS*PLACED-1:0] placed;
    genvar i, l;
    generate
        for (i = 0; i < OBJECTS; i = i + 1) begin : place
            localparam [STEPS-1:0] PLACE = i;
            assign placed[PLACED*i +: PLACED] = {~PLACE, objects[ITEM*i +: ITEM]};
        end
        for (l = 0; l < LAYERS; l = l + 1) begin : layer
            localparam integer STEP = step_of(l);
            localparam integer PASS = l - STEP * (STEP + 1) / 2;
            localparam integer P = 1 << (STEPS - 1 - STEP);
            localparam integer R = PASS == 0 ? 0 : P;
            localparam integer D = PASS == 0 ? P : (1 << (STEPS - PASS)) - P;
            wire [OBJECTS*PLACED-1:0] given;
            wire [OBJECTS*PLACED-1:0] ordered;
            wire [OBJECTS*PLACED-1:0] result;
            if (l == 0) begin : start
                assign given = placed;
            end else begin : follow
                assign given = layer[l-1].result;
            end
            for (i = 0; i < OBJECTS; i = i + 1) begin : lane
                if (i + D < OBJECTS && (i & P) == R) begin : compare
                    wire [PLACED-1:0] first = given[PLACED*i +: PLACED];
                    wire [PLACED-1:0] second = given[PLACED*(i+D) +: PLACED];
                    wire swap = {second[KEY_LOW +: KEY_WIDTH], second[ITEM +: STEPS]}
                                > {first[KEY_LOW +: KEY_WIDTH], first[ITEM +: STEPS]};
                    assign ordered[PLACED*i +: PLACED] = swap ? second : first;
                    assign ordered[PLACED*(i+D) +: PLACED] = swap ? first : second;
                end else if (i < D || ((i - D) & P) != R) begin : pass
                    assign ordered[PLACED*i +: PLACED] = given[PLACED*i +: PLACED];
                end
            end
            if ((l + 1) % LAYERS_PER_REGISTER == 0 || l == LAYERS - 1) begin : registered
                reg [OBJECTS*PLACED-1:0] held;
                always @(posedge clk) held <= ordered;
                assign result = held;
            end else begin : through
                assign result = ordered;
            end
        end
        for (i = 0; i < KEPT; i = i + 1) begin : keep
            assign sorted[ITEM*i +: ITEM] = layer[LAYERS-1].result[PLACED*i +: ITEM];
        end
    endgenerate

endmodule

`default_nettype wire
