#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_headers.sh - classic pcap files with other headers: modified (Kuznetzov), cut, of link types that
# nobody knows.  Each gives the numbers of the plain file, or a reason.
source "$(dirname "$0")/lib.sh"

plain=testdata/gen/v0-reinjection.pcap
analyze "$plain"
whole=$db
for order in little big; do
    python3 tests/truth/rewrite.py "$plain" "$work/$order.pcap" modified "$order"
    analyze "$work/$order.pcap"
    report "modified, $order endian: analyzed" "$problem"
    expect "modified, $order endian: the same bytes" "$db" "ATTACH '$whole' AS w;
        SELECT packets = (SELECT packets FROM w.capture), tcp_packets = packets FROM capture;
        SELECT count(*) FROM (SELECT subflow_id, direction, packets, payload_bytes, unique_bytes,
            retransmitted_bytes, data_bytes, reinjected_bytes FROM subflow_direction EXCEPT
            SELECT subflow_id, direction, packets, payload_bytes, unique_bytes, retransmitted_bytes,
            data_bytes, reinjected_bytes FROM w.subflow_direction)" "1|1
0"
done

problem=
for ((n = 1; n < 24; n++)); do
    head -c "$n" "$plain" >"$work/head.pcap"
    "$program" analyze -q -f "$work/head.pcap" -o "$work/head.db" >/dev/null 2>"$work/message"
    status=$?
    [ "$status" -eq 1 ] && grep -q "^mptcpscope: $work/head.pcap: ." "$work/message" && [ ! -e "$work/head.db" ] ||
        problem="$problem; $n bytes: exit $status, $(cat "$work/message")"
done
report "a file header that is cut anywhere is refused with a reason" "${problem#; }"

# Between two packets a file may end; in a record header, it is cut.
size=$(stat -c %s "$plain")
first=$((24 + 16 + $(od -An -tu4 -j32 -N4 "$plain")))
problem=
for ((n = first; n <= first + 17; n++)); do
    head -c "$n" "$plain" >"$work/head.pcap"
    "$program" analyze -q -f "$work/head.pcap" -o "$work/head.db" >/dev/null 2>"$work/message"
    status=$? expected=4
    [ "$n" -gt "$first" ] || expected=0
    [ "$status" -eq "$expected" ] || problem="$problem; $n of $size bytes: exit $status"
    [ "$(query "$work/head.db" "SELECT packets FROM capture")" = 1 ] || problem="$problem; $n: not one packet"
done
report "a record header that is cut anywhere ends the file" "${problem#; }"

cp "$plain" "$work/link.pcap"
printf '\xe7\x03\0\0' | dd of="$work/link.pcap" bs=1 seek=20 conv=notrunc status=none
analyze "$work/link.pcap"
report "a link type that nobody knows is said" "$(grep -q 'link type' "$work/out" || cat "$work/out")"
plan
