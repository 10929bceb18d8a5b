#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_packed.sh - compressed captures larger than any buffer, their last block included.

. "$(dirname "$0")/lib.sh"

generator=build/release/tests/gen/gen_bench
need "$generator"
RESULTS="SELECT packets, tcp_packets, last_ns, status FROM capture; SELECT * FROM v_connection"
"$generator" --bytes 20000000 -o "$work/large.pcap"
analyze "$work/large.pcap" --metrics none --no-rules
expected=$(query "$db" "$RESULTS")

# same NAME FILE
same() {
    analyze "$2" --metrics none --no-rules
    report "$1" "$problem$(diff <(echo "$expected") <(query "$db" "$RESULTS"))"
}

for tool in gzip zstd xz bzip2 lz4; do
    if command -v "$tool" >/dev/null; then
        "$tool" -1 -c "$work/large.pcap" >"$work/large.$tool"
        same "$tool" "$work/large.$tool"
    else
        skip "$tool" "it is not installed"
    fi
done
# As pigz, bgzip and `cat` make them: parts, cut anywhere.
split -b 700001 "$work/large.pcap" "$work/part."
for part in "$work"/part.*; do gzip -1 -c "$part"; done >"$work/parts.gz"
same "gzip in parts" "$work/parts.gz"
tar -C "$work" -czf "$work/large.tgz" large.pcap
same "tar, with gzip" "$work/large.tgz"
plan
