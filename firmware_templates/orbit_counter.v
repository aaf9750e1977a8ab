// Number of the bunch crossing of every clock, from the BX0 of the machine, and a check of the places where BX0 comes.
//
//   advance    this clock counts: every clock where a crossing is CLOCKS_PER_BX clocks; the clocks with an event where
//              every event is a crossing
//   bx0        with advance: first clock of crossing 0
//   crossing   number of this clock's crossing, 0 to ORBIT-1; all ones until the first BX0 after reset
//   locked     a BX0 has come since reset
//   misplaced  BX0 at another place than one orbit after the last: the counter follows it
//   missing    no BX0 where one is due: the counter goes on by itself
`timescale 1 ns / 1 ps
`default_nettype none

module orbit_counter #(
    parameter ORBIT = 3564,
    parameter CLOCKS_PER_BX = 1,
    parameter TMR = 0
) (
    input  wire        clk,
    input  wire        reset,
    input  wire        advance,
    input  wire        bx0,
    output wire [11:0] crossing,
    output wire        locked,
    output wire        misplaced,
    output wire        missing,
    output wire        upset
);

    localparam [11:0] LAST_CROSSING = ORBIT - 1;
    localparam [7:0]  LAST_CLOCK = CLOCKS_PER_BX - 1;

    // The place that the coming clock has unless a BX0 says otherwise.
    wire [11:0] place;
    wire [7:0]  tick;
    wire        is_locked;

    wire start = place == 12'd0 && tick == 8'd0;
    wire here = advance & bx0;

    wire [11:0] this_place = here ? 12'd0 : place;
    wire [7:0]  this_tick = here ? 8'd0 : tick;
    wire last_tick = this_tick == LAST_CLOCK;
    wire [11:0] after = this_place == LAST_CROSSING ? 12'd0 : this_place + 12'd1;
    wire [11:0] next_place = advance & last_tick ? after : this_place;
    wire [7:0]  next_tick = !advance ? tick : last_tick ? 8'd0 : this_tick + 8'd1;

    assign locked = is_locked;
    assign crossing = is_locked | here ? this_place : 12'hfff;
    assign misplaced = is_locked & here & !start;
    assign missing = is_locked & advance & !bx0 & start;

    voted_register #(.WIDTH(21), .TMR(TMR)) state (
        .clk(clk),
        .reset(reset),
        .next_value({is_locked | here, next_tick, next_place}),
        .value({is_locked, tick, place}),
        .upset(upset)
    );

endmodule

`default_nettype wire
