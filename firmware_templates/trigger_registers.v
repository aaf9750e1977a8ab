// Registers of the trigger algorithm behind a simple bus. README.md beside the generated files lists the map.
//
//   reg_address     byte address of a 32-bit word, multiple of 4
//   reg_write       high for one clock: write reg_write_data
//   reg_read        high for one clock: read; not in the clock of a write
//   reg_done        high one clock later; reg_read_data and reg_error belong to it
//   reg_error       no such word, a word that cannot be written, or a value that does not fit: nothing was written
//
// Thresholds, prescales and enables are written into a waiting copy and take effect together with the command
// "commit", between two events: restart and the prescales and enables come one clock after the thresholds, as an event
// does. The command "latch" copies all counters at one clock, and a read shows this copy. "clear" in the same write
// starts the counters anew without losing an event: the copy and the new counts add up.
`timescale 1 ns / 1 ps
`default_nettype none

module trigger_registers #(
    parameter POINTS = 1,
    parameter CLASSES = 1,
    parameter SCORE_BITS = 8,
    parameter [31:0] NETWORK_ID = 32'd0,
    parameter [32*POINTS-1:0] INITIAL_THRESHOLD = {POINTS{32'd0}},
    parameter [32*POINTS-1:0] INITIAL_PRESCALE = {POINTS{32'd1}},
    parameter TOTAL_LATENCY = 1,
    parameter PRESCALE_BITS = 24,
    parameter COUNTER_BITS = 32,
    parameter TMR = 0
) (
    input  wire                              clk,
    input  wire                              reset,
    input  wire [11:0]                       reg_address,
    input  wire                              reg_write,
    input  wire                              reg_read,
    input  wire [31:0]                       reg_write_data,
    output reg  [31:0]                       reg_read_data,
    output reg                               reg_done,
    output reg                               reg_error,

    output wire [POINTS*(SCORE_BITS+1)-1:0]  thresholds,
    output wire [POINTS*PRESCALE_BITS-1:0]   prescales,
    output wire [POINTS-1:0]                 enables,
    output wire                              restart,
    output wire                              clear,

    input  wire                              locked,
    input  wire                              misplaced,
    input  wire                              missing,
    input  wire                              upset,
    input  wire [COUNTER_BITS-1:0]           events,
    input  wire [POINTS*COUNTER_BITS-1:0]    accepted,
    input  wire [POINTS*COUNTER_BITS-1:0]    triggered,
    output wire                              registers_upset
);

    localparam BITS = SCORE_BITS + 1;
    localparam [31:0] ID = 32'h54524947;  // "TRIG"
    localparam [31:0] MAP_VERSION = 32'd1;
    localparam [7:0] POINTS_BYTE = POINTS, CLASSES_BYTE = CLASSES, SCORE_BYTE = SCORE_BITS;
    localparam [31:0] FEATURES = {7'd0, TMR ? 1'b1 : 1'b0, SCORE_BYTE, CLASSES_BYTE, POINTS_BYTE};
    localparam [31:0] LATENCY_WORD = TOTAL_LATENCY;

    localparam [11:0] A_ID = 12'h000, A_MAP_VERSION = 12'h004, A_NETWORK = 12'h008, A_FEATURES = 12'h00c,
                      A_LATENCY = 12'h010, A_ENABLE = 12'h014, A_COMMAND = 12'h018, A_STATUS = 12'h01c,
                      A_MISPLACED = 12'h020, A_MISSING = 12'h024, A_UPSETS = 12'h028, A_EVENTS = 12'h02c,
                      A_POINTS = 12'h100;  // 16 bytes per point: threshold, prescale, accepted, triggered

    wire command = reg_write & reg_address == A_COMMAND;
    wire commit = command & reg_write_data[0];
    wire latch = command & reg_write_data[1];
    wire clear_errors = command & reg_write_data[3];
    assign clear = command & reg_write_data[2];

    // What a write may hold.
    wire fits_threshold = &reg_write_data[31:BITS-1] | ~|reg_write_data[31:BITS-1];
    wire fits_prescale = ~|(reg_write_data >> PRESCALE_BITS);
    wire fits_enable = ~|(reg_write_data >> POINTS);

    wire [POINTS-1:0] new_enables;
    wire [POINTS*BITS-1:0] new_thresholds;
    wire [POINTS*PRESCALE_BITS-1:0] new_prescales;
    wire [POINTS-1:0] is_threshold, is_prescale;
    wire [COUNTER_BITS-1:0] misplaced_count, missing_count, upset_count;
    wire [2:0] sticky;
    wire [6:0] upsets;
    wire [4*POINTS-1:0] point_upsets;

    reg [COUNTER_BITS-1:0] events_copy;
    reg [POINTS*COUNTER_BITS-1:0] accepted_copy, triggered_copy;

    genvar p;
    generate
        for (p = 0; p < POINTS; p = p + 1) begin : point
            localparam [11:0] BASE = A_POINTS + 16 * p;
            assign is_threshold[p] = reg_address == BASE;
            assign is_prescale[p] = reg_address == BASE + 12'd4;
            voted_register #(.WIDTH(BITS), .TMR(TMR), .INITIAL(INITIAL_THRESHOLD[32*p +: BITS])) new_threshold (
                .clk(clk),
                .reset(reset),
                .next_value(reg_write & is_threshold[p] & fits_threshold ? reg_write_data[BITS-1:0]
                                                                   : new_thresholds[p*BITS +: BITS]),
                .value(new_thresholds[p*BITS +: BITS]),
                .upset(point_upsets[4*p])
            );
            voted_register #(
                .WIDTH(PRESCALE_BITS), .TMR(TMR), .INITIAL(INITIAL_PRESCALE[32*p +: PRESCALE_BITS])
            ) new_prescale (
                .clk(clk),
                .reset(reset),
                .next_value(reg_write & is_prescale[p] & fits_prescale ? reg_write_data[PRESCALE_BITS-1:0]
                                                                 : new_prescales[p*PRESCALE_BITS +: PRESCALE_BITS]),
                .value(new_prescales[p*PRESCALE_BITS +: PRESCALE_BITS]),
                .upset(point_upsets[4*p+1])
            );
            // In effect. An event meets its threshold one clock before its prescale.
            voted_register #(.WIDTH(BITS), .TMR(TMR), .INITIAL(INITIAL_THRESHOLD[32*p +: BITS])) active_threshold (
                .clk(clk),
                .reset(reset),
                .next_value(commit ? new_thresholds[p*BITS +: BITS] : thresholds[p*BITS +: BITS]),
                .value(thresholds[p*BITS +: BITS]),
                .upset(point_upsets[4*p+2])
            );
            voted_register #(
                .WIDTH(PRESCALE_BITS), .TMR(TMR), .INITIAL(INITIAL_PRESCALE[32*p +: PRESCALE_BITS])
            ) active_prescale (
                .clk(clk),
                .reset(reset),
                .next_value(restart ? new_prescales[p*PRESCALE_BITS +: PRESCALE_BITS]
                              : prescales[p*PRESCALE_BITS +: PRESCALE_BITS]),
                .value(prescales[p*PRESCALE_BITS +: PRESCALE_BITS]),
                .upset(point_upsets[4*p+3])
            );
        end
    endgenerate

    voted_register #(.WIDTH(POINTS), .TMR(TMR), .INITIAL({POINTS{1'b1}})) new_enable (
        .clk(clk),
        .reset(reset),
        .next_value(reg_write & reg_address == A_ENABLE & fits_enable ? reg_write_data[POINTS-1:0] : new_enables),
        .value(new_enables),
        .upset(upsets[0])
    );

    voted_register #(.WIDTH(POINTS), .TMR(TMR), .INITIAL({POINTS{1'b1}})) active_enables (
        .clk(clk), .reset(reset), .next_value(restart ? new_enables : enables), .value(enables), .upset(upsets[1])
    );
    voted_register #(.WIDTH(1), .TMR(TMR)) commit_late (
        .clk(clk), .reset(reset), .next_value(commit), .value(restart), .upset(upsets[2])
    );

    // Errors stay until they are cleared; one that comes with the clear is kept.
    voted_register #(.WIDTH(3), .TMR(TMR)) errors (
        .clk(clk),
        .reset(reset),
        .next_value((clear_errors ? 3'd0 : sticky) | {upset, missing, misplaced}),
        .value(sticky),
        .upset(upsets[3])
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) misplaced_bx0 (
        .clk(clk),
        .reset(reset),
        .clear(clear_errors),
        .count(misplaced),
        .value(misplaced_count),
        .upset(upsets[4])
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) missing_bx0 (
        .clk(clk), .reset(reset), .clear(clear_errors), .count(missing), .value(missing_count), .upset(upsets[5])
    );
    saturating_counter #(.WIDTH(COUNTER_BITS), .TMR(TMR)) upset_clocks (
        .clk(clk), .reset(reset), .clear(clear_errors), .count(upset), .value(upset_count), .upset(upsets[6])
    );
    assign registers_upset = (|upsets) | (|point_upsets);

    always @(posedge clk) begin
        if (reset) begin
            events_copy <= {COUNTER_BITS{1'b0}};
            accepted_copy <= {POINTS*COUNTER_BITS{1'b0}};
            triggered_copy <= {POINTS*COUNTER_BITS{1'b0}};
        end else if (latch) begin
            events_copy <= events;
            accepted_copy <= accepted;
            triggered_copy <= triggered;
        end
    end

    // The answer to a read or write: the word, whether there is one, and whether it takes what is written.
    reg [31:0] word;
    reg known, writable;
    integer k;
    always @* begin
        word = 32'd0;
        known = 1'b1;
        writable = 1'b0;
        case (reg_address)
            A_ID: word = ID;
            A_MAP_VERSION: word = MAP_VERSION;
            A_NETWORK: word = NETWORK_ID;
            A_FEATURES: word = FEATURES;
            A_LATENCY: word = LATENCY_WORD;
            A_ENABLE: begin
                word = new_enables;
                writable = fits_enable;
            end
            A_COMMAND: writable = 1'b1;
            A_STATUS: word = {28'd0, sticky, locked};
            A_MISPLACED: word = misplaced_count;
            A_MISSING: word = missing_count;
            A_UPSETS: word = upset_count;
            A_EVENTS: word = events_copy;
            default: known = 1'b0;
        endcase
        for (k = 0; k < POINTS; k = k + 1) begin
            if (reg_address == A_POINTS + 16 * k) begin
                word = {{32-BITS{new_thresholds[(k+1)*BITS-1]}}, new_thresholds[k*BITS +: BITS]};
                known = 1'b1;
                writable = fits_threshold;
            end
            if (reg_address == A_POINTS + 16 * k + 4) begin
                word = new_prescales[k*PRESCALE_BITS +: PRESCALE_BITS];
                known = 1'b1;
                writable = fits_prescale;
            end
            if (reg_address == A_POINTS + 16 * k + 8) begin
                word = accepted_copy[k*COUNTER_BITS +: COUNTER_BITS];
                known = 1'b1;
            end
            if (reg_address == A_POINTS + 16 * k + 12) begin
                word = triggered_copy[k*COUNTER_BITS +: COUNTER_BITS];
                known = 1'b1;
            end
        end
    end

    always @(posedge clk) begin
        if (reset) begin
            reg_done <= 1'b0;
            reg_error <= 1'b0;
            reg_read_data <= 32'd0;
        end else begin
            reg_done <= reg_read | reg_write;
            reg_error <= reg_read & !known | reg_write & !writable;
            reg_read_data <= reg_read ? word : 32'd0;
        end
    end

endmodule

`default_nettype wire
