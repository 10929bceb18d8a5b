#!/bin/bash
# Delays, losses, limits and bursts made afresh by scripts/lab, where it can run, against what was set up
# and what this kernel counts.
cd "$(dirname "$0")/../.." || exit 1

obstacle=$(scripts/lab obstacle)
if test -n "$obstacle"; then
    echo "1..0 # SKIP $obstacle"
    exit
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
if ! scripts/lab run delays delay-middle duplicates reordering delayed-loss voice -o "$made" 2>"$made/log"; then
    echo "not ok 1 - scripts/lab"
    sed 's/^/# /' "$made/log"
    echo "1..1"
    exit 1
fi
{
    bash tests/truth/test_depth.sh "$made"
    bash tests/truth/test_reordering.sh "$made"
} | awk '/^(not )?ok / { n++; sub(/[0-9]+/, n) } !/^1\.\./ { print; failed += /^not / } END { print "1.." n; exit failed > 0 }'
