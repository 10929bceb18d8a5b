#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_part.sh - --since, --until and --first against captures that hold no more than that.

. "$(dirname "$0")/lib.sh"

whole=testdata/lab/loss/client.pcap

# cut SINCE UNTIL FIRST FILE: of the capture, times in nanoseconds behind its first packet.
cut_out() {
    python3 - "$whole" "$@" <<'PY'
import struct
import sys

source, since, until, first, target = sys.argv[1:]
data = open(source, "rb").read()
unit = 1 if data[:4] == b"\x4d\x3c\xb2\xa1" else 1000
out, at, begin, n = [data[:24]], 24, None, 0
while at < len(data):
    seconds, fraction, captured, _ = struct.unpack_from("<IIII", data, at)
    ns = seconds * 10**9 + fraction * unit
    begin = ns if begin is None else begin
    if ns - begin >= int(until) or n == int(first):
        break
    if ns - begin >= int(since):
        out.append(data[at : at + 16 + captured])
        n += 1
    at += 16 + captured
open(target, "wb").write(b"".join(out))
print(begin)
PY
}

RESULTS="SELECT * FROM v_connection; SELECT direction, payload_bytes, data_bytes, reinjected_bytes, rtt_samples
    FROM subflow_direction JOIN subflow USING (subflow_id) ORDER BY ordinal, direction"

# same NAME OPTION...: what the options leave of the capture is what the cut one holds.
same() {
    local name=$1
    shift
    analyze "$work/part.pcap"
    cp "$db" "$work/expected.db"
    analyze "$whole" "$@"
    report "$name" "$problem$(diff <(query "$work/expected.db" "$RESULTS") <(query "$db" "$RESULTS") | head -5)"
    expect "$name: packets" "$db" "SELECT packets - filtered_packets FROM capture" \
        "$(query "$work/expected.db" "SELECT packets FROM capture")"
}

begin=$(cut_out 0 9000000000000 100 "$work/part.pcap")
same "--first" --first 100
expect "no more is read" "$db" "SELECT packets FROM capture" 100
cut_out 0 300000000 -1 "$work/part.pcap" >"$work/out"
same "--until behind the first packet" --until +0.3
same "--until since 1970" --until "$(((begin + 300000000) / 1000000000)).$(printf %09d $(((begin + 300000000) % 1000000000)))"
cut_out 100000000 400000000 50 "$work/part.pcap" >"$work/out"
same "--since, --until and --first" --since +0.1 --until +0.4 --first 50
# To the nanosecond: the time of a packet is in the part that begins with it, and not in the one before.
fifth=$("$program" dump -a --json "$whole" | sed -n '50{s/.*"ts_ns": *\([0-9]*\).*/\1/p;q}')
offset=$((fifth - begin))
moment=$((offset / 1000000000)).$(printf %09d $((offset % 1000000000)))
cut_out 0 "$offset" -1 "$work/part.pcap" >"$work/out"
same "--until the time of a packet" --until "+$moment"
cut_out "$offset" 9000000000000 -1 "$work/part.pcap" >"$work/out"
same "--since the time of a packet" --since "+$moment"
cut_out 0 0 -1 "$work/part.pcap" >"$work/out"
same "--until a date before" --until 1971-01-01
same "--since a date behind" --since 2100-01-01T00:00:00Z

# dump ends there, too.
"$program" dump --all "$whole" | head -n 30 >"$work/expected"
"$program" dump --all "$whole" --first 30 >"$work/out"
report "dump --first" "$(diff "$work/expected" "$work/out")"

# refuse NAME OPTION...
refuse() {
    local name=$1
    shift
    "$program" analyze "$@" >/dev/null 2>"$work/message"
    status=$?
    problem=
    [ "$status" -eq 2 ] || problem="exit $status: $(cat "$work/message")"
    report "$name" "$problem"
}
refuse "no time" "$whole" --since noon
refuse "no number" "$whole" --first 0
refuse "four threads" "$whole" --threads 4
"$program" analyze -q "$whole" -o "$work/x.db" >/dev/null
for option in --since=+1 --until=+1 --first=1 --threads=1 --progress; do
    "$program" list "$work/x.db" "$option" >/dev/null 2>"$work/message"
    status=$?
    problem=
    { [ "$status" -eq 2 ] && grep -qe "${option%%=*} goes with captures" "$work/message"; } ||
        problem="exit $status: $(cat "$work/message")"
    report "$option is not for databases" "$problem"
done
# --progress writes lines where there is no terminal, every ten seconds.
generator=build/release/tests/gen/gen_bench
if [ -x "$generator" ]; then
    "$generator" --mode many --connections 300 --concurrency 50 --subflows 3 -o "$work/many.pcap" --truth "$work/many.json"
    (
        head -c 1000000 "$work/many.pcap"
        sleep 10.5
        tail -c +1000001 "$work/many.pcap"
    ) | "$program" analyze --progress - >"$work/out" 2>"$work/message"
    report "--progress" "$(grep -Eq '^mptcpscope: [0-9.]+ MB, 0.0 M packets, 0 MB/s' "$work/message" ||
        cat "$work/message")"
else
    skip "--progress" "gen_bench is not built"
fi
plan
