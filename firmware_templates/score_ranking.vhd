-- The counterpart of score_ranking.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity score_ranking is
    generic (
        CLASSES    : positive := 5;
        BITS       : positive := 14;
        CLASS_BITS : positive := 3;
        LEVELS     : natural  := 3;
        TMR        : natural  := 0
    );
    port (
        clk        : in  std_logic;
        reset      : in  std_logic;
        scores     : in  std_logic_vector(CLASSES * BITS - 1 downto 0);
        best       : out std_logic_vector(BITS - 1 downto 0);
        second     : out std_logic_vector(BITS - 1 downto 0);
        best_class : out std_logic_vector(CLASS_BITS - 1 downto 0);
        upset      : out std_logic
    );
end entity score_ranking;

architecture rtl of score_ranking is
    constant NODE : positive := 2 * BITS + CLASS_BITS;  -- class, second, best

    subtype node_word is std_logic_vector(NODE - 1 downto 0);
    type node_array is array (0 to LEVELS, 0 to CLASSES - 1) of node_word;

    function contestants(level : natural) return positive is
    begin
        return (CLASSES + 2 ** level - 1) / 2 ** level;
    end function;

    function best_of(n : node_word) return signed is
    begin
        return signed(n(BITS - 1 downto 0));
    end function;

    function second_of(n : node_word) return signed is
    begin
        return signed(n(2 * BITS - 1 downto BITS));
    end function;

    function larger(a, b : signed) return std_logic_vector is
    begin
        if a >= b then
            return std_logic_vector(a);
        end if;
        return std_logic_vector(b);
    end function;

    function winner(a, b : node_word) return std_logic_vector is
    begin
        if best_of(a) >= best_of(b) then
            return a(NODE - 1 downto 2 * BITS) & larger(best_of(b), second_of(a)) & a(BITS - 1 downto 0);
        end if;
        return b(NODE - 1 downto 2 * BITS) & larger(best_of(a), second_of(b)) & b(BITS - 1 downto 0);
    end function;

    constant LOWEST : std_logic_vector(BITS - 1 downto 0) := '1' & (BITS - 2 downto 0 => '0');

    signal nodes  : node_array;
    signal upsets : std_logic_vector(LEVELS * CLASSES downto 0);
begin
    entries : for i in 0 to CLASSES - 1 generate
        nodes(0, i) <= std_logic_vector(to_unsigned(i, CLASS_BITS)) & LOWEST & scores((i + 1) * BITS - 1 downto i * BITS);
    end generate;

    rounds : for level in 0 to LEVELS - 1 generate
        contest : for i in 0 to contestants(level + 1) - 1 generate
            signal result : node_word;
        begin
            alone : if 2 * i + 1 >= contestants(level) generate
                result <= nodes(level, 2 * i);
            end generate;
            pair : if 2 * i + 1 < contestants(level) generate
                result <= winner(nodes(level, 2 * i), nodes(level, 2 * i + 1));
            end generate;
            result_register : entity work.voted_register
                generic map (WIDTH => NODE, TMR => TMR)
                port map (
                    clk        => clk,
                    reset      => reset,
                    next_value => result,
                    value      => nodes(level + 1, i),
                    upset      => upsets(level * CLASSES + i)
                );
        end generate;
    end generate;

    -- Places of a round that has fewer contestants.
    unused : for level in 1 to LEVELS generate
        place : for i in contestants(level) to CLASSES - 1 generate
            nodes(level, i)                   <= (others => '0');
            upsets((level - 1) * CLASSES + i) <= '0';
        end generate;
    end generate;

    upsets(LEVELS * CLASSES) <= '0';
    upset                    <= or upsets;
    best       <= nodes(LEVELS, 0)(BITS - 1 downto 0);
    second     <= nodes(LEVELS, 0)(2 * BITS - 1 downto BITS);
    best_class <= nodes(LEVELS, 0)(NODE - 1 downto 2 * BITS);
end architecture rtl;
