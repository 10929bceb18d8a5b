#!/bin/bash
# shellcheck disable=SC1091,SC2154
# `counters` of captures made at a host against that host's nstat (testdata/lab): those marked exact
# have to be equal; of the approximate ones, those that are here.
source "$(dirname "$0")/lib.sh"

lab=${1:-testdata/lab} # or what `scripts/lab all -o DIR` left in DIR

# What of approximate counters these captures let us ask for.  MPTCPRetrans counts the kernel's own
# fragments, and MPCapableSYNTXDrop does not occur.
SURE="'MPTcpExtMPRstRx', 'MPTcpExtMPFailRx', 'MPTcpExtDataCsumErr', 'MPTcpExtMPCapableDataFallback', 'MPTcpExtMPJoinNoTokenFound'"

for directory in "$lab"/*/; do
    scenario=$(basename "$directory")
    for end in client server; do
        made=$work/counters.json
        "$program" counters -q --json "$directory/$end"*.pcap >"$made" 2>"$work/errors"
        report "$scenario, $end: counters are nstat's" "$(query :memory: "
            WITH truth AS (SELECT json_extract(CAST(readfile('$directory/truth.json') AS TEXT),
                '\$.nstat.$end') AS nstat),
            made AS (SELECT value ->> 'counter' AS counter, value ->> 'accuracy' AS accuracy,
                value ->> '$end' AS value FROM json_each(CAST(readfile('$made') AS TEXT)))
            SELECT counter || ' (' || accuracy || ') is ' || value || ', shall be ' ||
                ifnull(nstat ->> counter, 0)
            FROM made, truth WHERE (accuracy = 'exact' OR counter IN ($SURE))
            AND value IS NOT ifnull(nstat ->> counter, 0)
            UNION ALL SELECT 'only ' || count(*) || ' counters marked exact' FROM made
            WHERE accuracy = 'exact' HAVING count(*) < 30
            UNION ALL SELECT key || ' is not in the list' FROM truth, json_each(nstat)
            WHERE key LIKE 'MPTcpExt%' AND key NOT IN (SELECT counter FROM made)")"
    done
done

plan
