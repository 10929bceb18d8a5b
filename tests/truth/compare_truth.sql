-- compare_truth.sql - every number of a generated capture's JSON that the database has otherwise.
-- The database is open; the parameters are in the temporary table truth(doc).
WITH c AS (
    SELECT 1 + key AS conn, value AS j FROM truth, json_each(truth.doc, '$.connections')),
direction AS (
    SELECT conn, key AS direction, value AS j FROM c, json_each(c.j) WHERE key IN ('c2s', 's2c')),
s AS (
    SELECT conn, e.key AS at, e.value AS j FROM c, json_each(c.j, '$.subflows') e),
-- subflows of a connection as the truth lists them: by ordinal
found AS (
    SELECT *, row_number() OVER (PARTITION BY connection_id ORDER BY ordinal) - 1 AS at
    FROM subflow),
stated(place, name, shall) AS (
    SELECT 'capture', key, value FROM truth, json_each(truth.doc)
    WHERE key IN ('packets', 'duplicate_packets')
    UNION ALL SELECT 'capture', 'connections', json_array_length(doc, '$.connections') FROM truth
    UNION ALL SELECT 'capture', 'unattached', json_array_length(doc, '$.unattached_subflows')
    FROM truth
    UNION ALL SELECT 'connection ' || conn, e.key, e.value FROM c, json_each(c.j) e
    WHERE e.key NOT IN ('c2s', 's2c', 'subflows')
    UNION ALL SELECT 'connection ' || conn, 'subflow rows', json_array_length(j, '$.subflows') FROM c
    UNION ALL SELECT 'connection ' || conn || ' ' || direction, e.key, e.value
    FROM direction, json_each(direction.j) e
    UNION ALL SELECT 'subflow ' || conn || '.' || s.at, e.key, e.value FROM s, json_each(s.j) e
    WHERE e.key NOT IN ('c2s', 's2c')
    UNION ALL SELECT 'subflow ' || conn || '.' || s.at || ' ' || e.key, f.key, f.value
    FROM s, json_each(s.j) e, json_each(e.value) f WHERE e.key IN ('c2s', 's2c')
    UNION ALL SELECT 'unattached ' || u.key, e.key, e.value
    FROM truth, json_each(truth.doc, '$.unattached_subflows') u, json_each(u.value) e
    WHERE e.key NOT IN ('c2s', 's2c')),
is_there(place, j) AS (
    SELECT 'capture', json_object('packets', packets, 'duplicate_packets', duplicate_packets,
        'connections', (SELECT count(*) FROM connection),
        'unattached', (SELECT count(*) FROM subflow WHERE connection_id IS NULL)) FROM capture
    UNION ALL SELECT 'connection ' || connection_id, json_object('version', version,
        'handshake', handshake, 'close', close, 'closed_by', closed_by, 'fallback', fallback,
        'subflow rows', (SELECT count(*) FROM subflow o WHERE o.connection_id = i.connection_id))
    FROM connection i
    UNION ALL SELECT 'connection ' || connection_id || ' ' || direction, json_object(
        'data_bytes', data_bytes, 'reinjected_bytes', reinjected_bytes, 'remapped_bytes',
        remapped_bytes, 'orphaned_bytes', orphaned_bytes, 'unmapped_bytes', unmapped_bytes,
        'retransmitted_bytes', retransmitted_bytes, 'hole_filled_bytes', hole_filled_bytes,
        'missing_bytes', missing_bytes) FROM connection_direction
    UNION ALL SELECT CASE WHEN connection_id IS NULL THEN 'unattached ' || at
            ELSE 'subflow ' || connection_id || '.' || at END,
        json_object('kind', kind, 'opened_by', opened_by, 'result', result, 'hmac', hmac) FROM found
    UNION ALL SELECT 'subflow ' || connection_id || '.' || at || ' ' || direction, json_object(
        'payload_bytes', payload_bytes, 'unique_bytes', unique_bytes, 'data_bytes', data_bytes)
    FROM found JOIN subflow_direction USING (subflow_id))
SELECT stated.place || ': ' || name || ' is ' ||
       coalesce(json_extract(j, '$."' || name || '"'), 'NULL') || ', shall be ' ||
       coalesce(shall, 'NULL')
FROM stated LEFT JOIN is_there USING (place)
WHERE j IS NULL OR json_type(j, '$."' || name || '"') IS NULL
   OR json_extract(j, '$."' || name || '"') IS NOT shall;
