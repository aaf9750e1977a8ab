// l1_algo behind AXI4-Stream in and out, with full back-pressure, and AXI4-Lite registers.
//
//   aclk, aresetn   one clock for all three interfaces; synchronous reset, active low
//   s_axis          one event per transfer: tdata as in_data of l1_algo, filled up to whole bytes; tuser[0] marks the
//                   first crossing of an orbit, 0 where nobody knows; tlast comes out again with its event
//   m_axis          one decision per transfer, in order. tdata: 15:0 trigger bits, 27:16 crossing number (all ones before
//                   the first tuser), 39:32 class, from bit 64 on the scores as out_data of l1_algo
//   s_axi           registers
//
// A transfer is a bunch crossing here: crossing numbers count transfers, as a stream has no other time.
//
// The network cannot stand still, so an event is only taken when its decision has a place: outstanding counts the events
// in the pipeline and in the memory behind it, never more than the memory holds. Without back-pressure an event is taken
// on every clock. tready does not depend on tvalid, nor tvalid on tready, and m_axis stands still until it is taken.
`timescale 1 ns / 1 ps
`default_nettype none

module axi_stream_algo #(
    `include "trigger_parameters.vh"
    ,
    `include "decision_parameters.vh"
    ,
    parameter ORBIT = 3564,
    parameter PRESCALE_BITS = 24,
    parameter COUNTER_BITS = 32
) (
    input  wire                                    aclk,
    input  wire                                    aresetn,

    input  wire [8*((INPUT_BITS+7)/8)-1:0]         s_axis_tdata,
    input  wire                                    s_axis_tvalid,
    output wire                                    s_axis_tready,
    input  wire                                    s_axis_tlast,
    input  wire [0:0]                              s_axis_tuser,

    output wire [64+8*((OUTPUT_BITS+7)/8)-1:0]     m_axis_tdata,
    output wire                                    m_axis_tvalid,
    input  wire                                    m_axis_tready,
    output wire                                    m_axis_tlast,

    input  wire [11:0]                             s_axi_awaddr,
    input  wire                                    s_axi_awvalid,
    output wire                                    s_axi_awready,
    input  wire [31:0]                             s_axi_wdata,
    input  wire [3:0]                              s_axi_wstrb,
    input  wire                                    s_axi_wvalid,
    output wire                                    s_axi_wready,
    output wire [1:0]                              s_axi_bresp,
    output wire                                    s_axi_bvalid,
    input  wire                                    s_axi_bready,
    input  wire [11:0]                             s_axi_araddr,
    input  wire                                    s_axi_arvalid,
    output wire                                    s_axi_arready,
    output wire [31:0]                             s_axi_rdata,
    output wire [1:0]                              s_axi_rresp,
    output wire                                    s_axi_rvalid,
    input  wire                                    s_axi_rready
);

    localparam TOTAL_LATENCY = LATENCY + (CLASSES == 1 ? 0 : $clog2(CLASSES)) + 3;
    // An event occupies its place for TOTAL_LATENCY + 1 clocks at least, and one more until the place counts as free.
    localparam PLACE_BITS = $clog2(TOTAL_LATENCY + 2);
    localparam PLACES = 1 << PLACE_BITS;
    localparam RESULT_BITS = 1 + POINTS + 12 + CLASS_BITS + OUTPUT_BITS;
    localparam [PLACE_BITS:0] ONE = 1;

    wire reset = !aresetn;
    wire taken = s_axis_tvalid & s_axis_tready;
    wire given = m_axis_tvalid & m_axis_tready;

    wire out_valid, out_last;
    wire [POINTS-1:0] out_trigger;
    wire [CLASS_BITS-1:0] out_class;
    wire [11:0] out_bx;
    wire [OUTPUT_BITS-1:0] out_data;
    wire [11:0] reg_address;
    wire reg_write, reg_read, reg_done, reg_error;
    wire [31:0] reg_write_data, reg_read_data;

    // --- taking events --------------------------------------------------------------------------------------------

    reg [PLACE_BITS:0] outstanding;
    reg ready;
    wire [PLACE_BITS:0] remaining = outstanding + (taken ? ONE : 0) - (given ? ONE : 0);

    always @(posedge aclk) begin
        outstanding <= reset ? 0 : remaining;
        ready <= !reset & remaining < PLACES;
    end

    assign s_axis_tready = ready;

    // --- deciding -------------------------------------------------------------------------------------------------

    l1_algo #(
        .ORBIT(ORBIT), .CROSSING_PER_EVENT(1), .PRESCALE_BITS(PRESCALE_BITS), .COUNTER_BITS(COUNTER_BITS), .TMR(TMR)
    ) algorithm (
        .clk(aclk),
        .reset(reset),
        .in_valid(taken),
        .in_bx0(s_axis_tuser[0]),
        .in_data(s_axis_tdata[INPUT_BITS-1:0]),
        .out_valid(out_valid),
        .out_trigger(out_trigger),
        .out_class(out_class),
        .out_bx(out_bx),
        .out_data(out_data),
        .reg_address(reg_address),
        .reg_write(reg_write),
        .reg_read(reg_read),
        .reg_write_data(reg_write_data),
        .reg_read_data(reg_read_data),
        .reg_done(reg_done),
        .reg_error(reg_error)
    );

    delay_line #(.WIDTH(1), .DEPTH(TOTAL_LATENCY)) last_of_event (
        .clk(aclk), .in_data(s_axis_tlast), .out_data(out_last)
    );

    // --- giving decisions -----------------------------------------------------------------------------------------

    reg [RESULT_BITS-1:0] memory [0:PLACES-1];
    reg [PLACE_BITS:0] write_place, read_place;
    wire [RESULT_BITS-1:0] first = memory[read_place[PLACE_BITS-1:0]];
    wire [POINTS-1:0] trigger;
    wire [CLASS_BITS-1:0] best_class;
    wire [11:0] bx;
    wire [OUTPUT_BITS-1:0] scores;

    always @(posedge aclk) begin
        if (out_valid)
            memory[write_place[PLACE_BITS-1:0]] <= {out_last, out_trigger, out_bx, out_class, out_data};
        write_place <= reset ? 0 : write_place + (out_valid ? ONE : 0);
        read_place <= reset ? 0 : read_place + (given ? ONE : 0);
    end

    assign {m_axis_tlast, trigger, bx, best_class, scores} = first;
    assign m_axis_tvalid = write_place != read_place;

    // Fields at their places, zeros between.
    wire [15:0] trigger_field = trigger;
    wire [31:0] class_field = best_class;
    wire [8*((OUTPUT_BITS+7)/8)-1:0] score_field = scores;
    assign m_axis_tdata = {score_field, class_field, 4'd0, bx, trigger_field};

    // --- registers ------------------------------------------------------------------------------------------------

    axi_lite_slave slave (
        .clk(aclk),
        .reset(reset),
        .awaddr(s_axi_awaddr),
        .awvalid(s_axi_awvalid),
        .awready(s_axi_awready),
        .wdata(s_axi_wdata),
        .wstrb(s_axi_wstrb),
        .wvalid(s_axi_wvalid),
        .wready(s_axi_wready),
        .bresp(s_axi_bresp),
        .bvalid(s_axi_bvalid),
        .bready(s_axi_bready),
        .araddr(s_axi_araddr),
        .arvalid(s_axi_arvalid),
        .arready(s_axi_arready),
        .rdata(s_axi_rdata),
        .rresp(s_axi_rresp),
        .rvalid(s_axi_rvalid),
        .rready(s_axi_rready),
        .reg_address(reg_address),
        .reg_write(reg_write),
        .reg_read(reg_read),
        .reg_write_data(reg_write_data),
        .reg_read_data(reg_read_data),
        .reg_done(reg_done),
        .reg_error(reg_error)
    );

endmodule

`default_nettype wire
