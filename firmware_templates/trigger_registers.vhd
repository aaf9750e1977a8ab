-- The counterpart of trigger_registers.v, clock for clock; bus and commands are described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity trigger_registers is
    generic (
        POINTS            : positive;
        CLASSES           : positive;
        SCORE_BITS        : positive;
        NETWORK_ID        : std_logic_vector(31 downto 0);
        INITIAL_THRESHOLD : std_logic_vector;
        INITIAL_PRESCALE  : std_logic_vector;
        TOTAL_LATENCY     : positive;
        PRESCALE_BITS     : positive := 24;
        COUNTER_BITS      : positive := 32;
        TMR               : natural  := 0
    );
    port (
        clk             : in  std_logic;
        reset           : in  std_logic;
        reg_address     : in  std_logic_vector(11 downto 0);
        reg_write       : in  std_logic;
        reg_read        : in  std_logic;
        reg_write_data  : in  std_logic_vector(31 downto 0);
        reg_read_data   : out std_logic_vector(31 downto 0);
        reg_done        : out std_logic;
        reg_error       : out std_logic;
        thresholds      : out std_logic_vector(POINTS * (SCORE_BITS + 1) - 1 downto 0);
        prescales       : out std_logic_vector(POINTS * PRESCALE_BITS - 1 downto 0);
        enables         : out std_logic_vector(POINTS - 1 downto 0);
        restart         : out std_logic;
        clear           : out std_logic;
        locked          : in  std_logic;
        misplaced       : in  std_logic;
        missing         : in  std_logic;
        upset           : in  std_logic;
        events          : in  std_logic_vector(COUNTER_BITS - 1 downto 0);
        accepted        : in  std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
        triggered       : in  std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
        registers_upset : out std_logic
    );
end entity trigger_registers;

architecture rtl of trigger_registers is
    constant BITS         : positive                       := SCORE_BITS + 1;
    constant IDENTITY     : std_logic_vector(31 downto 0)  := x"54524947";  -- "TRIG"
    constant MAP_VERSION  : natural                        := 1;
    constant FEATURES     : natural                        := TMR * 2 ** 24 + SCORE_BITS * 2 ** 16 + CLASSES * 2 ** 8 + POINTS;
    constant FIRST_POINT  : natural                        := 16#100#;  -- 16 bytes per point

    subtype word_type is std_logic_vector(31 downto 0);

    function wide(narrow : std_logic_vector) return word_type is
    begin
        return std_logic_vector(resize(unsigned(narrow), 32));
    end function;

    -- Whether a word is a sign-extended number of so many bits, and whether it is an unsigned one.
    function fits_signed(word : word_type; width : positive) return boolean is
    begin
        return (and word(31 downto width - 1)) = '1' or (or word(31 downto width - 1)) = '0';
    end function;

    function fits_unsigned(word : word_type; width : positive) return boolean is
    begin
        return (or word(31 downto width)) = '0';
    end function;

    signal address                                         : natural range 0 to 4095;
    signal command, commit, latch, clear_errors            : std_logic;
    signal new_enables                                     : std_logic_vector(POINTS - 1 downto 0);
    signal next_enables, next_active_enables               : std_logic_vector(POINTS - 1 downto 0);
    signal new_thresholds                                  : std_logic_vector(POINTS * BITS - 1 downto 0);
    signal new_prescales                                   : std_logic_vector(POINTS * PRESCALE_BITS - 1 downto 0);
    signal misplaced_count, missing_count, upset_count     : std_logic_vector(COUNTER_BITS - 1 downto 0);
    signal sticky, next_sticky                             : std_logic_vector(2 downto 0);
    signal upsets                                          : std_logic_vector(6 downto 0);
    signal point_upsets                                    : std_logic_vector(4 * POINTS - 1 downto 0);
    signal events_copy                                     : std_logic_vector(COUNTER_BITS - 1 downto 0);
    signal accepted_copy, triggered_copy                   : std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
