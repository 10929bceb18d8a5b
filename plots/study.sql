-- study.sql - what the figures of a study show.  Each view is one figure; before it, table `studied`
-- holds the connections that were chosen:
--     connection_id, client_addr, server_addr, server_port, protocol, fallback, start_ns, end_ns,
--     duration_ns, close, subflows, path_manager, scheduler, data_bytes (of both directions)
-- and table place what is known of their clients, NULL if nothing is:
--     client_addr, country (ISO 3166), system (number of the autonomous system), system_name
-- Views with the columns line, name and value are samples: their figure and CSV is the cumulative
-- distribution of each line.

-- What was studied: counts (no unit), bytes (B) and seconds (s).
CREATE TEMP VIEW study_overview AS
WITH joined AS (SELECT f.* FROM studied JOIN subflow f USING (connection_id) WHERE f.kind = 'join'),
     way AS (SELECT d.* FROM studied JOIN connection_direction d USING (connection_id)),
     total(row, quantity, value, unit) AS (
    SELECT 1, 'connections', count(*), '' FROM studied UNION ALL
    SELECT 2, 'MPTCP connections', count(*), '' FROM studied WHERE protocol = 'mptcp' UNION ALL
    SELECT 3, 'of them fell back later', count(*), '' FROM studied
    WHERE protocol = 'mptcp' AND fallback IS NOT NULL UNION ALL
    SELECT 4, 'clients', count(DISTINCT client_addr), '' FROM studied UNION ALL
    SELECT 5, 'servers', count(DISTINCT server_addr), '' FROM studied UNION ALL
    SELECT 6, 'joins attempted', count(*), '' FROM joined UNION ALL
    SELECT 7, 'joins established', count(*), '' FROM joined WHERE result = 'established' UNION ALL
    SELECT 8, 'data of clients', ifnull(sum(data_bytes), 0), 'B' FROM way WHERE direction = 'c2s' UNION ALL
    SELECT 9, 'data of servers', ifnull(sum(data_bytes), 0), 'B' FROM way WHERE direction = 's2c' UNION ALL
    SELECT 10, 'retransmitted', ifnull(sum(retransmitted_bytes), 0), 'B' FROM way UNION ALL
    SELECT 11, 'reinjected', ifnull(sum(reinjected_bytes), 0), 'B' FROM way UNION ALL
    SELECT 12, 'first to last packet', (max(end_ns) - min(start_ns)) / 1e9, 's' FROM studied)
SELECT quantity, value, unit FROM total WHERE EXISTS (SELECT * FROM studied) ORDER BY row;

-- Connections and volume by the server's port.
CREATE TEMP VIEW study_ports AS
SELECT server_port, count(*) AS connections, sum(data_bytes) AS data_bytes,
       count(fallback) AS fallbacks
FROM studied GROUP BY server_port ORDER BY connections DESC, server_port;

-- Clients by the family of their addresses; a client is one address of an initial subflow.
CREATE TEMP VIEW study_clients AS
SELECT iif(instr(client_addr, ':'), 'IPv6', 'IPv4') AS family, count(DISTINCT client_addr) AS clients,
       count(*) AS connections, sum(data_bytes) AS data_bytes
FROM studied GROUP BY family ORDER BY family;

-- Clients by country.
CREATE TEMP VIEW study_countries AS
SELECT ifnull(p.country, 'not known') AS country, count(DISTINCT s.client_addr) AS clients,
       count(*) AS connections, sum(s.data_bytes) AS data_bytes
FROM studied s JOIN place p USING (client_addr) GROUP BY 1 ORDER BY clients DESC, p.country IS NULL, 1;

-- Clients by autonomous system.
CREATE TEMP VIEW study_systems AS
SELECT ifnull('AS' || p.system, 'not known') AS system, max(p.system_name) AS name,
       count(DISTINCT s.client_addr) AS clients, count(*) AS connections,
       sum(s.data_bytes) AS data_bytes
