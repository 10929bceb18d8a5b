#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Hostile traffic: memory stays within its limit, time stays short, what was left out is counted, and
# honest connections in the middle of it are all there.
source "$(dirname "$0")/lib.sh"

flood=build/release/tests/gen/gen_flood
LOST="SELECT (SELECT sum(unfollowed_syns) FROM capture) + (SELECT count(*) FROM subflow
    WHERE result <> 'established')"
HONEST="SELECT count(*) || ' of ' || sum(data_bytes) FROM connection JOIN connection_direction
    USING (connection_id) WHERE close = 'data_fin' AND direction = 'c2s'"

# run KIND N LIMIT_KB OPTION...: analyzes so many hostile packets; the system refuses more memory.
run() {
    local kind=$1 n=$2 limit=$3
    shift 3
    "$flood" "$kind" "$n" "$work/$kind.pcap" || echo "Bail out! $flood"
    db=$work/$kind.db
    problem=$( (ulimit -v "$limit" && timeout 60 "$program" analyze -q -f "$work/$kind.pcap" \
        -o "$db" "$@" >"$work/$kind.out") 2>&1) || problem="exit $?: $problem"
}

for kind in syns joins; do
    run "$kind" 300000 260000 --memory-limit 200M
    report "300 000 $kind fit into 200 MB" "$problem"
    # with the SYNs of nine of the ten honest ones, which came when there was no room
    expect "each of the $kind is counted" "$db" "$LOST" 300009
    expect "all honest connections are found among $kind" "$db" "$HONEST" "10 of 10000"
    report "the summary tells of $kind" \
        "$(grep -q 'SYNs not followed' "$work/$kind.out" || cat "$work/$kind.out")"
done

run data 20000 130000 --memory-limit 64M
report "20 000 connections without a begin fit into 64 MB" "$problem"
expect "those closed early are counted" "$db" "SELECT (SELECT evicted_connections FROM capture) =
    (SELECT count(*) FROM connection WHERE close = 'evicted') AND (SELECT evicted_connections
    FROM capture) > 10000" 1
# An honest one of which there is but a SYN may be closed early, too, and its rest found.
expect "each is there" "$db" "SELECT count(*) FROM connection WHERE close <> 'data_fin' AND
    client_addr NOT LIKE '10.1.0.%'" 20000
report "the summary tells of it" \
    "$(grep -q 'connections closed early' "$work/data.out" || cat "$work/data.out")"

run data 20000 400000
report "without a limit, that of the system holds" "$problem"

run known-joins 30000 600000
expect "joins of one connection are bounded, and counted" "$db" "SELECT count(*), (SELECT
    unfollowed_syns FROM capture) FROM subflow" "16384|13617"

run subflows 2000 600000
expect "2000 subflows" "$db" "SELECT subflows || ' ' || data_bytes FROM connection JOIN
    connection_direction USING (connection_id) WHERE direction = 'c2s'" "2000 200000"

run addresses 10000 400000
expect "10 000 ADD_ADDRs" "$db" "SELECT sum(count) FROM signal_count WHERE kind = 'add_addr'" 10000

run keys 3000 400000
expect "3000 open connections with one token" "$db" "SELECT count(*), sum(data_bytes) FROM
    connection_direction WHERE direction = 'c2s' AND data_bytes > 0" "3000|300000"

run bytes 100000 400000
expect "a mapping for every byte" "$db" "SELECT sum(payload_bytes), sum(unique_bytes) -
    sum(unmapped_bytes) = sum(data_bytes) FROM subflow_direction" "100100|1"

run jumps 20000 400000
report "data sequence numbers anywhere" "$problem"

# What was sent, mapped and first sent is kept so far back only: more would be closed for lack of memory.
n=1000000
test -z "$thorough" || n=4000000
run jumps "$n" 180000 --threads 1
expect "a long connection that nobody acknowledges is bounded" "$db" "SELECT evicted_connections || ' of ' ||
    (SELECT count(*) FROM connection) FROM capture" "0 of 1"

run syns 100 400000 --handshake-timeout 0.001
expect "a shorter timeout ends attempts" "$db" "SELECT count(*) > 50 FROM connection
    WHERE close = 'idle'" 1
plan
