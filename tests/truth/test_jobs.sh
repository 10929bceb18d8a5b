#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_jobs.sh - analyze --each: several captures at a time give what one after the other gives.

. "$(dirname "$0")/lib.sh"

generator=build/release/tests/gen/gen_bench
set -- testdata/gen/remap.pcap testdata/damaged/cut.pcap testdata/damaged/text.pcap testdata/packed/two.zip \
    testdata/lab/loss testdata/gen/seq-wrap.pcap testdata/damaged/empty.pcap

# each JOBS OPTION... CAPTURE...: leaves output, messages and exit status in files named after JOBS.
each() {
    local n=$1
    shift
    "$program" analyze --each -j "$n" -f "$@" >"$work/out.$n" 2>"$work/message.$n"
    echo $? >"$work/exit.$n"
}

# same NAME OPTION... CAPTURE...
same() {
    local name=$1 what
    shift
    problem=
    each 1 "$@"
    each 3 "$@"
    for what in out message exit; do
        cmp -s "$work/$what.1" "$work/$what.3" || problem="$problem; $(diff "$work/$what.1" "$work/$what.3")"
    done
    report "$name" "$problem"
}

same "summaries and messages come in order" "$@"
report "what cannot be read does not stop the others" "$(grep -qx 4 "$work/exit.3" || cat "$work/exit.3")"
same "JSON" --json "$@"
report "JSON is whole" "$(query :memory: "SELECT 'has ' || json_array_length(readfile('$work/out.3')) WHERE
    json_array_length(readfile('$work/out.3')) <> $#")"
same "strict" --strict-input "$@"
report "strict ends at the first" "$(grep -qx 1 "$work/exit.3" || cat "$work/exit.3")"
same "nothing can be read" testdata/damaged/text.pcap testdata/damaged/empty.pcap
same "a filter that is wrong" --filter 'no such word' testdata/gen/remap.pcap testdata/gen/seq-wrap.pcap

same "one of them is damaged, not the last" testdata/gen/remap.pcap testdata/damaged/cut.pcap testdata/gen/seq-wrap.pcap
report "one that is damaged is said" "$(grep -qx 4 "$work/exit.3" || cat "$work/exit.3")"

each 1 "$@" -o "$work/one"
each 3 "$@" -o "$work/three"
problem=$(diff <(ls "$work/one") <(ls "$work/three"))
for db in "$work"/one/*.db; do
    cmp -s <(query "$db" .dump | grep -v command_line) \
        <(query "$work/three/$(basename "$db")" .dump | grep -v command_line) ||
        problem="$problem; $(basename "$db") differs"
done
report "the same databases" "$problem"

"$program" analyze -j 2 testdata/gen/remap.pcap >/dev/null 2>&1
status=$?
report "-j without --each is refused" "$([ "$status" -eq 2 ] || echo "exit $status")"

if [ -x "$generator" ]; then
    mkdir "$work/long" "$work/ended"
    "$generator" --mode many --connections 3000 --concurrency 50 --subflows 3 -o "$work/long/1.pcap" --truth "$work/long.json"
    for n in 2 3 4; do ln "$work/long/1.pcap" "$work/long/$n.pcap"; done
    "$program" analyze --each -j 2 "$work"/long/*.pcap -o "$work/ended" >/dev/null 2>"$work/message" &
    pid=$!
    sleep 0.3
    kill -TERM $pid
    wait $pid
    status=$?
    problem=
    [ "$status" -eq 1 ] || problem="exit $status"
    grep -q interrupted "$work/message" || problem="$problem; $(cat "$work/message")"
    [ -z "$(find "$work/ended" -name '*.db.*')" ] || problem="$problem; left $(ls "$work/ended")"
    report "a signal ends all, and leaves nothing half-written" "$problem"
else
    skip "a signal" "gen_bench is not built"
fi
plan
