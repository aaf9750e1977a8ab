-- The counterpart of saturating_counter.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity saturating_counter is
    generic (
        WIDTH : positive := 32;
        TMR   : natural  := 0
    );
    port (
        clk   : in  std_logic;
        reset : in  std_logic;
        clear : in  std_logic;
        count : in  std_logic;
        value : out std_logic_vector(WIDTH - 1 downto 0);
        upset : out std_logic
    );
end entity saturating_counter;

architecture rtl of saturating_counter is
    signal now, base, following : std_logic_vector(WIDTH - 1 downto 0);
    signal step                 : unsigned(0 downto 0);
begin
    step(0)   <= count and (clear or not (and now));
    base      <= (others => '0') when clear = '1' else now;
    following <= std_logic_vector(unsigned(base) + step);
    value     <= now;

    total : entity work.voted_register
        generic map (WIDTH => WIDTH, TMR => TMR)
        port map (clk => clk, reset => reset, next_value => following, value => now, upset => upset);
end architecture rtl;
