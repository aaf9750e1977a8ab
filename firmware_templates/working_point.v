// One working point: threshold, prescale, trigger bit and two counters.
//
//   clock 0  discriminant and in_valid stand here
//   clock 1  compared with the threshold: passed where discriminant >= threshold
//   clock 2  trigger and the counters, which already hold this event
//
// Of the events that pass, the first after a reset or restart triggers, then every prescale-th one; with prescale 0 none
// does. restart, prescale and enable belong to clock 1 and may change one clock after the threshold that goes with them.
`timescale 1 ns / 1 ps
`default_nettype none

module working_point #(
    parameter BITS = 14,
    parameter PRESCALE_BITS = 24,
    parameter COUNTER_BITS = 32,
    parameter TMR = 0
) (
    input  wire                      clk,
    input  wire                      reset,
    input  wire                      in_valid,
    input  wire signed [BITS-1:0]    discriminant,
    input  wire signed [BITS-1:0]    threshold,
    input  wire [PRESCALE_BITS-1:0]  prescale,
    input  wire                      enable,
    input  wire                      restart,
    input  wire                      clear,
    output wire                      trigger,
    output wire [COUNTER_BITS-1:0]   accepted,
    output wire [COUNTER_BITS-1:0]   triggered,
    output wire                      upset
);

    wire passed;
    wire [PRESCALE_BITS-1:0] skip;  // events that pass and do not trigger before the next that does
    wire [4:0] upsets;

    wire counts = passed & enable;
    wire keep = counts & skip == 0 & prescale != 0;
    wire [PRESCALE_BITS-1:0] next_skip = skip == 0 ? prescale - 1'b1 : skip - 1'b1;

    voted_register #(.WIDTH(1), .TMR(TMR)) compare (
        .clk(clk), .reset(reset), .next_value(in_valid & discriminant >= threshold), .value(passed), .upset(upsets[0])
    );
    voted_register #(.WIDTH(PRESCALE_BITS), .TMR(TMR)) prescaler (
        .clk(clk),
        .reset(reset),
        .next_value(restart ? {PRESCALE_BITS{1'b0}} : counts ? next_skip : skip),
        .value(skip),
        .upset(upsets[1])
    );
    voted_register #(.WIDTH(1), .TMR(TMR)) decision (
        .clk(clk), .reset(reset), .next_value(keep), .value(trigger), .upset(upsets[2])
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) before_prescale (
        .clk(clk), .reset(reset), .clear(clear), .count(counts), .value(accepted), .upset(upsets[3])
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) after_prescale (
        .clk(clk), .reset(reset), .clear(clear), .count(keep), .value(triggered), .upset(upsets[4])
    );

    assign upset = |upsets;

endmodule

`default_nettype wire
