#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Every generated capture against every number of its JSON.
source "$(dirname "$0")/lib.sh"

for capture in testdata/gen/*.pcap; do
    json=${capture%.pcap}.json
    analyze "$capture"
    if test -z "$problem"; then
        stated=$(query :memory: "SELECT count(*) FROM json_tree(readfile('$json')) WHERE atom NOT NULL")
        test "$stated" -gt 20 2>/dev/null || problem="$json: $stated"
    fi
    test -n "$problem" || problem=$({
        echo "CREATE TEMP TABLE truth AS SELECT CAST(readfile('$json') AS TEXT) AS doc;"
        cat tests/truth/compare_truth.sql
    } | sqlite3 -bail "$db" 2>&1)
    report "$capture" "$problem"
done
plan
