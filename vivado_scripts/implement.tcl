# Place and route a synthesised design with Vivado.
#
#   vivado -mode batch -source vivado_scripts/implement.tcl -tclargs \
#       --checkpoint build/synth/synthesised.dcp --strategy Performance_Explore --out build/implement
#
# Needed:
#   --checkpoint FILE    checkpoint that synth.tcl wrote
#   --out FOLDER         folder of the results, made if needed
# Further:
#   --strategy NAME      set of directives, default Default; the names are listed in the table below
#   --opt-directive NAME, --place-directive NAME, --phys-opt-directive NAME, --route-directive NAME
#                        one directive of the strategy replaced; Default runs that command without a directive
#   --xdc FILE...        constraints of the synthesis (clock.xdc, your own), read again if the checkpoint has no clock:
#                        those of a block are meant for its synthesis alone (UG903)
#   --incremental FILE   routed checkpoint of an earlier version of the design, whose placement is taken up again
#   --post-route-phys-opt  optimise once more after routing
#   --toggle-rate PERCENT  assumed activity of the inputs for the power estimate, default 12.5
#   --threads N          threads Vivado may use, 1 to 8
#
# Writes into --out: utilization.rpt, utilization_hierarchical.rpt, timing_summary.rpt, power.rpt, route_status.rpt,
# drc.rpt, implemented.dcp, and, last of all, complete.txt. Timing that is not met is a result and no error: read it in
# timing_summary.rpt. Ends with a status other than 0 after any error.

set script [file normalize [info script]]
source [file join [file dirname $script] common.tcl]

# Directives of opt_design, place_design, phys_opt_design and route_design: the implementation strategies of UG904 for
# the 7 series, UltraScale and UltraScale+ (Versal has others).
set strategies {
    Default {Default Default Default Default}
    Performance_Explore {Explore Explore Explore Explore}
    Performance_ExploreWithRemap {ExploreWithRemap Explore Explore NoTimingRelaxation}
    Performance_WLBlockPlacement {Default WLDrivenBlockPlacement Explore Explore}
    Performance_EarlyBlockPlacement {Explore EarlyBlockPlacement Explore Explore}
    Performance_NetDelay_high {Default ExtraNetDelay_high AggressiveExplore NoTimingRelaxation}
    Performance_NetDelay_low {Explore ExtraNetDelay_low AggressiveExplore NoTimingRelaxation}
    Performance_Retiming {Default ExtraPostPlacementOpt AlternateFlowWithRetiming Explore}
    Performance_ExtraTimingOpt {Default ExtraTimingOpt Explore NoTimingRelaxation}
    Performance_RefinePlacement {Default ExtraPostPlacementOpt Default NoTimingRelaxation}
    Performance_SpreadSLLs {Default SSI_SpreadSLLs Explore Explore}
    Performance_BalanceSLLs {Default SSI_BalanceSLLs Explore Explore}
    Performance_BalanceSLRs {Default SSI_BalanceSLRs Explore Explore}
    Performance_HighUtilSLRs {Default SSI_HighUtilSLRs Explore Explore}
    Congestion_SpreadLogic_high {Default AltSpreadLogic_high AggressiveExplore AlternateCLBRouting}
    Congestion_SpreadLogic_medium {Default AltSpreadLogic_medium Explore AlternateCLBRouting}
    Congestion_SpreadLogic_low {Default AltSpreadLogic_low Explore AlternateCLBRouting}
}

# Directives of the request in the order of the commands.
proc directives {request strategies} {
    set strategy [dict get $request strategy]
    if {![dict exists $strategies $strategy]} {
        codesign::refuse "unknown strategy '$strategy'; known: [join [dict keys $strategies]]"
    }
    set result {}
    foreach command {opt place phys-opt route} directive [dict get $strategies $strategy] {
        lappend result [codesign::chosen [dict get $request $command-directive] $directive]
    }
    return $result
}

proc run_with {command directive} {
    if {$directive eq "Default"} {$command} else {$command -directive $directive}
}

set request [codesign::options $script $argv {
    checkpoint value required
    out value required
    strategy value Default
    xdc list {}
    opt-directive value {}
    place-directive value {}
    phys-opt-directive value {}
    route-directive value {}
    incremental value {}
    post-route-phys-opt flag 0
    toggle-rate value 12.5
    threads value {}
}]
codesign::require_files [list [dict get $request checkpoint]]
lassign [directives $request $strategies] opt place phys_opt route
codesign::require_files [dict get $request xdc]
set incremental [dict get $request incremental]
if {$incremental ne ""} {codesign::require_files [list $incremental]}
set out [file normalize [dict get $request out]]
codesign::start $out [dict get $request threads]

open_checkpoint [dict get $request checkpoint]
if {[llength [get_clocks -quiet]] == 0} {
    foreach file [dict get $request xdc] {read_xdc $file}
}
run_with opt_design $opt
# The reference belongs between optimisation and placement (UG904).
if {$incremental ne ""} {read_checkpoint -incremental $incremental}
run_with place_design $place
run_with phys_opt_design $phys_opt
run_with route_design $route
if {[dict get $request post-route-phys-opt]} {run_with phys_opt_design $phys_opt}

write_checkpoint -force [file join $out implemented.dcp]
codesign::write_reports $out [dict get $request toggle-rate]
report_route_status -file [file join $out route_status.rpt]
report_drc -file [file join $out drc.rpt]
codesign::finish $out implemented [version -short]
