// Counts clocks with count high, and stops at its largest value. A clear and a count in the same clock leave 1: nothing
// is lost between two periods of counting.
`timescale 1 ns / 1 ps
`default_nettype none

module saturating_counter #(
    parameter WIDTH = 32,
    parameter TMR = 0
) (
    input  wire             clk,
    input  wire             reset,
    input  wire             clear,
    input  wire             count,
    output wire [WIDTH-1:0] value,
    output wire             upset
);

    // One addition, so that a bit of it is one look-up table.
    wire step = count & (clear | ~&value);
    wire [WIDTH-1:0] base = value & {WIDTH{!clear}};
    wire [WIDTH-1:0] following = base + {{WIDTH-1{1'b0}}, step};

    voted_register #(.WIDTH(WIDTH), .TMR(TMR)) total (
        .clk(clk), .reset(reset), .next_value(following), .value(value), .upset(upset)
    );

endmodule

`default_nettype wire
