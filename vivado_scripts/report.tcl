# Write the reports of a design that exists as a checkpoint, synthesised or implemented; the checkpoint is not changed.
#
#   vivado -mode batch -source vivado_scripts/report.tcl -tclargs \
#       --checkpoint build/implement/implemented.dcp --out build/reports
#
# Needed:
#   --checkpoint FILE    checkpoint of synth.tcl or implement.tcl
#   --out FOLDER         folder of the reports, made if needed
# Further:
#   --toggle-rate PERCENT  assumed activity of the inputs for the power estimate, default 12.5
#   --threads N          threads Vivado may use, 1 to 8
#
# Writes into --out: utilization.rpt, utilization_hierarchical.rpt, timing_summary.rpt, power.rpt, route_status.rpt,
# drc.rpt, and, last of all, complete.txt. Ends with a status other than 0 after any error.

set script [file normalize [info script]]
source [file join [file dirname $script] common.tcl]

set request [codesign::options $script $argv {
    checkpoint value required
    out value required
    toggle-rate value 12.5
    threads value {}
}]
codesign::require_files [list [dict get $request checkpoint]]
set out [file normalize [dict get $request out]]
codesign::start $out [dict get $request threads]

open_checkpoint [dict get $request checkpoint]
codesign::write_reports $out [dict get $request toggle-rate]
report_route_status -file [file join $out route_status.rpt]
report_drc -file [file join $out drc.rpt]
codesign::finish $out reported [version -short]
