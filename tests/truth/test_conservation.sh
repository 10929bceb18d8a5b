#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Laws that hold exactly, whatever was captured: conservation.sql on every capture there is.
source "$(dirname "$0")/lib.sh"

for capture in testdata/gen/*.pcap testdata/{lab,whole}/*/*.pcap testdata/fuzz/capture/* \
    testdata/fuzz/pcapng/* testdata/damaged/* "$captures"/*.pcap*; do
    test -f "$capture" || continue
    analyze "$capture"
    case $problem in
    "exit 1:"*) case $capture in
        testdata/fuzz/* | testdata/damaged/*) continue ;; # not a capture at all
        esac ;;
    "exit 4:"*) problem= ;;
    esac
    test -n "$problem" || problem=$(sqlite3 -bail "$db" <tests/truth/conservation.sql 2>&1)
    report "$capture" "$problem"
done

# Several captures are one trace: the law holds across files, and nothing is counted twice.
for both in testdata/lab/*/; do
    test -f "$both/client.pcap" || continue
    analyze "$both"/*.pcap
    test -n "$problem" || problem=$(sqlite3 -bail "$db" <tests/truth/conservation.sql 2>&1)
    report "${both}, both ends as one trace" "$problem"
done
plan
