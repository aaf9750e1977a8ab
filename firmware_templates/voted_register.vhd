-- The counterpart of voted_register.v, clock for clock; the ports are described there.
library ieee;
use ieee.std_logic_1164.all;

entity voted_register is
    generic (
        WIDTH   : positive         := 1;
        TMR     : natural          := 0;
        INITIAL : std_logic_vector := ""  -- WIDTH bits, or none for zeros
    );
    port (
        clk        : in  std_logic;
        reset      : in  std_logic;
        next_value : in  std_logic_vector(WIDTH - 1 downto 0);
        value      : out std_logic_vector(WIDTH - 1 downto 0);
        upset      : out std_logic
    );
end entity voted_register;

architecture rtl of voted_register is
    function first_value return std_logic_vector is
        variable zeros : std_logic_vector(WIDTH - 1 downto 0) := (others => '0');
    begin
        if INITIAL'length = 0 then
            return zeros;
        end if;
        return INITIAL;
    end function;

    constant FIRST : std_logic_vector(WIDTH - 1 downto 0) := first_value;
begin
    triple : if TMR /= 0 generate
        signal copy0, copy1, copy2 : std_logic_vector(WIDTH - 1 downto 0);
        attribute keep       : string;
        attribute dont_touch : string;
        attribute keep of copy0       : signal is "true";
        attribute keep of copy1       : signal is "true";
        attribute keep of copy2       : signal is "true";
        attribute dont_touch of copy0 : signal is "true";
        attribute dont_touch of copy1 : signal is "true";
        attribute dont_touch of copy2 : signal is "true";
    begin
        process (clk)
        begin
            if rising_edge(clk) then
                upset <= '0';
                if reset = '1' then
                    copy0 <= FIRST;
                    copy1 <= FIRST;
                    copy2 <= FIRST;
                else
                    copy0 <= next_value;
                    copy1 <= next_value;
                    copy2 <= next_value;
                    if copy0 /= copy1 or copy0 /= copy2 then
                        upset <= '1';
                    end if;
                end if;
            end if;
        end process;

        value <= (copy0 and copy1) or (copy0 and copy2) or (copy1 and copy2);
    end generate;

    single : if TMR = 0 generate
        process (clk)
        begin
            if rising_edge(clk) then
                if reset = '1' then
                    value <= FIRST;
                else
                    value <= next_value;
                end if;
            end if;
        end process;

        upset <= '0';
    end generate;
end architecture rtl;
