#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Flight, window and order of arrival on every capture at hand: what is told twice is the same, and
# TCP flight is the outstanding window of tcptrace, whose maximum is always one larger.
source "$(dirname "$0")/lib.sh"

ROWS="FROM series s WHERE s.connection_id = d.connection_id AND s.direction = d.direction AND
    s.subflow_id IS NULL"
PROBLEMS="
SELECT 'ofo_max_bytes is not that of the series', connection_id, direction
    FROM connection_direction d WHERE data_bytes > 0 AND ofo_max_bytes IS NOT
    (SELECT max(ofo_bytes) $ROWS)
UNION ALL SELECT 'flight_max_bytes is not that of the series', connection_id, direction
    FROM connection_direction d WHERE data_bytes > 0 AND flight_max_bytes IS NOT
    (SELECT max(flight_bytes) $ROWS)
UNION ALL SELECT 'flight of the subflow is not that of the series', subflow_id, direction
    FROM subflow_direction d WHERE payload_bytes > 0 AND flight_max_bytes IS NOT
    (SELECT max(flight_bytes) FROM series s WHERE s.subflow_id = d.subflow_id AND
    s.direction = d.direction)
UNION ALL SELECT 'means above maxima', connection_id, direction FROM connection_direction
    WHERE flight_mean_bytes > flight_max_bytes OR tcp_flight_mean_bytes > tcp_flight_max_bytes OR
    window_mean_bytes > window_max_bytes OR ofo_mean_bytes > ofo_max_bytes OR
    hol_p50_ns > hol_p95_ns OR hol_p95_ns > hol_p99_ns OR hol_p99_ns > hol_max_ns
UNION ALL SELECT 'shares do not sum to 1', connection_id, direction FROM connection_direction
    WHERE abs(limited_window + limited_path + limited_application + limited_idle - 1) > 1e-9 OR
    min(limited_window, limited_path, limited_application, limited_idle) < 0
UNION ALL SELECT 'a level changes between two bins', connection_id, direction FROM
    (SELECT *, lag(flight_end_bytes) OVER bins AS flight, lag(window_end_bytes) OVER bins AS window
     FROM series WHERE subflow_id IS NULL
     WINDOW bins AS (PARTITION BY connection_id, direction ORDER BY bin_start_ns))
    WHERE flight_bytes < max(flight, flight_end_bytes) OR window_bytes > min(window, window_end_bytes)
    OR (flight IS NOT NULL AND flight_bytes IS NULL) OR (window IS NOT NULL AND window_bytes IS NULL)
UNION ALL SELECT 'what is outstanding at the end', connection_id, direction FROM connection_direction d
    JOIN connection USING (connection_id)
    WHERE data_acked_bytes IS NOT NULL AND fallback IS NULL AND (SELECT flight_end_bytes $ROWS
        ORDER BY bin_start_ns DESC LIMIT 1) <>
    (SELECT max(max(end_offset) - d.data_acked_bytes, 0) FROM dsn_run s
     WHERE s.connection_id = d.connection_id AND s.direction = d.direction)
UNION ALL SELECT 'a DATA_ACK outside its bin', connection_id, direction FROM series
    WHERE data_acked_ns NOT BETWEEN bin_start_ns AND bin_start_ns + bin_width_ns - 1 OR
    (data_acked_ns IS NULL) <> (data_acked_bytes IS NULL)
UNION ALL SELECT 'a DATA_ACK in a stall', connection_id, direction
    FROM stall JOIN series s USING (connection_id, direction)
    WHERE kind = 'no_data_ack' AND data_acks > 0 AND s.data_acked_ns > start_ns AND s.data_acked_ns < start_ns + length_ns
UNION ALL SELECT 'bytes waited that were not there', connection_id, direction
    FROM connection_direction WHERE hol_bytes > data_bytes"

for file in "$captures"/*.pcap* testdata/lab/*/*.pcap testdata/gen/*.pcap; do
    test -f "$file" || continue
    analyze "$file"
    report "$file: flight and order of arrival told the same everywhere" \
        "$problem$(query "$db" "$PROBLEMS")"
done

for file in testdata/lab/ethernet/*.pcap; do
    if ! command -v tcptrace >/dev/null; then
        skip "$file: TCP flight is tcptrace's" "tcptrace is not installed"
        continue
    fi
    analyze "$file"
    expect "$file: TCP flight is tcptrace's" "$db" "SELECT group_concat(flight_max_bytes + 1, ' ')
        FROM (SELECT flight_max_bytes FROM subflow_direction ORDER BY subflow_id, direction)" \
        "$(tcptrace -n -l -r -W "$file" 2>/dev/null |
            awk '/max owin:/ { print $3, $7 }' | paste -sd ' ')"
done

plan
