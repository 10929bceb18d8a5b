/* view_monitor.c - the lines that `ip mptcp monitor` would have printed on a host (Linux 6.18,
 * iproute2), as far as the wire shows what makes the kernel print them:
 *
 *   CREATED         client: SYN/ACK with MP_CAPABLE; server: third packet with MP_CAPABLE
 *   ESTABLISHED     client: the server's first DATA_ACK or ADD_ADDR; server: with CREATED
 *   SF_ESTABLISHED  opener: SYN/ACK with MP_JOIN that it answered by MP_JOIN, whatever the acceptor
 *                   does then; acceptor: third packet with MP_JOIN, if it was accepted
 *   SF_CLOSED       first FIN or RST, while the host had neither sent a DATA_FIN nor taken all data
 *                   and the DATA_FIN of its peer; not if it reset the subflow itself because of
 *                   what it carried (reason 6), which then stays unread
 *   ANNOUNCED, REMOVED, SF_PRIO   each ADD_ADDR, id of a REMOVE_ADDR, and MP_PRIO received
 *   CLOSED          the host sent DATA_FIN, MP_FASTCLOSE or, after a fallback, FIN; the last line
 *                   of a connection.  A host that received MP_FASTCLOSE prints none. */
#include "views/views.h"

#include <inttypes.h>
#include <string.h>

#include "views/parts.h"
#include "views/query.h"

