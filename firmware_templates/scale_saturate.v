// One field of an object word as the hardware integer of the input contract, combinational.
//
//     value = saturate(floor((raw * 2**UP + OFFSET) / 2**DOWN + 1/2))
//
// that is: offset subtracted, divided with rounding to nearest (halves upwards, as ap_fixed RND), and kept at the ends
// of the range. An angle of PERIOD counts per turn wraps around instead; PERIOD = 0 is any other quantity.
`timescale 1 ns / 1 ps
`default_nettype none

module scale_saturate #(
    parameter integer RAW_WIDTH = 8,
    parameter integer RAW_SIGNED = 0,
    parameter integer UP = 0,
    parameter integer OFFSET = 0,
    parameter integer DOWN = 0,
    parameter integer WIDTH = 8,
    parameter integer SIGNED = 0,
    parameter integer PERIOD = 0
) (
    input  wire [RAW_WIDTH-1:0] raw,
    output wire [WIDTH-1:0]     value
);

    // The ends of what can come: constants, so that only those comparisons are built that can ever be true.
    localparam integer RAW_LOW = RAW_SIGNED ? -(1 << (RAW_WIDTH - 1)) : 0;
    localparam integer RAW_HIGH = RAW_SIGNED ? (1 << (RAW_WIDTH - 1)) - 1 : (1 << RAW_WIDTH) - 1;
    localparam integer HALF = DOWN ? 1 << (DOWN - 1) : 0;
    localparam integer FIRST = (RAW_LOW * (1 << UP) + OFFSET + HALF) >>> DOWN;
    localparam integer LAST = (RAW_HIGH * (1 << UP) + OFFSET + HALF) >>> DOWN;
    localparam integer LOW = PERIOD ? (SIGNED ? -(PERIOD / 2) : 0) : SIGNED ? -(1 << (WIDTH - 1)) : 0;
    localparam integer HIGH = PERIOD ? LOW + PERIOD - 1 : SIGNED ? (1 << (WIDTH - 1)) - 1 : (1 << WIDTH) - 1;

    wire signed [31:0] extended;
    wire signed [31:0] moved = (extended <<< UP) + OFFSET + HALF;
    wire signed [31:0] rounded = moved >>> DOWN;
    wire signed [31:0] limited;

    assign extended = {{32 - RAW_WIDTH{RAW_SIGNED != 0 ? raw[RAW_WIDTH-1] : 1'b0}}, raw};
    assign value = limited[WIDTH-1:0];

    generate
        if (PERIOD == 0) begin : saturating
            wire below = FIRST < LOW && rounded < LOW;
            wire above = LAST > HIGH && rounded > HIGH;
            assign limited = below ? LOW : above ? HIGH : rounded;
        end else begin : wrapping
            // As many whole turns are added as make every angle positive; then 2**n turns are taken away where they fit.
            localparam integer ADDED = FIRST < LOW ? (LOW - FIRST + PERIOD - 1) / PERIOD : 0;
            localparam integer TURNS = (LAST - LOW) / PERIOD + ADDED;
            localparam integer STEPS = $clog2(TURNS + 1);
            genvar step;
            for (step = 0; step <= STEPS; step = step + 1) begin : turn
                wire signed [31:0] angle;
                if (step == 0) begin : start
                    assign angle = rounded + (ADDED * PERIOD - LOW);
                end else begin : take
                    localparam integer TAKEN = PERIOD << (STEPS - step);
                    assign angle = turn[step-1].angle >= TAKEN ? turn[step-1].angle - TAKEN : turn[step-1].angle;
                end
            end
            assign limited = turn[STEPS].angle + LOW;
        end
    endgenerate

endmodule

`default_nettype wire
