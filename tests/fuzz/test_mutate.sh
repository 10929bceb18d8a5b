#!/usr/bin/env bash
# test_mutate.sh [VARIANTS [SEED]] - damaged variants of every capture of testdata, sanitized; a
# failure leaves the capture that caused it in build/mutate/.
set -uo pipefail
cd "$(dirname "$0")/../.."

n=${1-300}
seed=${2-1}
shopt -s nullglob
# Spread over the kinds of captures: neighbours in the list have nothing in common.
mapfile -t captures < <(printf '%s\n' testdata/{gen,damaged}/*.pcap testdata/{lab,whole}/*/*.pcap \
    testdata/fuzz/{capture,pcapng}/* | awk '{ print (NR * 7919) % 10007, $0 }' | sort -n | cut -d' ' -f2-)
status=0
echo "1..2"
for half in 1 2; do
    kept=build/mutate/$half
    mkdir -p "$kept"
    build/asan/tests/fuzz/mutate $((n / 2)) $((2 * seed + half)) "$kept" "${captures[@]}" \
        >"$kept/log" 2>&1 &
    jobs[half]=$!
done
for half in 1 2; do
    if wait "${jobs[half]}"; then
        echo "ok $half - $((n / 2)) variants of ${#captures[@]} captures"
    else
        status=1
        echo "not ok $half - the capture is build/mutate/$half/variant"
        tail -40 "build/mutate/$half/log" | sed 's/^/# /'
    fi
done
exit $status
