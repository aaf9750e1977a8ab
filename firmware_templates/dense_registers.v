// Dense layer whose weights and biases are registers that can be written while the design runs; a new event every clock.
//
//   sums[o] = sum over i of values[i] * weight[o, i], plus bias[o] * 2**BIAS_SHIFT, exactly
//
// Weight (o, i) is at the address FIRST_ADDRESS + o * (INPUTS + 1) + i, bias o at i = INPUTS. Written data count from the
// next clock on, so an event in flight meets old and new weights: stop the events while a set of weights is written.
// DSP = 1 leaves the multipliers to the DSP slices of the device, DSP = 0 builds them of adders.
// The sums stand at the output 1 + ceil(log2(INPUTS + 1)) clocks later: the products, then a tree of adders.
`timescale 1 ns / 1 ps
`default_nettype none

module dense_registers #(
    parameter integer INPUTS = 2,
    parameter integer OUTPUTS = 1,
    parameter integer INPUT_WIDTH = 8,
    parameter integer INPUT_SIGNED = 0,
    parameter integer WEIGHT_WIDTH = 8,
    parameter integer BIAS_WIDTH = 8,
    parameter integer BIAS_SHIFT = 0,
    parameter integer SUM_WIDTH = 20,
    parameter integer FIRST_ADDRESS = 0,
    parameter integer ADDRESS_WIDTH = 8,
    parameter integer DATA_WIDTH = 8,
    parameter integer DSP = 1,
    parameter [OUTPUTS*(INPUTS+1)*DATA_WIDTH-1:0] INITIAL = 0
) (
    input  wire                          clk,
    input  wire                          write_enable,
    input  wire [ADDRESS_WIDTH-1:0]      write_address,
    input  wire [DATA_WIDTH-1:0]         write_data,
    input  wire [INPUTS*INPUT_WIDTH-1:0] values,
    output wire [OUTPUTS*SUM_WIDTH-1:0]  sums
);

    localparam integer TERMS = INPUTS + 1;
    localparam integer LEVELS = $clog2(TERMS);

    genvar o, i, l;
    generate
        for (o = 0; o < OUTPUTS; o = o + 1) begin : neuron
            wire [TERMS*SUM_WIDTH-1:0] terms;
            for (i = 0; i < INPUTS; i = i + 1) begin : synapse
                localparam integer PLACE = o * TERMS + i;
                localparam [ADDRESS_WIDTH-1:0] ADDRESS = FIRST_ADDRESS + PLACE;
                reg signed [WEIGHT_WIDTH-1:0] weight;
                initial weight = INITIAL[DATA_WIDTH*PLACE +: WEIGHT_WIDTH];
                wire sign = INPUT_SIGNED != 0 ? values[INPUT_WIDTH*i + INPUT_WIDTH - 1] : 1'b0;
                wire signed [INPUT_WIDTH:0] value = {sign, values[INPUT_WIDTH*i +: INPUT_WIDTH]};
                wire signed [INPUT_WIDTH+WEIGHT_WIDTH:0] wide = value;
                reg signed [INPUT_WIDTH+WEIGHT_WIDTH:0] product;
                wire signed [INPUT_WIDTH+WEIGHT_WIDTH:0] next;
                if (DSP != 0) begin : multiplier
                    assign next = value * weight;
                end else begin : adders
                    // One row per bit of the weight; the bit of the sign counts negative.
                    reg signed [INPUT_WIDTH+WEIGHT_WIDTH:0] total;
                    integer bit_number;
                    always @* begin
                        total = weight[WEIGHT_WIDTH-1] ? -(wide <<< (WEIGHT_WIDTH - 1)) : 0;
                        for (bit_number = 0; bit_number < WEIGHT_WIDTH - 1; bit_number = bit_number + 1)
                            if (weight[bit_number]) total = total + (wide <<< bit_number);
                    end
                    assign next = total;
                end
                always @(posedge clk) begin
                    product <= next;
                    if (write_enable && write_address == ADDRESS)
                        weight <= write_data[WEIGHT_WIDTH-1:0];
                end
                assign terms[SUM_WIDTH*i +: SUM_WIDTH] =
                    {{SUM_WIDTH - INPUT_WIDTH - WEIGHT_WIDTH - 1{product[INPUT_WIDTH+WEIGHT_WIDTH]}}, product};
            end

            localparam integer BIAS_PLACE = o * TERMS + INPUTS;
            localparam [ADDRESS_WIDTH-1:0] BIAS_ADDRESS = FIRST_ADDRESS + BIAS_PLACE;
            reg signed [BIAS_WIDTH-1:0] bias;
            initial bias = INITIAL[DATA_WIDTH*BIAS_PLACE +: BIAS_WIDTH];
            wire signed [SUM_WIDTH-1:0] wide_bias = {{SUM_WIDTH - BIAS_WIDTH{bias[BIAS_WIDTH-1]}}, bias};
            always @(posedge clk)
                if (write_enable && write_address == BIAS_ADDRESS)
                    bias <= write_data[BIAS_WIDTH-1:0];
            assign terms[SUM_WIDTH*INPUTS +: SUM_WIDTH] = wide_bias <<< BIAS_SHIFT;

            // Level l holds what is left after l additions in pairs.
            for (l = 0; l <= LEVELS; l = l + 1) begin : level
                localparam integer LEFT = (TERMS + (1 << l) - 1) >> l;
                wire [LEFT*SUM_WIDTH-1:0] left;
                if (l == 0) begin : start
                    assign left = terms;
                end else begin : add
                    localparam integer BEFORE = (TERMS + (1 << (l - 1)) - 1) >> (l - 1);
                    for (i = 0; i < LEFT; i = i + 1) begin : pair
                        reg [SUM_WIDTH-1:0] sum;
                        if (2 * i + 1 < BEFORE) begin : two
                            always @(posedge clk)
                                sum <= level[l-1].left[SUM_WIDTH*2*i +: SUM_WIDTH]
                                       + level[l-1].left[SUM_WIDTH*(2*i+1) +: SUM_WIDTH];
                        end else begin : one
                            always @(posedge clk) sum <= level[l-1].left[SUM_WIDTH*2*i +: SUM_WIDTH];
                        end
                        assign left[SUM_WIDTH*i +: SUM_WIDTH] = sum;
                    end
                end
            end
            assign sums[SUM_WIDTH*o +: SUM_WIDTH] = level[LEVELS].left;
        end
    endgenerate

endmodule

`default_nettype wire
