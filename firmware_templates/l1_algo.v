// Level-1 trigger algorithm: network, decision at POINTS working points, crossing numbers, registers.
//
//   clk          algorithm clock, CLOCKS_PER_BX times the bunch clock
//   reset        synchronous, active high: drops the events in flight, zeroes the counters, and puts every register back
//                to its initial value
//   in_valid     in_data carries an event; one event per bunch crossing
//   in_bx0       high for one clock per orbit, in the first clock of crossing 0, with or without an event
//   in_data      as of trigger_algorithm
//   out_valid    high exactly LATENCY + clog2(CLASSES) + 3 clocks after in_valid; the outputs below belong to that event
//   out_trigger  one bit per working point; 0 where out_valid is low
//   out_class    class of the largest score
//   out_bx       crossing number of the event, all ones if there was no BX0 since reset
//   out_data     class scores, as of trigger_algorithm
//   reg_*        register bus: trigger_registers.v
//
// With CROSSING_PER_EVENT = 1 every event is a crossing, in_bx0 belongs to in_valid, and clocks without one do not count.
`timescale 1 ns / 1 ps
`default_nettype none

module l1_algo #(
    `include "trigger_parameters.vh"
    ,
    `include "decision_parameters.vh"
    ,
    parameter ORBIT = 3564,
    parameter CROSSING_PER_EVENT = 0,
    parameter PRESCALE_BITS = 24,
    parameter COUNTER_BITS = 32
) (
    input  wire                    clk,
    input  wire                    reset,
    input  wire                    in_valid,
    input  wire                    in_bx0,
    input  wire [INPUT_BITS-1:0]   in_data,
    output wire                    out_valid,
    output wire [POINTS-1:0]       out_trigger,
    output wire [CLASS_BITS-1:0]   out_class,
    output wire [11:0]             out_bx,
    output wire [OUTPUT_BITS-1:0]  out_data,

    input  wire [11:0]             reg_address,
    input  wire                    reg_write,
    input  wire                    reg_read,
    input  wire [31:0]             reg_write_data,
    output wire [31:0]             reg_read_data,
    output wire                    reg_done,
    output wire                    reg_error
);

    localparam TOTAL_LATENCY = LATENCY + (CLASSES == 1 ? 0 : $clog2(CLASSES)) + 3;

    wire scores_valid;
    wire [OUTPUT_BITS-1:0] scores;
    wire [11:0] crossing, scores_bx;
    wire locked, misplaced, missing, restart, clear;
    wire [POINTS*(SCORE_BITS+1)-1:0] thresholds;
    wire [POINTS*PRESCALE_BITS-1:0] prescales;
    wire [POINTS-1:0] enables;
    wire [COUNTER_BITS-1:0] events;
    wire [POINTS*COUNTER_BITS-1:0] accepted, triggered;
    wire orbit_upset, decision_upset, registers_upset;

    trigger_algorithm algorithm (
        .clk(clk), .reset(reset), .in_valid(in_valid), .in_data(in_data), .out_valid(scores_valid), .out_data(scores)
    );

    orbit_counter #(
        .ORBIT(ORBIT), .CLOCKS_PER_BX(CROSSING_PER_EVENT ? 1 : CLOCKS_PER_BX), .TMR(TMR)
    ) orbit (
        .clk(clk),
        .reset(reset),
        .advance(CROSSING_PER_EVENT ? in_valid : 1'b1),
        .bx0(in_bx0),
        .crossing(crossing),
        .locked(locked),
        .misplaced(misplaced),
        .missing(missing),
        .upset(orbit_upset)
    );

    delay_line #(.WIDTH(12), .DEPTH(LATENCY)) bx_of_scores (
        .clk(clk), .in_data(crossing), .out_data(scores_bx)
    );

    trigger_decision #(
        .POINTS(POINTS),
        .CLASSES(CLASSES),
        .SCORE_BITS(SCORE_BITS),
        .SCORE_SIGNED(SCORE_SIGNED),
        .CLASS_BITS(CLASS_BITS),
        .POINT_CLASS(POINT_CLASS),
        .PRESCALE_BITS(PRESCALE_BITS),
        .COUNTER_BITS(COUNTER_BITS),
        .TMR(TMR)
    ) decision (
        .clk(clk),
        .reset(reset),
        .in_valid(scores_valid),
        .in_bx(scores_bx),
        .in_data(scores),
        .out_valid(out_valid),
        .out_trigger(out_trigger),
        .out_class(out_class),
        .out_bx(out_bx),
        .out_data(out_data),
        .thresholds(thresholds),
        .prescales(prescales),
        .enables(enables),
        .restart(restart),
        .clear(clear),
        .events(events),
        .accepted(accepted),
        .triggered(triggered),
        .upset(decision_upset)
    );

    trigger_registers #(
        .POINTS(POINTS),
        .CLASSES(CLASSES),
        .SCORE_BITS(SCORE_BITS),
        .NETWORK_ID(NETWORK_ID),
        .INITIAL_THRESHOLD(INITIAL_THRESHOLD),
        .INITIAL_PRESCALE(INITIAL_PRESCALE),
        .TOTAL_LATENCY(TOTAL_LATENCY),
        .PRESCALE_BITS(PRESCALE_BITS),
        .COUNTER_BITS(COUNTER_BITS),
        .TMR(TMR)
    ) registers (
        .clk(clk),
        .reset(reset),
        .reg_address(reg_address),
        .reg_write(reg_write),
        .reg_read(reg_read),
        .reg_write_data(reg_write_data),
        .reg_read_data(reg_read_data),
        .reg_done(reg_done),
        .reg_error(reg_error),
        .thresholds(thresholds),
        .prescales(prescales),
        .enables(enables),
        .restart(restart),
        .clear(clear),
        .locked(locked),
        .misplaced(misplaced),
        .missing(missing),
        .upset(orbit_upset | decision_upset | registers_upset),
        .events(events),
        .accepted(accepted),
        .triggered(triggered),
        .registers_upset(registers_upset)
    );

endmodule

`default_nettype wire
