-- compare_depth.sql - a database made at one end against what the lab's paths were set to, what its relays
-- did, and what the kernel at that end counted.  truth(doc) holds truth.json, tap(place, late) where: client,
-- server or router, and how late a busy machine may have been in what it does once [ns].  Leaves the table checked, one row for each number, with the bounds it has to keep.
CREATE TEMP TABLE way AS SELECT path, -- one-way delays between tap and hosts [ns]
    sum(iif(near_client, up, 0)) AS client_up, sum(iif(near_client, up + down, 0)) AS client_half,
    sum(iif(near_client, 0, up + down)) AS server_half, sum(up + down) AS rtt
    FROM (SELECT value ->> 'path' AS path, (value ->> 'c2s_ms') * 1e6 AS up, (value ->> 's2c_ms') * 1e6 AS down,
        place = 'server' OR (place = 'router' AND value ->> 'from' LIKE 'c%') AS near_client
        FROM truth, tap, json_each(doc, '$.delays')) GROUP BY path;
CREATE TEMP TABLE s AS SELECT 'subflow ' || ordinal AS who, *,
    substr(client_addr, 6, 1) + 0 AS path -- 10.0.N.1 is the client's address on path N
    FROM subflow WHERE client_addr LIKE '10.0._.1' AND result = 'established';
CREATE TEMP TABLE d AS SELECT who || ' ' || direction AS who, * FROM s JOIN subflow_direction USING (subflow_id);
-- tcp_info of the host at the tap, if all had been acknowledged by then.
CREATE TEMP TABLE info AS SELECT subflow_id, e.value AS i
    FROM truth, tap, json_each(doc, '$.connections') c, json_each(c.value, '$.tcp_info.' || place) e
    JOIN s ON (connection_id, client_addr, client_port, server_addr, server_port) = (c.key + 1,
        e.value ->> iif(place = 'client', 'local_addr', 'remote_addr'),
        e.value ->> iif(place = 'client', 'local_port', 'remote_port'),
        e.value ->> iif(place = 'client', 'remote_addr', 'local_addr'),
        e.value ->> iif(place = 'client', 'remote_port', 'local_port'))
    WHERE c.value ->> (place || '_unacked_bytes') = 0 AND e.value ->> 'unacked' = 0 AND
        e.value ->> 'notsent_bytes' = 0;
-- What happened to segments with payload, and whether this end is their sender's.
CREATE TEMP TABLE accident AS SELECT e.value ->> 'action' AS action, e.value ->> 'direction' AS direction,
    e.value ->> 'seq' AS seq, e.value ->> 'bytes' AS bytes, subflow_id, (place = 'client') = (e.value ->> 'direction' = 'c2s') AS here
    FROM truth, tap, json_each(doc, '$.accidents') e JOIN s ON (client_port, server_port) =
        (e.value ->> iif(e.value ->> 'direction' = 'c2s', 'sport', 'dport'),
        e.value ->> iif(e.value ->> 'direction' = 'c2s', 'dport', 'sport'))
    WHERE place <> 'router' AND e.value ->> 'bytes' > 0;
CREATE TEMP TABLE r AS SELECT *, (place = 'client') = (direction = 'c2s') AS here FROM retransmission, tap;
CREATE TEMP TABLE counted AS SELECT doc -> ('$.nstat.' || place) AS n FROM truth, tap;
CREATE TEMP TABLE own AS SELECT * FROM d, tap WHERE (place = 'client') = (direction = 'c2s') AND place <> 'router';

CREATE TEMP TABLE checked(who, what, value, least, most);
INSERT INTO checked -- RTT: ours is the configured one, and what the hosts take
SELECT who, 'handshake_rtt_ns', handshake_rtt_ns, rtt, rtt + 1e6 + late FROM s JOIN way USING (path), tap
UNION ALL SELECT who, 'path_rtt_ns', path_rtt_ns, rtt, rtt + 1e6 + iif((SELECT min(rtt_samples) FROM d
    WHERE d.subflow_id = s.subflow_id) < 5, late, 0) FROM s JOIN way USING (path), tap
UNION ALL SELECT who, 'base_rtt_ns', base_rtt_ns, shall, shall + 1e6 + iif(rtt_samples < 5, late, 0) FROM
    (SELECT *, iif(direction = 'c2s', server_half, client_half) AS shall FROM d JOIN way USING (path)), tap
    WHERE rtt_samples > 0
