-- figures.sql - what the figures show, as SQL: every number in a picture is computed here.
-- style.gpi loads it with `sqlite3 -init` and then puts one row into `chosen`.

CREATE TEMP TABLE chosen (connection_id INTEGER, direction TEXT);

-- Names that the user gave to addresses; filled by $LABELS.
CREATE TEMP TABLE label (address TEXT PRIMARY KEY, name TEXT);

-- Steps of the units, for numbers in words: values from @low on are divided by @divisor.
CREATE TEMP TABLE unit (kind TEXT, low REAL, high REAL, divisor REAL, name TEXT);
INSERT INTO unit VALUES
    ('bytes', 0, 999.5, 1, 'B'), ('bytes', 999.5, 999.5e3, 1e3, 'kB'),
    ('bytes', 999.5e3, 999.5e6, 1e6, 'MB'), ('bytes', 999.5e6, 999.5e9, 1e9, 'GB'),
    ('bytes', 999.5e9, 9e99, 1e12, 'TB'),
    ('rate', 0, 999.5, 1, 'bit/s'), ('rate', 999.5, 999.5e3, 1e3, 'kbit/s'),
    ('rate', 999.5e3, 999.5e6, 1e6, 'Mbit/s'), ('rate', 999.5e6, 9e99, 1e9, 'Gbit/s'),
    ('time', 0, 999.5e3, 1e3, 'µs'), ('time', 999.5e3, 999.5e6, 1e6, 'ms'),
    ('time', 999.5e6, 120e9, 1e9, 's'), ('time', 120e9, 7200e9, 60e9, 'min'),
    ('time', 7200e9, 9e99, 3600e9, 'h');

-- The chosen direction, with the words for it.
CREATE TEMP VIEW subject AS
SELECT c.connection_id, ch.direction, c.start_ns, c.end_ns,
       iif(c.handshake = 'none', 'first packet', 'first SYN') AS origin, c.duration_ns, c.server_token, d.data_bytes,
       d.reinjected_bytes, d.goodput_bps, d.data_rtt_samples, d.data_rtt_min_ns, d.data_rtt_p50_ns,
       d.data_rtt_p90_ns, d.data_rtt_p95_ns,
       'connection ' || c.connection_id ||
       iif(c.server_token IS NULL, '', printf(', token 0x%08x', c.server_token)) ||
       iif(ch.direction = 'c2s', ', client → server', ', server → client') AS words,
       CASE c.vantage WHEN 'near_client' THEN ', captured near the client'
       WHEN 'near_server' THEN ', captured near the server'
       WHEN 'middle' THEN ', captured between the hosts' ELSE '' END AS place
FROM chosen ch
JOIN connection c USING (connection_id)
LEFT JOIN connection_direction d USING (connection_id, direction);

-- Every subflow of the connection: its colour, which it keeps in all pictures, and its names.
CREATE TEMP VIEW any_lane AS
SELECT s.subflow_id, s.ordinal, s.result, s.established_ns,
       CASE s.ordinal
       WHEN 0 THEN 0x0072B2 WHEN 1 THEN 0xD55E00 WHEN 2 THEN 0x009E73
       WHEN 3 THEN 0xCC79A7 WHEN 4 THEN 0xE69F00 WHEN 5 THEN 0x56B4E9
       ELSE iif(s.ordinal % 2, 0x80868B, 0xB4B9BE) END AS color,
       iif(instr(s.client_addr, ':'), '[' || s.client_addr || ']', s.client_addr) || ':' ||
       s.client_port AS client,
       iif(instr(s.server_addr, ':'), '[' || s.server_addr || ']', s.server_addr) || ':' ||
       s.server_port AS server,
       coalesce((SELECT name FROM label WHERE address = s.client_addr),
                (SELECT name FROM label WHERE address = s.server_addr)) AS name,
       ifnull(d.payload_bytes, 0) AS payload_bytes, d.data_bytes, d.share, d.reinjected_bytes,
       d.rtt_samples, d.rtt_min_ns, d.rtt_mean_ns, d.rtt_p50_ns, d.rtt_p90_ns, d.rtt_p95_ns,
       d.ts_rtt_samples, d.ts_rtt_min_ns, d.ts_rtt_p50_ns, d.ts_rtt_p90_ns, d.ts_rtt_p95_ns
FROM subject c
JOIN subflow s USING (connection_id)
LEFT JOIN subflow_direction d ON d.subflow_id = s.subflow_id AND d.direction = c.direction;

-- Those that carried payload in the direction, numbered from 1.
CREATE TEMP VIEW lane AS
SELECT *, row_number() OVER (ORDER BY ordinal) AS lane,
       ordinal || ifnull('  ' || name, '') || '  ' || client || ' → ' || server AS path,
       ordinal || iif(length(name) <= 8, ' ' || name, '') AS short_name
FROM any_lane WHERE payload_bytes > 0;

-- Six subflows are named in the legend, further ones share a line.
CREATE TEMP VIEW legend AS
SELECT lane AS n, color, path AS text
FROM lane WHERE ordinal < 6
UNION ALL
SELECT 1000, 0x9AA0A6,
       iif(count(*) = 1, min(path),
           printf('subflows %d to %d, grey', min(ordinal), max(ordinal)))
FROM lane WHERE ordinal >= 6 HAVING count(*) > 0;

-- Facts for titles, then the same in words.
CREATE TEMP VIEW fact AS
SELECT 'data' AS name, 'bytes' AS kind, data_bytes AS value FROM subject
UNION ALL SELECT 'reinjected', 'bytes', reinjected_bytes FROM subject
UNION ALL SELECT 'duration', 'time', duration_ns FROM subject
UNION ALL SELECT 'goodput', 'rate', goodput_bps FROM subject
UNION ALL SELECT 'bin', 'time', width_ns FROM grid
UNION ALL SELECT 'rtt_low', 'time', min(rtt_mean_ns) FROM lane WHERE rtt_samples > 0
UNION ALL SELECT 'rtt_high', 'time', max(rtt_mean_ns) FROM lane WHERE rtt_samples > 0
UNION ALL SELECT 'median_low', 'time', min(rtt_p50_ns) FROM lane WHERE rtt_samples > 0
UNION ALL SELECT 'median_high', 'time', max(rtt_p50_ns) FROM lane WHERE rtt_samples > 0
UNION ALL SELECT 'median_data', 'time', data_rtt_p50_ns FROM subject WHERE data_rtt_samples > 0;

