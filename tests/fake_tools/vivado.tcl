# Vivado in batch mode, as far as its scripts can tell: the arguments, the log, the exit status.
source [file join [file dirname [info script]] vendor_commands.tcl]

set words $argv
if {"-version" in $words} {
    set fake_version [expr {[info exists env(FAKE_VERSION)] ? $env(FAKE_VERSION) : "2024.1"}]
    puts "vivado v$fake_version (64-bit)\nTool Version Limit: 2024.05"
    exit 0
}
set fake_script [lindex $words [expr {[lsearch $words -source] + 1}]]
set fake_start [lsearch $words -tclargs]
set argv [expr {$fake_start < 0 ? {} : [lrange $words [expr {$fake_start + 1}] end]}]
fake_note "vivado $words"
if {[fake_fault] eq "idle"} {exit 0}
puts "\n****** Vivado v2024.1 (64-bit)\n\nsource $fake_script -notrace"
if {[catch {source $fake_script} message]} {
    puts $message
    puts "INFO: \[Common 17-206\] Exiting Vivado at Sat Jan 25 15:17:12 2025..."
    exit 1
}
puts "INFO: \[Common 17-206\] Exiting Vivado at Sat Jan 25 15:17:12 2025..."
if {[fake_fault] eq "at_exit"} {exit 1}
