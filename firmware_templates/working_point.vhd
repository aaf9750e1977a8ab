-- The counterpart of working_point.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity working_point is
    generic (
        BITS          : positive := 14;
        PRESCALE_BITS : positive := 24;
        COUNTER_BITS  : positive := 32;
        TMR           : natural  := 0
    );
    port (
        clk          : in  std_logic;
        reset        : in  std_logic;
        in_valid     : in  std_logic;
        discriminant : in  std_logic_vector(BITS - 1 downto 0);
        threshold    : in  std_logic_vector(BITS - 1 downto 0);
        prescale     : in  std_logic_vector(PRESCALE_BITS - 1 downto 0);
        enable       : in  std_logic;
        restart      : in  std_logic;
        clear        : in  std_logic;
        trigger      : out std_logic;
        accepted     : out std_logic_vector(COUNTER_BITS - 1 downto 0);
        triggered    : out std_logic_vector(COUNTER_BITS - 1 downto 0);
        upset        : out std_logic
    );
end entity working_point;

architecture rtl of working_point is
    signal passes, passed, counts, keep : std_logic;
    signal skip, next_skip              : std_logic_vector(PRESCALE_BITS - 1 downto 0);
    signal upsets                       : std_logic_vector(4 downto 0);
begin
    passes <= '1' when in_valid = '1' and signed(discriminant) >= signed(threshold) else '0';
    counts <= passed and enable;
    keep   <= '1' when counts = '1' and unsigned(skip) = 0 and unsigned(prescale) /= 0 else '0';

    process (all)
    begin
        next_skip <= skip;
        if restart = '1' then
            next_skip <= (others => '0');
        elsif counts = '1' then
            if unsigned(skip) = 0 then
                next_skip <= std_logic_vector(unsigned(prescale) - 1);
            else
                next_skip <= std_logic_vector(unsigned(skip) - 1);
            end if;
        end if;
    end process;

    compare : entity work.voted_register
        generic map (WIDTH => 1, TMR => TMR)
        port map (clk => clk, reset => reset, next_value(0) => passes, value(0) => passed, upset => upsets(0));
    prescaler : entity work.voted_register
        generic map (WIDTH => PRESCALE_BITS, TMR => TMR)
        port map (clk => clk, reset => reset, next_value => next_skip, value => skip, upset => upsets(1));
    decision : entity work.voted_register
        generic map (WIDTH => 1, TMR => TMR)
        port map (clk => clk, reset => reset, next_value(0) => keep, value(0) => trigger, upset => upsets(2));
    before_prescale : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (clk => clk, reset => reset, clear => clear, count => counts, value => accepted, upset => upsets(3));
    after_prescale : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (clk => clk, reset => reset, clear => clear, count => keep, value => triggered, upset => upsets(4));

    upset <= or upsets;
end architecture rtl;