CREATE TEMP VIEW spoken AS
SELECT f.name, f.value,
       iif(u.divisor = 1 AND f.kind = 'bytes', CAST(f.value AS INTEGER),
           iif(f.name = 'bin', printf('%.4g', f.value / u.divisor), printf('%.*f', CASE WHEN f.value / u.divisor < 9.995 THEN 2
                               WHEN f.value / u.divisor < 99.95 THEN 1 ELSE 0 END,
                  f.value / u.divisor))) || ' ' || u.name AS text
FROM fact f JOIN unit u ON u.kind = f.kind AND f.value >= u.low AND f.value < u.high;

-- Bins, less what lies before the first and behind the last packet of the connection.
CREATE TEMP VIEW clipped AS
SELECT s.*, max(s.bin_start_ns, c.start_ns) AS low_ns,
       min(s.bin_start_ns + s.bin_width_ns, c.end_ns) AS high_ns
FROM subject c JOIN series s USING (connection_id, direction);

-- The DATA_ACKs that moved, the last of each bin.
CREATE TEMP VIEW progress AS
SELECT data_acked_ns AS low_ns, data_acked_ns AS high_ns
FROM (SELECT *, lag(data_acked_bytes) OVER (ORDER BY bin_start_ns) AS before_bytes
      FROM clipped WHERE subflow_id IS NULL AND data_acked_bytes IS NOT NULL)
WHERE data_acked_bytes > ifnull(before_bytes, 0);

-- Time axis: from the first to the last data of the direction, or its DATA_ACK; from 0 if that is
-- not far off.
CREATE TEMP VIEW carried AS
SELECT min(e.low_ns) AS low_ns, max(max(e.high_ns), min(e.low_ns) + 1000) AS high_ns, c.start_ns,
       c.connection_id, c.direction
FROM subject c
JOIN (SELECT r.first_ns AS low_ns, r.last_ns AS high_ns
      FROM chosen JOIN dsn_run r USING (connection_id, direction)
      UNION ALL
      SELECT low_ns, high_ns FROM clipped WHERE payload_bytes > 0
      UNION ALL
      SELECT low_ns, high_ns FROM progress) e;

-- How it ended is shown, too, if that follows soon.
CREATE TEMP VIEW extent AS
SELECT d.low_ns, max(d.high_ns, ifnull(max(e.ts_ns), 0)) AS high_ns, d.start_ns, d.connection_id,
       d.direction
FROM carried d LEFT JOIN event e
ON e.connection_id = d.connection_id AND e.kind IN ('data_fin', 'fastclose', 'reset', 'mp_fail')
   AND e.ts_ns <= d.high_ns + (d.high_ns - d.low_ns) / 10
WHERE d.low_ns IS NOT NULL;

CREATE TEMP VIEW time_axis AS
SELECT x.connection_id, x.direction, x.start_ns, u.divisor, u.name,
       (high_ns - x.start_ns) / u.divisor AS high,
       iif(low_ns - x.start_ns < (high_ns - low_ns) / 3, 0,
           (low_ns - x.start_ns) / u.divisor) AS low,
       (high_ns - low_ns) / u.divisor / 1500 AS pixel
FROM extent x JOIN unit u
ON u.kind = 'time' AND max(high_ns - x.start_ns, 1) >= u.low AND max(high_ns - x.start_ns, 1) < u.high;

CREATE TEMP VIEW data_axis AS
SELECT u.divisor, u.name, top
FROM (SELECT max(r.end_offset) AS top
      FROM chosen JOIN dsn_run r USING (connection_id, direction)) JOIN unit u
ON u.kind = 'bytes' AND max(top, 0) >= u.low AND max(top, 0) < u.high;

-- sequence.gp.  Runs that begin in the same pixel column and end there are drawn as one; the more
-- lanes, the wider the columns.
CREATE TEMP VIEW run AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM data_axis),
     l AS MATERIALIZED (SELECT * FROM lane), n AS MATERIALIZED (SELECT count(*) AS lanes FROM lane)
SELECT r.kind, l.lane, l.color, (r.first_ns - t.start_ns) / t.divisor AS t0,
       (r.last_ns - t.start_ns) / t.divisor AS t1, t.pixel, r.data_offset / y.divisor AS y0,
       r.end_offset / y.divisor AS y1, r.packets,
       t.pixel * max(1.5, n.lanes * 0.5) AS column_width, r.rowid AS number
FROM t JOIN y JOIN n
JOIN dsn_run r USING (connection_id, direction)
JOIN l USING (subflow_id);

CREATE TEMP VIEW run_drawn AS
SELECT r.kind, r.lane, r.color, min(r.t0) AS t0, max(max(r.t1), min(r.t0) + 1.5 * r.pixel) AS t1,
       min(r.y0) AS y0, max(r.y1) AS y1, sum(r.packets) AS stands_for
FROM run r WHERE r.kind <> 'reinjection'
GROUP BY r.kind, r.lane,
         iif(r.t1 - r.t0 > r.column_width, -r.number, CAST(r.t0 / r.column_width AS INTEGER))
ORDER BY r.kind, r.lane, 4;

CREATE TEMP VIEW run_words AS
SELECT printf('%d segments in %d strokes', sum(stands_for), count(*)) AS text FROM run_drawn;

-- Every reinjection with its origin: where the data had been sent first.  Up to 1000 have a mark
-- each; more share marks, and each mark knows for how many it stands.
CREATE TEMP VIEW again AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM data_axis),
     l AS MATERIALIZED (SELECT * FROM lane)
SELECT l.lane, l.color, (r.ts_ns - t.start_ns) / t.divisor AS t,
       (r.ts_ns - r.delay_ns - t.start_ns) / t.divisor AS origin,
       r.data_offset / y.divisor AS y, t.pixel, y.top / y.divisor AS top, r.rowid AS number,
       (SELECT count(*) FROM chosen JOIN reinjection USING (connection_id, direction)) AS n
