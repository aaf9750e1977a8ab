# Stand-ins for the commands of Vivado and Vitis HLS: each notes its call, refuses options that the vendor's manual does
# not name, and the reporting ones write reports in the vendor's layout.
#
#   FAKE_CALLS   file that receives one line for each call
#   FAKE_FAULT   a fault to plant: licence part memory crash synth disk cut unrouted timing silent unmarked at_exit
#                idle cosim_differs mute_bench, or wait: synthesis does not end before the file FAKE_GO exists

set fake_folder [file dirname [file normalize [info script]]]

# Options of each command: {flags} {options with a value}, from UG835 (Vivado) and UG1399 (Vitis HLS).
set fake_options {
    read_verilog {{-sv -quiet -verbose} {-library}}
    read_vhdl {{-vhdl2008 -quiet -verbose} {-library}}
    read_mem {{-quiet -verbose} {}}
    read_xdc {{-quiet_diff_pairs -unmanaged -no_add -quiet -verbose} {-cells -ref -mode}}
    set_part {{-quiet -verbose} {}}
    set_param {{-quiet -verbose} {}}
    synth_design {{-rtl -no_lc -keep_equivalent_registers -no_srlextract -assert -no_timing_driven -sfcu -quiet
        -verbose}
        {-name -part -constrset -top -include_dirs -generic -verilog_define -flatten_hierarchy -directive -bufg
         -shreg_min_size -mode -fsm_extraction -resource_sharing -cascade_dsp -max_bram -max_uram -max_dsp}}
    open_checkpoint {{-ignore_timing -quiet -verbose} {-part}}
    read_checkpoint {{-incremental -auto_incremental -force_incr -quiet -verbose} {-cell -directive}}
    write_checkpoint {{-force -logic_function_stripped -encrypt -quiet -verbose} {-cell -key}}
    opt_design {{-retarget -propconst -sweep -quiet -verbose} {-directive}}
    place_design {{-no_timing_driven -timing_summary -unplace -quiet -verbose} {-directive}}
    phys_opt_design {{-retime -quiet -verbose} {-directive}}
    route_design {{-unroute -timing_summary -quiet -verbose} {-directive}}
    set_switching_activity {{-all -hier -quiet -verbose} {-toggle_rate -default_toggle_rate -type -static_probability
        -default_static_probability -signal_rate}}
    report_utilization {{-hierarchical -append -quiet -verbose} {-file -hierarchical_depth}}
    report_timing_summary {{-setup -hold -append -quiet -verbose} {-file -max_paths -nworst -delay_type}}
    report_power {{-no_propagation -advisory -append -quiet -verbose} {-file -hier -format -xpe -rpx}}
    report_route_status {{-list_all_nets -append -quiet -verbose} {-file}}
    report_drc {{-append -quiet -verbose} {-file -ruledecks -checks}}
    get_clocks {{-quiet -verbose} {}}
    get_ports {{-quiet -verbose} {-filter}}
    get_property {{-quiet -verbose} {}}
    write_bitstream {{-force -verbose -raw_bitfile -no_binary_bitfile -bin_file -quiet} {-cell}}
    version {{-short -quiet -verbose} {}}
    open_project {{-reset} {}}
    set_top {{} {}}
    add_files {{-tb} {-cflags -csimflags -blackbox}}
    open_solution {{-reset} {-flow_target}}
    config_array_partition {{} {-maximum_size}}
    config_compile {{} {-name_max_length}}
    config_schedule {{-enable_dsp_full_reg=false} {}}
    config_interface {{-m_axi_addr64=false -m_axi_addr64=true} {}}
    create_clock {{} {-period -name}}
    set_clock_uncertainty {{} {}}
    csim_design {{-O -clean -setup} {-argv -ldflags -mflags}}
    csynth_design {{} {}}
    cosim_design {{-O -setup} {-argv -rtl -tool -trace_level}}
    export_design {{} {-format -version -flow -rtl -ipname -vendor -library -description}}
}

