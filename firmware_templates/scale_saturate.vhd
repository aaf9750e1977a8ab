-- The counterpart of scale_saturate.v; it is described there. IS_SIGNED is its SIGNED, which is a type here.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity scale_saturate is
    generic (
        RAW_WIDTH  : positive := 8;
        RAW_SIGNED : natural  := 0;
        UP         : natural  := 0;
        OFFSET     : integer  := 0;
        DOWN       : natural  := 0;
        WIDTH      : positive := 8;
        IS_SIGNED  : natural  := 0;
        PERIOD     : natural  := 0
    );
    port (
        raw   : in  std_logic_vector(RAW_WIDTH - 1 downto 0);
        value : out std_logic_vector(WIDTH - 1 downto 0)
    );
end entity scale_saturate;

architecture rtl of scale_saturate is
    function choose(condition : boolean; yes, no : integer) return integer is
    begin
        if condition then
            return yes;
        end if;
        return no;
    end function;

    function divided(number : integer) return integer is
    begin
        return to_integer(shift_right(to_signed(number, 32), DOWN));
    end function;

    function turned(angle : signed; by : positive) return signed is
    begin
        if angle >= by then
            return angle - by;
        end if;
        return angle;
    end function;

    function bits_for(number : natural) return natural is
        variable bits : natural := 0;
    begin
        while 2 ** bits <= number loop
            bits := bits + 1;
        end loop;
        return bits;
    end function;

    -- The ends of what can come: constants, so that only those comparisons are built that can ever be true.
    constant RAW_LOW  : integer := choose(RAW_SIGNED /= 0, -2 ** (RAW_WIDTH - 1), 0);
    constant RAW_HIGH : integer := RAW_LOW + 2 ** RAW_WIDTH - 1;
    constant HALF     : natural := choose(DOWN > 0, 2 ** DOWN / 2, 0);
    constant FIRST    : integer := divided(RAW_LOW * 2 ** UP + OFFSET + HALF);
    constant LAST     : integer := divided(RAW_HIGH * 2 ** UP + OFFSET + HALF);
    constant CODES    : positive := choose(PERIOD > 0, PERIOD, 2 ** WIDTH);
    constant LOWEST   : integer := choose(IS_SIGNED /= 0, -(CODES / 2), 0);
    constant HIGHEST  : integer := LOWEST + CODES - 1;

    signal extended, moved, rounded, limited : signed(31 downto 0);
begin
    extended <= resize(signed(raw), 32) when RAW_SIGNED /= 0 else signed(resize(unsigned(raw), 32));
    moved    <= shift_left(extended, UP) + (OFFSET + HALF);
    rounded  <= resize(moved(31 downto DOWN), 32);  -- what GHDL synthesises of shift_right() forgets the sign
    value    <= std_logic_vector(limited(WIDTH - 1 downto 0));

    saturating : if PERIOD = 0 generate
        limited <= to_signed(LOWEST, 32) when FIRST < LOWEST and rounded < LOWEST else
                   to_signed(HIGHEST, 32) when LAST > HIGHEST and rounded > HIGHEST else
                   rounded;
    end generate;

    wrapping : if PERIOD > 0 generate
        -- As many whole turns are added as make every angle positive; then 2**n turns are taken away where they fit.
        constant ADDED : natural := choose(FIRST < LOWEST, (LOWEST - FIRST + PERIOD - 1) / PERIOD, 0);
        constant STEPS : natural := bits_for((LAST - LOWEST) / PERIOD + ADDED);

        type angle_array is array (0 to STEPS) of signed(31 downto 0);
        signal angle : angle_array;
    begin
        angle(0) <= rounded + (ADDED * PERIOD - LOWEST);

        turns : for step in 1 to STEPS generate
            angle(step) <= turned(angle(step - 1), PERIOD * 2 ** (STEPS - step));
        end generate;

        limited <= angle(STEPS) + LOWEST;
    end generate;
end architecture rtl;