FROM studied s JOIN place p USING (client_addr) GROUP BY 1 ORDER BY clients DESC, p.system IS NULL, p.system;

-- Duration: first MP_CAPABLE SYN to the last packet of any subflow [s].
CREATE TEMP VIEW study_duration AS
SELECT 1 AS line, 'all' AS name, duration_ns / 1e9 AS value FROM studied WHERE protocol = 'mptcp'
UNION ALL
SELECT iif(close = 'data_fin', 2, 3), iif(close = 'data_fin', 'closed by DATA_FIN', 'otherwise'),
       duration_ns / 1e9
FROM studied WHERE protocol = 'mptcp';

-- Size: data of both directions [bytes]; connections without any are left out.
CREATE TEMP VIEW study_size AS
SELECT 1 AS line, 'all' AS name, data_bytes AS value
FROM studied WHERE protocol = 'mptcp' AND data_bytes > 0
UNION ALL
SELECT iif(close = 'data_fin', 2, 3), iif(close = 'data_fin', 'closed by DATA_FIN', 'otherwise'),
       data_bytes
FROM studied WHERE protocol = 'mptcp' AND data_bytes > 0;

-- Fallbacks by cause, port of the server, and the side that the first sign of it came from.
CREATE TEMP VIEW study_fallback AS
SELECT s.fallback AS cause, s.server_port,
       ifnull((SELECT e.sent_by FROM event e WHERE e.connection_id = s.connection_id
               AND e.kind = 'fallback' ORDER BY e.ts_ns LIMIT 1), 'not visible') AS side,
       count(*) AS connections
FROM studied s WHERE s.fallback IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY connections DESC, 1, 2, 3;

-- Established subflows per connection: all between the same two addresses, or between different.
CREATE TEMP VIEW study_subflows AS
SELECT s.subflows, count(*) AS connections, sum(a.pairs <= 1) AS same_addresses,
       sum(a.pairs > 1) AS different_addresses
FROM studied s
JOIN (SELECT connection_id, count(DISTINCT client_addr || ' ' || server_addr) AS pairs
      FROM subflow WHERE result = 'established' GROUP BY connection_id) a USING (connection_id)
WHERE s.protocol = 'mptcp'
GROUP BY s.subflows ORDER BY s.subflows;

-- Join delay: establishment of joined subflows after the first MP_CAPABLE SYN [s].
CREATE TEMP VIEW study_join_delay AS
SELECT 1 AS line, 'all joins' AS name, f.join_delay_ns / 1e9 AS value
FROM studied JOIN subflow f USING (connection_id)
WHERE f.kind = 'join' AND f.join_delay_ns IS NOT NULL
UNION ALL
SELECT 2, 'first joins', min(f.join_delay_ns) / 1e9
FROM studied JOIN subflow f USING (connection_id)
WHERE f.kind = 'join' AND f.join_delay_ns IS NOT NULL GROUP BY f.connection_id;

-- RTT spread of directions with at least 100 kB: slowest against best, second best against best [s].
CREATE TEMP VIEW study_rtt_spread AS
SELECT 1 AS line, 'slowest - best' AS name, d.rtt_spread_ns / 1e9 AS value
FROM studied JOIN connection_direction d USING (connection_id)
WHERE d.data_bytes >= 100000 AND d.rtt_spread_ns IS NOT NULL
UNION ALL
SELECT 2, 'second best - best', d.rtt_second_best_ns / 1e9
FROM studied JOIN connection_direction d USING (connection_id)
WHERE d.data_bytes >= 100000 AND d.rtt_second_best_ns IS NOT NULL;

-- Second best against best mean RTT of the same directions, by bin.
CREATE TEMP VIEW study_rtt_second AS
WITH bin(row, name, low, high) AS (VALUES
    (1, 'up to 10 ms', -1, 10e6), (2, '10 to 50 ms', 10e6, 50e6), (3, '50 to 100 ms', 50e6, 100e6),
    (4, '100 ms to 1 s', 100e6, 1e9), (5, 'more than 1 s', 1e9, 9e18)),
