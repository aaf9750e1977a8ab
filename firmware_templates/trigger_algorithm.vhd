-- Trigger algorithm wrapper: one event per clock in, class scores out, LATENCY clocks later.
-- The counterpart of trigger_algorithm.v, clock for clock; the ports are described there.
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
    -- The first register of the chain is set by the edge that samples in_data, the last one by the edge that sets the
    -- network's output register, so both leave together. A reset clears every event in flight at once.
    signal valid_chain : std_logic_vector(0 to LATENCY - 1);
begin
    process (clk)
    begin
        if rising_edge(clk) then
            if reset = '1' then
                valid_chain <= (others => '0');
            else
                for stage in LATENCY - 1 downto 1 loop
                    valid_chain(stage) <= valid_chain(stage - 1);
                end loop;
                valid_chain(0) <= in_valid;
            end if;
        end if;
    end process;

    out_valid <= valid_chain(LATENCY - 1);

    network : entity work.network_ports
        port map (
            clk    => clk,
            inputs => in_data,
            scores => out_data
        );
end architecture rtl;