proc fake_fault {} {
    return [expr {[info exists ::env(FAKE_FAULT)] ? $::env(FAKE_FAULT) : ""}]
}

proc fake_note {line} {
    if {[info exists ::env(FAKE_CALLS)]} {
        set handle [open $::env(FAKE_CALLS) a]
        puts $handle $line
        close $handle
    }
}

# Split the words of a call into options and operands, and refuse what the manual does not name.
proc fake_call {name arguments} {
    fake_note [concat $name $arguments]
    lassign [dict get $::fake_options $name] flags valued
    set options {}
    set operands {}
    while {[llength $arguments]} {
        set arguments [lassign $arguments word]
        if {$word in $valued} {
            set arguments [lassign $arguments value]
            dict set options $word $value
        } elseif {$word in $flags} {
            dict set options $word 1
        } elseif {[string match {-[a-z]*} $word]} {
            error "ERROR: \[Common 17-170\] Unknown option '$word', please type '$name -help' for usage info."
        } else {
            lappend operands $word
        }
    }
    return [list $options $operands]
}

proc fake_text {name} {
    set handle [open [file join $::fake_folder reports $name]]
    set text [read $handle]
    close $handle
    return $text
}

proc fake_write {file text} {
    file mkdir [file dirname $file]
    set handle [open $file w]
    puts -nonewline $handle $text
    close $handle
}

proc fake_report {name options {fault_cuts 0}} {
    if {![dict exists $options -file]} {
        puts [fake_text $name]
        return
    }
    set text [fake_text $name]
    if {$fault_cuts && [fake_fault] eq "cut"} {set text [string range $text 0 [expr {[string length $text] * 6 / 10}]]}
    fake_write [dict get $options -file] $text
}

foreach fake_name [dict keys $fake_options] {
    proc $fake_name {args} [format {
        lassign [fake_call {%s} $args] options operands
        if {[llength [info procs fake_do_%s]]} {return [fake_do_%s $options $operands]}
    } $fake_name $fake_name $fake_name]
}

# --- Vivado -----------------------------------------------------------------------------------------------------------

proc fake_do_version {options operands} {
    if {[fake_fault] eq "unmarked"} {exit 0}
    return 2024.1
}

proc fake_do_set_part {options operands} {
    if {[fake_fault] eq "part"} {
        puts "WARNING: \[Device 21-436\] No parts matched '[lindex $operands 0]'"
        error "ERROR: \[Coretcl 2-106\] Specified part could not be found."
    }
    return $operands
}

proc fake_do_synth_design {options operands} {
    set part [dict get $options -part]
    puts "Command: synth_design -top [dict get $options -top] -part $part"
    puts "Starting synth_design"
    puts "Attempting to get a license for feature 'Synthesis' and/or device '[lindex [split $part -] 0]'"
    switch [fake_fault] {
        licence {
            puts "WARNING: \[Common 17-348\] Failed to get the license for feature 'Synthesis' and/or device 'xcvu9p'"
            puts "synth_design failed"
            error "ERROR: \[Common 17-345\] A valid license was not found for feature 'Synthesis' and/or device\
                'xcvu9p'. Please run the Vivado License Manager for assistance."
        }
        memory {
            set where "/tools/Xilinx/Vivado/2024.1/bin/rdiArgs.sh: line 309: 3801495"
            puts "$where Killed                  \"\$RDI_PROG\" \"\$@\""
            exit 137
        }
        crash {
            puts "Abnormal program termination (11)"
            puts "Please check '/somewhere/hs_err_pid4711.log' for details"
            exit 1
        }
        synth {
            puts "ERROR: \[Synth 8-439\] module 'nowhere' not found \[/design/top.v:3\]"
            puts "ERROR: \[Synth 8-6156\] failed synthesizing module 'top' \[/design/top.v:1\]"
            puts "synth_design failed"
            error "ERROR: \[Common 17-69\] Command failed: Vivado Synthesis failed"
        }
        wait {
            flush stdout
            fake_note "pid [pid]"
            for {set tries 0} {$tries < 1500 && ![file exists $::env(FAKE_GO)]} {incr tries} {after 20}
        }
        silent {exit 0}
    }
    puts "synth_design completed successfully"
}

