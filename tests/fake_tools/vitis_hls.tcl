# Vitis HLS, as far as its scripts can tell; as vitis-run it hands no arguments to them.
source [file join [file dirname [info script]] vendor_commands.tcl]

set words $argv
if {"-version" in $words || "--version" in $words} {
    puts "\n****** vitis-run v2024.2 (64-bit)"
    exit 0
}
set option [expr {"--tcl" in $words ? "--tcl" : "-f"}]
set fake_script [lindex $words [expr {[lsearch $words $option] + 1}]]
set argv {}
fake_note "hls $words"
if {[info exists env(FAKE_FAULT)] && $env(FAKE_FAULT) eq "part"} {
    proc fake_do_set_part {options operands} {
        puts "ERROR: \[HLS 200-1023\] Part '[lindex $operands 0]' is not installed."
        error "command 'set_part' returned error code"
    }
}
source $fake_script
# A script without an exit leaves the tool waiting for commands.
after 60000