large AS (
    SELECT d.* FROM studied JOIN connection_direction d USING (connection_id)
    WHERE d.data_bytes >= 100000 AND d.rtt_second_best_ns IS NOT NULL)
SELECT b.name AS difference, count(d.connection_id) AS directions
FROM bin b LEFT JOIN large d ON d.rtt_second_best_ns > b.low AND d.rtt_second_best_ns <= b.high
WHERE EXISTS (SELECT * FROM large) GROUP BY b.row ORDER BY b.row;

-- Share of the initial subflow where two were established, by the data of the direction [%].
CREATE TEMP VIEW study_initial_share AS
SELECT CASE WHEN d.data_bytes < 100000 THEN 1 WHEN d.data_bytes < 1000000 THEN 2 ELSE 3 END AS line,
       CASE WHEN d.data_bytes < 100000 THEN 'less than 100 kB'
            WHEN d.data_bytes < 1000000 THEN '100 kB to 1 MB' ELSE '1 MB or more' END AS name,
       ifnull(100.0 * i.data_bytes / d.data_bytes, 0) AS value
FROM studied s JOIN connection_direction d USING (connection_id)
JOIN subflow f ON f.connection_id = s.connection_id AND f.ordinal = 0
LEFT JOIN subflow_direction i ON i.subflow_id = f.subflow_id AND i.direction = d.direction
WHERE s.subflows = 2 AND d.data_bytes > 0;

-- Subflows that were established and carried no data, by reason and by the rank of their handshake
-- RTT within the connection (1: smallest; empty: not measured).
CREATE TEMP VIEW study_unused AS
SELECT f.use_reason AS reason,
       iif(f.handshake_rtt_ns IS NULL, NULL,
           (SELECT 1 + count(*) FROM subflow o WHERE o.connection_id = f.connection_id
            AND o.result = 'established' AND o.handshake_rtt_ns < f.handshake_rtt_ns)) AS rtt_rank,
       count(*) AS subflows
FROM studied JOIN subflow f USING (connection_id)
WHERE f.use = 'unused' AND f.result = 'established'
GROUP BY 1, 2 ORDER BY subflows DESC, 1, 2;

-- Retransmitted and reinjected part of the data of each direction with any [%].
CREATE TEMP VIEW study_repeated AS
SELECT 1 AS line, 'retransmitted' AS name, 100.0 * d.retransmitted_bytes / d.data_bytes AS value
FROM studied JOIN connection_direction d USING (connection_id)
WHERE d.data_bytes > 0 AND d.retransmitted_bytes IS NOT NULL
UNION ALL
SELECT 2, 'reinjected', 100.0 * d.reinjected_bytes / d.data_bytes
FROM studied JOIN connection_direction d USING (connection_id)
WHERE d.data_bytes > 0 AND d.reinjected_bytes IS NOT NULL;

-- When data was sent again, as a part of the connection's duration [%].  What only arrived in another
-- order, was copied by the network, or probed was not sent again.
CREATE TEMP VIEW study_repeat_times AS
SELECT 1 AS line, 'retransmissions' AS name,
       100.0 * (r.ts_ns - s.start_ns) / s.duration_ns AS value
FROM studied s JOIN subflow f USING (connection_id) JOIN retransmission r USING (subflow_id)
WHERE s.duration_ns > 0 AND r.class IN ('fast', 'timeout', 'tail_probe', 'spurious', 'unknown')
UNION ALL
SELECT 2, 'reinjections', 100.0 * (r.ts_ns - s.start_ns) / s.duration_ns
FROM studied s JOIN reinjection r USING (connection_id) WHERE s.duration_ns > 0;

-- Ack sizes, in classes from one power of two to the next: bytes newly covered by ACKs of TCP and by
-- DATA_ACKs, of whatever had 20 or more.
CREATE TEMP VIEW study_ack_sizes AS
SELECT d.low AS low_bytes, sum(d.n) FILTER (WHERE d.quantity = 'ack_bytes') AS acks,
       sum(d.n) FILTER (WHERE d.quantity = 'data_ack_bytes') AS data_acks
