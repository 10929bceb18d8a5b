#!/bin/bash
# shellcheck disable=SC1091,SC2154
# The manual page defines metrics in the words that table meta holds.
source "$(dirname "$0")/lib.sh"

# Name, tab, text of each item of section DEFINITIONS.
defined() {
    awk '/^\.Sh/ { inside = $2 == "DEFINITIONS" } !inside { next }
        /^\.It/ { if (name) print name "\t" text; name = $3; text = ""; next }
        /^\.El/ { if (name) print name "\t" text; name = ""; next }
        name { sub(/^\\&/, ""); text = text (text ? " " : "") $0 }' man/mptcpscope.1
}

analyze testdata/gen/v0-reinjection.pcap
report "a capture is read" "$problem"
while IFS=$'\t' read -r name text; do
    is=$(query "$db" "SELECT replace(value, '  ', ' ') FROM meta WHERE key = 'definition.$name'")
    if test "$is" = "$text"; then report "$name"; else report "$name" "manual: $text
meta: $is"; fi
done < <(defined)
test "$n_tests" -gt 1 || report "there are definitions" "none found"
plan
