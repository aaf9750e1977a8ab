// Delays a word by DEPTH clocks, 0 included. Without reset: what it carries is looked at beside a valid only.
`timescale 1 ns / 1 ps
`default_nettype none

module delay_line #(
    parameter WIDTH = 1,
    parameter DEPTH = 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] in_data,
    output wire [WIDTH-1:0] out_data
);

    generate
        if (DEPTH == 0) begin : none
            assign out_data = in_data;
        end else begin : stages
            reg [WIDTH*DEPTH-1:0] chain;
            wire [WIDTH*(DEPTH+1)-1:0] longer = {chain, in_data};

            always @(posedge clk) chain <= longer[WIDTH*DEPTH-1:0];

            assign out_data = chain[WIDTH*DEPTH-1 -: WIDTH];
        end
    endgenerate

endmodule

`default_nettype wire
