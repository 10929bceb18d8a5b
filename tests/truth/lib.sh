# shellcheck shell=bash
# lib.sh - what the truth tests share: one TAP line for each question, databases in a temporary
# directory.  MPTCPSCOPE names another program than build/release/mptcpscope.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

program=${MPTCPSCOPE:-build/release/mptcpscope}
# Set: all variants, of all captures; else as many as there is time for on every day.
# shellcheck disable=SC2034
thorough=${THOROUGH:-}
# shellcheck disable=SC2034
captures=../shared/captures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_tests=0 n_failed=0

plan() {
    echo "1..$n_tests"
    test "$n_failed" -eq 0
}

# report NAME [PROBLEM]: ok if there is no problem.
report() {
    n_tests=$((n_tests + 1))
    if test -z "${2-}"; then
        echo "ok $n_tests - $1"
    else
        n_failed=$((n_failed + 1))
        echo "not ok $n_tests - $1"
        printf '%s\n' "$2" | sed 's/^/#   /'
    fi
}

# need PROGRAM: where it is not built, nothing is tested.
need() {
    test -x "$1" && return
    echo "1..0 # SKIP $1 is not built"
    exit 0
}

skip() {
    n_tests=$((n_tests + 1))
    echo "ok $n_tests - $1 # SKIP $2"
}

# analyze CAPTURE...: sets db, or problem if the program failed.
analyze() {
    db=$work/$n_tests.db problem=
    problem=$("$program" analyze -q -f "$@" -o "$db" 2>&1 >"$work/out") || problem="exit $?: $problem"
}

# query DATABASE SQL [ATTACHED]: prints what comes back, also an error.
query() {
    sqlite3 -bail "$1" "$2" 2>&1
}

# expect NAME DATABASE SQL VALUE: one line for an answer that is known.
expect() {
    local is
    is=$(query "$2" "$3")
    if test "$is" = "$4"; then report "$1"; else report "$1" "is $is
shall be $4"; fi
}