FROM t JOIN y
JOIN reinjection r USING (connection_id, direction)
JOIN l USING (subflow_id);

CREATE TEMP VIEW again_drawn AS
SELECT a.lane, a.color, a.t, min(a.origin) AS origin, a.y, count(*) AS stands_for
FROM again a
GROUP BY iif(a.n <= 1000, a.number, a.lane || ' ' || CAST(a.t / a.pixel / 5 AS INTEGER) || ' ' ||
                                    CAST(a.y / max(a.top, 1e-9) * 150 AS INTEGER));

CREATE TEMP VIEW again_words AS
SELECT 'reinjection: the same data on another subflow' ||
       iif(count(*) < sum(stands_for), printf(' (%d, in %d marks)', sum(stands_for), count(*)),
           printf(' (%d)', count(*))) || ', from its origin' AS text,
       count(*) AS marks
FROM again_drawn;

-- Times without progress, the 200 longest: no DATA_ACK while data was outstanding, nothing sent, or
-- the receive window closed.
CREATE TEMP VIEW silence AS
SELECT s.kind, max((s.start_ns - t.start_ns) / t.divisor, t.low) AS t0,
       min((s.start_ns + s.length_ns - t.start_ns) / t.divisor, t.high) AS t1, s.length_ns
FROM time_axis t JOIN stall s USING (connection_id, direction)
WHERE s.kind IN ('no_data_ack', 'idle', 'closed_window')
ORDER BY s.length_ns DESC LIMIT 200;

-- A word for each band that it fits into, or else for the longest alone.
CREATE TEMP VIEW silence_words AS
WITH worded AS (
    SELECT s.t0, s.t1, (s.t0 + s.t1) / 2 AS t, x.low, x.high, x.pixel, s.length_ns,
           CASE s.kind WHEN 'idle' THEN 'nothing sent for '
           WHEN 'closed_window' THEN 'window closed for ' ELSE 'no DATA_ACK for ' END ||
           printf('%.3g ', length_ns / u.divisor) || u.name AS text
    FROM silence s JOIN time_axis x JOIN unit u
    ON u.kind = 'time' AND length_ns >= u.low AND length_ns < u.high),
fitting AS (SELECT *, t1 - t0 > (length(text) * 9 + 12) * pixel AS fits FROM worded)
SELECT t, text FROM fitting WHERE fits
UNION ALL
SELECT t, text
FROM (SELECT * FROM fitting WHERE t - low > 150 * pixel AND high - t > 150 * pixel
      ORDER BY length_ns DESC LIMIT 1)
WHERE NOT EXISTS (SELECT * FROM fitting WHERE fits);

-- Subflows whose payload is not acknowledged while others go on.
CREATE TEMP VIEW stale AS
SELECT l.lane, max((s.start_ns - t.start_ns) / t.divisor, t.low) AS t0,
       min((s.start_ns + s.length_ns - t.start_ns) / t.divisor, t.high) AS t1
FROM time_axis t JOIN stall s USING (connection_id, direction) JOIN lane l USING (subflow_id)
WHERE s.kind = 'stale'
ORDER BY s.length_ns DESC LIMIT 200;

-- Signals, in rows: joins, addresses, others.  Those of a row that share 15 pixels share a mark.
-- Addresses or others get a row for each word if two words would have no room between their marks.
-- Marks with no room between them for words share these; they stand right of the last, or left of
-- the first, where there is room; elsewhere there is a space that does not count as an empty column.
CREATE TEMP VIEW signal AS
WITH told AS (
    SELECT (e.ts_ns - t.start_ns) / t.divisor AS t, t.low, t.high, t.pixel,
           CASE e.kind
           WHEN 'join' THEN 'join ' || ifnull(s.ordinal, '')
           WHEN 'add_addr' THEN 'ADD_ADDR' WHEN 'remove_addr' THEN 'REMOVE_ADDR'
           WHEN 'mp_prio' THEN 'MP_PRIO' WHEN 'mp_fail' THEN 'MP_FAIL'
           WHEN 'fastclose' THEN 'fast close' WHEN 'data_fin' THEN 'DATA_FIN'
           ELSE e.kind END AS word, s.ordinal,
           CASE e.kind WHEN 'join' THEN 1 WHEN 'add_addr' THEN 2 WHEN 'remove_addr' THEN 2
           ELSE 3 END AS kind
    FROM time_axis t JOIN event e USING (connection_id) LEFT JOIN subflow s USING (subflow_id)
    WHERE e.kind IN ('join', 'add_addr', 'remove_addr', 'mp_prio', 'mp_fail', 'fastclose',
                     'fallback', 'handover', 'data_fin', 'reset')
      AND (e.ts_ns - t.start_ns) / t.divisor BETWEEN t.low AND t.high),
mixed AS (
    SELECT DISTINCT kind
    FROM (SELECT kind, word <> lag(word) OVER w AND t - lag(t) OVER w > 15 * pixel
                 AND t - lag(t) OVER w <= (lag(length(word)) OVER w * 10 + 25) * pixel AS mixed
          FROM told WHERE kind > 1 WINDOW w AS (PARTITION BY kind ORDER BY t))
    WHERE mixed),
first_told AS (SELECT *, min(t) OVER (PARTITION BY kind, word) AS first_t FROM told),
rowed AS (
    SELECT t, low, high, pixel, word, ordinal,
           kind * 10 + iif(kind IN (SELECT kind FROM mixed),
                           dense_rank() OVER (PARTITION BY kind ORDER BY first_t, word), 0) AS kind
    FROM first_told),
near AS (
    SELECT *, ifnull(t - lag(t) OVER w > (lag(length(word)) OVER w * 10 + 25) * pixel, 0) AS apart
    FROM rowed WINDOW w AS (PARTITION BY kind ORDER BY t)),
grouped AS (
    SELECT *, sum(apart) OVER (PARTITION BY kind ORDER BY t) AS crowd FROM near),
