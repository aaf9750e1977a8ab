-- The counterpart of axi_stream_algo.v, clock for clock; the ports are described there.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;
use work.trigger_parameters.all;
use work.decision_parameters.all;

entity axi_stream_algo is
    generic (
        ORBIT         : positive := 3564;
        PRESCALE_BITS : positive := 24;
        COUNTER_BITS  : positive := 32
    );
    port (
        aclk          : in  std_logic;
        aresetn       : in  std_logic;
        s_axis_tdata  : in  std_logic_vector(8 * ((INPUT_BITS + 7) / 8) - 1 downto 0);
        s_axis_tvalid : in  std_logic;
        s_axis_tready : out std_logic;
        s_axis_tlast  : in  std_logic;
        s_axis_tuser  : in  std_logic_vector(0 downto 0);
        m_axis_tdata  : out std_logic_vector(64 + 8 * ((OUTPUT_BITS + 7) / 8) - 1 downto 0);
        m_axis_tvalid : out std_logic;
        m_axis_tready : in  std_logic;
        m_axis_tlast  : out std_logic;
        s_axi_awaddr  : in  std_logic_vector(11 downto 0);
        s_axi_awvalid : in  std_logic;
        s_axi_awready : out std_logic;
        s_axi_wdata   : in  std_logic_vector(31 downto 0);
        s_axi_wstrb   : in  std_logic_vector(3 downto 0);
        s_axi_wvalid  : in  std_logic;
        s_axi_wready  : out std_logic;
        s_axi_bresp   : out std_logic_vector(1 downto 0);
        s_axi_bvalid  : out std_logic;
        s_axi_bready  : in  std_logic;
        s_axi_araddr  : in  std_logic_vector(11 downto 0);
        s_axi_arvalid : in  std_logic;
        s_axi_arready : out std_logic;
        s_axi_rdata   : out std_logic_vector(31 downto 0);
        s_axi_rresp   : out std_logic_vector(1 downto 0);
        s_axi_rvalid  : out std_logic;
        s_axi_rready  : in  std_logic
    );
end entity axi_stream_algo;

