// Trigger algorithm wrapper: one event per clock in, class scores out, LATENCY clocks later.
//
//   clk        algorithm clock, rising edge
//   reset      synchronous, active high; events in flight are dropped
//   in_valid   in_data carries an event
//   in_data    hardware integers of the input contract, packed without gaps, input 0 in the least significant bits
//   out_valid  high exactly LATENCY clocks after in_valid
//   out_data   class scores, SCORE_WIDTH bits each, signed, one common binary point, class 0 in the least significant
//              bits; meaningful only while out_valid is high
//
// The data path needs no reset: it is a pipeline without feedback, so a dropped event can never reach a later one.
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

    // The first register of the chain is set by the edge that samples in_data, the last one by the edge that sets the
    // network's output register, so both leave together. A reset clears every event in flight at once.
    reg [LATENCY-1:0] valid_chain;

    always @(posedge clk) begin
        if (reset)
            valid_chain <= {LATENCY{1'b0}};
        else
            valid_chain <= (valid_chain << 1) | {{LATENCY-1{1'b0}}, in_valid};
    end

    assign out_valid = valid_chain[LATENCY-1];

    network_ports network (
        .clk    (clk),
        .inputs (in_data),
        .scores (out_data)
    );

endmodule

`default_nettype wire