crowded AS (
    SELECT kind, crowd, min(t) AS first, max(t) AS last, low, high, pixel,
           CASE WHEN count(DISTINCT word) = 1
                THEN iif(count(*) > 1, count(*) || ' × ', '') || min(word)
                WHEN kind = 10 AND max(ordinal) - min(ordinal) + 1 = count(*)
                THEN printf('joins %d to %d', min(ordinal), max(ordinal))
                WHEN kind = 10 THEN printf('%d joins', count(*))
                WHEN length(group_concat(DISTINCT word)) < 40
                THEN replace(group_concat(DISTINCT word), ',', ', ')
                ELSE printf('%d signals', count(*)) END AS text
    FROM grouped GROUP BY kind, crowd),
spaced AS (
    SELECT *, (length(text) * 10 + 25) * pixel AS width,
           lead(first) OVER w AS next_t, lag(last, 1, low - 100 * pixel) OVER w AS before_t,
           (lag(length(text), 1, 0) OVER w * 10 + 25) * pixel AS before_width
    FROM crowded WINDOW w AS (PARTITION BY kind ORDER BY first)),
placed AS (
    SELECT *, ifnull(next_t, high + 30 * pixel) - last > width AS right,
           first - width > iif(before_t < low, low, before_t + before_width) AS left
    FROM spaced),
worded AS (
    SELECT kind, crowd, iif(right OR NOT left, last + 12 * pixel, first - 12 * pixel) AS text_t,
           right OR NOT left AS rightward, iif(right OR left, text, char(160)) AS text
    FROM placed)
SELECT dense_rank() OVER (ORDER BY g.kind) AS row, min(g.t) AS t, count(*) AS n, w.text_t,
       w.rightward, iif(min(g.t) = min(min(g.t)) OVER (PARTITION BY g.kind, g.crowd), w.text,
                        char(160)) AS text
FROM grouped g JOIN worded w ON w.kind = g.kind AND w.crowd = g.crowd
GROUP BY g.kind, g.crowd, CAST(g.t / g.pixel / 15 AS INTEGER)
ORDER BY g.kind, 2;

-- DATA_ACKs as a step line, the last of each bin.  The right edge of the receive window is that at
-- the end of each bin, the highest: no data of the bin lies beyond it.
CREATE TEMP VIEW data_ack AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM data_axis)
SELECT (s.data_acked_ns - t.start_ns) / t.divisor AS t, s.data_acked_bytes / y.divisor AS y
FROM t JOIN y JOIN clipped s
WHERE s.subflow_id IS NULL AND s.data_acked_bytes IS NOT NULL
ORDER BY 1;

CREATE TEMP VIEW window_edge AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM data_axis)
SELECT (s.low_ns - t.start_ns) / t.divisor AS t, (s.acked + s.window_end_bytes) / y.divisor AS y
FROM t JOIN y
JOIN (SELECT *, max(data_acked_bytes) OVER (ORDER BY bin_start_ns) AS acked,
             count(data_acked_bytes) OVER (ORDER BY bin_start_ns DESC) AS more
      FROM clipped WHERE subflow_id IS NULL) s
WHERE s.acked IS NOT NULL AND s.more > 0 AND s.window_end_bytes IS NOT NULL -- after a fallback, TCP acknowledges
ORDER BY 1;

-- throughput.gp: one bin width for all subflows, at most 160 bins.
CREATE TEMP VIEW grid AS
WITH RECURSIVE
    wide AS (SELECT min(s.bin_start_ns) AS low_ns, max(s.bin_start_ns + s.bin_width_ns) AS high_ns,
                    max(s.bin_width_ns) AS width_ns
             FROM chosen JOIN series s USING (connection_id, direction)
             WHERE s.subflow_id IS NOT NULL AND s.payload_bytes > 0),
    doubled(low_ns, high_ns, width_ns) AS
        (SELECT * FROM wide WHERE width_ns > 0
         UNION ALL
         SELECT low_ns, high_ns, width_ns * 2 FROM doubled WHERE (high_ns - low_ns) / width_ns > 160)
SELECT low_ns, high_ns, max(width_ns) AS width_ns FROM doubled HAVING count(*) > 0;

CREATE TEMP VIEW bin AS
WITH RECURSIVE each(bin, last, width_ns) AS
    (SELECT low_ns / width_ns, (high_ns - 1) / width_ns, width_ns FROM grid
     UNION ALL SELECT bin + 1, last, width_ns FROM each WHERE bin < last)
SELECT bin, width_ns FROM each;

CREATE TEMP VIEW binned AS
SELECT l.lane, s.bin_start_ns / g.width_ns AS bin, sum(s.payload_bytes) AS payload_bytes,
       sum(s.data_bytes) AS data_bytes, sum(s.reinjected_bytes) AS reinjected_bytes
FROM grid g JOIN chosen ch
JOIN series s USING (connection_id, direction)
JOIN lane l USING (subflow_id)
GROUP BY l.lane, s.bin_start_ns / g.width_ns;

-- Wire throughput of lanes 1 to @lane together; that of the lanes before and the reinjections of
-- @lane, if any; the goodput of all.
CREATE TEMP VIEW stacked AS
SELECT l.lane, l.color, b.bin, b.width_ns,
       8e9 / b.width_ns * sum(ifnull(d.payload_bytes, 0))
           OVER (PARTITION BY b.bin ORDER BY l.lane) AS bps,
       iif(d.reinjected_bytes > 0, 8e9 / b.width_ns * (sum(ifnull(d.payload_bytes, 0))
           OVER (PARTITION BY b.bin ORDER BY l.lane) - d.payload_bytes
           + min(d.reinjected_bytes, d.payload_bytes)), NULL) AS again_bps,
       8e9 / b.width_ns * sum(ifnull(d.data_bytes, 0)) OVER (PARTITION BY b.bin) AS goodput_bps
FROM bin b JOIN lane l LEFT JOIN binned d ON d.lane = l.lane AND d.bin = b.bin;

