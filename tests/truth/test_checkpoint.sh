#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_checkpoint.sh - a run that is interrupted, killed or paused, and gone on with, leaves what an
# uninterrupted one leaves, row for row; and where it cannot be gone on with, it says why.

. "$(dirname "$0")/lib.sh"

generator=build/release/tests/gen/gen_bench

# dump DATABASE: all but the command line.
dump() {
    sqlite3 "$1" .dump | grep -v "^INSERT INTO meta VALUES('command_line'"
}

# go_on PACKETS ARGUMENT...: runs that pause after so many, until one comes to the end.  Sets n and
# status.
go_on() {
    local packets=$1
    shift
    for ((n = 1; n < 1000; n++)); do
        "$program" analyze -q --checkpoint --pause-after "$packets" -o "$work/parts.db" "$@" \
            >"$work/parts.out" 2>"$work/err"
        status=$?
        grep -q 'the same command goes on' "$work/err" || return
    done
}

# finish NAME ARGUMENT...: whether what is in parts.db and parts.out is that of one run.
finish() {
    local name=$1 problem=
    shift
    "$program" analyze -q -f -o "$work/whole.db" "$@" >"$work/whole.out" 2>/dev/null
    local whole=$?
    test "$status" -eq "$whole" || problem="exit $status, not $whole: $(head -3 "$work/err")"
    test -n "$problem" || cmp -s "$work/whole.out" "$work/parts.out" || problem="another summary"
    test -n "$problem" || problem=$(diff <(dump "$work/whole.db") <(dump "$work/parts.db") | head -5)
    test -n "$problem" || ! compgen -G "$work/parts.db?*" >"$work/left" ||
        problem="left behind: $(cat "$work/left")"
    report "$name" "$problem"
    rm -f "$work"/parts.db*
}

# same PACKETS ARGUMENT...
same() {
    local packets=$1
    shift
    go_on "$packets" "$@"
    if test "$n" -lt 2; then
        report "$*" "was not paused"
    else
        finish "$* in $n runs" "$@"
    fi
}

# refuses NAME PATTERN ARGUMENT...: fails, says PATTERN, and leaves the unfinished database alone.
refuses() {
    local name=$1 pattern=$2 problem='' before said
    shift 2
    before=$(cksum "$work"/parts.db.*)
    said=$("$program" analyze --checkpoint -o "$work/parts.db" "$@" 2>&1) && problem="it did not fail"
    grep -q -- "$pattern" <<<"$said" || problem="said: $said"
    test "$before" = "$(cksum "$work"/parts.db.*)" || problem="$problem; other files"
    report "$name" "$problem"
}

