// A network that gives its input back as scores, for the tests of the decision behind it: any score can be asked for.
`timescale 1 ns / 1 ps
`default_nettype none

module trigger_algorithm #(
    `include "trigger_parameters.vh"
) (
    input  wire                    clk,
    input  wire                    reset,
    input  wire                    in_valid,
    input  wire [INPUT_BITS-1:0]   in_data,
    output wire                    out_valid,
    output wire [OUTPUT_BITS-1:0]  out_data
);

    reg [LATENCY-1:0] valid_chain;
    reg [LATENCY*INPUT_BITS-1:0] data_chain;

    always @(posedge clk) begin
        valid_chain <= reset ? {LATENCY{1'b0}} : {valid_chain, in_valid};
        data_chain <= {data_chain, in_data};
    end

    assign out_valid = valid_chain[LATENCY-1];
    assign out_data = data_chain[LATENCY*INPUT_BITS-1 -: OUTPUT_BITS];

endmodule

`default_nettype wire
