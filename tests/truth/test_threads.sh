#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_threads.sh - two and three threads give what one gives, row for row: every capture here, and a
# larger one, from a file and from a pipe.  `make tsan` runs this with the program that ThreadSanitizer
# watches.

. "$(dirname "$0")/lib.sh"

generator=build/release/tests/gen/gen_bench

# dump THREADS CAPTURE...: the whole database, the exit status, and what was said.
dump() {
    local n=$1
    shift
    "$program" analyze --threads "$n" "$@" -f -o "$work/$n.db" >"$work/$n.out" 2>&1 || echo "exit $?"
    sqlite3 "$work/$n.db" .dump | grep -v "^INSERT INTO meta VALUES('command_line'"
    cat "$work/$n.out"
}

# same NAME CAPTURE... [OPTION...]
same() {
    local name=$1
    shift
    dump 1 "$@" >"$work/one"
    problem=
    grep -q 'INSERT INTO capture' "$work/one" || problem="nothing was analyzed"
    for n in 2 3; do
        dump "$n" "$@" >"$work/more"
        cmp -s "$work/one" "$work/more" && ! grep -q ThreadSanitizer "$work/more" ||
            problem="$n threads: $(diff "$work/one" "$work/more" | head -5)"
    done
    report "$name" "$problem"
}

for folder in testdata/lab/*/ testdata/whole/*/; do
    test -n "$thorough" || case $folder in */lab/[a-k]*) continue ;; esac
    same "$folder" "$folder"
done
for file in testdata/gen/*.pcap testdata/packed/* testdata/damaged/{cut,header-only}.pcap; do
    same "$file" "$file" --tcp
done
same "all of testdata at once" testdata/lab testdata/gen testdata/whole
same "with a filter, checksums verified" testdata/whole --filter 'ip and tcp' --verify-checksums --dss-checksums
same "a part" testdata/lab/loss --since +0.1 --until +0.4 --first 300

if [ -x "$generator" ]; then
    "$generator" --mode many --connections 300 --concurrency 50 --subflows 3 -o "$work/many.pcap" --truth "$work/many.json"
    same "300 connections" "$work/many.pcap"
    for n in 1 3; do
        "$program" analyze -q --threads $n - -f -o "$work/$n.db" <"$work/many.pcap" >/dev/null
    done
    # shellcheck disable=SC2002
    cat "$work/many.pcap" | "$program" analyze -q --threads 3 - -f -o "$work/pipe.db" >/dev/null
    for n in 3 pipe; do
        report "300 connections from standard input: $n" \
            "$(diff <(sqlite3 "$work/1.db" .dump) <(sqlite3 "$work/$n.db" .dump) | grep -v command_line | grep '^[<>]' | head -5)"
    done
else
    skip "300 connections" "gen_bench is not built"
fi

# A database that cannot be written ends the run also while nothing comes from the pipe.
library=$PWD/build/release/tests/faults/fail_nth.so
if [ -e "$library" ] && [ -x "$generator" ]; then
    "$generator" --mode many --connections 2000 --concurrency 50 --subflows 3 -o "$work/many.pcap" --truth "$work/many.json"
    mkfifo "$work/fifo"
    exec {pipe}<>"$work/fifo"
    (cat "$work/many.pcap" >&"$pipe") &
    problem=
    FAIL_CALL=step FAIL_NTH=60 LD_PRELOAD=$library timeout 60 "$program" analyze -q - -o "$work/no.db" \
        <&"$pipe" >/dev/null 2>"$work/message"
    status=$?
    kill $! 2>/dev/null
    exec {pipe}>&-
    [ "$status" -eq 1 ] || problem="exit $status: $(cat "$work/message")"
    report "a row that cannot be stored ends a run that waits for a pipe" "$problem"
else
    skip "a row that cannot be stored" "fail_nth.so or gen_bench is not built"
fi
plan
