# Synthesise a design with Vivado, by default out of context: as one block inside a larger one, without pins.
#
#   vivado -mode batch -source vivado_scripts/synth.tcl -tclargs \
#       --part xcvu9p-flga2104-2-e --top trigger_algorithm --sources rtl/a.v rtl/b.sv --include-dirs wrapper \
#       --clock clk --period 3.125 --out build/synth
#
# Needed:
#   --part NAME          device with package and speed grade
#   --top MODULE         module to synthesise
#   --sources FILE...    Verilog (.v), SystemVerilog (.sv) and VHDL (.vhd, .vhdl; read as VHDL-2008), in reading order
#   --out FOLDER         folder of the results, made if needed
# Constraints, one of the two or both:
#   --clock PORT         clock input; makes a clock of --period on it
#   --period NS          its period in ns
#   --io-delay NS        part of the period that belongs to the logic before the inputs and behind the outputs
#   --xdc FILE...        constraint files of your own
# Further:
#   --include-dirs FOLDER...  folders searched by `include
#   --data FILE...       tables that $readmemh reads (.mem, .dat, .coe)
#   --define NAME=VALUE...   Verilog macros
#   --generic NAME=VALUE...  parameters of the top module
#   --mode MODE          out_of_context (default), or default: with I/O buffers, for a design that becomes a bitstream
#   --flatten HOW        -flatten_hierarchy of synth_design: rebuilt (default), full, none
#   --directive NAME     -directive of synth_design, for example AreaOptimized_high
#   --toggle-rate PERCENT  assumed activity of the inputs for the power estimate, default 12.5
#   --threads N          threads Vivado may use, 1 to 8
#
# Writes into --out: utilization.rpt, utilization_hierarchical.rpt, timing_summary.rpt, power.rpt, synthesised.dcp,
# clock.xdc where --clock is given, and, last of all, complete.txt. Ends with a status other than 0 after any error.

set script [file normalize [info script]]
source [file join [file dirname $script] common.tcl]

proc read_sources {files} {
    foreach file $files {
        switch [string tolower [file extension $file]] {
            .v {read_verilog $file}
            .sv {read_verilog -sv $file}
            .vhd - .vhdl {read_vhdl -vhdl2008 $file}
            default {codesign::refuse "source '$file' is neither .v, .sv, .vhd nor .vhdl"}
        }
    }
}

# The clock is a constraint file rather than a command, because only files act on synthesis itself.
proc write_clock {file port period io_delay} {
    set handle [open $file w]
    puts $handle "create_clock -name $port -period $period \[get_ports $port\]"
    if {$io_delay ne ""} {
        foreach {command direction} {set_input_delay IN set_output_delay OUT} {
            set ports "\[get_ports -filter {DIRECTION == $direction && NAME != $port}\]"
            puts $handle "$command -clock $port $io_delay $ports"
        }
    }
    close $handle
}

proc read_constraints {files mode} {
    foreach file $files {
        if {$mode eq "out_of_context"} {read_xdc -mode out_of_context $file} else {read_xdc $file}
    }
}

proc check_request {request} {
    codesign::require_files [dict get $request sources]
    codesign::require_files [dict get $request xdc]
    codesign::require_files [dict get $request data]
    if {[dict get $request mode] ni {out_of_context default}} {
        codesign::refuse "--mode is out_of_context or default, found '[dict get $request mode]'"
    }
    if {([dict get $request clock] eq "") != ([dict get $request period] eq "")} {
        codesign::refuse "--clock and --period belong together"
    }
    foreach name {period io-delay} {
        if {[dict get $request $name] ne ""} {codesign::require_number $name [dict get $request $name]}
    }
}

proc synthesise {request} {
    set command [list synth_design -top [dict get $request top] -part [dict get $request part] \
        -flatten_hierarchy [dict get $request flatten]]
    if {[dict get $request mode] eq "out_of_context"} {lappend command -mode out_of_context}
    if {[dict get $request directive] ne ""} {lappend command -directive [dict get $request directive]}
    if {[llength [dict get $request include-dirs]]} {lappend command -include_dirs [dict get $request include-dirs]}
    foreach macro [dict get $request define] {lappend command -verilog_define $macro}
    foreach parameter [dict get $request generic] {lappend command -generic $parameter}
    {*}$command
}

set request [codesign::options $script $argv {
    part value required
    top value required
    sources list required
    out value required
    clock value {}
    period value {}
    io-delay value {}
    xdc list {}
    include-dirs list {}
    data list {}
    define list {}
    generic list {}
    mode value out_of_context
    flatten value rebuilt
    directive value {}
    toggle-rate value 12.5
    threads value {}
}]
check_request $request
set out [file normalize [dict get $request out]]
set mode [dict get $request mode]
codesign::start $out [dict get $request threads]

set_part [dict get $request part]
read_sources [dict get $request sources]
if {[llength [dict get $request data]]} {read_mem {*}[dict get $request data]}
if {[dict get $request clock] ne ""} {
    set clock_file [file join $out clock.xdc]
    write_clock $clock_file [dict get $request clock] [dict get $request period] [dict get $request io-delay]
    read_constraints [list $clock_file] $mode
}
read_constraints [dict get $request xdc] $mode

synthesise $request
write_checkpoint -force [file join $out synthesised.dcp]
codesign::write_reports $out [dict get $request toggle-rate]
codesign::finish $out synthesised [version -short]