/* Parameters: ?1 the connection or -1, ?2 the host, ?3 the other host. */
static const char sql[] =
    /* The host's connections, and its subflows as it sees them. */
    "WITH c AS MATERIALIZED (SELECT connection_id, fallback, protocol,"
    "  iif(?2 = 'client', client_token, server_token) AS token,"
    "  iif(?2 = 'client', server_addr, client_addr) AS peer_addr"
    "  FROM connection WHERE (?1 < 0 OR connection_id = ?1)"
    "  AND iif(?2 = 'client', client_token, server_token) IS NOT NULL),"
    "f AS (SELECT subflow_id, connection_id, ordinal, kind, result, opened_by = ?2 AS is_opener,"
    "  iif(?2 = 'client', client_addr, server_addr) AS saddr,"
    "  iif(?2 = 'client', client_port, server_port) AS sport,"
    "  iif(?2 = 'client', server_addr, client_addr) AS daddr,"
    "  iif(?2 = 'client', server_port, client_port) AS dport,"
    "  iif(?2 = 'client', client_addr_id, server_addr_id) AS locid,"
    "  iif(?2 = 'client', server_addr_id, client_addr_id) AS remid FROM subflow),"
    "s AS MATERIALIZED (SELECT f.subflow_id, connection_id, f.kind, result, is_opener, token,"
    "  saddr, sport, daddr, dport, locid,"
    /* Without an answer, the id that the opener took: of the first address, or as announced. */
    "  coalesce(remid, iif(daddr = peer_addr, 0, (SELECT json_extract(detail, '$.address_id')"
    "   FROM event e WHERE e.connection_id = f.connection_id AND e.kind = 'add_addr'"
    "   AND sent_by = ?3 AND json_extract(detail, '$.address') = daddr LIMIT 1))) AS remid,"
    "  EXISTS (SELECT 1 FROM signal_count b WHERE b.connection_id = f.connection_id"
    "   AND b.subflow_id = f.subflow_id AND sent_by = ?3"
    "   AND b.kind IN ('mp_join_syn_backup', 'mp_join_synack_backup')) AS backup"
    "  FROM f JOIN c USING (connection_id)),"

    /* MP_CAPABLE as the host has it confirmed. */
    "created AS MATERIALIZED (SELECT connection_id, subflow_id, min(first_ns) AS ts_ns,"
    "  first_packet AS packet FROM c JOIN signal_count USING (connection_id)"
    "  WHERE sent_by = ?3"
    "  AND kind = iif(?2 = 'client', 'mp_capable_synack', 'mp_capable_ack')"
    "  GROUP BY connection_id),"
    "established AS (SELECT connection_id, subflow_id, min(k.first_ns) AS ts_ns,"
    "  k.first_packet AS packet FROM created JOIN signal_count k USING (connection_id, subflow_id)"
    "  WHERE sent_by = ?3 AND (k.kind = iif(?2 = 'client', 'data_ack', 'mp_capable_ack')"
    "  OR (?2 = 'client' AND k.kind = 'add_addr')) GROUP BY connection_id),"
    "starts AS (SELECT 'CREATED' AS name, 1 AS rank, * FROM created"
    "  UNION ALL SELECT 'ESTABLISHED', 2, * FROM established),"

    /* From here on the host tells no more of closed subflows. */
    "over AS (SELECT connection_id, min(ts_ns) AS ts_ns, packet FROM"
    "  (SELECT connection_id, ts_ns, packet FROM c JOIN event USING (connection_id)"
    "   WHERE kind IN ('fastclose', 'fallback') OR (kind = 'data_fin' AND sent_by = ?2)"
    "   UNION ALL SELECT connection_id, first_ns, first_packet"
    "   FROM c JOIN signal_count USING (connection_id)"
    "   WHERE (kind = 'data_fin_ack' AND sent_by = ?2)"
    "   OR (kind = 'data_complete' AND sent_by = ?3)) GROUP BY connection_id),"
    "ends AS (SELECT connection_id, subflow_id, min(ts_ns) AS ts_ns, packet,"
    "  kind = 'reset' AND sent_by = ?3 AS was_reset,"
    "  kind = 'reset' AND sent_by = ?2 AND json_extract(detail, '$.reason') = 6 AS rejected,"
    "  iif(kind = 'reset' AND sent_by = ?3, detail, NULL) AS detail"
    "  FROM c JOIN event USING (connection_id) WHERE kind IN ('fin', 'reset')"
    "  GROUP BY connection_id, subflow_id),"

    "lines AS MATERIALIZED ("
    " SELECT name, rank, ts_ns, packet, connection_id, token, remid, locid, saddr, daddr, sport,"
    "  dport, NULL AS backup, NULL AS error, nullif((?2 = 'server') * 2 + EXISTS (SELECT 1 FROM "
    "signal_count d"
    "   WHERE d.connection_id = s.connection_id AND d.kind = 'deny_join' AND d.sent_by = ?3), 0)"
    "  AS flags, NULL AS reset_reason, NULL AS reset_flags"
    " FROM starts JOIN s USING (connection_id, subflow_id)"

    " UNION ALL SELECT 'SF_ESTABLISHED', 3, k.first_ns, k.first_packet, connection_id, token,"
    "  remid, locid, saddr, daddr, sport, dport, backup, NULL, NULL, NULL, NULL"
    " FROM s JOIN signal_count k USING (connection_id, subflow_id)"
    " WHERE sent_by = ?3 AND k.kind = iif(is_opener, 'mp_join_synack', 'mp_join_ack')"
    " AND iif(is_opener, EXISTS (SELECT 1 FROM signal_count a"
    "  WHERE a.connection_id = s.connection_id AND a.subflow_id = s.subflow_id"
    "  AND a.kind = 'mp_join_ack' AND a.sent_by = ?2), result = 'established')"

    " UNION ALL SELECT 'SF_PRIO', 4, ts_ns, packet, connection_id, token, remid, locid, saddr,"
    "  daddr, sport, dport, json_extract(detail, '$.backup'), NULL, NULL, NULL, NULL"
    " FROM s JOIN event e USING (connection_id, subflow_id)"
    " WHERE e.kind = 'mp_prio' AND sent_by = ?3"

    " UNION ALL SELECT 'ANNOUNCED', 5, ts_ns, packet, connection_id, token,"
    "  json_extract(detail, '$.address_id'), NULL, NULL, json_extract(detail, '$.address'), NULL,"
    "  coalesce(json_extract(detail, '$.port'), dport), NULL, NULL, NULL, NULL, NULL"
    " FROM s JOIN event e USING (connection_id, subflow_id)"
    " WHERE e.kind = 'add_addr' AND sent_by = ?3"

    " UNION ALL SELECT 'REMOVED', 6, ts_ns, packet, connection_id, token, i.value, NULL, NULL,"
    "  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    " FROM c JOIN event USING (connection_id), json_each(detail, '$.address_ids') i"
    " WHERE kind = 'remove_addr' AND sent_by = ?3"

    " UNION ALL SELECT 'SF_CLOSED', 7, ends.ts_ns, ends.packet, connection_id, token, remid, locid,"
    "  saddr, daddr, sport, dport, coalesce((SELECT json_extract(e.detail, '$.backup') FROM event e"
    "   WHERE e.connection_id = s.connection_id AND e.subflow_id = s.subflow_id"
    "   AND e.kind = 'mp_prio' AND e.sent_by = ?3 AND e.ts_ns <= ends.ts_ns"
    "   ORDER BY e.ts_ns DESC LIMIT 1), backup), iif(result = 'established' AND was_reset, 104, "
    "NULL), NULL,"
    "  iif(result = 'established', json_extract(ends.detail, '$.reason'), NULL),"
    "  iif(result = 'established', json_extract(ends.detail, '$.transient'), NULL)"
    " FROM s JOIN ends USING (connection_id, subflow_id) LEFT JOIN over USING (connection_id)"
    " WHERE NOT rejected AND (over.ts_ns IS NULL OR (ends.ts_ns, ends.packet) < (over.ts_ns, "
    "over.packet))"
    " AND (result = 'established' OR (is_opener AND (result IS NULL OR"
    "  result IN ('refused', 'stripped', 'bad_hmac'))))"
    " AND connection_id IN (SELECT connection_id FROM created))"

    " SELECT * FROM lines UNION ALL"
    " SELECT 'CLOSED', 9, max(ts_ns, coalesce(last_ns, ts_ns)) AS ts_ns, 1 << 62 AS packet,"
    "  connection_id, token, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    " FROM (SELECT connection_id, token, min(ts_ns) AS ts_ns"
    "  FROM c JOIN event USING (connection_id) WHERE sent_by = ?2"
    "  AND (kind IN ('data_fin', 'fastclose')"
    "   OR (kind = 'fin' AND (fallback IS NOT NULL OR protocol = 'tcp')))"
    "  AND connection_id IN (SELECT connection_id FROM created) GROUP BY connection_id)"
    " LEFT JOIN (SELECT connection_id, max(ts_ns) AS last_ns FROM lines GROUP BY connection_id)"
    " USING (connection_id)"
    " ORDER BY ts_ns, packet, rank";

static void print_int(MpsQuery *query, const char *column, const char *format, FILE *out)
{
    if (!mps_query_known(query, column))
        return;
    fprintf(out, " %s=", column);
    fprintf(out, format, mps_query_int(query, column));
}

static void print_address(MpsQuery *query, const char *column, FILE *out)
{
    const char *address = mps_query_text(query, column);

    if (*address)
        fprintf(out, " %s%c=%s", column, strchr(address, ':') ? '6' : '4', address);
}

bool mps_view_monitor(sqlite3 *db, const char *host, int64_t connection_id, FILE *out,
                      GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_text(query, 2, host);
    mps_query_bind_text(query, 3, strcmp(host, "client") == 0 ? "server" : "client");
    while (mps_query_next(query)) {
        fprintf(out, "[%14s]", mps_query_text(query, "name"));
        print_int(query, "token", "%08" PRIx64, out);
        print_int(query, "remid", "%" PRId64, out);
        print_int(query, "locid", "%" PRId64, out);
        print_address(query, "saddr", out);
        print_address(query, "daddr", out);
        print_int(query, "sport", "%" PRId64, out);
        print_int(query, "dport", "%" PRId64, out);
        print_int(query, "backup", "%" PRId64, out);
        print_int(query, "error", "%" PRId64, out); /* ECONNRESET; others are the host's own */
        print_int(query, "flags", "%" PRIx64, out);
        print_int(query, "reset_reason", "%" PRId64, out);
        print_int(query, "reset_flags", "0x%" PRIx64, out);
        fputc('\n', out);
    }
    return mps_query_finish(query, error);
}