architecture rtl of axi_stream_algo is
    constant TOTAL_LATENCY : positive := LATENCY + LEVELS + 3;

    -- An event occupies its place for TOTAL_LATENCY + 1 clocks at least, and one more until the place counts as free.
    function place_bits return positive is
        variable bits : natural := 0;
    begin
        while 2 ** bits < TOTAL_LATENCY + 2 loop
            bits := bits + 1;
        end loop;
        return bits;
    end function;

    constant PLACES      : positive := 2 ** place_bits;
    constant RESULT_BITS : positive := 1 + POINTS + 12 + CLASS_BITS + OUTPUT_BITS;

    type result_array is array (0 to PLACES - 1) of std_logic_vector(RESULT_BITS - 1 downto 0);

    function index(place : unsigned) return natural is
    begin
        if is_x(std_logic_vector(place)) then
            return 0;
        end if;
        return to_integer(place(place'high - 1 downto 0));
    end function;

    signal memory                            : result_array;
    signal write_place, read_place           : unsigned(place_bits downto 0);
    signal outstanding, remaining            : unsigned(place_bits downto 0);
    signal first                             : std_logic_vector(RESULT_BITS - 1 downto 0);
    signal reset, taken, given               : std_logic;
    signal taken_count, given_count          : unsigned(0 downto 0);
    signal out_valid, out_last               : std_logic;
    signal out_trigger                       : std_logic_vector(POINTS - 1 downto 0);
    signal out_class                         : std_logic_vector(CLASS_BITS - 1 downto 0);
    signal out_bx                            : std_logic_vector(11 downto 0);
    signal out_data                          : std_logic_vector(OUTPUT_BITS - 1 downto 0);
    signal reg_address                       : std_logic_vector(11 downto 0);
    signal reg_write, reg_read               : std_logic;
    signal reg_done, reg_error               : std_logic;
    signal reg_write_data, reg_read_data     : std_logic_vector(31 downto 0);
begin
    reset          <= not aresetn;
    taken          <= s_axis_tvalid and s_axis_tready;
    given          <= m_axis_tvalid and m_axis_tready;
    taken_count(0) <= taken;
    given_count(0) <= given;
    remaining      <= outstanding + taken_count - given_count;

    process (aclk)
    begin
        if rising_edge(aclk) then
            if out_valid = '1' then
                memory(index(write_place)) <= out_last & out_trigger & out_bx & out_class & out_data;
                write_place                <= write_place + 1;
            end if;
            if given = '1' then
                read_place <= read_place + 1;
            end if;
            outstanding   <= remaining;
            s_axis_tready <= '1' when remaining < PLACES else '0';
            if reset = '1' then
                write_place   <= (others => '0');
                read_place    <= (others => '0');
                outstanding   <= (others => '0');
                s_axis_tready <= '0';
            end if;
        end if;
    end process;

    algorithm : entity work.l1_algo
        generic map (
            ORBIT => ORBIT, CROSSING_PER_EVENT => 1, PRESCALE_BITS => PRESCALE_BITS, COUNTER_BITS => COUNTER_BITS
        )
        port map (
            clk            => aclk,
            reset          => reset,
            in_valid       => taken,
            in_bx0         => s_axis_tuser(0),
            in_data        => s_axis_tdata(INPUT_BITS - 1 downto 0),
            out_valid      => out_valid,
            out_trigger    => out_trigger,
            out_class      => out_class,
            out_bx         => out_bx,
            out_data       => out_data,
            reg_address    => reg_address,
            reg_write      => reg_write,
            reg_read       => reg_read,
            reg_write_data => reg_write_data,
            reg_read_data  => reg_read_data,
            reg_done       => reg_done,
            reg_error      => reg_error
        );

    last_of_event : entity work.delay_line
        generic map (WIDTH => 1, DEPTH => TOTAL_LATENCY)
        port map (clk => aclk, in_data(0) => s_axis_tlast, out_data(0) => out_last);

    -- Fields at their places, zeros between.
    first         <= memory(index(read_place));
    m_axis_tvalid <= '1' when write_place /= read_place else '0';
    m_axis_tlast  <= first(RESULT_BITS - 1);

    process (all)
        variable fields : std_logic_vector(m_axis_tdata'range);
    begin
        fields                                 := (others => '0');
        fields(POINTS - 1 downto 0)            := first(RESULT_BITS - 2 downto RESULT_BITS - 1 - POINTS);
        fields(27 downto 16)                   := first(OUTPUT_BITS + CLASS_BITS + 11 downto OUTPUT_BITS + CLASS_BITS);
        fields(32 + CLASS_BITS - 1 downto 32)  := first(OUTPUT_BITS + CLASS_BITS - 1 downto OUTPUT_BITS);
        fields(64 + OUTPUT_BITS - 1 downto 64) := first(OUTPUT_BITS - 1 downto 0);
        m_axis_tdata                           <= fields;
    end process;

    slave : entity work.axi_lite_slave
        port map (
            clk            => aclk,
            reset          => reset,
            awaddr         => s_axi_awaddr,
            awvalid        => s_axi_awvalid,
            awready        => s_axi_awready,
            wdata          => s_axi_wdata,
            wstrb          => s_axi_wstrb,
            wvalid         => s_axi_wvalid,
            wready         => s_axi_wready,
            bresp          => s_axi_bresp,
            bvalid         => s_axi_bvalid,
            bready         => s_axi_bready,
            araddr         => s_axi_araddr,
            arvalid        => s_axi_arvalid,
            arready        => s_axi_arready,
            rdata          => s_axi_rdata,
            rresp          => s_axi_rresp,
            rvalid         => s_axi_rvalid,
            rready         => s_axi_rready,
            reg_address    => reg_address,
            reg_write      => reg_write,
            reg_read       => reg_read,
            reg_write_data => reg_write_data,
            reg_read_data  => reg_read_data,
            reg_done       => reg_done,
            reg_error      => reg_error
        );
end architecture rtl;
