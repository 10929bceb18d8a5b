-- figures.sql - what the figures show, as SQL: every number in a picture is computed here.
-- style.gpi loads it with `sqlite3 -init` and then puts one row into `chosen`.

CREATE TEMP TABLE chosen (connection_id INTEGER, direction TEXT);

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
       d.reinjected_bytes, d.goodput_bps,
       'connection ' || c.connection_id || ifnull(printf(', token 0x%08x', c.server_token), '') ||
       iif(ch.direction = 'c2s', ', client → server', ', server → client') AS words
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
       ifnull(d.payload_bytes, 0) AS payload_bytes, d.data_bytes, d.share, d.reinjected_bytes,
       d.rtt_samples, d.rtt_min_ns, d.rtt_mean_ns, d.rtt_p50_ns, d.rtt_p90_ns, d.rtt_p95_ns
FROM subject c
JOIN subflow s USING (connection_id)
LEFT JOIN subflow_direction d ON d.subflow_id = s.subflow_id AND d.direction = c.direction;

-- Those that carried payload in the direction, numbered from 1.
CREATE TEMP VIEW lane AS
SELECT *, row_number() OVER (ORDER BY ordinal) AS lane FROM any_lane WHERE payload_bytes > 0;

-- Six subflows are named in the legend, further ones share a line.
CREATE TEMP VIEW legend AS
SELECT lane AS n, color, printf('%d  %s → %s', ordinal, client, server) AS text
FROM lane WHERE ordinal < 6
UNION ALL
SELECT 1000, 0x9AA0A6,
       iif(count(*) = 1, printf('%d  %s → %s', min(ordinal), min(client), min(server)),
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
UNION ALL SELECT 'rtt_high', 'time', max(rtt_mean_ns) FROM lane WHERE rtt_samples > 0;

CREATE TEMP VIEW spoken AS
SELECT f.name, f.value,
       iif(u.divisor = 1 AND f.kind = 'bytes', CAST(f.value AS INTEGER),
           iif(f.name = 'bin', printf('%g', f.value / u.divisor), printf('%.*f', CASE WHEN f.value / u.divisor < 9.995 THEN 2
                               WHEN f.value / u.divisor < 99.95 THEN 1 ELSE 0 END,
                  f.value / u.divisor))) || ' ' || u.name AS text
FROM fact f JOIN unit u ON u.kind = f.kind AND f.value >= u.low AND f.value < u.high;

-- Bins, less what lies before the first and behind the last packet of the connection.
CREATE TEMP VIEW clipped AS
SELECT s.*, max(s.bin_start_ns, c.start_ns) AS low_ns,
       min(s.bin_start_ns + s.bin_width_ns, c.end_ns) AS high_ns
FROM subject c JOIN series s USING (connection_id, direction);

-- The bins in which DATA_ACKs moved.
CREATE TEMP VIEW progress AS
SELECT low_ns, high_ns
FROM (SELECT *, lag(data_acked_bytes) OVER (ORDER BY bin_start_ns) AS before_bytes
      FROM clipped WHERE subflow_id IS NULL AND data_acked_bytes IS NOT NULL)
WHERE data_acked_bytes > ifnull(before_bytes, 0);

-- Time axis: from the first to the last data of the direction, or its DATA_ACK; from 0 if that is
-- not far off.
CREATE TEMP VIEW extent AS
SELECT min(e.low_ns) AS low_ns, max(max(e.high_ns), min(e.low_ns) + 1000) AS high_ns, c.start_ns,
       c.connection_id, c.direction
FROM subject c
JOIN (SELECT r.first_ns AS low_ns, r.last_ns AS high_ns
      FROM chosen JOIN dsn_run r USING (connection_id, direction)
      UNION ALL
      SELECT low_ns, high_ns FROM clipped WHERE payload_bytes > 0
      UNION ALL
      SELECT low_ns, high_ns FROM progress) e;

CREATE TEMP VIEW time_axis AS
SELECT x.connection_id, x.direction, x.start_ns, u.divisor, u.name,
       (high_ns - x.start_ns) / u.divisor AS high,
       iif(low_ns - x.start_ns < (high_ns - low_ns) / 3, 0,
           (low_ns - x.start_ns) / u.divisor) AS low,
       (high_ns - low_ns) / u.divisor / 1500 AS pixel
FROM extent x JOIN unit u
ON u.kind = 'time' AND max(high_ns - x.start_ns, 1) >= u.low AND max(high_ns - x.start_ns, 1) < u.high;

CREATE TEMP VIEW data_axis AS
SELECT u.divisor, u.name
FROM (SELECT max(r.data_offset + r.bytes) AS top
      FROM chosen JOIN dsn_run r USING (connection_id, direction)) JOIN unit u
ON u.kind = 'bytes' AND max(top, 0) >= u.low AND max(top, 0) < u.high;

-- sequence.gp
CREATE TEMP VIEW run AS
SELECT r.kind, l.lane, iif(r.kind = 'reinjection', 0xB00020, l.color) AS color,
       (r.first_ns - t.start_ns) / t.divisor AS t0, (r.last_ns - t.start_ns) / t.divisor AS t1,
       t.pixel, r.data_offset / y.divisor AS y0, (r.data_offset + r.bytes) / y.divisor AS y1
FROM time_axis t JOIN data_axis y
JOIN dsn_run r USING (connection_id, direction)
JOIN lane l USING (subflow_id);

-- DATA_ACKs as a step line: known at the end of each bin.
CREATE TEMP VIEW data_ack AS
SELECT (s.high_ns - t.start_ns) / t.divisor AS t, s.data_acked_bytes / y.divisor AS y
FROM time_axis t JOIN data_axis y JOIN clipped s
WHERE s.subflow_id IS NULL AND s.data_acked_bytes IS NOT NULL
ORDER BY s.bin_start_ns;

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
       sum(s.data_bytes) AS data_bytes
FROM grid g JOIN chosen ch
JOIN series s USING (connection_id, direction)
JOIN lane l USING (subflow_id)
GROUP BY l.lane, s.bin_start_ns / g.width_ns;

-- Wire throughput of lanes 1 to @lane together, and the goodput of all.
CREATE TEMP VIEW stacked AS
SELECT l.lane, l.color, b.bin, b.width_ns,
       8e9 / b.width_ns * sum(ifnull(d.payload_bytes, 0))
           OVER (PARTITION BY b.bin ORDER BY l.lane) AS bps,
       8e9 / b.width_ns * sum(ifnull(d.data_bytes, 0)) OVER (PARTITION BY b.bin) AS goodput_bps
FROM bin b JOIN lane l LEFT JOIN binned d ON d.lane = l.lane AND d.bin = b.bin;

CREATE TEMP VIEW rate_axis AS
SELECT u.divisor, u.name
FROM (SELECT max(bps) AS top FROM stacked) JOIN unit u
ON u.kind = 'rate' AND top >= u.low AND top < u.high;

-- Each step has two points, so that fills have no seams.
CREATE TEMP VIEW step AS
SELECT k.lane, (k.bin * k.width_ns + edge.column1 * k.width_ns - t.start_ns) / t.divisor AS t,
       k.bps / r.divisor AS rate, k.goodput_bps / r.divisor AS goodput, k.color
FROM stacked k JOIN time_axis t JOIN rate_axis r JOIN (VALUES (0), (1)) edge
ORDER BY k.lane, k.bin, edge.column1;

-- rtt.gp: mean per bin; a pause of more than eight bins breaks the line.
CREATE TEMP VIEW rtt_bin AS
SELECT l.lane, l.color, s.bin_start_ns, s.bin_width_ns, s.rtt_mean_ns,
       (s.low_ns + s.high_ns) / 2 AS middle_ns,
       lag(s.bin_start_ns) OVER (PARTITION BY l.lane ORDER BY s.bin_start_ns) AS before_ns
FROM clipped s JOIN lane l USING (subflow_id)
WHERE s.rtt_samples > 0;

CREATE TEMP VIEW rtt_axis AS
SELECT u.divisor, u.name, least > 0 AND most / least > 20 AS logarithmic, least / u.divisor AS least,
       most / u.divisor AS most
FROM (SELECT min(v) AS least, max(max(v), 1) AS most -- coarse clocks measure 0
      FROM (SELECT rtt_mean_ns AS v FROM rtt_bin
            UNION ALL SELECT rtt_min_ns FROM lane WHERE rtt_samples > 0
            UNION ALL SELECT rtt_p95_ns FROM lane WHERE rtt_samples > 0)) JOIN unit u
ON u.kind = 'time' AND most >= u.low AND most < u.high;

CREATE TEMP VIEW rtt_line AS
SELECT b.lane, b.color, (b.middle_ns - t.start_ns) / t.divisor AS t,
       b.rtt_mean_ns / y.divisor AS rtt
FROM rtt_bin b JOIN time_axis t JOIN rtt_axis y
UNION ALL
SELECT b.lane, b.color, (b.bin_start_ns - t.start_ns) / t.divisor, 'NaN'
FROM rtt_bin b JOIN time_axis t WHERE b.bin_start_ns - b.before_ns > 8 * b.bin_width_ns
ORDER BY 1, 3;

CREATE TEMP VIEW rtt_summary AS
SELECT l.lane, l.ordinal, l.color, l.rtt_min_ns / y.divisor AS low, l.rtt_p50_ns / y.divisor AS median,
       l.rtt_p90_ns / y.divisor AS p90, l.rtt_p95_ns / y.divisor AS high,
       (SELECT printf('%.3g ', l.rtt_p50_ns / u.divisor) || u.name FROM unit u
        WHERE u.kind = 'time' AND l.rtt_p50_ns >= u.low AND l.rtt_p50_ns < u.high) AS text,
       printf('%.3g', l.rtt_p50_ns / y.divisor) AS short_text
FROM lane l JOIN rtt_axis y WHERE l.rtt_samples > 0;

-- share.gp: the joins that failed have a line, too.
CREATE TEMP VIEW bar AS
SELECT row_number() OVER (ORDER BY l.ordinal) AS lane, l.color,
       printf('%d  %s → %s', l.ordinal, l.client, l.server) AS path, ifnull(l.share, 0) * 100 AS percent,
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
       iif((SELECT count(*) FROM rtt_summary) > 1,
           'Mean RTT per subflow from ' || low.text || ' to ' || high.text, 'Mean RTT ' || low.text)
FROM spoken low JOIN spoken high ON high.name = 'rtt_high'
WHERE low.name = 'rtt_low'
UNION ALL
SELECT 'share', printf('Subflow %d carries %.1f %% of ', ordinal, share * 100) || text
FROM (SELECT ordinal, share FROM lane ORDER BY share DESC LIMIT 1)
JOIN spoken ON name = 'data';
