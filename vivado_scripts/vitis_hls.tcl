# Run Vitis HLS on a generated project of hls4ml or conifer: C simulation, synthesis, co-simulation, export.
#
#   export CODESIGN_HLS_ARGS="--project firmware/hls --csynth --export --out build/hls"
#   vitis-run --mode hls --tcl vivado_scripts/vitis_hls.tcl        (2023.1 and later)
#   vitis_hls -f vivado_scripts/vitis_hls.tcl                      (up to 2024.1)
#
# The options stand in the variable CODESIGN_HLS_ARGS, as a Tcl list, because vitis-run hands no arguments to a script.
#
# Needed:
#   --project FOLDER     project of hls4ml (project.tcl) or conifer (hls_parameters.tcl); the tool works in there
#   --out FOLDER         folder of the reports, made if needed
# What to do, at least one:
#   --csim               compile and run the test bench against the C++ code
#   --csynth             C++ to RTL
#   --cosim              the test bench against the RTL (needs --csynth); hls4ml's results of both must be equal
#   --export             RTL as IP of the Vivado catalogue (needs --csynth)
#   --flow syn|impl      with --export: Vivado synthesis, or synthesis and implementation, of the RTL
# Further:
#   --part NAME          another device than the project's
#   --period NS          another clock period
#
# Writes into --out, of what was run: NAME_csynth.xml, NAME_csynth.rpt, NAME_cosim.rpt, export_syn.xml, export_impl.xml,
# and, last of all, complete.txt. Ends with a status other than 0 after any error.
#
# hls4ml's own build_prj.tcl is not called: it takes its options by rewriting a file of the project, keeps reports of an
# earlier run, and cannot run Vivado on the exported IP. The settings of the project (top, part, clock, uncertainty,
# array partition, name length) are read from it or repeated here; a test of codesign compares both scripts' commands.

set script [file normalize [info script]]
source [file join [file dirname $script] common.tcl]

# What a project consists of: its name, the folder of the tool, design, bench, data, and the commands that configure it,
# in the order of the script that the generator itself writes.
proc hls4ml_project {own_part own_period} {
    namespace eval settings {source project.tcl}
    set name $settings::project_name
    set part [codesign::chosen $own_part $settings::part]
    set period [codesign::chosen $own_period $settings::clock_period]
    return [dict create name $name folder ${name}_prj version $settings::version \
        design [list firmware/$name.cpp] data {firmware/weights tb_data} \
        bench ${name}_test.cpp bench_flags "-std=c++0x" solution_flags {} \
        configure [list \
            [list catch [list config_array_partition -maximum_size $settings::maximum_size]] \
            [list config_compile -name_max_length 80] \
            [list set_part $part] \
            [list config_schedule -enable_dsp_full_reg=false] \
            [list create_clock -period $period -name default] \
            [list set_clock_uncertainty $settings::clock_uncertainty default]]]
}

proc conifer_project {own_part own_period} {
    namespace eval settings {source hls_parameters.tcl}
    set name $settings::prj_name
    set part [codesign::chosen $own_part $settings::part]
    set period [codesign::chosen $own_period $settings::clock_period]
    return [dict create name $settings::top folder $name version $settings::version \
        design [list firmware/BDT.h firmware/BDT.cpp firmware/$name.cpp] data {tb_data} \
        bench ${name}_test.cpp bench_flags "-I firmware/ -std=c++0x" \
        solution_flags [list -flow_target $settings::flow_target] \
        configure [list \
            [list set_part $part] \
            [list create_clock -period $period -name default] \
            [list config_interface -m_axi_addr64=$settings::m_axi_addr64]]]
}

proc open_hls {project} {
    open_project -reset [dict get $project folder]
    set_top [dict get $project name]
    foreach file [dict get $project design] {add_files $file -cflags "-std=c++0x"}
    add_files -tb [dict get $project bench] -cflags [dict get $project bench_flags]
    foreach folder [dict get $project data] {add_files -tb $folder}
    open_solution -reset solution1 {*}[dict get $project solution_flags]
    foreach command [dict get $project configure] {{*}$command}
}

