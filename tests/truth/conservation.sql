-- conservation.sql - laws that hold exactly in every database, whatever was captured.
-- Each row that comes back breaks one: law, where, what is wrong.  Used by test_conservation.sh
-- and by tests/fuzz/fuzz_capture.c.

-- payload = unique + retransmitted, and what is part of something is not larger than it
SELECT 'subflow payload', subflow_id || ' ' || direction,
       payload_bytes || ' <> ' || unique_bytes || ' + ' || retransmitted_bytes
FROM subflow_direction WHERE payload_bytes <> unique_bytes + retransmitted_bytes;

SELECT 'part of a whole', subflow_id || ' ' || direction, json_array(hole_filled_bytes,
       unmapped_bytes, mapped_bytes, remapped_bytes, reinjected_bytes, unique_bytes)
FROM subflow_direction
WHERE hole_filled_bytes > unique_bytes OR unmapped_bytes + mapped_bytes <> unique_bytes
   OR remapped_bytes + reinjected_bytes > mapped_bytes OR orphaned_bytes > data_bytes
   OR payload_packets > packets OR retransmitted_packets > payload_packets
   OR hole_filled_packets > payload_packets
   OR min(payload_bytes, unique_bytes, data_bytes, reinjected_bytes, remapped_bytes,
          orphaned_bytes, unmapped_bytes, missing_bytes, hole_filled_bytes, retransmitted_bytes) < 0;

-- each kind of damage is of packets that are there
SELECT 'damage', d.capture_id || ' ' || kind, json_array(d.packets, first_packet, c.packets)
FROM damage d JOIN capture c USING (capture_id)
WHERE d.packets NOT BETWEEN 1 AND c.packets OR first_packet < 1
   OR (kind = 'duplicate' AND d.packets <> duplicate_packets)
   OR (kind = 'late' AND d.packets <> late_packets);

-- unique - unmapped - remapped = data + reinjected - orphaned, also of every subflow by itself
SELECT 'conservation', connection_id || ' ' || direction, json_array(unique_bytes, unmapped_bytes,
       remapped_bytes, data_bytes, reinjected_bytes, orphaned_bytes)
FROM connection_direction
WHERE unique_bytes - unmapped_bytes - remapped_bytes
   <> data_bytes + reinjected_bytes - orphaned_bytes;

SELECT 'conservation of a subflow', subflow_id || ' ' || direction, json_array(unique_bytes,
       unmapped_bytes, remapped_bytes, data_bytes, reinjected_bytes, orphaned_bytes)
FROM subflow_direction
WHERE unique_bytes - unmapped_bytes - remapped_bytes
   <> data_bytes + reinjected_bytes - orphaned_bytes;

-- a connection direction is the sum of its subflows
WITH total AS (
    SELECT s.connection_id AS id, d.direction AS dir, sum(d.packets) AS a, sum(d.payload_bytes) AS b,
           sum(d.unique_bytes) AS c, sum(d.data_bytes) AS d, sum(d.reinjected_bytes) AS e,
           sum(d.remapped_bytes) AS f, sum(d.orphaned_bytes) AS g, sum(d.unmapped_bytes) AS h,
           sum(d.missing_bytes) AS i, sum(d.retransmitted_bytes) AS j,
           sum(d.hole_filled_bytes) AS k, sum(d.retransmitted_packets) AS l,
           sum(d.hole_filled_packets) AS m, sum(d.share) AS share
    FROM subflow s JOIN subflow_direction d USING (subflow_id)
    WHERE s.connection_id IS NOT NULL GROUP BY 1, 2)
SELECT 'sum of subflows', id || ' ' || dir,
       json_array(a, b, c, d, e, f, g, h, i, j, k, l, m) || ' <> ' || json_array(c.packets,
       payload_bytes, unique_bytes, data_bytes, reinjected_bytes, remapped_bytes, orphaned_bytes,
       unmapped_bytes, missing_bytes, retransmitted_bytes, hole_filled_bytes,
       retransmitted_packets, hole_filled_packets)
FROM connection_direction c LEFT JOIN total ON id = c.connection_id AND dir = c.direction
WHERE (a, b, c, d, e, f, g, h, i, j, k, l, m) IS NOT (c.packets, payload_bytes, unique_bytes,
       data_bytes, reinjected_bytes, remapped_bytes, orphaned_bytes, unmapped_bytes, missing_bytes,
       retransmitted_bytes, hole_filled_bytes, retransmitted_packets, hole_filled_packets);