-- The same of each lane alone, in the middle of the bin.
CREATE TEMP VIEW own_step AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), r AS MATERIALIZED (SELECT * FROM rate_axis)
SELECT k.lane, ((k.bin + 0.5) * k.width_ns - t.start_ns) / t.divisor AS t,
       (k.bps - ifnull(lag(k.bps) OVER (PARTITION BY k.bin ORDER BY k.lane), 0)) / r.divisor AS own,
       k.goodput_bps / r.divisor AS goodput
FROM stacked k JOIN t JOIN r;

CREATE TEMP VIEW rate_axis AS
SELECT u.divisor, u.name
FROM (SELECT max(bps) AS top FROM stacked) JOIN unit u
ON u.kind = 'rate' AND top >= u.low AND top < u.high;

-- Each step has two points, so that fills have no seams.
CREATE TEMP VIEW step AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), r AS MATERIALIZED (SELECT * FROM rate_axis)
SELECT k.lane, (k.bin * k.width_ns + edge.column1 * k.width_ns - t.start_ns) / t.divisor AS t,
       k.bps / r.divisor AS rate, ifnull(k.again_bps / r.divisor, 'NaN') AS again,
       k.goodput_bps / r.divisor AS goodput, k.color
FROM stacked k JOIN t JOIN r JOIN (VALUES (0), (1)) edge
ORDER BY k.lane, k.bin, edge.column1;

-- rtt.gp: mean per bin; a pause of more than eight bins breaks the line, and so does the next lane.
-- A bin @alone, between two such pauses, is no line.  The data, up to their DATA_ACK, are lane 0.
CREATE TEMP VIEW rtt_bin AS
SELECT ifnull(l.lane, 0) AS lane, ifnull(l.color, 0x202124) AS color, s.bin_start_ns, s.bin_width_ns,
       s.rtt_mean_ns, (s.low_ns + s.high_ns) / 2 AS middle_ns,
       s.bin_start_ns - lag(s.bin_start_ns) OVER w < 9 * s.bin_width_ns AS behind,
       lead(s.bin_start_ns) OVER w - s.bin_start_ns < 9 * s.bin_width_ns AS before
FROM clipped s LEFT JOIN lane l USING (subflow_id)
WHERE s.rtt_samples > 0 AND (s.subflow_id IS NULL OR l.lane IS NOT NULL)
WINDOW w AS (PARTITION BY s.subflow_id ORDER BY s.bin_start_ns);

CREATE TEMP VIEW rtt_axis AS
SELECT u.divisor, u.name, least > 0 AND most / least > 20 AS logarithmic, least / u.divisor AS least,
       most / u.divisor AS most
FROM (SELECT min(v) AS least, max(max(v), 1) AS most -- coarse clocks measure 0
      FROM (SELECT rtt_mean_ns AS v FROM rtt_bin
            UNION ALL SELECT rtt_min_ns FROM lane WHERE rtt_samples > 0
            UNION ALL SELECT rtt_p95_ns FROM lane WHERE rtt_samples > 0
            UNION ALL SELECT data_rtt_p95_ns FROM subject WHERE data_rtt_samples > 0
            UNION ALL SELECT data_rtt_min_ns FROM subject WHERE data_rtt_samples > 0)) JOIN unit u
ON u.kind = 'time' AND most >= u.low AND most < u.high;

CREATE TEMP VIEW rtt_line AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM rtt_axis)
SELECT b.lane, b.color, (b.middle_ns - t.start_ns) / t.divisor AS t,
       b.rtt_mean_ns / y.divisor AS rtt,
       NOT (ifnull(b.behind, 0) OR ifnull(b.before, 0)) AS alone
FROM rtt_bin b JOIN t JOIN y
UNION ALL
SELECT b.lane, b.color, (b.bin_start_ns - t.start_ns) / t.divisor, 'NaN', 0
FROM rtt_bin b JOIN t
WHERE NOT ifnull(b.behind, 0)
ORDER BY 1 DESC, 3;

CREATE TEMP VIEW rtt_summary AS
WITH measured AS (
    SELECT lane, ordinal AS name, color, rtt_min_ns AS low, rtt_p50_ns AS median, rtt_p90_ns AS p90,
           rtt_p95_ns AS high
    FROM lane WHERE rtt_samples > 0
    UNION ALL
    SELECT 0, 'data', 0x202124, data_rtt_min_ns, data_rtt_p50_ns, data_rtt_p90_ns, data_rtt_p95_ns
    FROM subject WHERE data_rtt_samples > 0)
SELECT m.lane, m.name, m.color, m.low / y.divisor AS low, m.median / y.divisor AS median,
       m.p90 / y.divisor AS p90, m.high / y.divisor AS high,
       (SELECT printf('%.3g ', m.median / u.divisor) || u.name FROM unit u
        WHERE u.kind = 'time' AND m.median >= u.low AND m.median < u.high) AS text,
       printf('%.3g', m.median / y.divisor) AS short_text
FROM measured m JOIN rtt_axis y;

-- boxes.gp: RTT of the subflows by segments and by time stamps, and that of the data.
CREATE TEMP VIEW box AS
WITH measured AS (
    SELECT ordinal, 1 AS kind, ifnull(ordinal || '  ' || name, 'subflow ' || ordinal) || ', segments' AS name, color, rtt_samples AS n,
           rtt_min_ns AS low, rtt_p50_ns AS p50, rtt_p90_ns AS p90, rtt_p95_ns AS p95
    FROM lane WHERE rtt_samples > 0
    UNION ALL
    SELECT ordinal, 2, ifnull(ordinal || '  ' || name, 'subflow ' || ordinal) || ', time stamps', color, ts_rtt_samples, ts_rtt_min_ns,
           ts_rtt_p50_ns, ts_rtt_p90_ns, ts_rtt_p95_ns
    FROM lane WHERE ts_rtt_samples > 0
    UNION ALL
    SELECT 1 << 30, 3, 'data, DATA_ACK', 0x202124, d.data_rtt_samples, d.data_rtt_min_ns,
           d.data_rtt_p50_ns, d.data_rtt_p90_ns, d.data_rtt_p95_ns
    FROM chosen JOIN connection_direction d USING (connection_id, direction)
    WHERE d.data_rtt_samples > 0)
