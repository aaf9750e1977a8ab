# Write the bitstream of an implemented design that has pins.
#
#   vivado -mode batch -source vivado_scripts/bitstream.tcl -tclargs \
#       --checkpoint build/implement/implemented.dcp --name top --out build/bitstream
#
# Needed:
#   --checkpoint FILE    checkpoint of implement.tcl, of a design with I/O buffers: synth.tcl has to read it with
#                        --mode default, and with the pins of the board in --xdc
#   --out FOLDER         folder of the results, made if needed
# Further:
#   --name NAME          name of the files, default top
#   --bin                the configuration data without header too (.bin)
#
# Writes into --out: NAME.bit, drc.rpt, and, last of all, complete.txt.
#
# What this script does not do: it makes no board design. The network alone is a block (out of context), and a block
# cannot be loaded: its ports need logic around them that ends at pins, a processing system on Zynq, or the shell of an
# Alveo card. For Alveo cards under a vendor shell the loadable file is an .xclbin that v++ links, and not this one. A
# design whose ports have no pins is refused before Vivado's own design rules (NSTD-1, UCIO-1) would do so.

set script [file normalize [info script]]
source [file join [file dirname $script] common.tcl]

proc require_pins {} {
    set loose {}
    foreach port [get_ports] {
        if {[get_property PACKAGE_PIN $port] eq ""} {lappend loose $port}
    }
    if {[llength $loose]} {
        codesign::refuse "[llength $loose] ports have no pin ([join [lrange $loose 0 4] {, }]...):\
            an out-of-context block has no bitstream; synthesise a board design with --mode default and pins in --xdc"
    }
}

set request [codesign::options $script $argv {
    checkpoint value required
    out value required
    name value top
    bin flag 0
}]
codesign::require_files [list [dict get $request checkpoint]]
set out [file normalize [dict get $request out]]
codesign::start $out {}

open_checkpoint [dict get $request checkpoint]
require_pins
report_drc -file [file join $out drc.rpt]
set file [file join $out [dict get $request name].bit]
if {[dict get $request bin]} {write_bitstream -force -bin_file $file} else {write_bitstream -force $file}
codesign::finish $out bitstream [version -short]