WITH total AS (
    SELECT s.connection_id AS id, d.direction AS dir, sum(d.share) AS share, count(d.share) AS n
    FROM subflow s JOIN subflow_direction d USING (subflow_id) GROUP BY 1, 2)
SELECT 'shares', id || ' ' || dir, coalesce(share, 'none')
FROM connection_direction c JOIN total ON id = c.connection_id AND dir = c.direction
WHERE CASE WHEN data_bytes > 0 THEN n = 0 OR abs(share - 1) > 1e-9 ELSE n > 0 END;

-- the rows of a table add up to the total beside it
WITH total AS (
    SELECT connection_id AS id, direction AS dir, subflow_id AS subflow, sum(bytes) AS bytes
    FROM reinjection GROUP BY 1, 2, 3)
SELECT 'reinjection rows', s.connection_id || ' ' || d.direction || ' subflow ' || d.subflow_id,
       coalesce(bytes, 0) || ' <> ' || d.reinjected_bytes
FROM subflow_direction d JOIN subflow s USING (subflow_id)
LEFT JOIN total ON subflow = d.subflow_id AND dir = d.direction
WHERE coalesce(bytes, 0) <> d.reinjected_bytes;

SELECT 'reinjection row', rowid, json_array(bytes, subflow_id, from_subflow_id, delay_ns, acked)
FROM reinjection
WHERE bytes <= 0 OR subflow_id = from_subflow_id OR acked NOT IN (0, 1) OR delay_ns < 0;


-- A run lies within one piece of data, and stands for segments.
SELECT 'dsn_run row', rowid, json_array(kind, data_offset, end_offset, bytes, packets)
FROM dsn_run
WHERE packets < 1 OR end_offset <= data_offset
   OR (kind <> 'retransmission' AND end_offset - data_offset < bytes);

WITH total AS (
    SELECT subflow_id AS subflow, direction AS dir,
           sum(bytes) FILTER (WHERE kind IN ('new', 'reinjection')) AS once,
           sum(bytes) FILTER (WHERE kind = 'retransmission') AS again
    FROM dsn_run GROUP BY 1, 2)
SELECT 'dsn_run rows', d.subflow_id || ' ' || d.direction,
       coalesce(once, 0) || ' <> ' || (d.mapped_bytes - d.remapped_bytes) || ' or ' ||
       coalesce(again, 0) || ' not within ' || d.remapped_bytes || ' + ' || d.retransmitted_bytes
FROM subflow_direction d JOIN subflow s USING (subflow_id)
LEFT JOIN total ON subflow = d.subflow_id AND dir = d.direction
WHERE s.connection_id IS NOT NULL
  -- Every mapped byte is in the picture once, repeats beside it; a sending that turned out to be
  -- another one later keeps the kind it was drawn with.
  AND (coalesce(once, 0) + coalesce(again, 0) NOT BETWEEN d.mapped_bytes
           AND d.mapped_bytes + d.retransmitted_bytes
       OR coalesce(once, 0) NOT BETWEEN d.mapped_bytes - d.remapped_bytes AND d.mapped_bytes);

WITH total AS (
    SELECT subflow_id AS subflow, direction AS dir, sum(payload_bytes) AS payload,
           sum(retransmitted_bytes) AS retransmitted, sum(reinjected_bytes) AS reinjected,
           sum(rtt_samples) AS samples
    FROM series WHERE subflow_id IS NOT NULL GROUP BY 1, 2)
SELECT 'series of a subflow', d.subflow_id || ' ' || d.direction,
       json_array(payload, retransmitted, reinjected, samples) || ' <> ' ||
       json_array(payload_bytes, retransmitted_bytes, reinjected_bytes, rtt_samples)
FROM subflow_direction d JOIN subflow s USING (subflow_id)
LEFT JOIN total ON subflow = d.subflow_id AND dir = d.direction
WHERE s.connection_id IS NOT NULL
  AND (coalesce(payload, 0), coalesce(retransmitted, 0), coalesce(reinjected, 0),
       coalesce(samples, 0))
      IS NOT (payload_bytes, retransmitted_bytes, reinjected_bytes, rtt_samples);

WITH total AS (
    SELECT connection_id AS id, direction AS dir, sum(data_bytes) AS data
    FROM series WHERE subflow_id IS NOT NULL GROUP BY 1, 2)
SELECT 'series of a connection', c.connection_id || ' ' || c.direction,
       coalesce(data, 0) || ' <> ' || data_bytes
