-- The counterpart of orbit_counter.v, clock for clock; the ports are described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity orbit_counter is
    generic (
        ORBIT         : positive := 3564;
        CLOCKS_PER_BX : positive := 1;
        TMR           : natural  := 0
    );
    port (
        clk       : in  std_logic;
        reset     : in  std_logic;
        advance   : in  std_logic;
        bx0       : in  std_logic;
        crossing  : out std_logic_vector(11 downto 0);
        locked    : out std_logic;
        misplaced : out std_logic;
        missing   : out std_logic;
        upset     : out std_logic
    );
end entity orbit_counter;

architecture rtl of orbit_counter is
    -- The place that the coming clock has unless a BX0 says otherwise: {locked, clock of the crossing, crossing}.
    signal state, next_state : std_logic_vector(20 downto 0);
    signal place, this_place : unsigned(11 downto 0);
    signal tick, this_tick   : unsigned(7 downto 0);
    signal is_locked, here   : std_logic;
    signal start             : std_logic;
begin
    is_locked <= state(20);
    tick      <= unsigned(state(19 downto 12));
    place     <= unsigned(state(11 downto 0));
    here      <= advance and bx0;
    start     <= '1' when place = 0 and tick = 0 else '0';

    this_place <= (others => '0') when here = '1' else place;
    this_tick  <= (others => '0') when here = '1' else tick;

    process (all)
        variable next_place : unsigned(11 downto 0);
        variable next_tick  : unsigned(7 downto 0);
    begin
        next_place := this_place;
        next_tick  := tick;
        if advance = '1' then
            next_tick := this_tick + 1;
            if this_tick = CLOCKS_PER_BX - 1 then
                next_tick  := (others => '0');
                next_place := this_place + 1;
                if this_place = ORBIT - 1 then
                    next_place := (others => '0');
                end if;
            end if;
        end if;
        next_state <= (is_locked or here) & std_logic_vector(next_tick) & std_logic_vector(next_place);
    end process;

    locked    <= is_locked;
    crossing  <= std_logic_vector(this_place) when is_locked = '1' or here = '1' else (others => '1');
    misplaced <= is_locked and here and not start;
    missing   <= is_locked and advance and not bx0 and start;

    state_register : entity work.voted_register
        generic map (WIDTH => 21, TMR => TMR)
        port map (clk => clk, reset => reset, next_value => next_state, value => state, upset => upset);
end architecture rtl;
