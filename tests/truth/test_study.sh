#!/bin/bash
# shellcheck disable=SC1091,SC2154
# The figures of a study of generated connections: their CSV equals what was generated.
source "$(dirname "$0")/lib.sh"

# same NAME SQL EXPECTED: what the CSV files, loaded as tables, say.
same() {
    local found
    found=$(sqlite3 "$work/csv.db" "$2" 2>&1)
    if test "$found" = "$3"; then report "$1"; else report "$1" "$found instead of $3"; fi
}

truth() {
    sqlite3 :memory: "SELECT json_extract(readfile('$work/truth.json'), '\$.$1')"
}

if ! command -v gnuplot >/dev/null; then
    echo "1..0 # SKIP gnuplot is not installed"
    exit 0
fi
build/release/tests/gen/gen_bench --mode many --connections 300 --subflows 4 --concurrency 10 \
    -o "$work/many.pcap" --truth "$work/truth.json"
"$program" analyze -q --no-rules "$work/many.pcap" -o "$work/many.db" >/dev/null
words=$("$program" study -q --format svg "$work/many.db" -o "$work/study" 2>&1 >/dev/null)
report "figures without a word" "$words"
for csv in "$work"/study/*.csv; do
    sqlite3 "$work/csv.db" ".mode csv" ".import $csv $(basename "$csv" .csv)" 2>/dev/null
done

same "connections by port" "SELECT sum(connections) FROM ports" "$(truth connections)"
same "data by port" "SELECT sum(data_bytes) FROM ports" \
    "$(($(truth data_bytes_c2s) + $(truth data_bytes_s2c)))"
same "no fallback" "SELECT sum(fallbacks) FROM ports" 0
same "subflows" "SELECT sum(subflows * connections) FROM subflows" "$(truth subflows)"
same "between different addresses" "SELECT sum(different_addresses) FROM subflows WHERE subflows > 1" \
    "$(sqlite3 "$work/csv.db" "SELECT sum(connections) FROM subflows WHERE subflows > 1")"
same "join delays" "SELECT DISTINCT n FROM join_delay WHERE line = 1" "$(truth joins_established)"
same "durations" "SELECT DISTINCT n FROM duration WHERE line = 1" "$(truth connections)"
same "distributions end at 100 %" "SELECT max(percent + 0.0), min(percent + 0.0) FROM duration" "100.0|0.0"
same "every connection is open at some time, none at the end" \
    "SELECT max(open_connections + 0), (SELECT open_connections FROM open ORDER BY rowid DESC LIMIT 1)
     FROM open" "10|0"
# The generator's joins come one after the other: the fastest of a connection is its first.
same "first joins" "SELECT DISTINCT n FROM join_delay WHERE line = 2" \
    "$(sqlite3 "$work/csv.db" "SELECT sum(connections) FROM subflows WHERE subflows > 1")"
same "retransmissions" "SELECT count(*) > 0 FROM repeated WHERE line = 1 AND value > 0" \
    "$(($(truth retransmitted_bytes) > 0))"

# filtered NAME EXPECTED OPTION...: connections by port of a study with the options.
filtered() {
    local name=$1 expected=$2 found
    shift 2
    rm -rf "$work/filtered"
    "$program" study -q --format svg -k ports "$@" "$work/many.db" -o "$work/filtered" >/dev/null 2>&1
    found=$(awk -F, 'NR > 1 { n += $2 } END { print n + 0 }' "$work/filtered/ports.csv" 2>&1)
    if test "$found" = "$expected"; then report "$name"; else report "$name" "$found instead of $expected"; fi
}

large=$(sqlite3 "$work/many.db" "SELECT count(*) FROM (SELECT sum(data_bytes) AS n
    FROM connection_direction GROUP BY connection_id) WHERE n >= 100000")
filtered "at least so large" "$large" --min-bytes 100000
filtered "at most so large" "$((300 - large))" --max-bytes 99999
filtered "port" 300 -p 443
filtered "another port" 0 -p 80
filtered "address" 300 -a 192.0.2.0/24
filtered "another address" 0 -a 203.0.113.0/24
filtered "not that address" 0 -a '!192.0.2.0/24'
filtered "not another address" 300 -a '!203.0.113.0/24' -a 192.0.2.10
several=$(sqlite3 "$work/many.db" "SELECT count(DISTINCT connection_id) FROM subflow WHERE ordinal > 0")
second=$(sqlite3 "$work/many.db" "SELECT client_addr FROM subflow WHERE ordinal = 1 LIMIT 1")
filtered "with that second address" "$(sqlite3 "$work/many.db" "SELECT count(DISTINCT connection_id) FROM subflow
    WHERE client_addr = '$second'")" -a "$second"
filtered "only one subflow by address" "$((300 - several))" -a '!10.2.0.0/16' -a '!10.3.0.0/16' -a '!10.4.0.0/16'
filtered "later than all" 0 --from 2030-01-01
filtered "the year" 300 --from 2023-01-01 --to 2024-01-01T00:00:00Z
filtered "earlier than all" 0 --to 2023-01-01

# Every figure has its view and its script, and is told of.
missing=$(sed -n 's/^STUDY(\([a-z_]*\),.*/\1/p' src/views/studies.def | while read -r figure; do
    for place in "VIEW study_$figure AS:plots/study.sql" "NAME = '$figure':plots/study_$figure.gp" \
        "^.It Cm $figure\$:man/mptcpscope.1" "^| \`$figure\` |:README.md"; do
        grep -q "${place%:*}" "${place##*:}" || echo "$figure is not in ${place##*:}"
    done
    test -e "$work/study/$figure.csv" || echo "$figure has no CSV"
done)
report "every figure is complete" "$missing"

# What is kept beside a figure draws it again, and gnuplot has nothing to say.
report "redrawn" "$(cd "$work/study" && mv duration.svg before.svg && for script in *.gp; do
    FORMAT=svg gnuplot -d "$script" 2>&1
done && cmp duration.svg before.svg 2>&1)"
plan