FROM connection_direction c LEFT JOIN total ON id = c.connection_id AND dir = c.direction
WHERE coalesce(data, 0) <> data_bytes;

SELECT 'series bins', connection_id || ' ' || coalesce(subflow_id, 'all') || ' ' || direction,
       json_array(count(*), min(bin_width_ns), max(bin_width_ns))
FROM series GROUP BY connection_id, subflow_id, direction
HAVING count(*) > 512 OR min(bin_width_ns) <> max(bin_width_ns)
    OR count(*) <> count(DISTINCT bin_start_ns) OR sum(bin_start_ns % bin_width_ns <> 0) > 0;

-- what happened lies in the bin that counts it
SELECT 'series bins in time', s.connection_id || ' ' || coalesce(subflow_id, 'all') || ' ' || s.direction,
       json_array(bin_start_ns, bin_width_ns, start_ns, end_ns)
FROM series s JOIN connection c USING (connection_id)
WHERE bin_start_ns > end_ns OR bin_start_ns + bin_width_ns <= start_ns;

SELECT 'retransmission in its bin', r.subflow_id || ' ' || r.direction, r.ts_ns
FROM retransmission r WHERE r.hole_filled_bytes < r.bytes AND NOT EXISTS (
    SELECT 1 FROM series s WHERE s.subflow_id = r.subflow_id AND s.direction = r.direction
    AND retransmitted_bytes > 0 AND r.ts_ns >= bin_start_ns AND r.ts_ns < bin_start_ns + bin_width_ns);

-- every repeated or hole-filling segment has one class
SELECT 'retransmission rows', subflow_id || ' ' || direction, json_array(retransmitted_packets, packets,
       retransmitted_bytes, repeated, hole_filled_packets, fillers, hole_filled_bytes, filled)
FROM (SELECT d.subflow_id, d.direction, retransmitted_packets, retransmitted_bytes, hole_filled_packets,
             d.hole_filled_bytes, total(bytes > r.hole_filled_bytes) AS packets,
             total(bytes - r.hole_filled_bytes) AS repeated, total(r.hole_filled_bytes > 0) AS fillers,
             total(r.hole_filled_bytes) AS filled
      FROM subflow_direction d LEFT JOIN retransmission r USING (subflow_id, direction)
      GROUP BY d.subflow_id, d.direction)
WHERE retransmitted_packets <> packets OR retransmitted_bytes <> repeated
   OR hole_filled_packets <> fillers OR hole_filled_bytes <> filled;

SELECT 'retransmission classes', subflow_id || ' ' || direction, json_array(classes, bytes, n, sum)
FROM (SELECT d.subflow_id, d.direction, retransmission_fast_packets + retransmission_timeout_packets
             + retransmission_tail_probe_packets + retransmission_spurious_packets
             + retransmission_network_duplicate_packets + retransmission_reordering_packets
             + retransmission_window_probe_packets + retransmission_keep_alive_packets
             + retransmission_unknown_packets AS classes,
             retransmitted_bytes + d.hole_filled_bytes AS bytes, count(r.packet) AS n,
             retransmission_fast_bytes + retransmission_timeout_bytes + retransmission_tail_probe_bytes
             + retransmission_spurious_bytes + retransmission_network_duplicate_bytes
             + retransmission_reordering_bytes + retransmission_window_probe_bytes
             + retransmission_keep_alive_bytes + retransmission_unknown_bytes AS sum
      FROM subflow_direction d LEFT JOIN retransmission r USING (subflow_id, direction)
      GROUP BY d.subflow_id, d.direction)
WHERE classes <> n OR bytes <> sum;

-- every entity has its rows, and counts agree
SELECT 'rows of entities', '', json_array(n, directions, s, sides) FROM (SELECT
    (SELECT count(*) FROM connection) AS n, (SELECT count(*) FROM connection_direction) AS directions,
    (SELECT count(*) FROM subflow) AS s, (SELECT count(*) FROM subflow_direction) AS sides)
WHERE directions <> 2 * n OR sides <> 2 * s;

SELECT 'subflows of a connection', connection_id, json_array(subflows, established, joins_attempted, joins)
FROM (SELECT c.*, sum(s.result IS 'established') AS established,
             sum(s.kind IS 'join' AND s.syn_ns IS NOT NULL) AS joins
      FROM connection c LEFT JOIN subflow s USING (connection_id) GROUP BY c.connection_id)
WHERE established IS NOT subflows OR joins > joins_attempted;

