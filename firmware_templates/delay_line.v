// The input, DEPTH clocks later.
`timescale 1 ns / 1 ps
`default_nettype none

module delay_line #(
    parameter integer WIDTH = 8,
    parameter integer DEPTH = 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] given,
    output wire [WIDTH-1:0] delayed
);

    genvar i;
    generate
        if (DEPTH == 0) begin : none
            assign delayed = given;
        end else begin : stages
            reg [WIDTH-1:0] stage [0:DEPTH-1];
            always @(posedge clk) stage[0] <= given;
            for (i = 1; i < DEPTH; i = i + 1) begin : shift
                always @(posedge clk) stage[i] <= stage[i-1];
            end
            assign delayed = stage[DEPTH-1];
        end
    endgenerate

endmodule

`default_nettype wire
