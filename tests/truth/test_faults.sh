#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_faults.sh - a run in which the n-th read, write, fsync, rename or step of SQLite fails, for
# every n: it ends with a message, and what lies under the name of the database is the old result,
# untouched, or the new one, whole.  Then a run that is ended by a signal, at any time.

. "$(dirname "$0")/lib.sh"

library=$PWD/build/release/tests/faults/fail_nth.so
small=testdata/gen/remap.pcap
"$program" analyze -q --no-rules "$small" -o "$work/before.db" >/dev/null

# whole DATABASE: whether it is one, with its last view.
whole() {
    [ "$(query "$1" "PRAGMA integrity_check")" = ok ] &&
        [ "$(query "$1" "SELECT count(*) >= 0 FROM v_diagnosis")" = 1 ]
}

# check_end EXIT NAME: what a failed run left, or what a good one made.
check_end() {
    case $1 in
    0 | 4) cmp -s "$work/before.db" "$work/now/x.db" && problem="$problem; $2: not written" ;;
    1) [ -s "$work/message" ] || problem="$problem; $2: no message" ;;
    *) problem="$problem; $2: exit $1" ;;
    esac
    whole "$work/now/x.db" || problem="$problem; $2: not whole"
    [ "$(ls -A "$work/now")" = x.db ] || problem="$problem; $2: left $(ls -A "$work/now")"
}

# inject CALL CAPTURE: for n = 1, 2, ... until the run has no n-th call.
inject() {
    local n status

    problem=
    for ((n = 1; n < 5000; n++)); do
        rm -rf "$work/now"
        mkdir "$work/now"
        cp "$work/before.db" "$work/now/x.db"
        FAIL_CALL=$1 FAIL_NTH=$n LD_PRELOAD=$library "$program" analyze -q --no-rules -f "$2" \
            -o "$work/now/x.db" >/dev/null 2>"$work/message"
        status=$?
        grep -qx fault "$work/message" || break
        sed -i /^fault$/d "$work/message"
        check_end "$status" "$1 $n"
    done
    [ "$n" -gt 1 ] || problem="$problem; nothing failed"
    report "$1 fails, any of $((n - 1)): $(basename "$2")" "${problem#; }"
}

# signal_in CALL COMMAND: SIGTERM in any such call (of many, in each seventh) of a command that
# analyzes a capture: no results.
signal_in() {
    local n status stride=1

    test -n "$thorough" || test "$1" != step || stride=7

    problem=
    rm -rf "$work/now"
    mkdir "$work/now"
    for ((n = 1; n < 5000; n += stride)); do
        rm -f "$work/page.html"
        # shellcheck disable=SC2086
        { TMPDIR=$work/now FAIL_SIGNAL=15 FAIL_CALL=$1 FAIL_NTH=$n LD_PRELOAD=$library \
            "$program" ${2%% *} -q "$small" ${2#"${2%% *}"} >"$work/out" 2>"$work/message"; } 2>/dev/null
        status=$?
        grep -qx fault "$work/message" || break
        case $status in
        143) ;; # while it writes what it found
        1) grep -qx "mptcpscope: interrupted; nothing was written" "$work/message" || problem="$problem; $n: no message" ;;
        *) problem="$problem; $n: exit $status" ;;
        esac
        [ ! -e "$work/page.html" ] || problem="$problem; $n: a page"
        [ -z "$(ls -A "$work/now")" ] || problem="$problem; $n: left $(ls -A "$work/now")"
    done
    [ "$n" -gt 1 ] || problem="$problem; no signal"
    rm -f "$work/page.html" # of the run without
    report "${2%% *}: SIGTERM in $1, up to number $((n - stride))" "${problem#; }"
}

if [ -e "$library" ]; then
    for capture in "$small" testdata/packed/remap.pcap.gz testdata/packed/two.zip testdata/damaged/cut.pcap; do
        inject read "$capture"
    done
    inject write "$small"
    inject fsync "$small"
    inject rename "$small"
    inject step "$small"
    signal_in step show
    for call in read fsync rename; do
        signal_in "$call" "report --figures 0 -f -o $work/page.html"
    done
else
    skip "faults" "fail_nth.so is not built"
fi

# end_at SECONDS SIGNAL: a run that is ended then.
end_at() {
    rm -rf "$work/now"
    mkdir "$work/now"
    cp "$work/before.db" "$work/now/x.db"
    timeout -s "$2" "$1" "$program" analyze -q -f testdata/whole -o "$work/now/x.db" \
        >/dev/null 2>"$work/message"
    status=$?
}

problem=
for signal in INT TERM; do
    for at in 0.005 0.01 0.02 0.03 0.04 0.06 0.08 0.1 0.15; do
        end_at "$at" "$signal"
        [ "$status" -eq 124 ] || continue # it was done
        whole "$work/now/x.db" || problem="$problem; $signal at $at: not whole"
        [ "$(ls -A "$work/now")" = x.db ] || problem="$problem; $signal at $at: leftovers"
    done
done
report "a signal leaves the old result or the new one" "${problem#; }"

problem=
for at in 0.02 0.05 0.08; do
    end_at "$at" KILL 2>/dev/null
    whole "$work/now/x.db" || problem="$problem; at $at"
    "$program" analyze -q -f "$small" -o "$work/now/x.db" >/dev/null 2>&1 || problem="$problem; again at $at"