FROM studied JOIN distribution d USING (connection_id)
WHERE d.quantity IN ('ack_bytes', 'data_ack_bytes')
GROUP BY d.low ORDER BY d.low;

-- Size of bursts, also of those that changed the subflow within [bytes]; of the first 200 of each
-- direction.
CREATE TEMP VIEW study_bursts AS
SELECT 1 AS line, 'all bursts' AS name, b.bytes AS value
FROM studied JOIN burst b USING (connection_id) WHERE b.bytes > 0
UNION ALL
SELECT 2, 'with a change of subflow', b.bytes
FROM studied JOIN burst b USING (connection_id) WHERE b.bytes > 0 AND b.switches > 0;

-- Switching: new data in a row on one subflow, mean of each direction whose data went on two or more
-- of them [bytes].
CREATE TEMP VIEW study_switching AS
SELECT CASE WHEN d.data_bytes < 100000 THEN 1 WHEN d.data_bytes < 1000000 THEN 2 ELSE 3 END AS line,
       CASE WHEN d.data_bytes < 100000 THEN 'less than 100 kB'
            WHEN d.data_bytes < 1000000 THEN '100 kB to 1 MB' ELSE '1 MB or more' END AS name,
       1.0 * d.data_bytes / (d.subflow_switches + 1) AS value
FROM studied s JOIN connection_direction d USING (connection_id)
WHERE s.subflows > 1 AND d.subflow_switches > 0;

-- Response delay: last packet of a burst to the first of the answer [s].
CREATE TEMP VIEW study_responses AS
SELECT iif(direction = 'c2s', 1, 2) AS line,
       iif(direction = 'c2s', 'answers of the server', 'answers of the client') AS name,
       response_delay_ns / 1e9 AS value
FROM studied JOIN burst USING (connection_id) WHERE response_delay_ns IS NOT NULL;

-- Announced and removed addresses, and what became of them.
CREATE TEMP VIEW study_addresses AS
SELECT a.kind, a.sent_by, replace(ifnull(a.outcome, 'not visible'), ',', ';') AS outcome, count(*) AS addresses
FROM studied JOIN address a USING (connection_id)
GROUP BY 1, 2, 3 ORDER BY addresses DESC, 1, 2, 3;

-- Path managers and schedulers, as inferred.
CREATE TEMP VIEW study_managers AS
SELECT 'path manager' AS what, ifnull(path_manager, 'not visible') AS name, count(*) AS connections
FROM studied WHERE protocol = 'mptcp' GROUP BY 2
UNION ALL
SELECT 'scheduler', ifnull(scheduler, 'not visible'), count(*)
FROM studied WHERE protocol = 'mptcp' GROUP BY 2
ORDER BY 1, 3 DESC, 2;

-- Connections open over time: of each thousandth of the time, the most, and how many at its end.
CREATE TEMP VIEW study_open AS
WITH changes AS (
    SELECT start_ns AS ts_ns, 1 AS step FROM studied UNION ALL SELECT end_ns, -1 FROM studied),
running AS (
    SELECT ts_ns, row_number() OVER w AS number, sum(step) OVER w AS open
    FROM changes WINDOW w AS (ORDER BY ts_ns, step DESC ROWS UNBOUNDED PRECEDING)),
span AS (SELECT min(start_ns) AS low, max(max(end_ns) - min(start_ns), 1) AS width FROM studied),
parts AS (
    SELECT r.*, s.low, CAST((r.ts_ns - s.low) * 1000.0 / s.width AS INTEGER) AS part
    FROM running r JOIN span s)
SELECT (ts_ns - low) / 1e9 AS time_s, open AS open_connections
FROM (SELECT ts_ns, low, max(open) AS open, number FROM parts GROUP BY part
      UNION
      SELECT ts_ns, low, open, max(number) FROM parts GROUP BY part)
ORDER BY number;
