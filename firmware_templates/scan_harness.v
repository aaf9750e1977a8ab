// Four pins around the trigger algorithm, for place and route on a device whose pins are fewer than its ports.
//
// A shift register feeds every input, another one takes every output, so each path of the algorithm runs from register
// to register, and nothing of it can be optimised away.
//
//   clk     algorithm clock
//   si      next bit of the inputs: in_data, then in_valid, then reset
//   load    takes the outputs, instead of shifting them
//   so      last bit of the outputs
`timescale 1 ns / 1 ps
`default_nettype none

module scan_harness #(
    `include "trigger_parameters.vh"
) (
    input  wire clk,
    input  wire si,
    input  wire load,
    output wire so
);

    reg  [INPUT_BITS+1:0] inputs;
    reg  [OUTPUT_BITS:0]  outputs;
    reg                   load_registered;
    wire [OUTPUT_BITS:0]  found;

    always @(posedge clk) begin
        inputs <= {inputs[INPUT_BITS:0], si};
        load_registered <= load;
        outputs <= load_registered ? found : (outputs << 1);
    end

    assign so = outputs[OUTPUT_BITS];

    trigger_algorithm algorithm (
        .clk       (clk),
        .reset     (inputs[INPUT_BITS+1]),
        .in_valid  (inputs[INPUT_BITS]),
        .in_data   (inputs[INPUT_BITS-1:0]),
        .out_valid (found[OUTPUT_BITS]),
        .out_data  (found[OUTPUT_BITS-1:0])
    );

endmodule

`default_nettype wire
