-- compare_lab.sql - what both kernels and applications said, against a database made at one end.
-- truth(doc) holds truth.json, ends(server) is 1 if the capture is the server's.
WITH c AS (
    SELECT 1 + key AS conn, value AS j FROM truth, json_each(truth.doc, '$.connections')),
s AS (
    SELECT conn, value AS sub FROM c, json_each(c.j, '$.subflows')),
bytes AS (
    SELECT conn, 'c2s' AS direction, json_extract(j, '$.client_sent') AS sent FROM c
    UNION ALL SELECT conn, 's2c', json_extract(j, '$.server_sent') FROM c)
SELECT 'connections: ' || found || ', shall be ' || shall
FROM (SELECT (SELECT count(*) FROM connection) AS found, (SELECT count(*) FROM c) AS shall)
WHERE found <> shall
UNION ALL
SELECT conn || ': tokens ' || printf('0x%08x 0x%08x', client_token, server_token) || ', shall be ' ||
       json_extract(j, '$.client_token', '$.server_token')
FROM c JOIN connection ON connection_id = conn
WHERE (json_extract(j, '$.client_token') <> coalesce(printf('0x%08x', client_token), '')
       AND NOT (client_token IS NULL AND fallback IS 'no_mp_capable_ack')) -- the key was stripped
   OR json_extract(j, '$.server_token') <> printf('0x%08x', server_token)
UNION ALL
SELECT conn || ': client ' || client_addr || ' ' || client_port
FROM c JOIN connection ON connection_id = conn
WHERE (client_addr, client_port, server_addr, server_port) IS NOT
      (json_extract(j, '$.client_addr'), json_extract(j, '$.client_port'),
       json_extract(j, '$.server_addr'), json_extract(j, '$.server_port'))
UNION ALL
SELECT conn || ' ' || bytes.direction || ': data ' || coalesce(data_bytes, 'none') || ', shall be ' || sent
FROM bytes LEFT JOIN connection_direction d ON d.connection_id = conn AND d.direction = bytes.direction
WHERE data_bytes IS NOT sent
UNION ALL
SELECT conn || ': subflow ' || sub || ' is ' || coalesce(result, 'not there') || ', backup ' || backup
FROM s LEFT JOIN subflow f ON f.connection_id = conn
    AND (client_addr, client_port, server_addr, server_port) =
        (json_extract(sub, '$.laddr'), json_extract(sub, '$.lport'), json_extract(sub, '$.raddr'),
         json_extract(sub, '$.rport'))
WHERE (result IS 'established') IS NOT json_extract(sub, '$.established')
   OR backup IS NOT json_extract(sub, '$.backup')
UNION ALL
SELECT conn || ': ' || subflows || ' subflows established, shall be ' || shall
FROM (SELECT conn, sum(json_extract(sub, '$.established')) AS shall FROM s GROUP BY conn)
JOIN connection ON connection_id = conn WHERE subflows <> shall
UNION ALL
SELECT 'HMAC of a join is ' || coalesce(hmac, 'NULL') FROM subflow
WHERE kind = 'join' AND result = 'established' AND hmac <> 'valid'
UNION ALL
SELECT 'unmapped bytes: ' || sum(unmapped_bytes) FROM connection_direction HAVING sum(unmapped_bytes) > 0;
