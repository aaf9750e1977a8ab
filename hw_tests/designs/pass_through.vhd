-- The counterpart of pass_through.v.
library ieee;
use ieee.std_logic_1164.all;
use work.trigger_parameters.all;

entity trigger_algorithm is
    port (
        clk       : in  std_logic;
        reset     : in  std_logic;
        in_valid  : in  std_logic;
        in_data   : in  std_logic_vector(INPUT_BITS - 1 downto 0);
        out_valid : out std_logic;
        out_data  : out std_logic_vector(OUTPUT_BITS - 1 downto 0)
    );
end entity trigger_algorithm;

architecture rtl of trigger_algorithm is
    type word_array is array (1 to LATENCY) of std_logic_vector(INPUT_BITS downto 0);
    signal chain : word_array;
begin
    process (clk)
    begin
        if rising_edge(clk) then
            for stage in LATENCY downto 2 loop
                chain(stage) <= chain(stage - 1);
            end loop;
            chain(1) <= in_valid & in_data;
            if reset = '1' then
                for stage in 1 to LATENCY loop
                    chain(stage)(INPUT_BITS) <= '0';
                end loop;
            end if;
        end if;
    end process;

    out_valid <= chain(LATENCY)(INPUT_BITS);
    out_data  <= chain(LATENCY)(OUTPUT_BITS - 1 downto 0);
end architecture rtl;