SELECT row_number() OVER (ORDER BY ordinal, kind) AS row, name, color, n, low AS low_ns,
       p50 AS median_ns, p90 AS p90_ns, p95 AS high_ns,
       (SELECT printf('%.3g ', p50 / u.divisor) || u.name FROM unit u
        WHERE u.kind = 'time' AND p50 >= u.low AND p50 < u.high) || printf('   n = %d', n) AS text
FROM measured;

-- In one unit, or on a logarithmic axis in milliseconds with tics in all units.
CREATE TEMP VIEW box_axis AS
SELECT a.logarithmic, iif(a.logarithmic, 1e6, u.divisor) AS divisor, u.name
FROM (SELECT max(min(low_ns), 1000) * 20 <= max(high_ns) AS logarithmic, max(max(high_ns), 2000) AS most
      FROM box) a
JOIN unit u ON u.kind = 'time' AND a.most >= u.low AND a.most < u.high;

CREATE TEMP VIEW box_drawn AS
SELECT b.row, b.name, b.color, max(b.low_ns, 100) / a.divisor AS low,
       max(b.median_ns, 100) / a.divisor AS median, max(b.p90_ns, 100) / a.divisor AS p90,
       max(b.high_ns, 100) / a.divisor AS high, b.text
FROM box b JOIN box_axis a;

-- flight.gp: data in flight and the window that bounds it; the flight of each subflow's TCP.
CREATE TEMP VIEW flight_axis AS
SELECT u.divisor, u.name, top / u.divisor AS top
FROM (SELECT max(max(ifnull(s.flight_bytes, 0)), 1) AS most,
             max(max(ifnull(s.flight_bytes, 0)),
                 min(max(ifnull(s.window_bytes, 0)), 3 * max(ifnull(s.flight_bytes, 0)))) AS top
      FROM chosen JOIN series s USING (connection_id, direction)) JOIN unit u
ON u.kind = 'bytes' AND most >= u.low AND most < u.high;

CREATE TEMP VIEW flight_bin AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM flight_axis)
SELECT s.subflow_id, (s.low_ns - t.start_ns) / t.divisor AS t0,
       (s.high_ns - t.start_ns) / t.divisor AS t1, t.pixel, s.flight_bytes / y.divisor AS flight,
       s.window_bytes / y.divisor AS window, s.flight_end_bytes / y.divisor AS flight_end,
       s.window_end_bytes / y.divisor AS window_end, s.window_filled AS filled, s.bin_start_ns
FROM clipped s JOIN t JOIN y;

-- A pause of more than eight bins breaks the line; a bin @alone is none.
CREATE TEMP VIEW flight_line AS
WITH line AS (
    SELECT l.lane, l.color, (b.t0 + b.t1) / 2 AS t, b.flight, b.t0,
           ifnull(b.t0 - lag(b.t1) OVER w <= 8 * (b.t1 - b.t0), 0) AS behind,
           ifnull(lead(b.t0) OVER w - b.t1 <= 8 * (b.t1 - b.t0), 0) AS before
    FROM flight_bin b JOIN lane l USING (subflow_id) WHERE b.flight IS NOT NULL
    WINDOW w AS (PARTITION BY l.lane ORDER BY b.t0))
SELECT lane, t, flight, color, NOT (behind OR before) AS alone FROM line
UNION ALL
SELECT lane, t0, 'NaN', color, 0 FROM line WHERE NOT behind
ORDER BY 1 DESC, 2;

-- Data in flight and window as steps: of each bin, the most and the least; between bins, what it was
-- at the end of the one before.
CREATE TEMP VIEW flight_step AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis),
kinds AS (
    SELECT 'flight' AS kind, t0, t1, flight AS value, flight_end AS end_value
    FROM flight_bin WHERE subflow_id IS NULL AND flight IS NOT NULL
    UNION ALL
    SELECT 'window', t0, t1, window, window_end
    FROM flight_bin WHERE subflow_id IS NULL AND window IS NOT NULL),
line AS (
    SELECT *, lead(t0, 1, t.high) OVER (PARTITION BY kind ORDER BY t0) AS next_t
    FROM kinds JOIN t)
SELECT l.kind, CASE edge.column1 WHEN 0 THEN l.t0 WHEN 3 THEN l.next_t ELSE l.t1 END AS t,
       iif(edge.column1 < 2, l.value, l.end_value) AS value
FROM line l JOIN (VALUES (0), (1), (2), (3)) edge
WHERE edge.column1 < 2 OR l.next_t > l.t1 + l.pixel / 100
ORDER BY l.kind, l.t0, edge.column1;

-- What kept the sender from sending more, as parts of its time; known near the sender only.
CREATE TEMP VIEW limitation AS
SELECT row, name, color, share, sum(share) OVER (ORDER BY row) - share AS low, share >= 0.12 AS named
FROM (SELECT 1 AS row, 'the paths' AS name, 0x9AA0A6 AS color, d.limited_path AS share
      FROM chosen JOIN connection_direction d USING (connection_id, direction)
      UNION ALL SELECT 2, 'receive window', 0xE69F00, d.limited_window
      FROM chosen JOIN connection_direction d USING (connection_id, direction)
      UNION ALL SELECT 3, 'application', 0x56B4E9, d.limited_application
      FROM chosen JOIN connection_direction d USING (connection_id, direction)
      UNION ALL SELECT 4, 'idle', 0xDFE3E8, d.limited_idle
      FROM chosen JOIN connection_direction d USING (connection_id, direction))
WHERE share IS NOT NULL;

-- repeats.gp: what was sent again, a line per class; marks within a few pixels share one.  A @filler
-- repeats nothing that was captured: it was overtaken, or its first copy did not come to the tap.
CREATE TEMP VIEW repeat AS
SELECT 'reinjection, ' || ifnull(r.trigger, 'cause not visible') AS class, 1 AS family, r.ts_ns,
       r.bytes, 0 AS filler, l.lane, l.color
