// The decision on the scores of an event: POINTS working points at once, clog2(CLASSES) + 3 clocks later.
//
// The discriminant of a working point is the score itself where there is one, and else the score of its class minus the
// largest score of the other classes: a margin of logits, the logarithm of a ratio of probabilities. It has one bit more
// than a score. An event passes where the discriminant is at or above the threshold.
//
//   out_trigger  one bit per working point, 0 without an event
//   out_class    class of the largest score; of equal ones the lowest
//   out_bx, out_data  crossing number and scores, as they came in
`timescale 1 ns / 1 ps
`default_nettype none

module trigger_decision #(
    parameter POINTS = 1,
    parameter CLASSES = 1,
    parameter SCORE_BITS = 8,
    parameter SCORE_SIGNED = 1,
    parameter CLASS_BITS = 1,
    parameter [8*POINTS-1:0] POINT_CLASS = {POINTS{8'd0}},
    parameter PRESCALE_BITS = 24,
    parameter COUNTER_BITS = 32,
    parameter TMR = 0
) (
    input  wire                              clk,
    input  wire                              reset,
    input  wire                              in_valid,
    input  wire [11:0]                       in_bx,
    input  wire [CLASSES*SCORE_BITS-1:0]     in_data,
    output wire                              out_valid,
    output wire [POINTS-1:0]                 out_trigger,
    output wire [CLASS_BITS-1:0]             out_class,
    output wire [11:0]                       out_bx,
    output wire [CLASSES*SCORE_BITS-1:0]     out_data,

    input  wire [POINTS*(SCORE_BITS+1)-1:0]  thresholds,
    input  wire [POINTS*PRESCALE_BITS-1:0]   prescales,
    input  wire [POINTS-1:0]                 enables,
    input  wire                              restart,
    input  wire                              clear,
    output wire [COUNTER_BITS-1:0]           events,
    output wire [POINTS*COUNTER_BITS-1:0]    accepted,
    output wire [POINTS*COUNTER_BITS-1:0]    triggered,
    output wire                              upset
);

    localparam LEVELS = CLASSES == 1 ? 0 : $clog2(CLASSES);
    localparam BITS = SCORE_BITS + 1;

    wire [LEVELS+2:0] valid;  // valid[k] goes with what stands k + 1 clocks behind in_data
    wire [LEVELS+2:0] valid_upsets;
    wire [CLASSES*BITS-1:0] extended;
    wire [CLASSES*SCORE_BITS-1:0] ranked_data;
    wire [BITS-1:0] best, second;
    wire [CLASS_BITS-1:0] best_class;
    wire [POINTS-1:0] point_upsets, margin_upsets;
    wire ranking_upset, events_upset;

    genvar c, p, k;
    generate
        for (c = 0; c < CLASSES; c = c + 1) begin : extend
            wire sign = SCORE_SIGNED ? in_data[(c+1)*SCORE_BITS-1] : 1'b0;
            assign extended[c*BITS +: BITS] = {sign, in_data[c*SCORE_BITS +: SCORE_BITS]};
        end

        for (k = 0; k < LEVELS + 3; k = k + 1) begin : valid_chain
            wire earlier;
            if (k == 0) begin : first
                assign earlier = in_valid;
            end else begin : later
                assign earlier = valid[k-1];
            end
            voted_register #(.WIDTH(1), .TMR(TMR)) stage (
                .clk(clk), .reset(reset), .next_value(earlier), .value(valid[k]), .upset(valid_upsets[k])
            );
        end

        for (p = 0; p < POINTS; p = p + 1) begin : point
            localparam C = POINT_CLASS[8*p +: 8];
            wire [SCORE_BITS-1:0] raw = ranked_data[C*SCORE_BITS +: SCORE_BITS];
            wire [BITS-1:0] score = {SCORE_SIGNED ? raw[SCORE_BITS-1] : 1'b0, raw};
            wire [BITS-1:0] discriminant, next_discriminant;
            if (CLASSES == 1) begin : alone
                assign next_discriminant = score;
            end else begin : margin
                assign next_discriminant = score - (best_class == C ? second : best);
            end
            voted_register #(.WIDTH(BITS), .TMR(TMR)) difference (
                .clk(clk), .reset(reset), .next_value(next_discriminant), .value(discriminant), .upset(margin_upsets[p])
            );
            working_point #(
                .BITS(BITS), .PRESCALE_BITS(PRESCALE_BITS), .COUNTER_BITS(COUNTER_BITS), .TMR(TMR)
            ) decide (
                .clk(clk),
                .reset(reset),
                .in_valid(valid[LEVELS]),
                .discriminant(discriminant),
                .threshold(thresholds[p*BITS +: BITS]),
                .prescale(prescales[p*PRESCALE_BITS +: PRESCALE_BITS]),
                .enable(enables[p]),
                .restart(restart),
                .clear(clear),
                .trigger(out_trigger[p]),
                .accepted(accepted[p*COUNTER_BITS +: COUNTER_BITS]),
                .triggered(triggered[p*COUNTER_BITS +: COUNTER_BITS]),
                .upset(point_upsets[p])
            );
        end
    endgenerate

    score_ranking #(
        .CLASSES(CLASSES), .BITS(BITS), .CLASS_BITS(CLASS_BITS), .LEVELS(LEVELS), .TMR(TMR)
    ) ranking (
        .clk(clk),
        .reset(reset),
        .scores(extended),
        .best(best),
        .second(second),
        .best_class(best_class),
        .upset(ranking_upset)
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) seen (
        .clk(clk), .reset(reset), .clear(clear), .count(valid[LEVELS+1]), .value(events), .upset(events_upset)
    );

    delay_line #(.WIDTH(CLASSES*SCORE_BITS), .DEPTH(LEVELS)) score_ranked (
        .clk(clk), .in_data(in_data), .out_data(ranked_data)
    );
    delay_line #(.WIDTH(CLASSES*SCORE_BITS), .DEPTH(3)) score_decided (
        .clk(clk), .in_data(ranked_data), .out_data(out_data)
    );
    delay_line #(.WIDTH(CLASS_BITS), .DEPTH(3)) class_decided (
        .clk(clk), .in_data(best_class), .out_data(out_class)
    );
    delay_line #(.WIDTH(12), .DEPTH(LEVELS+3)) bx_decided (
        .clk(clk), .in_data(in_bx), .out_data(out_bx)
    );

    assign out_valid = valid[LEVELS+2];
    assign upset = ranking_upset | events_upset | (|valid_upsets) | (|point_upsets) | (|margin_upsets);

endmodule

`default_nettype wire
