#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_leaks.sh - commands under valgrind: no leak, no read of what was never written (which the
# sanitizers do not see), on sound input and on damaged input.
source "$(dirname "$0")/lib.sh"

command -v valgrind >/dev/null || {
    skip "leaks" "valgrind is not installed"
    plan
    exit
}
"$program" analyze -q -f testdata/gen/join-stripped.pcap testdata/fuzz/pcapng/notes -o "$work/x.db" >/dev/null
commands=("analyze -f testdata/fuzz/pcapng/notes -o $work/y.db" "analyze testdata/packed/two.tgz" \
    "analyze testdata/damaged/cut.pcap" "show $work/x.db" "check --format sarif $work/x.db" \
    "report --figures 0 -o $work/x.html $work/x.db" "dump testdata/gen/mp-fail.pcap" \
    "ladder --svg -c 1 testdata/gen/mp-fail.pcap")
test -n "$thorough" || commands=("${commands[0]}" "${commands[5]}") # ASan looks at the rest
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086
    valgrind -q --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
        --error-exitcode=99 "$program" ${command%% *} -q ${command#* } >/dev/null 2>"$work/message"
    status=$?
    case $status in 0 | 3 | 4) problem= ;; *) problem="exit $status: $(head -20 "$work/message")" ;; esac
    report "${command//$work\//}" "$problem"
done
plan