proc fake_do_write_checkpoint {options operands} {
    if {[fake_fault] eq "disk"} {
        error "couldn't write file \"[lindex $operands 0]\": No space left on device"
    }
    fake_write [lindex $operands 0] "checkpoint\n"
}

proc fake_do_report_utilization {options operands} {
    set hierarchical [dict exists $options -hierarchical]
    set name [expr {$hierarchical ? "utilization_hierarchical.rpt" : "utilization.rpt"}]
    fake_report $name $options [expr {!$hierarchical}]
}

proc fake_do_report_timing_summary {options operands} {
    fake_report [expr {[fake_fault] eq "timing" ? "timing_summary_violated.rpt" : "timing_summary.rpt"}] $options
}

proc fake_do_report_power {options operands} {fake_report power.rpt $options}

proc fake_do_report_drc {options operands} {fake_report drc.rpt $options}

proc fake_do_report_route_status {options operands} {
    fake_report [expr {[fake_fault] eq "unrouted" ? "route_status_errors.rpt" : "route_status.rpt"}] $options
}

proc fake_do_get_ports {options operands} {return {clk in_data out_data}}

proc fake_do_get_clocks {options operands} {
    return [expr {[info exists ::env(FAKE_CLOCKS)] ? $::env(FAKE_CLOCKS) : ""}]
}

proc fake_do_get_property {options operands} {
    return [expr {[info exists ::env(FAKE_PINS)] ? "AY[string length [lindex $operands 1]]" : ""}]
}

proc fake_do_write_bitstream {options operands} {fake_write [lindex $operands 0] "bits\n"}

# --- Vitis HLS --------------------------------------------------------------------------------------------------------

proc fake_do_open_project {options operands} {
    set ::fake_project [lindex $operands 0]
    file mkdir $::fake_project
}

proc fake_do_set_top {options operands} {set ::fake_top [lindex $operands 0]}

proc fake_do_csim_design {options operands} {
    if {[fake_fault] ne "mute_bench"} {fake_write tb_data/csim_results.log "1 2 3\n"}
}

proc fake_do_csynth_design {options operands} {
    if {[fake_fault] eq "synth"} {
        puts "ERROR: \[HLS 200-70\] Pre-synthesis failed."
        error "Pre-synthesis failed."
    }
    if {[fake_fault] eq "licence"} {
        error "ERROR: \[Common 17-345\] A valid license was not found for feature 'HLS' and/or device 'xcvu11p'."
    }
    foreach suffix {xml rpt} {
        set text [fake_text csynth.$suffix]
        if {[fake_fault] eq "cut"} {set text [string range $text 0 [expr {[string length $text] / 2}]]}
        fake_write $::fake_project/solution1/syn/report/${::fake_top}_csynth.$suffix $text
    }
}

proc fake_do_cosim_design {options operands} {
    set text [expr {[fake_fault] eq "cosim_differs" ? "1 2 4\n" : "1 2 3\n"}]
    if {[fake_fault] ne "mute_bench"} {fake_write tb_data/rtl_cosim_results.log $text}
    fake_write $::fake_project/solution1/sim/report/${::fake_top}_cosim.rpt [fake_text cosim.rpt]
}

proc fake_do_export_design {options operands} {
    set folder $::fake_project/solution1/impl/report/verilog
    if {[dict exists $options -flow]} {
        foreach flow [expr {[dict get $options -flow] eq "impl" ? {syn impl} : {syn}}] {
            fake_write $folder/export_$flow.xml [fake_text export_$flow.xml]
        }
    }
}