FROM chosen JOIN reinjection r USING (connection_id, direction) JOIN lane l USING (subflow_id)
UNION ALL
SELECT replace(r.class, '_', ' '), 2, r.ts_ns, r.bytes, r.hole_filled_bytes = r.bytes, l.lane, l.color
FROM chosen JOIN lane l JOIN retransmission r ON r.subflow_id = l.subflow_id
 AND r.direction = chosen.direction;

CREATE TEMP VIEW repeat_class AS
SELECT class, family, row_number() OVER (ORDER BY family, class) AS row,
       printf('%d packet%s, ', n, iif(n = 1, '', 's')) ||
       (SELECT iif(u.divisor = 1, bytes, printf('%.3g', bytes / u.divisor)) || ' ' || u.name
        FROM unit u WHERE u.kind = 'bytes' AND bytes >= u.low AND bytes < u.high) ||
       iif(fillers > 0, printf(', %d filling holes', fillers), '') AS text
FROM (SELECT class, family, count(*) AS n, sum(bytes) AS bytes, sum(filler) AS fillers
      FROM repeat GROUP BY class);

CREATE TEMP VIEW repeat_drawn AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), n AS MATERIALIZED (SELECT count(*) AS lanes FROM lane)
SELECT c.row, c.family, r.lane, r.color, (min(r.ts_ns) - t.start_ns) / t.divisor AS t,
       c.row - 0.3 + 0.6 * (r.lane - 0.5) / n.lanes AS y, count(*) AS stands_for
FROM repeat r JOIN repeat_class c USING (class) JOIN t JOIN n
GROUP BY c.row, r.lane, CAST((r.ts_ns - t.start_ns) / t.divisor / t.pixel / max(2, n.lanes) AS INTEGER);

-- reordering.gp: data held out of order, and for whom it waited.
CREATE TEMP VIEW held_axis AS
SELECT u.divisor, u.name
FROM (SELECT max(s.ofo_bytes) AS top FROM chosen JOIN series s USING (connection_id, direction))
JOIN unit u ON u.kind = 'bytes' AND top >= u.low AND top < u.high;

-- Bins that follow a pause begin at nothing, and those before it end there.
CREATE TEMP VIEW held AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis), y AS MATERIALIZED (SELECT * FROM held_axis),
bins AS (
    SELECT s.*, lag(s.high_ns) OVER w AS before_ns, lead(s.low_ns) OVER w AS behind_ns
    FROM clipped s WHERE s.subflow_id IS NULL AND s.ofo_bytes IS NOT NULL
    WINDOW w AS (ORDER BY s.bin_start_ns))
SELECT (iif(edge.column1 < 2, s.low_ns, s.high_ns) - t.start_ns) / t.divisor AS t,
       iif(edge.column1 IN (1, 2), s.ofo_bytes / y.divisor, 0) AS held
FROM bins s JOIN t JOIN y JOIN (VALUES (0), (1), (2), (3)) edge
WHERE edge.column1 IN (1, 2) OR (edge.column1 = 0 AND s.low_ns IS NOT s.before_ns)
   OR (edge.column1 = 3 AND s.high_ns IS NOT s.behind_ns)
ORDER BY s.bin_start_ns, edge.column1;

CREATE TEMP VIEW waited AS
SELECT row_number() OVER (ORDER BY ifnull(l.ordinal, 1 << 30)) AS row, ifnull(l.color, 0x9AA0A6) AS color,
       ifnull('subflow ' || l.ordinal || ifnull('  ' || l.name, ''), 'not captured') AS name,
       h.waited_for_ns / 1e6 AS wait_ms,
       (SELECT printf('%.3g ', h.waited_for_ns / u.divisor) || u.name FROM unit u
        WHERE u.kind = 'time' AND h.waited_for_ns >= u.low AND h.waited_for_ns < u.high) ||
       printf('   %d wait%s, ', h.waits, iif(h.waits = 1, '', 's')) ||
       printf(iif(h.waited_for_byte_s < 999.5e3, '%.3g', '%.0f') || ' kB s', h.waited_for_byte_s / 1e3) AS text
FROM chosen JOIN head_of_line h USING (connection_id, direction) LEFT JOIN any_lane l USING (subflow_id)
WHERE h.waits > 0;

-- responses.gp: from the last packet of a burst to the first of the answer.
CREATE TEMP VIEW response AS
SELECT (b.start_ns + b.duration_ns - c.start_ns) / u.divisor AS t, b.response_delay_ns AS delay_ns,
       ifnull(l.color, 0x9AA0A6) AS color
FROM chosen JOIN connection c USING (connection_id) JOIN burst b USING (connection_id, direction)
LEFT JOIN any_lane l ON l.subflow_id = b.response_subflow_id
JOIN unit u ON u.kind = 'time' AND max(c.duration_ns, 1) >= u.low AND max(c.duration_ns, 1) < u.high
WHERE b.response_delay_ns IS NOT NULL;

CREATE TEMP VIEW response_axis AS
SELECT c.duration_ns / t.divisor AS high, t.name, y.divisor, y.name AS delay_name, r.least / y.divisor AS least,
       r.most / y.divisor AS most
FROM chosen JOIN connection c USING (connection_id)
JOIN (SELECT max(min(delay_ns), 1000) AS least, max(max(delay_ns), 1000) AS most FROM response) r
JOIN unit t ON t.kind = 'time' AND max(c.duration_ns, 1) >= t.low AND max(c.duration_ns, 1) < t.high
JOIN unit y ON y.kind = 'time' AND r.most >= y.low AND r.most < y.high;

-- usage.gp: new data of lanes 1 to @lane together, as a part of that of all, per bin.
CREATE TEMP VIEW usage AS
WITH t AS MATERIALIZED (SELECT * FROM time_axis)
SELECT k.lane, k.color, (k.bin * k.width_ns + edge.column1 * k.width_ns - t.start_ns) / t.divisor AS t,
       100.0 * k.part / k.whole AS percent