SELECT 'ordinals', connection_id, group_concat(ordinal) FROM subflow WHERE connection_id IS NOT NULL
GROUP BY connection_id HAVING count(*) <> count(DISTINCT ordinal);

SELECT 'times of a connection', connection_id, json_array(start_ns, end_ns, duration_ns)
FROM connection WHERE duration_ns IS NOT end_ns - start_ns OR duration_ns < 0;

SELECT 'delay of a join', subflow_id, json_array(join_syn_delay_ns, join_delay_ns, syn_ns, s.established_ns, start_ns)
FROM subflow s JOIN connection c USING (connection_id)
WHERE join_syn_delay_ns <> syn_ns - start_ns OR join_delay_ns <> s.established_ns - start_ns
   OR (kind = 'initial' AND (join_syn_delay_ns IS NOT NULL OR join_delay_ns IS NOT NULL));

SELECT 'packets of a capture', capture_id, json_array(packets, tcp_packets, mptcp_packets,
       duplicate_packets, truncated_packets, malformed_packets)
FROM capture
WHERE tcp_packets > packets OR mptcp_packets > tcp_packets OR duplicate_packets > tcp_packets
   OR truncated_packets > packets OR malformed_packets > packets OR (first_ns IS NULL) <> (packets = 0)
   OR first_ns > last_ns OR status NOT IN ('ok', 'cut', 'unreadable') OR (status = 'ok') <> (error IS NULL);

SELECT 'packets of subflows', '', seen || ' > ' || captured
FROM (SELECT (SELECT coalesce(sum(packets), 0) FROM subflow_direction) AS seen,
             (SELECT sum(tcp_packets) - sum(duplicate_packets) FROM capture) AS captured)
WHERE seen > captured;

SELECT 'foreign key', "table", parent FROM pragma_foreign_key_check;

SELECT 'integrity', '', integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';

WITH total AS (
    SELECT subflow_id AS subflow, direction AS dir, min(rtt_min_ns) AS low, max(rtt_max_ns) AS high,
           sum(rtt_samples * queueing_mean_ns) AS queueing,
           sum(retransmission_fast_packets) AS fast, sum(retransmission_timeout_packets) AS timeout,
           sum(retransmission_tail_probe_packets) AS probe,
           sum(retransmission_spurious_packets) AS spurious,
           sum(retransmission_network_duplicate_packets) AS copied,
           sum(retransmission_reordering_packets) AS reordered,
           sum(retransmission_window_probe_packets) AS window,
           sum(retransmission_keep_alive_packets) AS alive,
           sum(retransmission_unknown_packets) AS unknown
    FROM series WHERE subflow_id IS NOT NULL GROUP BY 1, 2)
SELECT 'series of delay and retransmission', subflow_id || ' ' || direction,
       json_array(low, high, queueing, fast, timeout, probe, spurious, copied, reordered, window,
                  alive, unknown)
FROM subflow_direction JOIN total ON subflow = subflow_id AND dir = direction
WHERE (low, high, fast, timeout, probe, spurious, copied, reordered, window, alive, unknown)
      IS NOT (rtt_min_ns, rtt_max_ns, retransmission_fast_packets, retransmission_timeout_packets,
              retransmission_tail_probe_packets, retransmission_spurious_packets,
              retransmission_network_duplicate_packets, retransmission_reordering_packets,
              retransmission_window_probe_packets, retransmission_keep_alive_packets,
              retransmission_unknown_packets)
   OR abs(queueing - queueing_delay_samples * queueing_delay_mean_ns) > queueing_delay_samples;

WITH total AS (
    SELECT connection_id AS id, direction AS dir, sum(rtt_samples) AS samples,
           min(rtt_min_ns) AS low, max(rtt_max_ns) AS high, sum(data_acks) AS acks,
           sum(data_ack_bytes) AS acked, max(tcp_flight_bytes) AS flight, max(ack_gap_bytes) AS gap
    FROM series WHERE subflow_id IS NULL GROUP BY 1, 2)
SELECT 'series of acknowledgements', connection_id || ' ' || direction,
       json_array(samples, low, high, acks, acked, flight, gap)
FROM connection_direction JOIN total ON id = connection_id AND dir = direction
WHERE (samples, low, high, acks, flight) IS NOT
      (data_rtt_samples, data_rtt_min_ns, data_rtt_max_ns, data_ack_size_samples,
       tcp_flight_max_bytes)
   OR gap <> ack_gap_max_bytes
   OR abs(acked - data_ack_size_samples * data_ack_size_mean_bytes) > 0.5;
