# What the scripts of this folder share: their options, the reports they write, and the mark of a complete result.
#
# Sourced by them relative to their own place; it runs nothing by itself.

namespace eval codesign {
    # The comment at the head of a script is its manual, so that the two cannot differ.
    proc usage {script} {
        set text {}
        set handle [open $script]
        while {[gets $handle line] >= 0 && [string match "#*" $line]} {
            lappend text [string range $line 2 end]
        }
        close $handle
        return [join $text "\n"]
    }

    # End with status 2 after one line that says what is wrong, and where the manual is.
    proc refuse {message} {
        puts stderr "ERROR: \[codesign\] $message"
        exit 2
    }

    # Read "--name value ..." into a dictionary.
    #
    # The specification has a row for each option: name, kind and default. Kinds: "value" takes one word, "list" takes
    # all words up to the next option, "flag" takes none. A default of "required" means that there is none.
    proc options {script arguments specification} {
        set kinds {}
        set result {}
        set required {}
        foreach {name kind default} $specification {
            dict set kinds $name $kind
            if {$default eq "required"} {lappend required $name} else {dict set result $name $default}
        }
        if {[llength $arguments] == 0 || "--help" in $arguments} {
            puts [usage $script]
            exit [expr {"--help" in $arguments ? 0 : 2}]
        }
        while {[llength $arguments]} {
            set word [lindex $arguments 0]
            set name [string range $word 2 end]
            if {![string match "--*" $word] || ![dict exists $kinds $name]} {
                refuse "unknown option '$word'; known: --[join [dict keys $kinds] { --}]"
            }
            set values [words_of_option [lrange $arguments 1 end]]
            set arguments [lrange $arguments [expr {1 + [llength $values]}] end]
            dict set result $name [option_value $name [dict get $kinds $name] $values]
        }
        foreach name $required {
            if {![dict exists $result $name]} {
                puts stderr [usage $script]
                refuse "--$name is missing"
            }
        }
        return $result
    }

    proc words_of_option {words} {
        set count 0
        while {$count < [llength $words] && ![string match "--*" [lindex $words $count]]} {incr count}
        return [lrange $words 0 [expr {$count - 1}]]
    }

    proc option_value {name kind values} {
        set count [llength $values]
        switch $kind {
            flag {
                if {$count} {refuse "--$name takes no value, found '[lindex $values 0]'"}
                return 1
            }
            value {
                if {$count != 1} {refuse "--$name takes one value, found $count"}
                return [lindex $values 0]
            }
            list {
                if {!$count} {refuse "--$name takes at least one value, found none"}
                return $values
            }
        }
        error "unknown kind of option $kind"
    }

    # The user's own value, or the other one. Not by "expr", which would write numbers its own way.
    proc chosen {own other} {
        if {$own eq ""} {return $other}
        return $own
    }

    proc require_files {files} {
        foreach file $files {
            if {![file isfile $file]} {refuse "file '$file' does not exist"}
        }
    }

    proc require_number {name text} {
        if {![string is double -strict $text] || $text <= 0} {refuse "--$name takes a number above 0, found '$text'"}
    }

    # Reports that belong to every netlist, whether placed or not, under the names that codesign parses.
    #
    # Without recorded activity the power is an estimate: every input toggles at the given rate (percent of the clock).
    proc write_reports {out toggle_rate} {
        report_utilization -file [file join $out utilization.rpt]
        report_utilization -hierarchical -hierarchical_depth 10 -file [file join $out utilization_hierarchical.rpt]
        report_timing_summary -max_paths 10 -file [file join $out timing_summary.rpt]
        set_switching_activity -default_static_probability 0.5 -default_toggle_rate $toggle_rate
        report_power -file [file join $out power.rpt]
    }

    # Forget the mark of an earlier result first, and set it last: what lies between is not a result.
    proc start {out threads} {
        file mkdir $out
        file delete [file join $out complete.txt]
        if {$threads ne ""} {set_param general.maxThreads $threads}
    }

    proc finish {out stage version} {
        set handle [open [file join $out complete.txt] w]
        puts $handle "stage $stage"
        puts $handle "version $version"
        close $handle
    }
}
