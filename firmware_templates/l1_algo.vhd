-- The counterpart of l1_algo.v, clock for clock; the ports are described there.
library ieee;
use ieee.std_logic_1164.all;
use work.trigger_parameters.all;
use work.decision_parameters.all;

entity l1_algo is
    generic (
        ORBIT              : positive := 3564;
        CROSSING_PER_EVENT : natural  := 0;
        PRESCALE_BITS      : positive := 24;
        COUNTER_BITS       : positive := 32
    );
    port (
        clk            : in  std_logic;
        reset          : in  std_logic;
        in_valid       : in  std_logic;
        in_bx0         : in  std_logic;
        in_data        : in  std_logic_vector(INPUT_BITS - 1 downto 0);
        out_valid      : out std_logic;
        out_trigger    : out std_logic_vector(POINTS - 1 downto 0);
        out_class      : out std_logic_vector(CLASS_BITS - 1 downto 0);
        out_bx         : out std_logic_vector(11 downto 0);
        out_data       : out std_logic_vector(OUTPUT_BITS - 1 downto 0);
        reg_address    : in  std_logic_vector(11 downto 0);
        reg_write      : in  std_logic;
        reg_read       : in  std_logic;
        reg_write_data : in  std_logic_vector(31 downto 0);
        reg_read_data  : out std_logic_vector(31 downto 0);
        reg_done       : out std_logic;
        reg_error      : out std_logic
    );
end entity l1_algo;

architecture rtl of l1_algo is
    function clocks return positive is
    begin
        if CROSSING_PER_EVENT /= 0 then
            return 1;
        end if;
        return CLOCKS_PER_BX;
    end function;

    signal scores_valid                              : std_logic;
    signal scores                                    : std_logic_vector(OUTPUT_BITS - 1 downto 0);
    signal crossing, scores_bx                       : std_logic_vector(11 downto 0);
    signal advance                                   : std_logic;
    signal locked, misplaced, missing                : std_logic;
    signal restart, clear, upset                     : std_logic;
    signal thresholds                                : std_logic_vector(POINTS * (SCORE_BITS + 1) - 1 downto 0);
    signal prescales                                 : std_logic_vector(POINTS * PRESCALE_BITS - 1 downto 0);
    signal enables                                   : std_logic_vector(POINTS - 1 downto 0);
    signal events                                    : std_logic_vector(COUNTER_BITS - 1 downto 0);
    signal accepted, triggered                       : std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
    signal orbit_upset, decision_upset, regs_upset   : std_logic;
begin
    algorithm : entity work.trigger_algorithm
        port map (
            clk       => clk,
            reset     => reset,
            in_valid  => in_valid,
            in_data   => in_data,
            out_valid => scores_valid,
            out_data  => scores
        );

    advance <= in_valid when CROSSING_PER_EVENT /= 0 else '1';

    orbit_place : entity work.orbit_counter
        generic map (ORBIT => ORBIT, CLOCKS_PER_BX => clocks, TMR => TMR)
        port map (
            clk       => clk,
            reset     => reset,
            advance   => advance,
            bx0       => in_bx0,
            crossing  => crossing,
            locked    => locked,
            misplaced => misplaced,
            missing   => missing,
            upset     => orbit_upset
        );

    bx_of_scores : entity work.delay_line
        generic map (WIDTH => 12, DEPTH => LATENCY)
        port map (clk => clk, in_data => crossing, out_data => scores_bx);

    decision : entity work.trigger_decision
        generic map (
            POINTS        => POINTS,
            CLASSES       => CLASSES,
            SCORE_BITS    => SCORE_BITS,
            SCORE_SIGNED  => SCORE_SIGNED,
            CLASS_BITS    => CLASS_BITS,
            LEVELS        => LEVELS,
            POINT_CLASS   => POINT_CLASS,
            PRESCALE_BITS => PRESCALE_BITS,
            COUNTER_BITS  => COUNTER_BITS,
            TMR           => TMR
        )
        port map (
            clk         => clk,
            reset       => reset,
            in_valid    => scores_valid,
            in_bx       => scores_bx,
            in_data     => scores,
            out_valid   => out_valid,
            out_trigger => out_trigger,
            out_class   => out_class,
            out_bx      => out_bx,
            out_data    => out_data,
            thresholds  => thresholds,
            prescales   => prescales,
            enables     => enables,
            restart     => restart,
            clear       => clear,
            events      => events,
            accepted    => accepted,
            triggered   => triggered,
            upset       => decision_upset
        );

    upset <= orbit_upset or decision_upset or regs_upset;

    registers : entity work.trigger_registers
        generic map (
            POINTS            => POINTS,
            CLASSES           => CLASSES,
            SCORE_BITS        => SCORE_BITS,
            NETWORK_ID        => NETWORK_ID,
            INITIAL_THRESHOLD => INITIAL_THRESHOLD,
            INITIAL_PRESCALE  => INITIAL_PRESCALE,
            TOTAL_LATENCY     => LATENCY + LEVELS + 3,
            PRESCALE_BITS     => PRESCALE_BITS,
            COUNTER_BITS      => COUNTER_BITS,
            TMR               => TMR
        )
        port map (
            clk             => clk,
            reset           => reset,
            reg_address     => reg_address,
            reg_write       => reg_write,
            reg_read        => reg_read,
            reg_write_data  => reg_write_data,
            reg_read_data   => reg_read_data,
            reg_done        => reg_done,
            reg_error       => reg_error,
            thresholds      => thresholds,
            prescales       => prescales,
            enables         => enables,
            restart         => restart,
            clear           => clear,
            locked          => locked,
            misplaced       => misplaced,
            missing         => missing,
            upset           => upset,
            events          => events,
            accepted        => accepted,
            triggered       => triggered,
            registers_upset => regs_upset
        );
end architecture rtl;
