// The trigger algorithm with weights in registers: the ports of trigger_algorithm, and a port that writes the registers.
//
//   write_enable, write_address, write_data   one register on every clock; firmware.json lists the addresses
//
// A reset clears the events in flight and leaves the weights as they are. At power-up they are the trained ones.
`timescale 1 ns / 1 ps
`default_nettype none

module reloadable_algorithm #(
    `include "reloadable_parameters.vh"
) (
    input  wire                      clk,
    input  wire                      reset,
    input  wire                      write_enable,
    input  wire [ADDRESS_BITS-1:0]   write_address,
    input  wire [DATA_BITS-1:0]      write_data,
    input  wire                      in_valid,
    input  wire [INPUT_BITS-1:0]     in_data,
    output wire                      out_valid,
    output wire [OUTPUT_BITS-1:0]    out_data
);

    reg [LATENCY-1:0] valid_chain;

    always @(posedge clk) begin
        if (reset)
            valid_chain <= {LATENCY{1'b0}};
        else
            valid_chain <= (valid_chain << 1) | {{LATENCY-1{1'b0}}, in_valid};
    end

    assign out_valid = valid_chain[LATENCY-1];

    reloadable_network network (
        .clk           (clk),
        .write_enable  (write_enable),
        .write_address (write_address),
        .write_data    (write_data),
        .inputs        (in_data),
        .scores        (out_data)
    );

endmodule

`default_nettype wire
