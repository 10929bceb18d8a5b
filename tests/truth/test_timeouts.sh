#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_timeouts.sh - how long the analyzer waits for the next packet of a connection, by itself and as told.

. "$(dirname "$0")/lib.sh"

OWN="SELECT sum(packets) FROM subflow_direction"
BEGUN="SELECT group_concat(close) FROM (SELECT close FROM connection ORDER BY connection_id)"

# again CAPTURE KEEP SECONDS: only its first KEEP packets (0: all), and the last of them once more so much later.
again() {
    python3 - "$@" "$work/again.pcap" <<'PY'
import struct
import sys

source, keep, seconds, target = sys.argv[1:]
data = open(source, "rb").read()
at, n = 24, 0
while at < len(data) and (keep == "0" or n < int(keep)):
    last, at, n = at, at + 16 + struct.unpack_from("<I", data, at + 8)[0], n + 1
record = bytearray(data[last:at])
struct.pack_into("<I", record, 0, struct.unpack_from("<I", record)[0] + int(seconds))
open(target, "wb").write(data[:at] + record)
PY
}

# waits CAPTURE KEEP SECONDS SQL VALUE OPTION...
waits() {
    local capture=testdata/gen/$1 keep=$2 seconds=$3 sql=$4 value=$5
    shift 5
    again "$capture" "$keep" "$seconds"
    analyze "$work/again.pcap" "$@"
    if test -n "$problem"; then
        report "$capture $*" "$problem"
    else
        expect "${*:-without an option}: $(basename "$capture"), $seconds s after the packet ${keep/#0/last}" "$db" "$sql" "$value"
    fi
}

# Both DATA_FINs: 10 s, and never longer.  Else 60 s.
closed=$(analyze testdata/gen/remap.pcap && query "$db" "$OWN")
waits remap.pcap 0 9 "$OWN" $((closed + 1))
waits remap.pcap 0 11 "$OWN" "$closed"
waits remap.pcap 0 9 "$OWN" "$closed" --close-timeout 5
waits remap.pcap 0 4 "$OWN" $((closed + 1)) --close-timeout 5
waits remap.pcap 0 11 "$OWN" "$closed" --close-timeout 300
fallen=$(analyze testdata/gen/infinite-mapping.pcap && query "$db" "$OWN")
waits infinite-mapping.pcap 0 59 "$OWN" $((fallen + 1))
waits infinite-mapping.pcap 0 62 "$OWN" "$fallen"
waits infinite-mapping.pcap 0 100 "$OWN" $((fallen + 1)) --close-timeout 120
waits infinite-mapping.pcap 0 59 "$OWN" "$fallen" --close-timeout 20

# What comes later than that is late for 240 s, and belongs to something else from then on.
LATE="SELECT late_packets || ' of ' || (SELECT count(*) FROM connection) FROM capture"
waits remap.pcap 0 11 "$LATE" "1 of 1"
waits remap.pcap 0 239 "$LATE" "1 of 1"
waits remap.pcap 0 251 "$LATE" "0 of 2"

waits remap.pcap 1 179 "$BEGUN" capture_end
waits remap.pcap 1 182 "$BEGUN" idle,capture_end
waits remap.pcap 1 182 "$BEGUN" capture_end --handshake-timeout 300
waits remap.pcap 1 3 "$BEGUN" idle,capture_end --handshake-timeout 1.5

waits remap.pcap 6 7438 "$BEGUN" capture_end
waits remap.pcap 6 7442 "$BEGUN" idle,capture_end
waits remap.pcap 6 7442 "$BEGUN" capture_end --idle-timeout 10000
waits remap.pcap 6 3 "$BEGUN" idle,capture_end --idle-timeout 2

for option in handshake idle close; do
    problem=
    for value in 0 -1 x 1e30 ""; do
        "$program" analyze testdata/gen/remap.pcap "--$option-timeout=$value" >/dev/null 2>&1
        status=$?
        [ "$status" -eq 2 ] || problem="$problem; '$value': exit $status"
    done
    report "--$option-timeout takes seconds only" "$problem"
done
plan
