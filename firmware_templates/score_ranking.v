// The largest score, its class, and the second largest score: a tournament of LEVELS = clog2(CLASSES) registered rounds.
//
// The largest of the scores of all other classes than c is second where class c has the best score, and best where it
// has not, so these two serve every class. Of equal scores the lowest class is the best one, and second equals best.
// With one class best is its score and second the lowest number there is.
`timescale 1 ns / 1 ps
`default_nettype none

module score_ranking #(
    parameter CLASSES = 5,
    parameter BITS = 14,
    parameter CLASS_BITS = 3,
    parameter LEVELS = 3,
    parameter TMR = 0
) (
    input  wire                     clk,
    input  wire                     reset,
    input  wire [CLASSES*BITS-1:0]  scores,
    output wire [BITS-1:0]          best,
    output wire [BITS-1:0]          second,
    output wire [CLASS_BITS-1:0]    best_class,
    output wire                     upset
);

    localparam NODE = 2 * BITS + CLASS_BITS;  // {class, second, best}
    localparam [BITS-1:0] LOWEST = {1'b1, {BITS-1{1'b0}}};

    // Contestants of all rounds; round r has CLASSES / 2^r of them, rounded up.
    wire [(LEVELS+1)*CLASSES*NODE-1:0] nodes;
    wire [LEVELS*CLASSES:0] upsets;

    genvar round, i;
    generate
        for (i = 0; i < CLASSES; i = i + 1) begin : entry
            localparam [CLASS_BITS-1:0] NUMBER = i;
            assign nodes[i*NODE +: NODE] = {NUMBER, LOWEST, scores[i*BITS +: BITS]};
        end
        for (round = 0; round < LEVELS; round = round + 1) begin : rounds
            for (i = 0; i < CLASSES; i = i + 1) begin : contest
                if (i >= (CLASSES + (2 << round) - 1) >> (round + 1)) begin : unused
                    assign nodes[((round+1)*CLASSES+i)*NODE +: NODE] = {NODE{1'b0}};
                    assign upsets[round*CLASSES+i] = 1'b0;
                end else begin : used
                    wire [NODE-1:0] winner;
                    if (2*i + 1 >= (CLASSES + (1 << round) - 1) >> round) begin : alone
                        assign winner = nodes[(round*CLASSES+2*i)*NODE +: NODE];
                    end else begin : pair
                        wire signed [BITS-1:0] a_best, a_second, b_best, b_second;
                        wire [CLASS_BITS-1:0] a_class, b_class;
                        assign {a_class, a_second, a_best} = nodes[(round*CLASSES+2*i)*NODE +: NODE];
                        assign {b_class, b_second, b_best} = nodes[(round*CLASSES+2*i+1)*NODE +: NODE];
                        wire first_wins = a_best >= b_best;
                        wire [BITS-1:0] behind_a = b_best >= a_second ? b_best : a_second;
                        wire [BITS-1:0] behind_b = a_best >= b_second ? a_best : b_second;
                        assign winner = first_wins ? {a_class, behind_a, a_best} : {b_class, behind_b, b_best};
                    end
                    voted_register #(.WIDTH(NODE), .TMR(TMR)) result (
                        .clk(clk),
                        .reset(reset),
                        .next_value(winner),
                        .value(nodes[((round+1)*CLASSES+i)*NODE +: NODE]),
                        .upset(upsets[round*CLASSES+i])
                    );
                end
            end
        end
    endgenerate

    assign upsets[LEVELS*CLASSES] = 1'b0;
    assign upset = |upsets;
    assign {best_class, second, best} = nodes[LEVELS*CLASSES*NODE +: NODE];

endmodule

`default_nettype wire
