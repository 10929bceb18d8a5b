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
# Rates per second are estimated from bins, and say how far they may be off: the payload of a second
# is what was captured until its end less what was until its begin.
interval_problems() { # CAPTURE: lines of the table of all subflows that lie
    local text direction second low high said off

    text=$("$program" show --interval 1 "$1" | awk '
        function bytes(value, unit) { return value * (unit == "kB" ? 1e3 : unit == "MB" ? 1e6 : 1) }
        /^(Client|Server) to / { direction = substr($1, 1, 1) == "C" ? "c2s" : "s2c" }
        $1 == "all" && $2 ~ /^[0-9]+\.00-[0-9]+\.00$/ && !seen[direction, $2]++ {
            split($2, ends, "-")
            print direction, int(ends[1]), bytes($3, $4), bytes($5, $6)
        }')
    while read -r direction second said off; do
        low=0
        test "$second" = 0 || {
            analyze --until "+$second" "$1"
            low=$(query "$db" "SELECT sum(payload_bytes) FROM subflow_direction WHERE direction = '$direction'")
        }
        analyze --until "+$((second + 1))" "$1"
        high=$(query "$db" "SELECT sum(payload_bytes) FROM subflow_direction WHERE direction = '$direction'")
        # Three digits are printed.
        awk -v is=$((high - low)) -v said="$said" -v off="$off" -v where="$direction, second $second" '
            BEGIN { far = is > said ? is - said : said - is
                    if (far > off + 0.01 * (said + off) + 1) print where ": " is " is not " said " ± " off }'
    done <<<"$text"
    test -n "$text" || echo "no table"
}
report "rates per second are as near as they say" "$(interval_problems testdata/lab/voice/client.pcap)"
report "what they are made of is told" "$("$program" show --interval 1 testdata/lab/voice/client.pcap |
    grep -q '^Estimated from bins of up to 410 ms' || echo "it is not")"
plan
