-- The counterpart of trigger_decision.v, clock for clock; the ports are described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity trigger_decision is
    generic (
        POINTS        : positive;
        CLASSES       : positive;
        SCORE_BITS    : positive;
        SCORE_SIGNED  : natural;
        CLASS_BITS    : positive;
        LEVELS        : natural;  -- clog2(CLASSES)
        POINT_CLASS   : std_logic_vector;
        PRESCALE_BITS : positive := 24;
        COUNTER_BITS  : positive := 32;
        TMR           : natural  := 0
    );
    port (
        clk         : in  std_logic;
        reset       : in  std_logic;
        in_valid    : in  std_logic;
        in_bx       : in  std_logic_vector(11 downto 0);
        in_data     : in  std_logic_vector(CLASSES * SCORE_BITS - 1 downto 0);
        out_valid   : out std_logic;
        out_trigger : out std_logic_vector(POINTS - 1 downto 0);
        out_class   : out std_logic_vector(CLASS_BITS - 1 downto 0);
        out_bx      : out std_logic_vector(11 downto 0);
        out_data    : out std_logic_vector(CLASSES * SCORE_BITS - 1 downto 0);
        thresholds  : in  std_logic_vector(POINTS * (SCORE_BITS + 1) - 1 downto 0);
        prescales   : in  std_logic_vector(POINTS * PRESCALE_BITS - 1 downto 0);
        enables     : in  std_logic_vector(POINTS - 1 downto 0);
        restart     : in  std_logic;
        clear       : in  std_logic;
        events      : out std_logic_vector(COUNTER_BITS - 1 downto 0);
        accepted    : out std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
        triggered   : out std_logic_vector(POINTS * COUNTER_BITS - 1 downto 0);
        upset       : out std_logic
    );
end entity trigger_decision;

architecture rtl of trigger_decision is
    constant BITS : positive := SCORE_BITS + 1;

    function extended(score : std_logic_vector(SCORE_BITS - 1 downto 0)) return std_logic_vector is
    begin
        if SCORE_SIGNED /= 0 then
            return score(SCORE_BITS - 1) & score;
        end if;
        return '0' & score;
    end function;

    signal valid                        : std_logic_vector(0 to LEVELS + 3);  -- valid(k): k clocks behind in_data
    signal valid_upsets                 : std_logic_vector(1 to LEVELS + 3);
    signal all_extended                 : std_logic_vector(CLASSES * BITS - 1 downto 0);
    signal ranked_data                  : std_logic_vector(CLASSES * SCORE_BITS - 1 downto 0);
    signal best, second                 : std_logic_vector(BITS - 1 downto 0);
    signal best_class                   : std_logic_vector(CLASS_BITS - 1 downto 0);
    signal point_upsets, margin_upsets  : std_logic_vector(POINTS - 1 downto 0);
    signal ranking_upset, events_upset  : std_logic;
begin
    extend : for c in 0 to CLASSES - 1 generate
        all_extended((c + 1) * BITS - 1 downto c * BITS) <=
            extended(in_data((c + 1) * SCORE_BITS - 1 downto c * SCORE_BITS));
    end generate;

    valid(0) <= in_valid;

    valid_chain : for k in 1 to LEVELS + 3 generate
        stage : entity work.voted_register
            generic map (WIDTH => 1, TMR => TMR)
            port map (
                clk => clk, reset => reset, next_value(0) => valid(k - 1), value(0) => valid(k), upset => valid_upsets(k)
            );
    end generate;

    point : for p in 0 to POINTS - 1 generate
        constant C : natural := to_integer(unsigned(POINT_CLASS(8 * p + 7 downto 8 * p)));
        signal score, discriminant, next_discriminant : std_logic_vector(BITS - 1 downto 0);
    begin
        score <= extended(ranked_data((C + 1) * SCORE_BITS - 1 downto C * SCORE_BITS));

        alone : if CLASSES = 1 generate
            next_discriminant <= score;
        end generate;
        margin : if CLASSES > 1 generate
            next_discriminant <= std_logic_vector(signed(score) - signed(second)) when unsigned(best_class) = C
                                 else std_logic_vector(signed(score) - signed(best));
        end generate;

        difference : entity work.voted_register
            generic map (WIDTH => BITS, TMR => TMR)
            port map (
                clk        => clk,
                reset      => reset,
                next_value => next_discriminant,
                value      => discriminant,
                upset      => margin_upsets(p)
            );
        decide : entity work.working_point
            generic map (BITS => BITS, PRESCALE_BITS => PRESCALE_BITS, COUNTER_BITS => COUNTER_BITS, TMR => TMR)
            port map (
                clk          => clk,
                reset        => reset,
                in_valid     => valid(LEVELS + 1),
                discriminant => discriminant,
                threshold    => thresholds((p + 1) * BITS - 1 downto p * BITS),
                prescale     => prescales((p + 1) * PRESCALE_BITS - 1 downto p * PRESCALE_BITS),
                enable       => enables(p),
                restart      => restart,
                clear        => clear,
                trigger      => out_trigger(p),
                accepted     => accepted((p + 1) * COUNTER_BITS - 1 downto p * COUNTER_BITS),
                triggered    => triggered((p + 1) * COUNTER_BITS - 1 downto p * COUNTER_BITS),
                upset        => point_upsets(p)
            );
    end generate;

    ranking : entity work.score_ranking
        generic map (CLASSES => CLASSES, BITS => BITS, CLASS_BITS => CLASS_BITS, LEVELS => LEVELS, TMR => TMR)
        port map (
            clk        => clk,
            reset      => reset,
            scores     => all_extended,
            best       => best,
            second     => second,
            best_class => best_class,
            upset      => ranking_upset
        );
    seen : entity work.saturating_counter
        generic map (WIDTH => COUNTER_BITS, TMR => TMR)
        port map (
            clk => clk, reset => reset, clear => clear, count => valid(LEVELS + 2), value => events, upset => events_upset
        );

    score_ranked : entity work.delay_line
        generic map (WIDTH => CLASSES * SCORE_BITS, DEPTH => LEVELS)
        port map (clk => clk, in_data => in_data, out_data => ranked_data);
    score_decided : entity work.delay_line
        generic map (WIDTH => CLASSES * SCORE_BITS, DEPTH => 3)
        port map (clk => clk, in_data => ranked_data, out_data => out_data);
    class_decided : entity work.delay_line
        generic map (WIDTH => CLASS_BITS, DEPTH => 3)
        port map (clk => clk, in_data => best_class, out_data => out_class);
    bx_decided : entity work.delay_line
        generic map (WIDTH => 12, DEPTH => LEVELS + 3)
        port map (clk => clk, in_data => in_bx, out_data => out_bx);

    out_valid <= valid(LEVELS + 3);
    upset     <= ranking_upset or events_upset or (or valid_upsets) or (or point_upsets) or (or margin_upsets);
end architecture rtl;
