// A value of one fixed-point format as another one, combinational: ReLU if asked for, rounding, overflow.
//
//   ROUNDING  0 TRN (towards minus infinity), 1 RND (halves upwards), 2 RND_CONV (halves to even)
//   OVERFLOW  0 WRAP, 1 SAT, 2 SAT_SYM (without the most negative value)
//   UP, DOWN  bits that the binary point moves; one of them is 0
`timescale 1 ns / 1 ps
`default_nettype none

module requantize #(
    parameter integer IN_WIDTH = 8,
    parameter integer IN_SIGNED = 1,
    parameter integer OUT_WIDTH = 8,
    parameter integer OUT_SIGNED = 1,
    parameter integer UP = 0,
    parameter integer DOWN = 0,
    parameter integer RELU = 0,
    parameter integer ROUNDING = 1,
    parameter integer OVERFLOW = 1
) (
    input  wire [IN_WIDTH-1:0]  given,
    output wire [OUT_WIDTH-1:0] made
);

    localparam integer WIDE = (IN_WIDTH + UP > OUT_WIDTH + DOWN ? IN_WIDTH + UP : OUT_WIDTH + DOWN) + 3;
    localparam signed [WIDE-1:0] ONE = 1;
    localparam signed [WIDE-1:0] HIGH = (ONE <<< (OUT_WIDTH - (OUT_SIGNED != 0 ? 1 : 0))) - ONE;
    localparam signed [WIDE-1:0] LOW = OUT_SIGNED == 0 ? ONE - ONE : OVERFLOW == 2 ? -HIGH : -HIGH - ONE;

    wire sign = IN_SIGNED != 0 ? given[IN_WIDTH-1] : 1'b0;
    wire signed [WIDE-1:0] extended = {{WIDE - IN_WIDTH{sign}}, given};
    wire signed [WIDE-1:0] cut = RELU != 0 && sign ? {WIDE{1'b0}} : extended;
    wire signed [WIDE-1:0] moved = (cut <<< UP);
    wire signed [WIDE-1:0] rounded;

    generate
        if (DOWN == 0 || ROUNDING == 0) begin : truncated
            assign rounded = moved >>> DOWN;
        end else begin : nearest
            // Halves to even: a half is added where the result would be odd, else a little less than a half.
            localparam signed [WIDE-1:0] HALF = ONE <<< (DOWN - 1);
            wire up = ROUNDING == 1 || moved[DOWN];
            wire signed [WIDE-1:0] added = up ? HALF : HALF - ONE;
            wire signed [WIDE-1:0] sum = moved + added;
            assign rounded = sum >>> DOWN;
        end
    endgenerate

    wire below = OVERFLOW != 0 && rounded < LOW;
    wire above = OVERFLOW != 0 && rounded > HIGH;
    assign made = below ? LOW[OUT_WIDTH-1:0] : above ? HIGH[OUT_WIDTH-1:0] : rounded[OUT_WIDTH-1:0];

endmodule

`default_nettype wire
