#!/usr/bin/env bash
# test_replay.sh - every fuzz target, sanitized, over its seeds and past findings.
set -uo pipefail
cd "$(dirname "$0")/../.."

n=0
for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    target=${target#fuzz_}
    n=$((n + 1))
    if output=$("build/asan/tests/fuzz/replay_$target" "testdata/fuzz/$target" 2>&1); then
        echo "ok $n - $target: $(grep -c '^ok' <<<"$output") inputs"
    else
        echo "not ok $n - $target"
        tail -40 <<<"$output" | sed 's/^/# /'
    fi
done
echo "1..$n"