same 130 testdata/lab/loss
same 25 testdata/gen/capture-duplicate.pcap
same 300 testdata/gen testdata/packed testdata/damaged --tcp --dss-checksums
same 500 testdata/whole testdata/lab/path-down --filter 'ip and tcp' --verify-checksums
# Kept behind a pause of 35 min, in which the first connection was open.
same 140 testdata/lab/link-down/client.pcap testdata/lab/join-hmac-rewritten/client.pcap
same 120 testdata/lab/loss --since +0.1 --until +0.4 --first 250 --threads 1
same 11 testdata/gen/unknown-options.pcap --name-option 'mptcp:15=Probe,u8,hex'
if test -n "$thorough"; then
    for capture in testdata/{gen,packed,whole/*,lab/*}/*.pcap*; do
        go_on 7 "$capture" --tcp --dss-checksums
        finish "$capture in $n runs" "$capture" --tcp --dss-checksums
    done
fi

# A file that was read to its end is not read again: nobody notices that its packets are gone.
cp testdata/lab/loss/client.pcap "$work/first.pcap"
touch -d '2001-02-03' "$work/first.pcap"
files=("$work/first.pcap" testdata/lab/path-down/client.pcap)
# go_on_once PACKETS: one run over files that pauses after so many.
go_on_once() {
    "$program" analyze -q --checkpoint --pause-after "$1" -o "$work/parts.db" "${files[@]}" >/dev/null 2>&1
}
go_on_once 500
tail -c +100 "$work/first.pcap" | tr '\000-\377' X |
    dd of="$work/first.pcap" bs=1 seek=99 conv=notrunc status=none
touch -d '2001-02-03' "$work/first.pcap"
"$program" analyze -q --checkpoint -o "$work/parts.db" "${files[@]}" >"$work/parts.out" 2>"$work/err"
status=$?
cat testdata/lab/loss/client.pcap >"$work/first.pcap"
finish "a file that ended is not read again" "${files[@]}"

# What is kept of a run is the same in every process but for what lies between members: no pointer.
# no_address NAME PACKETS ARGUMENT...
no_address() {
    local packets=$2 name=$1
    shift 2
    for i in 1 2; do
        rm -f "$work/$i".db*
        "$program" analyze -q --checkpoint --pause-after "$packets" --dss-checksums --tcp -o "$work/$i.db" \
            "$@" >/dev/null 2>&1
    done
    report "no address in the state of a run: $name" \
        "$(python3 tests/truth/pointers.py "$work"/[12].db.state1 2>&1)"
}

if command -v python3 >/dev/null; then
    no_address "all of testdata" 1100 testdata/lab testdata/gen testdata/whole
else
    skip "no address in the state of a run" "no python3"
fi

# The captures of all rules, one after the other and at once.
if test -n "$thorough" && test -x build/release/tests/unit/test_rules; then
    mkdir "$work/rules"
    KEEP_CAPTURES=$work/rules build/release/tests/unit/test_rules >/dev/null 2>&1
    for capture in "$work"/rules/*.pcap; do
        go_on 6 "$capture" --dss-checksums
        finish "$capture in $n runs" "$capture" --dss-checksums
    done
    for n in 600 1800 3000 4200; do
        no_address "all rules, $n packets" $n "$work/rules"
    done
    same 90 "$work/rules" --dss-checksums
fi

cp testdata/lab/loss/client.pcap "$work/copy.pcap"
files=("$work/copy.pcap")
go_on_once 40
mkfifo "$work/hold"
sqlite3 "$work/parts.db.part" <"$work/hold" >"$work/held" &
exec 3>"$work/hold"
echo 'BEGIN EXCLUSIVE; SELECT 1;' >&3
until test -s "$work/held" || ! kill -0 $! 2>/dev/null; do :; done
refuses "another run is at it" 'parts.db: database is locked' "$work/copy.pcap"
exec 3>&-
wait $!
refuses "other options" 'was begun with .*, and now there is option --tcp: 1; --force' \
    "$work/copy.pcap" --tcp
refuses "another file" 'was begun with file .*copy.pcap.*, and now there is file .*server.pcap' \
    testdata/lab/loss/server.pcap
refuses "one file more" 'was begun with nothing more, and now there is file .*server.pcap' \
    "$work/copy.pcap" testdata/lab/loss/server.pcap
touch -d '2001-02-03' "$work/copy.pcap"
refuses "a file that was changed" 'was begun with file .*and now there is .*changed at 98' \
    "$work/copy.pcap"
touch -r testdata/lab/loss/client.pcap "$work/copy.pcap"
rm -f "$work"/parts.db*
go_on_once 40
sqlite3 "$work/parts.db.part" "UPDATE checkpoint SET run = replace(run, 'build ', 'build 0')"
refuses "another build" 'was begun with program mptcpscope .*, build 0.*, and now there is program' \
    "$work/copy.pcap"
rm -f "$work"/parts.db*
go_on_once 40
printf x | dd of="$work/parts.db.state1" bs=1 seek=50000 conv=notrunc status=none
refuses "a damaged state" 'state1: damaged' "$work/copy.pcap"
rm "$work/parts.db.state1"
refuses "no state" 'state1: No such file' "$work/copy.pcap"
status=0
"$program" analyze -q --checkpoint -f -o "$work/parts.db" "$work/copy.pcap" >"$work/parts.out" 2>"$work/err"
finish "anew, where asked for" "$work/copy.pcap"
go_on_once 40
dd if=/dev/zero of="$work/parts.db.part" bs=1 seek=20000 count=30000 conv=notrunc status=none
refuses "a damaged database" 'parts.db.part: damaged; --force begins anew' "$work/copy.pcap"
status=0
"$program" analyze -q --checkpoint -f -o "$work/parts.db" "$work/copy.pcap" >"$work/parts.out" 2>"$work/err"
finish "anew, where it was damaged" "$work/copy.pcap"
echo 'my diary' >"$work/parts.db.part"
refuses "a file of somebody else" 'not a database of mptcpscope; it is not replaced' -f "$work/copy.pcap"
rm -f "$work"/parts.db*
refuses_usage() {
    local said
    said=$("$program" analyze "${@:3}" 2>&1 <testdata/lab/loss/client.pcap)
    if test $? -ne 0 && grep -q -- "$2" <<<"$said"; then report "$1"; else report "$1" "said: $said"; fi
}
mkfifo "$work/pipe"
cat testdata/lab/loss/client.pcap >"$work/pipe" &
refuses_usage "a pipe" 'a pipe cannot be read again' --checkpoint -o "$work/parts.db" "$work/pipe"
refuses_usage "standard input" 'standard input cannot be read again' --checkpoint -o "$work/parts.db" -
refuses_usage "without a database" '--checkpoint goes with -o' --checkpoint testdata/lab/loss
refuses_usage "with --each" 'does not go with --each' --checkpoint --each -o "$work/each" testdata/lab/loss
refuses_usage "no time" 'to 1000000 seconds' --checkpoint --checkpoint-every=-1 -o "$work/parts.db" testdata/lab/loss
refuses_usage "a pause without a checkpoint" 'with --checkpoint' --pause-after 5 -o "$work/parts.db" testdata/lab/loss

# The disk is full, or worse, between two checkpoints: what was there before holds.
library=$PWD/build/release/tests/faults/fail_nth.so
files=(testdata/lab/loss/client.pcap)
if [ -e "$library" ]; then
    for fault in "fsync 1" "fsync 2" "write 1" "write 4" "step 1"; do
        read -r call nth <<<"$fault"
        go_on_once 150
        said=$(LD_PRELOAD=$library FAIL_CALL=$call FAIL_NTH=$nth "$program" analyze -q --checkpoint \
            --pause-after 150 -o "$work/parts.db" "${files[@]}" 2>&1)
        "$program" analyze -q --checkpoint -o "$work/parts.db" "${files[@]}" >"$work/parts.out" 2>"$work/err"
        status=$?
        if ! grep -qx fault <<<"$said" || ! grep -q '^mptcpscope: .*parts' <<<"$said"; then
            report "$call fails, number $nth" "said: $said"
            rm -f "$work"/parts.db*
        else
            finish "$call fails, number $nth" "${files[@]}"
        fi
    done
else
    skip "faults" "fail_nth.so is not built"
fi

if [ -x "$generator" ]; then
    for version in 0 1; do
        "$generator" --mode many --connections 300 --concurrency 50 --subflows 3 --version $version \
            -o "$work/many$version.pcap" --truth "$work/many.json"
    done
    gzip "$work/many1.pcap"
    same 5000 "$work/many0.pcap"
    same 9000 "$work/many0.pcap" "$work/many1.pcap.gz" --threads 3

    # Nothing is stored of a connection before it ends, but checkpoints are.
    "$generator" --mode bulk --connections 1 --bytes 40000000 -o "$work/bulk.pcap" --truth "$work/many.json"
    "$program" analyze -q --checkpoint --checkpoint-every 0 -o "$work/parts.db" "$work/bulk.pcap" \
        >/dev/null 2>"$work/err" &
    # The first state goes when the second checkpoint is on disk.
    until { compgen -G "$work/parts.db.state[2-9]" >"$work/left" && test ! -e "$work/parts.db.state1"; } ||
        ! kill -0 $! 2>/dev/null; do :; done
    kill -KILL $! 2>/dev/null
    wait $! 2>/dev/null
    expect "a checkpoint without rows" "$work/parts.db.part" "SELECT packets > 0 FROM checkpoint" 1
    go_on 1000000 "$work/bulk.pcap"
    finish "killed before there was a row" "$work/bulk.pcap"

    # Killed, or asked to end, behind one checkpoint or another; then taken to its end.
    n_killed=0
    for signal in KILL TERM KILL; do
        touch "$work/mark"
        "$program" analyze -q --checkpoint --checkpoint-every 0 -o "$work/parts.db" \
            "$work/many0.pcap" "$work/many1.pcap.gz" >/dev/null 2>"$work/err" &
        until test -n "$(find "$work" -name 'parts.db.state*' -newer "$work/mark")" || ! kill -0 $! 2>/dev/null; do :; done
        kill -$signal $! 2>/dev/null
        wait $! 2>/dev/null
        test ! -e "$work/parts.db" || break
        n_killed=$((n_killed + 1))
    done
    "$program" analyze -q -f --checkpoint -o "$work/parts.db" "$work/many0.pcap" "$work/many1.pcap.gz" \
        >"$work/parts.out" 2>"$work/err"
    status=$?
    if test $n_killed -eq 0; then
        report "killed in between" "it was never killed in time"
    else
        finish "killed in between" "$work/many0.pcap" "$work/many1.pcap.gz"
    fi
else
    skip "many connections" "gen_bench is not built"
fi
plan