UNION ALL SELECT who, 'half_path_asymmetry', half_path_asymmetry, (server_half - client_half) / rtt - 0.05,
    (server_half - client_half) / rtt + 0.05 FROM s JOIN way USING (path), tap WHERE place = 'router'
UNION ALL SELECT 'connection', 'vantage as configured',
    coalesce(vantage, '') = iif(place = 'router', 'middle', 'near_' || place), 1, 1 FROM connection, tap
    WHERE (SELECT count(*) FROM way) > 0
-- The client joins when its first data is acknowledged, after two round trips of the initial path, as soon as the
-- machine gets round to it.
UNION ALL SELECT j.who, 'join_syn_delay_ns', j.join_syn_delay_ns, shall, shall + 2e6 + late
    FROM (SELECT s.*, 2 * f.rtt + w.client_up - f.client_up AS shall FROM s JOIN way w USING (path)
    JOIN s i ON i.connection_id = s.connection_id AND i.kind = 'initial' JOIN way f ON f.path = i.path
    WHERE s.kind = 'join') j, tap
UNION ALL SELECT who, 'join_delay_ns', join_delay_ns, join_syn_delay_ns + rtt, join_syn_delay_ns + rtt + 1e6 + late
    FROM s JOIN way USING (path), tap WHERE kind = 'join';
INSERT INTO checked -- tcp_info; a SYN counts as one byte of bytes_acked for its sender, a FIN as well
SELECT who, 'payload_bytes', payload_bytes, i ->> 'bytes_sent', i ->> 'bytes_sent' FROM own JOIN info USING (subflow_id)
UNION ALL SELECT who, 'retransmitted_bytes', retransmitted_bytes, i ->> 'bytes_retrans', i ->> 'bytes_retrans'
    FROM own JOIN info USING (subflow_id)
UNION ALL SELECT who, 'unique_bytes', unique_bytes, (i ->> 'bytes_acked') - (opened_by = place) - (fin_packets > 0),
    (i ->> 'bytes_acked') - (opened_by = place) FROM own JOIN info USING (subflow_id)
UNION ALL SELECT who, 'base_rtt_ns by the kernel', base_rtt_ns, t - max(1e6, 0.05 * t), t + max(1e6, 0.05 * t)
    FROM (SELECT *, 1e3 * (i ->> 'min_rtt_us') AS t FROM own JOIN info USING (subflow_id) JOIN way USING (path)
    WHERE rtt_samples > 0) -- without a delay it is that of a queue, and later samples may be smaller
UNION ALL SELECT 'connection ' || c.direction, 'time with anything outstanding [s]', 1e-9 * duration_ns *
    (limited_window + limited_path + limited_application), 0.95e-6 * (i ->> 'busy_us') - 0.03,
    iif(c.remapped_bytes = 0, 1.05e-6 * (i ->> 'busy_us') + 0.03, life) -- what DATA_ACKs are behind TCP's is outstanding, too
    FROM (SELECT *, 1e-9 * duration_ns AS life FROM connection_direction JOIN connection USING (connection_id)) c, own JOIN info USING (subflow_id)
    WHERE own.connection_id = c.connection_id AND own.direction = c.direction AND limited_idle IS NOT NULL AND
    (SELECT count(*) FROM s WHERE s.connection_id = c.connection_id) = 1;
-- Copies and lost bytes by the relays' word, those sent again by the kernel's, and how many D-SACKs this end did not
-- get or, as MPTCP leaves little room for SACK blocks, could not tell as such.
CREATE TEMP TABLE fact AS SELECT sum(action = 'dup' AND NOT here) AS copied, sum(iif(action = 'drop' AND here, bytes, 0)) AS dropped,
    (SELECT ifnull(t ->> 'TcpExtTCPDSACKOldSent', 0) + ifnull(t ->> 'TcpExtTCPDSACKOfoSent', 0) -
    ifnull(n ->> 'TcpExtTCPDSACKRecv', 0) - ifnull(n ->> 'TcpExtTCPDSACKOfoRecv', 0) FROM counted,
    (SELECT doc -> ('$.nstat.' || iif(place = 'client', 'server', 'client')) AS t FROM truth, tap)) AS unheard,
    (SELECT sum(i ->> 'bytes_retrans') FROM info) AS again,
    (SELECT count(*) FROM own) = (SELECT count(*) FROM info) AS settled FROM accident HAVING count(*) > 0;
