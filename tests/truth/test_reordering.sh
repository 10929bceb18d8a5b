#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Data out of order and duplicate data against MPTcpExtOFOQueue and MPTcpExtDuplicateData of the
# host that received it (testdata/lab, or what DIRECTORY holds), within 10 %; of packets with new and
# old data the kernel counts those that contain one held out of order.  Where TCP repeats or reorders
# within a subflow the kernel's TCP hides from MPTCP what a packet shows: those captures are left out.
source "$(dirname "$0")/lib.sh"

lab=${1:-testdata/lab}
for directory in "$lab"/*/; do
    scenario=$(basename "$directory")
    for end in client server; do
        name="$scenario, $end: out of order and duplicate as in nstat"
        direction=c2s
        test "$end" = client && direction=s2c
        analyze "$directory/$end"*.pcap
        if test "$problem"; then
            report "$name" "$problem"
            continue
        fi
        case $scenario in
        address-removed) skip "$name" "the kernel drops what comes on a removed subflow uncounted" ;;
        checksum) skip "$name" "the kernel takes a mapping as a whole, once its checksum is known" ;;
        *)
            if test "$(query "$db" "SELECT coalesce(sum(retransmitted_packets +
                hole_filled_packets), 0) FROM connection_direction
                WHERE direction = '$direction'")" != 0; then
                skip "$name" "loss within a subflow"
                continue
            fi
            report "$name" "$(query "$db" "
                WITH truth AS (SELECT json_extract(CAST(readfile('$directory/truth.json') AS TEXT),
                    '\$.nstat.$end') AS nstat),
                pair(what, least, most, shall) AS (
                SELECT 'OFOQueue', coalesce(sum(reordered_packets), 0), coalesce(sum(reordered_packets), 0),
                    (SELECT ifnull(nstat ->> 'MPTcpExtOFOQueue', 0) FROM truth)
                FROM connection_direction WHERE direction = '$direction'
                UNION ALL SELECT 'DuplicateData', coalesce(sum(duplicate_packets), 0),
                    coalesce(sum(duplicate_packets + overlapping_packets), 0),
                    (SELECT ifnull(nstat ->> 'MPTcpExtDuplicateData', 0) FROM truth)
                FROM connection_direction WHERE direction = '$direction')
                SELECT what || ' is ' || least || ' to ' || most || ', shall be ' || shall FROM pair
                WHERE shall NOT BETWEEN 0.9 * least AND 1.1 * most")"
            ;;
        esac
    done
done

if test "$lab" != testdata/lab; then
    plan
    exit
fi

# A database tells the same twice: per direction, per subflow, as distribution.
for scenario in two-path-upload two-path-download path-down loss queue-drop bidirectional; do
    analyze testdata/lab/$scenario/server*.pcap
    expect "$scenario: waits of subflows and of bytes are those of the direction" "$db" \
        "SELECT connection_id, direction FROM connection_direction d WHERE ofo_max_bytes > 0 AND
        (hol_byte_s, hol_blocked_ns, data_bytes) IS NOT (SELECT hol_byte_s, hol_blocked_ns,
        data_bytes FROM (SELECT sum(waited_for_byte_s) AS byte_s, sum(waited_for_ns) AS ns
        FROM head_of_line h WHERE (h.connection_id, h.direction) = (d.connection_id, d.direction)),
        (SELECT sum(n) AS n FROM reorder_histogram h WHERE what = 'wait' AND
        (h.connection_id, h.direction) = (d.connection_id, d.direction))
        WHERE abs(byte_s - hol_byte_s) < 1e-6 * byte_s AND ns = hol_blocked_ns AND n = data_bytes)" ""
done

plan