FROM (SELECT l.lane, l.color, b.bin, b.width_ns,
             sum(ifnull(d.data_bytes, 0)) OVER (PARTITION BY b.bin ORDER BY l.lane) AS part,
             sum(ifnull(d.data_bytes, 0)) OVER (PARTITION BY b.bin) AS whole
      FROM bin b JOIN lane l LEFT JOIN binned d ON d.lane = l.lane AND d.bin = b.bin) k
JOIN t JOIN (VALUES (0), (1)) edge
ORDER BY k.lane, k.bin, edge.column1;

-- share.gp: the joins that failed have a line, too.
CREATE TEMP VIEW bar AS
SELECT row_number() OVER (ORDER BY l.ordinal) AS lane, l.color,
       l.ordinal || ifnull('  ' || l.name, '') || '  ' || l.client || ' → ' || l.server AS path,
       ifnull(l.share, 0) * 100 AS percent,
       CASE WHEN l.established_ns IS NULL AND l.payload_bytes = 0
            THEN ifnull(replace(l.result, '_', ' '), 'not established')
            ELSE printf('%.1f %%', ifnull(l.share, 0) * 100) || '   ' ||
                 (SELECT iif(u.divisor = 1, l.data_bytes, printf('%.3g', l.data_bytes / u.divisor))
                         || ' ' || u.name FROM unit u
                  WHERE u.kind = 'bytes' AND l.data_bytes >= u.low AND l.data_bytes < u.high)
       END AS text,
       iif(l.reinjected_bytes > 0,
           (SELECT '   + ' || iif(u.divisor = 1, l.reinjected_bytes,
                               printf('%.3g', l.reinjected_bytes / u.divisor))
                   || ' ' || u.name || ' reinjected' FROM unit u
            WHERE u.kind = 'bytes' AND l.reinjected_bytes >= u.low AND l.reinjected_bytes < u.high),
           '') AS again
FROM any_lane l;

-- Titles: what was found.
CREATE TEMP VIEW finding AS
SELECT 'sequence' AS figure,
       iif(again.value > 0,
           again.text || ' of ' || data.text || ' are reinjected on another subflow',
           data.text || ' over ' || (SELECT count(*) || iif(count(*) = 1, ' subflow', ' subflows') FROM lane) ||
           ', nothing reinjected') AS text
FROM spoken data JOIN spoken again ON again.name = 'reinjected'
WHERE data.name = 'data'
UNION ALL
SELECT 'throughput',
       'Goodput averages ' || text ||
       ifnull((SELECT printf('; subflow %d carries %.0f %% of the data', ordinal, share * 100)
               FROM lane WHERE (SELECT count(*) FROM lane) > 1 ORDER BY share DESC LIMIT 1), '')
FROM spoken WHERE name = 'goodput'
UNION ALL
SELECT 'rtt',
       iif(low.text <> high.text, 'Mean RTT per subflow from ' || low.text || ' to ' || high.text,
           'Mean RTT ' || iif((SELECT count(*) FROM rtt_summary WHERE lane > 0) > 1,
                              'of every subflow ', '') || low.text)
FROM spoken low JOIN spoken high ON high.name = 'rtt_high'
WHERE low.name = 'rtt_low'
UNION ALL
SELECT 'share', iif((SELECT count(*) FROM lane) = 1, 'One subflow carries all ',
                    printf('Subflow %d carries %.1f %% of ', ordinal, share * 100)) || text
FROM (SELECT ordinal, share FROM lane ORDER BY share DESC LIMIT 1)
JOIN spoken ON name = 'data'
UNION ALL
SELECT 'boxes', 'Median RTT ' || group_concat(text, ', ')
FROM (SELECT 'of the data ' || text AS text FROM spoken WHERE name = 'median_data'
      UNION ALL
      SELECT 'of the subflow' || iif(count(*) = 1, ' ', 's ') || low.text ||
             iif(low.text = high.text, '', ' to ' || high.text)
      FROM lane JOIN spoken low ON low.name = 'median_low'
      JOIN spoken high ON high.name = 'median_high' WHERE rtt_samples > 0 HAVING count(*) > 0)
UNION ALL
SELECT 'flight',
       ifnull((SELECT printf('%.0f %% of the time limited by ', 100 * share) || name
               FROM limitation WHERE row < 4 AND share > 0 ORDER BY share DESC LIMIT 1),
              (SELECT 'At most ' || printf('%.3g ', max(b.flight)) || y.name || ' in flight'
               FROM flight_bin b JOIN flight_axis y WHERE b.subflow_id IS NULL))
UNION ALL
SELECT 'repeats',
       iif(n = fillers, 'Nothing was captured twice; ',
           printf('%d packet%s sent again: %d reinjected, %d retransmitted', n - fillers,
                  iif(n - fillers = 1, '', 's'), reinjected, n - fillers - reinjected)) ||
       CASE WHEN n = fillers THEN printf('%d packet%s', n, iif(n = 1, ' fills a hole', 's fill holes'))
       WHEN fillers > 0 THEN printf('; %d more %s', fillers, iif(fillers = 1, 'fills a hole', 'fill holes'))
       ELSE '' END
FROM (SELECT count(*) AS n, total(filler) AS fillers, count(*) FILTER (WHERE family = 1) AS reinjected
      FROM repeat)
UNION ALL
SELECT 'reordering', 'At most ' || printf('%.3g ', (SELECT max(held) FROM held)) || y.name ||
       ' held out of order' ||
       ifnull((SELECT '; most waiting for ' || name FROM waited ORDER BY wait_ms DESC LIMIT 1), '')
FROM held_axis y
UNION ALL
SELECT 'responses', printf('Answers to %d burst%s; the slowest after %.3g ', r.n, iif(r.n = 1, '', 's'),
                          r.most / u.divisor) || u.name
FROM (SELECT count(*) AS n, max(delay_ns) AS most FROM response) r
JOIN unit u ON u.kind = 'time' AND r.most >= u.low AND r.most < u.high
UNION ALL
SELECT 'usage', iif((SELECT count(*) FROM lane) = 1, 'One subflow carries all of the data',
                    printf('Subflow %d carries %.0f %% of the data in all', ordinal, share * 100))
FROM (SELECT ordinal, share FROM lane ORDER BY share DESC LIMIT 1);
