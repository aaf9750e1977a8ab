// A register, or with TMR = 1 three copies of it with a majority vote.
//
//   value   what next_value was at the last edge; one upset copy never shows here
//   upset   high for one clock after the copies were seen to disagree
//
// next_value is computed from the voted one, so an upset copy is right again after one clock.
// The attributes keep synthesis from merging the copies: keep on the process for Yosys, dont_touch for Vivado.
`timescale 1 ns / 1 ps
`default_nettype none

module voted_register #(
    parameter WIDTH = 1,
    parameter TMR = 0,
    parameter [WIDTH-1:0] INITIAL = {WIDTH{1'b0}}
) (
    input  wire             clk,
    input  wire             reset,
    input  wire [WIDTH-1:0] next_value,
    output wire [WIDTH-1:0] value,
    output wire             upset
);

    generate
        if (TMR) begin : triple
            (* keep = "true", dont_touch = "true" *) reg [WIDTH-1:0] copy0;
            (* keep = "true", dont_touch = "true" *) reg [WIDTH-1:0] copy1;
            (* keep = "true", dont_touch = "true" *) reg [WIDTH-1:0] copy2;
            reg disagree;  // !==: copies that are unknown alike in simulation do agree

            (* keep *) always @(posedge clk) copy0 <= reset ? INITIAL : next_value;
            (* keep *) always @(posedge clk) copy1 <= reset ? INITIAL : next_value;
            (* keep *) always @(posedge clk) copy2 <= reset ? INITIAL : next_value;

            always @(posedge clk) disagree <= !reset && (copy0 !== copy1 || copy0 !== copy2);

            assign value = (copy0 & copy1) | (copy0 & copy2) | (copy1 & copy2);
            assign upset = disagree;
        end else begin : single
            reg [WIDTH-1:0] copy0;

            always @(posedge clk) copy0 <= reset ? INITIAL : next_value;

            assign value = copy0;
            assign upset = 1'b0;
        end
    endgenerate

endmodule

`default_nettype wire