begin
    -- An address that is unknown in simulation is none.
    address <= 4095 when is_x(reg_address) else to_integer(unsigned(reg_address));
    command <= '1' when reg_write = '1' and address = 16#018# else '0';
    commit  <= command and reg_write_data(0);
    latch   <= command and reg_write_data(1);
    clear   <= command and reg_write_data(2);
    clear_errors <= command and reg_write_data(3);

    point : for p in 0 to POINTS - 1 generate
        constant BASE : natural := FIRST_POINT + 16 * p;
        signal next_new_threshold, next_threshold : std_logic_vector(BITS - 1 downto 0);
        signal next_new_prescale, next_prescale   : std_logic_vector(PRESCALE_BITS - 1 downto 0);
    begin
        next_new_threshold <= reg_write_data(BITS - 1 downto 0)
            when reg_write = '1' and address = BASE and fits_signed(reg_write_data, BITS)
            else new_thresholds((p + 1) * BITS - 1 downto p * BITS);
        next_new_prescale <= reg_write_data(PRESCALE_BITS - 1 downto 0)
            when reg_write = '1' and address = BASE + 4 and fits_unsigned(reg_write_data, PRESCALE_BITS)
            else new_prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS);
        next_threshold <= new_thresholds((p + 1) * BITS - 1 downto p * BITS) when commit = '1'
            else thresholds((p + 1) * BITS - 1 downto p * BITS);
        next_prescale <= new_prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS) when restart = '1'
            else prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS);

        new_threshold : entity work.voted_register
            generic map (WIDTH => BITS, TMR => TMR, INITIAL => INITIAL_THRESHOLD(32 * p + BITS - 1 downto 32 * p))
            port map (
                clk        => clk,
                reset      => reset,
                next_value => next_new_threshold,
                value      => new_thresholds((p + 1) * BITS - 1 downto p * BITS),
                upset      => point_upsets(4 * p)
            );
        new_prescale : entity work.voted_register
            generic map (
                WIDTH => PRESCALE_BITS, TMR => TMR, INITIAL => INITIAL_PRESCALE(32 * p + PRESCALE_BITS - 1 downto 32 * p)
            )
            port map (
                clk        => clk,
                reset      => reset,
                next_value => next_new_prescale,
                value      => new_prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS),
                upset      => point_upsets(4 * p + 1)
            );
        active_threshold : entity work.voted_register
            generic map (WIDTH => BITS, TMR => TMR, INITIAL => INITIAL_THRESHOLD(32 * p + BITS - 1 downto 32 * p))
            port map (
                clk        => clk,
                reset      => reset,
                next_value => next_threshold,
                value      => thresholds((p + 1) * BITS - 1 downto p * BITS),
                upset      => point_upsets(4 * p + 2)
            );
        active_prescale : entity work.voted_register
            generic map (
                WIDTH => PRESCALE_BITS, TMR => TMR, INITIAL => INITIAL_PRESCALE(32 * p + PRESCALE_BITS - 1 downto 32 * p)
            )
            port map (
                clk        => clk,
                reset      => reset,
                next_value => next_prescale,
                value      => prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS),
                upset      => point_upsets(4 * p + 3)
            );
    end generate;

    next_enables <= reg_write_data(POINTS - 1 downto 0)
        when reg_write = '1' and address = 16#014# and fits_unsigned(reg_write_data, POINTS)
        else new_enables;
    next_active_enables <= new_enables when restart = '1' else enables;
    next_sticky         <= (sticky and not (2 downto 0 => clear_errors)) or (upset & missing & misplaced);

    new_enable : entity work.voted_register
        generic map (WIDTH => POINTS, TMR => TMR, INITIAL => (POINTS - 1 downto 0 => '1'))
        port map (clk => clk, reset => reset, next_value => next_enables, value => new_enables, upset => upsets(0));
    active_enables : entity work.voted_register
        generic map (WIDTH => POINTS, TMR => TMR, INITIAL => (POINTS - 1 downto 0 => '1'))
        port map (clk => clk, reset => reset, next_value => next_active_enables, value => enables, upset => upsets(1));
    commit_late : entity work.voted_register
        generic map (WIDTH => 1, TMR => TMR)
        port map (clk => clk, reset => reset, next_value(0) => commit, value(0) => restart, upset => upsets(2));
    errors : entity work.voted_register
        generic map (WIDTH => 3, TMR => TMR)
        port map (clk => clk, reset => reset, next_value => next_sticky, value => sticky, upset => upsets(3));
    misplaced_bx0 : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (
            clk   => clk,
            reset => reset,
            clear => clear_errors,
            count => misplaced,
            value => misplaced_count,
            upset => upsets(4)
        );
    missing_bx0 : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (
            clk => clk, reset => reset, clear => clear_errors, count => missing, value => missing_count, upset => upsets(5)
        );
    upset_clocks : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (
            clk => clk, reset => reset, clear => clear_errors, count => upset, value => upset_count, upset => upsets(6)
        );
    registers_upset <= (or upsets) or (or point_upsets);

    process (clk)
    begin
        if rising_edge(clk) then
            if reset = '1' then
                events_copy    <= (others => '0');
                accepted_copy  <= (others => '0');
                triggered_copy <= (others => '0');
            elsif latch = '1' then
                events_copy    <= events;
                accepted_copy  <= accepted;
                triggered_copy <= triggered;
            end if;
        end if;
    end process;

    -- The answer to a read or write: the word, whether there is one, and whether it takes what is written.
    process (clk)
        variable word            : word_type;
        variable known, writable : boolean;
    begin
        if rising_edge(clk) then
            word     := (others => '0');
            known    := true;
            writable := false;
            case address is
                when 16#000# => word := IDENTITY;
                when 16#004# => word := std_logic_vector(to_unsigned(MAP_VERSION, 32));
                when 16#008# => word := NETWORK_ID;
                when 16#00c# => word := std_logic_vector(to_unsigned(FEATURES, 32));
                when 16#010# => word := std_logic_vector(to_unsigned(TOTAL_LATENCY, 32));
                when 16#014# =>
                    word     := wide(new_enables);
                    writable := fits_unsigned(reg_write_data, POINTS);
                when 16#018# => writable := true;
                when 16#01c# => word := wide(sticky & locked);
                when 16#020# => word := wide(misplaced_count);
                when 16#024# => word := wide(missing_count);
                when 16#028# => word := wide(upset_count);
                when 16#02c# => word := wide(events_copy);
                when others  => known := false;
            end case;
            for k in 0 to POINTS - 1 loop
                if address = FIRST_POINT + 16 * k then
                    word  := std_logic_vector(resize(signed(new_thresholds((k + 1) * BITS - 1 downto k * BITS)), 32));
                    known := true;
                    writable := fits_signed(reg_write_data, BITS);
                elsif address = FIRST_POINT + 16 * k + 4 then
                    word  := wide(new_prescales((k + 1) * PRESCALE_BITS - 1 downto k * PRESCALE_BITS));
                    known := true;
                    writable := fits_unsigned(reg_write_data, PRESCALE_BITS);
                elsif address = FIRST_POINT + 16 * k + 8 then
                    word  := wide(accepted_copy((k + 1) * COUNTER_BITS - 1 downto k * COUNTER_BITS));
                    known := true;
                elsif address = FIRST_POINT + 16 * k + 12 then
                    word  := wide(triggered_copy((k + 1) * COUNTER_BITS - 1 downto k * COUNTER_BITS));
                    known := true;
                end if;
            end loop;

            reg_done      <= (reg_read or reg_write) and not reset;
            reg_error     <= '0';
            reg_read_data <= (others => '0');
            if reset = '0' and reg_read = '1' then
                reg_read_data <= word;
            end if;
            if reset = '0' and ((reg_read = '1' and not known) or (reg_write = '1' and not writable)) then
                reg_error <= '1';
            end if;
        end if;
    end process;
end architecture rtl;