INSERT INTO checked -- what the relays did to segments with payload
SELECT 'capture', 'network duplicates', (SELECT count(*) FROM r WHERE class = 'network_duplicate'), copied, copied FROM fact
UNION ALL SELECT 'capture', 'of them copied by a relay', (SELECT count(*) FROM r WHERE class = 'network_duplicate' AND
    (subflow_id, direction, seq) IN (SELECT subflow_id, direction, seq FROM accident WHERE action = 'dup')), copied, copied FROM fact
UNION ALL SELECT 'capture', 'reordering, but nothing held back', (SELECT count(*) FROM r WHERE class = 'reordering' AND
    (subflow_id, direction, seq) NOT IN (SELECT subflow_id, direction, seq FROM accident WHERE action = 'hold' AND NOT here)),
    0, 0 FROM fact
-- A copy sent meanwhile may come first: the sender was wrong.
UNION ALL SELECT 'capture', 'held back, but neither reordering nor spurious', (SELECT count(*) FROM r
    WHERE class NOT IN ('reordering', 'spurious') AND NOT here AND (subflow_id, direction, seq) IN
    (SELECT subflow_id, direction, seq FROM accident WHERE action = 'hold')), 0, 0 FROM fact;
-- The sender repeats what was dropped, maybe in other segments, and is right to; nothing else.
INSERT INTO checked
SELECT 'capture', 'bytes sent again for a reason', (SELECT coalesce(sum(bytes), 0) FROM r WHERE trigger IS NOT NULL AND here AND
    class <> 'spurious'), dropped, dropped + 1448 * unheard FROM fact WHERE settled
UNION ALL SELECT 'capture', 'of them dropped by a relay', (SELECT coalesce(sum(bytes), 0) FROM r WHERE trigger IS NOT NULL AND here AND
    class <> 'spurious' AND EXISTS (SELECT * FROM accident a WHERE action = 'drop' AND (a.subflow_id, a.direction) =
    (r.subflow_id, r.direction) AND r.seq >= a.seq AND r.seq + r.bytes <= a.seq + a.bytes)), dropped, dropped FROM fact WHERE settled
UNION ALL SELECT 'capture', 'bytes sent again that are spurious', (SELECT coalesce(sum(bytes), 0) FROM r WHERE trigger IS NOT NULL AND
    here AND class = 'spurious'), again - dropped - 1448 * unheard, again - dropped FROM fact WHERE settled
UNION ALL SELECT who, 'spurious_share', spurious_share, 3 / 7.0, 3 / 7.0 FROM own, truth -- 7 sent again, of them 4 lost
    WHERE doc ->> 'scenario' = 'accidents' AND place = 'client' AND (SELECT late FROM tap) = 0;
-- Counters of the sender's TCP, where a segment of the capture is one of the wire.
CREATE TEMP TABLE counter AS SELECT key, value FROM counted, json_each(n) WHERE (SELECT max(segment_max_bytes) FROM own) <= 1460
    AND (SELECT count(*) FROM own) = (SELECT count(*) FROM info);
CREATE TEMP TABLE syns AS SELECT coalesce(sum(syn_packets - 1), 0) AS n FROM subflow_direction, tap
    WHERE syn_packets > 0 AND (place = 'client') = (direction = 'c2s');
CREATE TEMP TABLE sum_of AS SELECT what, mine, (SELECT coalesce(sum(value), 0) FROM counter WHERE key IN
    (one, other)) AS total FROM (
    SELECT 'segments sent again' AS what, 'TcpRetransSegs' AS one, '' AS other,
        (SELECT count(*) FROM r WHERE here AND trigger IS NOT NULL) + (SELECT n FROM syns) AS mine
    UNION ALL SELECT 'by fast retransmit', 'TcpExtTCPFastRetrans', '',
        (SELECT count(*) FROM r WHERE here AND trigger = 'fast')
    UNION ALL SELECT 'by timeout', 'TcpExtTCPTimeouts', 'TcpExtTCPSlowStartRetrans',
        (SELECT count(*) FROM r WHERE here AND trigger = 'timeout') + (SELECT n FROM syns)
    UNION ALL SELECT 'D-SACKs received', 'TcpExtTCPDSACKRecv', 'TcpExtTCPDSACKOfoRecv',
        (SELECT sum(d.dsack_packets) FROM d JOIN own USING (subflow_id) WHERE d.direction <> own.direction))
    WHERE EXISTS (SELECT * FROM counter);
