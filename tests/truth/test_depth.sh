#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Delays, losses and limits against what scripts/lab set up, its relays did and the kernels counted:
# compare_depth.sql, on testdata/lab or what DIRECTORY holds.  -v shows every number.
source "$(dirname "$0")/lib.sh"

verbose=
if test "${1-}" = -v; then verbose=1 && shift; fi
lab=${1:-testdata/lab}
late=0
test "$lab" = testdata/lab || late=200000000

for directory in "$lab"/*/; do
    scenario=$(basename "$directory")
    truth=$directory/truth.json
    grep -q '"accidents"' "$truth" || continue # made before the lab had relays
    for place in client server router; do
        compgen -G "$directory/$place*.pcap" >"$work/files" || continue
        name="$scenario, $place: as set up, done and counted"
        analyze "$directory/$place"*.pcap
        if test "$problem"; then
            report "$name" "$problem"
            continue
        fi
        {
            echo "CREATE TEMP TABLE truth AS SELECT CAST(readfile('$truth') AS TEXT) AS doc;"
            echo "CREATE TEMP TABLE tap AS SELECT '$place' AS place, $late AS late;"
            cat tests/truth/compare_depth.sql
            echo "SELECT who || ': ' || what || ' is ' || coalesce(value, 'NULL') || ', shall be ' || least || ' to ' || most
                FROM checked WHERE (value BETWEEN least AND most) IS NOT 1;"
            echo "SELECT 'nothing to compare' WHERE NOT EXISTS (SELECT * FROM checked);"
            test -z "$verbose" || echo "SELECT '# ' || '$scenario, $place', who, what, value, least, most FROM checked;"
        } | sqlite3 -bail "$db" >"$work/checked" 2>&1
        if test "$(tail -n 1 "$work/checked")" = "nothing to compare"; then
            skip "$name" "not all was acknowledged"
            continue
        fi
        grep '^# ' "$work/checked"
        report "$name" "$(grep -v '^# ' "$work/checked")"
    done
done
plan
