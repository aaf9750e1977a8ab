-- The counterpart of delay_line.v, clock for clock.
library ieee;
use ieee.std_logic_1164.all;

entity delay_line is
    generic (
        WIDTH : positive := 1;
        DEPTH : natural  := 1
    );
    port (
        clk      : in  std_logic;
        in_data  : in  std_logic_vector(WIDTH - 1 downto 0);
        out_data : out std_logic_vector(WIDTH - 1 downto 0)
    );
end entity delay_line;

architecture rtl of delay_line is
    type word_array is array (natural range <>) of std_logic_vector(WIDTH - 1 downto 0);
    signal chain : word_array(0 to DEPTH);
begin
    chain(0) <= in_data;

    stages : for k in 1 to DEPTH generate
        chain(k) <= chain(k - 1) when rising_edge(clk);
    end generate;

    out_data <= chain(DEPTH);
end architecture rtl;