done
report "a run that is killed harms neither the old result nor the next run" "${problem#; }"

# live NAME SIGNAL CAPTURE [SIGNAL]: standard input that does not end, and a signal, or two.
live() {
    local pid name=$work/live.$n_tests

    problem=
    mkfifo "$name"
    exec {pipe}<>"$name"
    cat "$3" >&"$pipe"
    "$program" analyze - -o "$name.db" <"$name" >"$work/out" 2>"$work/message" &
    pid=$!
    sleep 0.5
    kill -s STOP "$pid" # both come at once when it goes on
    for signal in "$2" "${@:4}" CONT; do
        kill -s "$signal" "$pid"
    done
    wait "$pid"
    status=$?
    exec {pipe}>&-
    [ "$status" -eq 4 ] || problem="exit $status"
    grep -q "interrupted at packet 19; the packets before it are analyzed" "$work/message" ||
        problem="$problem: $(cat "$work/message")"
    report "$1" "$problem"
    expect "$1: the database says so" "$name.db" \
        "SELECT status, packets, (SELECT count(*) FROM connection) FROM capture" "cut|18|1"
}
live "SIGTERM ends a pipe, with results" TERM "$small"
live "two signals at once are one, as timeout(1) sends them" TERM "$small" HUP
live "SIGHUP ends a compressed pipe, with results" HUP testdata/packed/remap.pcap.gz

# refuse NAME WORDS FILE.db: the run fails with these words and leaves nothing.
refuse() {
    problem=
    "$program" analyze -q -f "$small" -o "$3" >/dev/null 2>"$work/message"
    status=$?
    [ "$status" -eq 1 ] || problem="exit $status"
    grep -q "$2" "$work/message" || problem="$problem: $(cat "$work/message")"
    report "$1" "$problem"
}
refuse "a directory that is not there" "No such file" "$work/nowhere/x.db"
refuse "a directory that is a file" "Not a directory" "$work/before.db/x.db"
refuse "a directory that cannot be written" "mptcpscope: /proc/x.db: " /proc/x.db

# Somebody else writes into the database: it is neither read nor replaced.
exec {locker}> >(exec sqlite3 "$work/before.db" >/dev/null)
printf '.timeout 10000\nBEGIN EXCLUSIVE;\n' >&"$locker" # a reader below may be in its way
for _ in {1..100}; do
    sqlite3 "$work/before.db" "SELECT 1 FROM meta" >/dev/null 2>&1 || break
    sleep 0.05
done
refuse "a database that is locked" "before.db: database is locked; it is not replaced" "$work/before.db"
for command in list show "report -o $work/page.html" "export --format json"; do
    # shellcheck disable=SC2086
    "$program" ${command%% *} -q "$work/before.db" ${command#"${command%% *}"} >"$work/out" 2>"$work/message"
    status=$?
    problem=
    [ "$status" -eq 1 ] && [ ! -s "$work/out" ] || problem="exit $status: $(cat "$work/out")"
    grep -q "database is locked" "$work/message" || problem="$problem: $(cat "$work/message")"
    report "$command does not read a database that is locked" "$problem"
done
exec {locker}>&-
wait
whole "$work/before.db" || problem=damaged
report "the locked database is whole" "$problem"

# A full disk: each kind of file that is written, and standard output.
"$program" export -q "$work/before.db" --format csv -o "$work/tables"
if mkdir "$work/full" && mount -t tmpfs -o size=64k none "$work/full" 2>/dev/null; then
    refuse "a full disk" "disk is full" "$work/full/x.db"
    report "a full disk: nothing is left" "$(ls -A "$work/full")"
    for command in "report -o $work/full/x.html" "export --format json -o $work/full/x.json" \
        "export --format csv -o $work/full/tables" "plot --format png -k sequence -o $work/full/figures"; do
        head -c 60000 /dev/zero >"$work/full/fill"
        # shellcheck disable=SC2086
        "$program" ${command%% *} -q "$work/before.db" ${command#"${command%% *}"} >"$work/out" 2>"$work/message"
        status=$?
        problem=
        [ "$status" -eq 1 ] || problem="exit $status"
        grep -qi "no space\|disk is full\|gnuplot" "$work/message" || problem="$problem: $(cat "$work/message")"
        find "$work/full" -type f ! -name fill -size 0 | grep -q . && problem="$problem: an empty file"
        for file in "$work/full/tables"/*; do # what is left is whole
            [ ! -e "$file" ] || cmp -s "$file" "$work/tables/${file##*/}" || problem="$problem: $file is cut"
        done
        report "a full disk: ${command%% -o*}" "$problem"
        rm -rf "$work/full"/*
    done
    umount "$work/full"
else
    skip "a full disk" "no mounts here"
fi
for command in "list $work/before.db" "show $work/before.db" "check $small" "analyze -q $small" \
    "dump $small" "ladder $small -c 1" "export $work/before.db --format json" schema rules; do
    # shellcheck disable=SC2086
    "$program" $command >/dev/full 2>"$work/message"
    status=$?
    problem=
    [ "$status" -eq 1 ] || problem="exit $status"
    grep -qx "mptcpscope: standard output: No space left on device" "$work/message" ||
        problem="$problem: $(cat "$work/message")"
    report "standard output is full: ${command%% *}" "$problem"
done

plan
