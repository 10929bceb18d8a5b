#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_pauses.sh - captures with a pause between them: the time in which nothing was captured proves
# nothing, and does not pass for connections that go on behind it.

. "$(dirname "$0")/lib.sh"

# moved SOURCE FIRST LAST BEHIND SECONDS TARGET: packets FIRST to LAST (0: all) of a pcap file, the
# first of them so many seconds behind the last one of BEHIND, or (-) where they are.
moved() {
    python3 - "$@" <<'PY'
import struct
import sys

source, first, last, behind, seconds, target = sys.argv[1:]


def read(path):
    data = open(path, "rb").read()
    unit = 1 if data[:4] == b"\x4d\x3c\xb2\xa1" else 1000
    packets, at = [], 24
    while at < len(data):
        s, fraction, captured, wire = struct.unpack_from("<IIII", data, at)
        packets.append((s * 10**9 + fraction * unit, wire, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return data[:24], unit, packets


header, unit, packets = read(source)
packets = packets[int(first) - 1 : int(last) or None]
shift = 0
if behind != "-":
    shift = max(p[0] for p in read(behind)[2]) + int(seconds) * 10**9 - packets[0][0]
with open(target, "wb") as out:
    out.write(header)
    for ns, wire, data in packets:
        s, rest = divmod(ns + shift, 10**9)
        out.write(struct.pack("<IIII", s, rest // unit, len(data), wire) + data)
PY
}

TOLD="SELECT rule_id, connection_id, subflow_id, verdict, count, packet, ts_ns, evidence FROM finding
        WHERE connection_id <= @ ORDER BY 1, 2, 3, 6;
    SELECT connection_id, close, closed_by, end_ns FROM connection WHERE connection_id <= @ ORDER BY 1;
    SELECT connection_id, sentence FROM v_diagnosis WHERE connection_id <= @ ORDER BY 1, 2;
    SELECT subflow_id, result, close FROM subflow WHERE connection_id <= @ ORDER BY 1"

# told DATABASE N: of the first N connections; which of several files a packet is in, left out.
told() {
    query "$1" "${TOLD//@/$2}" | sed -E 's| of (capture 1\|testdata/[^ ;)]*)||g'
}

# Nothing of what is told of a capture changes when another one is made 20 minutes later.
captures=(testdata/lab/{address-removed,backup-used,fastclose-abort,link-down,loss,path-down,port-reuse,voice}/client.pcap)
test -z "$thorough" || captures=(testdata/lab/*/client.pcap)
for capture in "${captures[@]}"; do
    moved testdata/lab/voice/client.pcap 1 0 "$capture" 1200 "$work/later.pcap"
    analyze "$capture"
    alone=$work/alone.db
    cp "$db" "$alone"
    n=$(query "$alone" "SELECT count(*) FROM connection")
    analyze "$capture" "$work/later.pcap"
    test -n "$problem" || test "$(query "$db" "SELECT count(*) FROM connection")" -gt "$n" ||
        problem="the later one is not there"
    test -n "$problem" ||
        problem=$(diff <(told "$alone" "$n") <(told "$db" "$n") | head -5)
    report "$(basename "$(dirname "$capture")"), and a capture 20 min later" "$problem"
done

# ends NAME FILE... CLOSES: how the connections of the files end.
ends() {
    local name=$1
    shift
    analyze "${@:1:$#-1}"
    if test -n "$problem"; then
        report "$name" "$problem"
    else
        expect "$name" "$db" "SELECT group_concat(close) FROM
            (SELECT close FROM connection ORDER BY connection_id)" "${!#}"
    fi
}

# A connection that is established and silent (7440 s), with the last packet of another one at times.
whole=testdata/gen/remap.pcap other=testdata/lab/voice/client.pcap
moved $whole 1 6 - 0 "$work/begin.pcap"
for seconds in 5000 7438 7442 100000; do
    moved $other 1 1 "$work/begin.pcap" $seconds "$work/$seconds.pcap"
    ends "a pause of $seconds s" "$work/begin.pcap" "$work/$seconds.pcap" capture_end,capture_end
done
# It survives the shorter pause, and only the rest of the silence counts.
for seconds in 7438 7442; do
    moved $other 1 1 "$work/5000.pcap" $seconds "$work/late.pcap"
    cat "$work/5000.pcap" <(tail -c +25 "$work/late.pcap") >"$work/silent.pcap"
    close=$(test $seconds -lt 7440 && echo capture_end || echo idle)
    ends "a pause of 5000 s, then silence of $seconds s" "$work/begin.pcap" "$work/silent.pcap" \
        "$close,idle,capture_end"
done
moved $whole 7 0 "$work/begin.pcap" 5000 "$work/rest.pcap"
ends "a connection that goes on behind a pause of 5000 s" "$work/begin.pcap" "$work/rest.pcap" data_fin
moved $whole 7 0 "$work/begin.pcap" 8000 "$work/rest.pcap"
ends "and one that goes on behind a pause of 8000 s" "$work/begin.pcap" "$work/rest.pcap" \
    capture_end,data_fin

# While another file goes on, the capture runs: silence is silence.
moved $other 1 1 "$work/begin.pcap" -1 "$work/around.pcap"
moved $other 1 1 "$work/begin.pcap" 8000 "$work/late.pcap"
cat <(tail -c +25 "$work/late.pcap") >>"$work/around.pcap"
moved $other 1 1 "$work/begin.pcap" 7900 "$work/within.pcap"
ends "a pause of one file in which another one goes on" "$work/begin.pcap" "$work/around.pcap" \
    "$work/within.pcap" idle,idle,capture_end
plan
