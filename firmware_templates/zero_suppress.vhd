-- The counterpart of zero_suppress.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity zero_suppress is
    generic (
        ITEM          : positive := 8;
        ORDER_WIDTH   : positive := 8;
        ORDER_SIGNED  : natural  := 0;
        EMPTY_AT_MOST : integer  := 0
    );
    port (
        clk    : in  std_logic;
        order  : in  std_logic_vector(ORDER_WIDTH - 1 downto 0);
        given  : in  std_logic_vector(ITEM - 1 downto 0);
        object : out std_logic_vector(ITEM - 1 downto 0)
    );
end entity zero_suppress;

architecture rtl of zero_suppress is
    signal extended : signed(31 downto 0);
begin
    extended <= resize(signed(order), 32) when ORDER_SIGNED /= 0 else signed(resize(unsigned(order), 32));

    process (clk)
    begin
        if rising_edge(clk) then
            if extended <= EMPTY_AT_MOST then
                object <= (others => '0');
            else
                object <= given;
            end if;
        end if;
    end process;
end architecture rtl;
