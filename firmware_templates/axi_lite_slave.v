// AXI4-Lite slave in front of the register bus of trigger_registers.v.
//
// One write and one read at a time, each answered before the next is taken; address and data of a write may come in any
// order. OKAY, or SLVERR where the register bus refuses the access or where not all four bytes are written. Both protect
// inputs of AXI are left out: they carry nothing here. Every ready and valid is a register.
`timescale 1 ns / 1 ps
`default_nettype none

module axi_lite_slave (
    input  wire         clk,
    input  wire         reset,

    input  wire [11:0]  awaddr,
    input  wire         awvalid,
    output wire         awready,
    input  wire [31:0]  wdata,
    input  wire [3:0]   wstrb,
    input  wire         wvalid,
    output wire         wready,
    output reg  [1:0]   bresp,
    output reg          bvalid,
    input  wire         bready,
    input  wire [11:0]  araddr,
    input  wire         arvalid,
    output wire         arready,
    output reg  [31:0]  rdata,
    output reg  [1:0]   rresp,
    output reg          rvalid,
    input  wire         rready,

    output reg  [11:0]  reg_address,
    output reg          reg_write,
    output reg          reg_read,
    output reg  [31:0]  reg_write_data,
    input  wire [31:0]  reg_read_data,
    input  wire         reg_done,
    input  wire         reg_error
);

    localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;

    reg got_aw, got_w, got_ar, open;  // open: not in reset
    reg [11:0] write_address, read_address;
    reg [31:0] write_data;
    reg [3:0] write_strobes;
    reg writing, reading;  // the access on the register bus, until it is answered

    // What was taken stays until it is answered on B or R, so there is never a second one.
    assign awready = open & !got_aw;
    assign wready = open & !got_w;
    assign arready = open & !got_ar;

    wire idle = !writing & !reading;
    wire start_write = idle & got_aw & got_w & !bvalid;
    wire start_read = idle & got_ar & !rvalid & !start_write;
    wire whole = &write_strobes;

    always @(posedge clk) begin
        reg_write <= start_write & whole;
        reg_read <= start_read;
        reg_address <= start_write ? write_address : read_address;
        reg_write_data <= write_data;

        if (awvalid & awready) begin
            got_aw <= 1'b1;
            write_address <= awaddr;
        end
        if (wvalid & wready) begin
            got_w <= 1'b1;
            write_data <= wdata;
            write_strobes <= wstrb;
        end
        if (arvalid & arready) begin
            got_ar <= 1'b1;
            read_address <= araddr;
        end

        if (start_write & whole)
            writing <= 1'b1;
        if (start_read)
            reading <= 1'b1;
        if (start_write & !whole) begin
            bvalid <= 1'b1;
            bresp <= SLVERR;
        end
        if (writing & reg_done) begin
            writing <= 1'b0;
            bvalid <= 1'b1;
            bresp <= reg_error ? SLVERR : OKAY;
        end
        if (reading & reg_done) begin
            reading <= 1'b0;
            rvalid <= 1'b1;
            rresp <= reg_error ? SLVERR : OKAY;
            rdata <= reg_read_data;
        end

        if (bvalid & bready) begin
            bvalid <= 1'b0;
            got_aw <= 1'b0;
            got_w <= 1'b0;
        end
        if (rvalid & rready) begin
            rvalid <= 1'b0;
            got_ar <= 1'b0;
        end

        open <= 1'b1;
        if (reset) begin
            open <= 1'b0;
            {got_aw, got_w, got_ar, writing, reading, bvalid, rvalid, reg_write, reg_read} <= 9'd0;
        end
    end

endmodule

`default_nettype wire
