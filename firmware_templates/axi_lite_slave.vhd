-- The counterpart of axi_lite_slave.v, clock for clock; it is described there.
library ieee;
use ieee.std_logic_1164.all;

entity axi_lite_slave is
    port (
        clk            : in  std_logic;
        reset          : in  std_logic;
        awaddr         : in  std_logic_vector(11 downto 0);
        awvalid        : in  std_logic;
        awready        : out std_logic;
        wdata          : in  std_logic_vector(31 downto 0);
        wstrb          : in  std_logic_vector(3 downto 0);
        wvalid         : in  std_logic;
        wready         : out std_logic;
        bresp          : out std_logic_vector(1 downto 0);
        bvalid         : out std_logic;
        bready         : in  std_logic;
        araddr         : in  std_logic_vector(11 downto 0);
        arvalid        : in  std_logic;
        arready        : out std_logic;
        rdata          : out std_logic_vector(31 downto 0);
        rresp          : out std_logic_vector(1 downto 0);
        rvalid         : out std_logic;
        rready         : in  std_logic;
        reg_address    : out std_logic_vector(11 downto 0);
        reg_write      : out std_logic;
        reg_read       : out std_logic;
        reg_write_data : out std_logic_vector(31 downto 0);
        reg_read_data  : in  std_logic_vector(31 downto 0);
        reg_done       : in  std_logic;
        reg_error      : in  std_logic
    );
end entity axi_lite_slave;

architecture rtl of axi_lite_slave is
    constant OKAY   : std_logic_vector(1 downto 0) := "00";
    constant SLVERR : std_logic_vector(1 downto 0) := "10";

    signal got_aw, got_w, got_ar, opened : std_logic;  -- opened: not in reset
    signal write_address, read_address   : std_logic_vector(11 downto 0);
    signal write_data                    : std_logic_vector(31 downto 0);
    signal write_strobes                 : std_logic_vector(3 downto 0);
    signal writing, reading              : std_logic;  -- the access on the register bus, until it is answered
    signal idle, whole                   : std_logic;
    signal start_write, start_read       : std_logic;
begin
    -- What was taken stays until it is answered on B or R, so there is never a second one.
    awready <= opened and not got_aw;
    wready  <= opened and not got_w;
    arready <= opened and not got_ar;

    idle        <= not writing and not reading;
    start_write <= idle and got_aw and got_w and not bvalid;
    start_read  <= idle and got_ar and not rvalid and not start_write;
    whole       <= and write_strobes;

    process (clk)
    begin
        if rising_edge(clk) then
            reg_write      <= start_write and whole;
            reg_read       <= start_read;
            reg_address    <= write_address when start_write = '1' else read_address;
            reg_write_data <= write_data;

            if awvalid = '1' and awready = '1' then
                got_aw        <= '1';
                write_address <= awaddr;
            end if;
            if wvalid = '1' and wready = '1' then
                got_w         <= '1';
                write_data    <= wdata;
                write_strobes <= wstrb;
            end if;
            if arvalid = '1' and arready = '1' then
                got_ar       <= '1';
                read_address <= araddr;
            end if;

            if start_write = '1' and whole = '1' then
                writing <= '1';
            end if;
            if start_read = '1' then
                reading <= '1';
            end if;
            if start_write = '1' and whole = '0' then
                bvalid <= '1';
                bresp  <= SLVERR;
            end if;
            if writing = '1' and reg_done = '1' then
                writing <= '0';
                bvalid  <= '1';
                bresp   <= SLVERR when reg_error = '1' else OKAY;
            end if;
            if reading = '1' and reg_done = '1' then
                reading <= '0';
                rvalid  <= '1';
                rresp   <= SLVERR when reg_error = '1' else OKAY;
                rdata   <= reg_read_data;
            end if;

            if bvalid = '1' and bready = '1' then
                bvalid <= '0';
                got_aw <= '0';
                got_w  <= '0';
            end if;
            if rvalid = '1' and rready = '1' then
                rvalid <= '0';
                got_ar <= '0';
            end if;

            opened <= '1';
            if reset = '1' then
                opened    <= '0';
                got_aw    <= '0';
                got_w     <= '0';
                got_ar    <= '0';
                writing   <= '0';
                reading   <= '0';
                bvalid    <= '0';
                rvalid    <= '0';
                reg_write <= '0';
                reg_read  <= '0';
            end if;
        end if;
    end process;
end architecture rtl;
