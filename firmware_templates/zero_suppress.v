// Register of one object: all its integers are zero where its order field says that the slot is empty.
`timescale 1 ns / 1 ps
`default_nettype none

module zero_suppress #(
    parameter integer ITEM = 8,
    parameter integer ORDER_WIDTH = 8,
    parameter integer ORDER_SIGNED = 0,
    parameter integer EMPTY_AT_MOST = 0
) (
    input  wire                   clk,
    input  wire [ORDER_WIDTH-1:0] order,
    input  wire [ITEM-1:0]        item,
    output reg  [ITEM-1:0]        object
);

    wire signed [31:0] extended = {{32 - ORDER_WIDTH{ORDER_SIGNED != 0 ? order[ORDER_WIDTH-1] : 1'b0}}, order};

    always @(posedge clk)
        object <= extended <= EMPTY_AT_MOST ? {ITEM{1'b0}} : item;

endmodule

`default_nettype wire
