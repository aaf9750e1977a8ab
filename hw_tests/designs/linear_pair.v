// A design of a few lines with the ports of the trigger algorithm, on which the bench itself is tested:
//
//   in_data   {b[4:0] signed, a[3:0] signed}
//   out_data  {3a - b, 3a + b + 5}, 8 bits each, signed
//
// Each FAULT_* macro plants one fault that the bench must find.
`timescale 1 ns / 1 ps
`default_nettype none

module trigger_algorithm (
    input  wire        clk,
    input  wire        reset,
    input  wire        in_valid,
    input  wire [8:0]  in_data,
    output wire        out_valid,
    output wire [15:0] out_data
);

    localparam LATENCY = 3;

`ifdef FAULT_CONSTANT
    localparam signed [7:0] OFFSET = 8'sd4;
`else
    localparam signed [7:0] OFFSET = 8'sd5;
`endif

    reg signed [3:0] a;
    reg signed [4:0] b;
    reg signed [7:0] triple, other;
    reg [15:0] scores;
    reg [LATENCY:0] valid_chain;

    wire take;
`ifdef FAULT_EVERY_SECOND
    reg phase = 1'b0;
    always @(posedge clk) phase <= ~phase;
    assign take = phase;
`else
    assign take = 1'b1;
`endif

    always @(posedge clk) begin
        if (take) begin
            a <= in_data[3:0];
            b <= in_data[8:4];
        end
        triple <= 8'sd3 * a;
        other <= b;
        scores <= {triple - other, triple + other + OFFSET};
    end

    always @(posedge clk) begin
        valid_chain <= (valid_chain << 1) | {3'b000, in_valid};
`ifndef FAULT_NO_RESET
        if (reset)
            valid_chain <= 4'b0000;
`endif
    end

`ifdef FAULT_VALID_EARLY
    assign out_valid = valid_chain[LATENCY-2];
`elsif FAULT_VALID_LATE
    assign out_valid = valid_chain[LATENCY];
`else
    assign out_valid = valid_chain[LATENCY-1];
`endif

`ifdef FAULT_EXTRA_STAGE
    reg [15:0] extra;
    always @(posedge clk) extra <= scores;
    assign out_data = extra;
`elsif FAULT_UNKNOWN_BIT
    reg never_set;
    assign out_data = {scores[15:1], scores[0] ^ never_set};
`elsif FAULT_STICKY_UNKNOWN
    // Zero for every known input; an unknown one leaves an unknown bit behind for ever.
    reg sticky = 1'b0;
    always @(posedge clk) sticky <= sticky | (in_data[0] ^ in_data[0]);
    assign out_data = scores ^ {15'b0, sticky};
`else
    assign out_data = scores;
`endif

endmodule

`default_nettype wire
