-- The counterpart of sort_objects.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity sort_objects is
    generic (
        OBJECTS             : positive := 4;
        KEPT                : positive := 4;
        ITEM                : positive := 16;
        KEY_LOW             : natural  := 0;
        KEY_WIDTH           : positive := 8;
        LAYERS_PER_REGISTER : positive := 1
    );
    port (
        clk    : in  std_logic;
        given  : in  std_logic_vector(OBJECTS * ITEM - 1 downto 0);
        sorted : out std_logic_vector(KEPT * ITEM - 1 downto 0)
    );
end entity sort_objects;

architecture rtl of sort_objects is
    function steps_for(number : positive) return natural is
        variable steps : natural := 0;
    begin
        while 2 ** steps < number loop
            steps := steps + 1;
        end loop;
        return steps;
    end function;

    constant STEPS  : natural  := steps_for(OBJECTS);
    constant LAYERS : natural  := STEPS * (STEPS + 1) / 2;
    constant PLACED : positive := ITEM + STEPS;

    subtype placed_object is std_logic_vector(PLACED - 1 downto 0);
    type object_array is array (0 to OBJECTS - 1) of placed_object;
    type layer_array is array (0 to LAYERS) of object_array;

    signal layers_out : layer_array;

    function step_of(layer : natural) return natural is
        variable step : natural := 0;
    begin
        while (step + 1) * (step + 2) / 2 <= layer loop
            step := step + 1;
        end loop;
        return step;
    end function;

    function rank(a : placed_object) return unsigned is
        constant KEY : unsigned(KEY_WIDTH - 1 downto 0) := unsigned(a(KEY_LOW + KEY_WIDTH - 1 downto KEY_LOW));
        constant PLACE_OF : unsigned(STEPS - 1 downto 0) := unsigned(a(PLACED - 1 downto ITEM));
    begin
        return KEY & PLACE_OF;
    end function;

    function compared(row : object_array; layer : natural) return object_array is
        constant STEP : natural  := step_of(layer);
        constant PASS : natural  := layer - STEP * (STEP + 1) / 2;
        constant P    : positive := 2 ** (STEPS - 1 - STEP);
        variable odd  : natural  := 1;  -- the bit P of the first lane of a pair
        variable far  : positive := 2 ** (STEPS - PASS);
        variable swap : object_array := row;
    begin
        if PASS = 0 then
            odd := 0;
            far := 2 * P;
        end if;
        far := far - P;
        for i in 0 to OBJECTS - 1 loop
            if i + far < OBJECTS and (i / P) mod 2 = odd then
                if rank(row(i + far)) > rank(row(i)) then
                    swap(i)       := row(i + far);
                    swap(i + far) := row(i);
                end if;
            end if;
        end loop;
        return swap;
    end function;
begin
    -- The place stands inverted, so that of two equal keys the first one is the larger.
    place : for i in 0 to OBJECTS - 1 generate
        layers_out(0)(i) <= not std_logic_vector(to_unsigned(i, STEPS)) & given(ITEM * (i + 1) - 1 downto ITEM * i);
    end generate;

    layer : for l in 0 to LAYERS - 1 generate
        registered : if (l + 1) mod LAYERS_PER_REGISTER = 0 or l = LAYERS - 1 generate
            layers_out(l + 1) <= compared(layers_out(l), l) when rising_edge(clk);
        end generate;

        through : if (l + 1) mod LAYERS_PER_REGISTER /= 0 and l /= LAYERS - 1 generate
            layers_out(l + 1) <= compared(layers_out(l), l);
        end generate;
    end generate;

    keep : for i in 0 to KEPT - 1 generate
        sorted(ITEM * (i + 1) - 1 downto ITEM * i) <= layers_out(LAYERS)(i)(ITEM - 1 downto 0);
    end generate;
end architecture rtl;