# Co-simulation runs the bench once more; its results go to a file of their own, named by RTL_SIM in hls4ml's bench.
proc cosimulate {project} {
    add_files -tb [dict get $project bench] -cflags "[dict get $project bench_flags] -DRTL_SIM"
    cosim_design
}

proc require_equal_results {} {
    set texts {}
    foreach file {tb_data/csim_results.log tb_data/rtl_cosim_results.log} {
        if {![file isfile $file]} {error "the test bench did not write $file"}
        set handle [open $file]
        lappend texts [read $handle]
        close $handle
    }
    if {[lindex $texts 0] ne [lindex $texts 1]} {
        error "C simulation and co-simulation differ: tb_data/csim_results.log, tb_data/rtl_cosim_results.log"
    }
}

proc export_ip {project flow} {
    set command [list export_design -format ip_catalog -version [dict get $project version]]
    if {$flow ne ""} {lappend command -rtl verilog -flow $flow}
    {*}$command
}

# Copy the reports of what was run; one that the tool did not write is an error.
proc collect_reports {project request out} {
    set name [dict get $project name]
    set solution [dict get $project folder]/solution1
    set reports {}
    if {[dict get $request csynth]} {lappend reports syn/report/${name}_csynth.xml syn/report/${name}_csynth.rpt}
    if {[dict get $request cosim]} {lappend reports sim/report/${name}_cosim.rpt}
    if {[dict get $request flow] ne ""} {lappend reports impl/report/verilog/export_syn.xml}
    if {[dict get $request flow] eq "impl"} {lappend reports impl/report/verilog/export_impl.xml}
    foreach report $reports {
        set file $solution/$report
        if {![file isfile $file]} {error "the tool ended without writing $file"}
        file copy -force $file [file join $out [file tail $file]]
    }
}

proc check_request {request} {
    if {![file isdirectory [dict get $request project]]} {
        codesign::refuse "project '[dict get $request project]' is not a folder"
    }
    if {!([dict get $request csim] || [dict get $request csynth])} {
        codesign::refuse "nothing to do: expected --csim or --csynth"
    }
    foreach needs {cosim export} {
        if {[dict get $request $needs] && ![dict get $request csynth]} {codesign::refuse "--$needs needs --csynth"}
    }
    if {[dict get $request flow] ni {{} syn impl}} {codesign::refuse "--flow is syn or impl"}
    if {[dict get $request flow] ne "" && ![dict get $request export]} {codesign::refuse "--flow needs --export"}
    if {[dict get $request period] ne ""} {codesign::require_number period [dict get $request period]}
}

proc run_hls {request out} {
    cd [dict get $request project]
    set own [list [dict get $request part] [dict get $request period]]
    if {[file isfile project.tcl]} {
        set project [hls4ml_project {*}$own]
    } elseif {[file isfile hls_parameters.tcl]} {
        set project [conifer_project {*}$own]
    } else {
        error "[pwd] holds neither project.tcl (hls4ml) nor hls_parameters.tcl (conifer)"
    }
    foreach folder [dict get $project data] {file mkdir $folder}
    file delete tb_data/csim_results.log tb_data/rtl_cosim_results.log
    open_hls $project
    if {[dict get $request csim]} {csim_design}
    if {[dict get $request csynth]} {csynth_design}
    if {[dict get $request cosim]} {
        cosimulate $project
        if {[dict get $request csim] && [file isfile project.tcl]} {require_equal_results}
    }
    if {[dict get $request export]} {export_ip $project [dict get $request flow]}
    collect_reports $project $request $out
}

if {![info exists env(CODESIGN_HLS_ARGS)]} {set env(CODESIGN_HLS_ARGS) {}}
set request [codesign::options $script $env(CODESIGN_HLS_ARGS) {
    project value required
    out value required
    csim flag 0
    csynth flag 0
    cosim flag 0
    export flag 0
    flow value {}
    part value {}
    period value {}
}]
check_request $request
set out [file normalize [dict get $request out]]
codesign::start $out {}

# Without an exit of its own the tool stays open and waits for commands, after an error as well.
if {[catch {run_hls $request $out} message]} {
    puts stderr "ERROR: $message"
    exit 1
}
codesign::finish $out hls {}
exit 0