INSERT INTO checked SELECT 'kernel', what, mine, total, total FROM sum_of
UNION ALL SELECT 'kernel', 'tail probes', (SELECT count(*) FROM r WHERE here AND trigger = 'tail_probe'), 0,
    value FROM counter WHERE key = 'TcpExtTCPLossProbes';
-- What the applications of two scenarios do.  limits: 60000 bytes at 100000 a second; nothing for 0.7 s; then as much
-- as a receiver takes that does not read for another second, whose buffer is full after at most 0.1 s.  voice: every
-- 0.3 s ten writes of 250 bytes; 20 ms after it has all of them, the server answers with 750 bytes.
CREATE TEMP TABLE act AS SELECT doc ->> 'scenario' AS scenario, place, late, d.*, 1e-9 * duration_ns AS life
    FROM connection_direction d JOIN connection USING (connection_id), truth, tap
    WHERE doc ->> 'scenario' IN ('limits', 'voice');
INSERT INTO checked
SELECT 'limits', 'application [s]', life * limited_application, 0.57, 0.8 FROM act
    WHERE scenario = 'limits' AND direction = 'c2s' AND place = 'client'
UNION ALL SELECT 'limits', 'window [s]', life * limited_window, 0.9, 1.1 FROM act
    WHERE scenario = 'limits' AND direction = 'c2s' AND place = 'client'
UNION ALL SELECT 'limits', 'zero window [s]', 1e-9 * zero_window_ns, 0.88, 1.03 FROM act
    WHERE scenario = 'limits' AND direction = 'c2s'
UNION ALL SELECT 'voice ' || direction, 'bursts', bursts, 9, 9 FROM act WHERE scenario = 'voice'
UNION ALL SELECT 'voice ' || direction, 'their bytes', burst_mean_bytes, shall, shall
    FROM (SELECT *, iif(direction = 'c2s', 2500, 750) AS shall FROM act WHERE scenario = 'voice')
UNION ALL SELECT 'voice ' || direction, 'largest', burst_max_bytes, shall, shall
    FROM (SELECT *, iif(direction = 'c2s', 2500, 750) AS shall FROM act WHERE scenario = 'voice')
UNION ALL SELECT 'voice', 'from request to request [s]', 1e-9 * (max(b.start_ns) - min(b.start_ns)) / 8, 0.295, 0.305 + 1e-9 * late
    FROM burst b JOIN act USING (connection_id, direction) WHERE scenario = 'voice' AND direction = 'c2s' HAVING count(*) > 0
UNION ALL SELECT 'voice', 'answers', response_delay_samples, 9, 9 FROM act WHERE scenario = 'voice' AND direction = 'c2s'
UNION ALL SELECT 'voice', 'shortest wait for one [s]', 1e-9 * response_delay_min_ns, shall, shall + 0.015 + 1e-9 * late FROM (SELECT *,
    0.019 + 1e-9 * iif(place = 'client', (SELECT min(rtt) FROM way), 0) AS shall FROM act WHERE scenario = 'voice' AND direction = 'c2s')
UNION ALL SELECT 'voice', 'mean wait for one [s]', 1e-9 * response_delay_mean_ns, shall, shall + 0.015 + 1e-9 * late FROM (SELECT *,
    0.019 + 1e-9 * iif(place = 'client', (SELECT min(rtt) FROM way), 0) AS shall FROM act WHERE scenario = 'voice' AND direction = 'c2s')
-- Path 2 takes 5 ms longer: what comes by path 1 waits so long, and for that subflow.
UNION ALL SELECT 'voice', 'mean wait for the other path [s]', hol_byte_s / hol_bytes, 0.004, 0.006 + 1e-9 * late FROM act
    WHERE scenario = 'voice' AND direction = 'c2s' AND place = 'server'
UNION ALL SELECT 'voice', 'share of it for the longer one', sum(iif(ordinal = 1, waited_for_byte_s, 0)) / sum(waited_for_byte_s),
    0.9, 1 FROM head_of_line JOIN subflow USING (subflow_id) JOIN act USING (direction)
    WHERE scenario = 'voice' AND direction = 'c2s' AND place = 'server' HAVING count(*) > 0;
