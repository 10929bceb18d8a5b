/* view_events.c - the timeline of each connection, in words. */
#include "views/views.h"

#include <inttypes.h>

#include "views/json.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/text_table.h"

/* Reason codes of MP_TCPRST: RFC 8684 section 3.6.  A kind that is not listed, and one that lacks
 * the fields of its words, shows the fields it has.  %s says which events. */
static const char events_format[] =
    "WITH x AS (SELECT e.*, s.ordinal, c.start_ns,"
    "  c.client_addr, c.client_port, c.server_addr, c.server_port,"
    "  e.detail ->> 'address_id' AS id, e.detail ->> 'address' AS address,"
    "  e.detail ->> 'port' AS port, e.detail ->> 'backup' AS backup,"
    "  e.detail ->> 'reason' AS reason, e.detail ->> 'subtype' AS subtype"
    "  FROM event e LEFT JOIN subflow s USING (subflow_id)"
    "  LEFT JOIN connection c ON c.connection_id = e.connection_id WHERE %s)"
    " SELECT *, coalesce(CASE kind"
    " WHEN 'connection' THEN 'connection begins'"
    " WHEN 'established' THEN iif(ordinal > 0, 'join established', 'handshake complete')"
    " WHEN 'join' THEN 'asks to join, address id ' || id || iif(backup, ', as backup', '')"
    "  || ', token ' || (detail ->> 'token')"
    " WHEN 'add_addr' THEN 'announces address ' || address || coalesce(' port ' || port, '')"
    "  || ' as id ' || id"
    " WHEN 'add_addr_echo' THEN 'confirms address ' || address || coalesce(' port ' || port, '')"
    "  || ', id ' || id"
    " WHEN 'remove_addr' THEN 'withdraws address id ' || (SELECT group_concat(value, ', ')"
    "  FROM json_each(detail, '$.address_ids'))"
    " WHEN 'mp_prio' THEN 'asks for use as ' || iif(backup, 'backup', 'regular subflow')"
    "  || coalesce(', address id ' || id, '')"
    " WHEN 'mp_fail' THEN 'MP_FAIL (a checksum was wrong, or the answer to that), DSN ' || (detail "
    "->> 'dsn')"
    " WHEN 'fastclose' THEN 'closes at once'"
    " WHEN 'fallback' THEN 'connection falls back to TCP: ' || coalesce(CASE detail ->> 'cause'"
    "  WHEN 'plain_syn' THEN 'SYN sent again without MP_CAPABLE'"
    "  WHEN 'plain_synack' THEN 'SYN/ACK without MP_CAPABLE'"
    "  WHEN 'plain_third' THEN 'third packet without MP_CAPABLE'"
    "  WHEN 'no_data_ack' THEN 'acknowledgement without DSS'"
    "  WHEN 'no_mapping' THEN 'data without DSS'"
    "  WHEN 'mapping_lost' THEN 'data without DSS any more' END"
    "  || ' (packet ' || (detail ->> 'cause_packet') || ')',"
    "  CASE detail ->> 'fallback' WHEN 'mp_fail' THEN 'wrong checksum'"
    "  WHEN 'infinite_mapping' THEN 'infinite mapping' END)"
    " WHEN 'data_fin' THEN 'has sent all data'"
    " WHEN 'fin' THEN 'closes the subflow'"
    " WHEN 'reset' THEN 'resets the subflow' || coalesce(', reason ' || reason || CASE reason"
    "  WHEN 0 THEN ' (unspecified)' WHEN 1 THEN ' (MPTCP-specific error)'"
    "  WHEN 2 THEN ' (lack of resources)' WHEN 3 THEN ' (administratively prohibited)'"
    "  WHEN 4 THEN ' (too much outstanding data)' WHEN 5 THEN ' (unacceptable performance)'"
    "  WHEN 6 THEN ' (middlebox interference)' ELSE '' END, '')"
    "  || iif(detail ->> 'transient', ', transient', '')"
    "  || coalesce('; its TTL is ' || (detail ->> 'ttl') || ', before ' || (detail ->> "
    "'usual_ttl'), '')"
    " WHEN 'unreachable' THEN (detail ->> 'words') || ', says router ' || (detail ->> 'router')"
    " WHEN 'translated' THEN 'captured once more, behind an address translation: as '"
    "  || (detail ->> 'client_addr') || ' port ' || (detail ->> 'client_port') || ' -> '"
    "  || (detail ->> 'server_addr') || ' port ' || (detail ->> 'server_port')"
    " WHEN 'unknown_option' THEN 'sends ' || coalesce((detail ->> 'name')"
    "  || coalesce(': ' || (detail ->> 'value'), ''),"
    "  'unknown ' || iif(subtype IS NULL, 'TCP option kind ' || (detail ->> 'kind'),"
    "  printf('MPTCP option subtype 0x%%x', subtype)) || coalesce(', id ' || (detail ->> 'id'), '')"
    "  || ', ' || (detail ->> 'length') || ' bytes')"
    " WHEN 'malformed_option' THEN 'sends a malformed option of subtype ' || subtype || ', '"
    "  || (detail ->> 'length') || ' bytes' END,"
    "  (SELECT group_concat(key || ' ' || value, ', ') FROM json_each(detail)), '') AS words"
    " FROM x ORDER BY connection_id IS NULL, connection_id, ts_ns, capture_id, packet";

#define ALL_EVENTS    "true"
#define CONNECTION_IS "e.connection_id = ?1"

/* "-" where it is not known. */
static char *number(MpsQuery *query, const char *column)
{
    return mps_query_known(query, column)
               ? g_strdup_printf("%" PRId64, mps_query_int(query, column))
               : g_strdup("-");
}

static void add_event(MpsTextTable *table, MpsQuery *query, int64_t start_ns, bool captures)
{
    const bool of_packet = mps_query_known(query, "packet");
    g_autofree char *file = captures && of_packet ? number(query, "capture_id") : g_strdup("");
    g_autofree char *in_file = number(query, "packet");
    g_autofree char *packet = g_strconcat(file, *file ? ":" : "", in_file, NULL);
    g_autofree char *subflow = number(query, "ordinal");
    g_autofree char *words = mps_format_printable(mps_query_text(query, "words"));

    mps_text_table_add(
        table, (const char *[]){mps_format_offset(mps_query_int(query, "ts_ns") - start_ns).text,
                                packet, subflow, mps_query_text(query, "sent_by"),
                                mps_query_text(query, "kind"), words});
}

/* The timeline that begins with the row at hand.  Joins to tokens of no connection in the capture
 * have a common one. */
static void print_heading(MpsQuery *query, int64_t start_ns, FILE *out)
{
    const MpsShort start = mps_format_time(start_ns);

    if (mps_query_known(query, "connection_id")) {
        g_autofree char *path = mps_view_path(query);

        fprintf(out, "Connection %" PRId64 ": %s, from %s\n", mps_query_int(query, "connection_id"),
                path, start.text);
    } else {
        fprintf(out, "Joins to tokens that no connection here has, from %s\n", start.text);
    }
}

/* The rows from the one at hand to the last of the same connection.  True if there is another. */
static bool print_timeline(MpsQuery *query, bool captures, FILE *out)
{
    static const MpsTextColumn columns[] = {
        {"time", true},
        {"packet", true},
        {"subflow", true},
        {"by", false},
        {"event", false},
        {"", false},
        {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    const int64_t connection_id = mps_query_int(query, "connection_id");
    const int64_t start_ns =
        mps_query_int(query, mps_query_known(query, "start_ns") ? "start_ns" : "ts_ns");
    bool more = true;

    print_heading(query, start_ns, out);
    while (more && mps_query_int(query, "connection_id") == connection_id) {
        add_event(table, query, start_ns, captures);
        more = mps_query_next(query);
    }
    mps_text_table_print(table, out);
    return more;
}

static const char *wanted(int64_t connection_id)
{
    return connection_id == MPS_ALL_CONNECTIONS ? ALL_EVENTS : CONNECTION_IS;
}

bool mps_view_events(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autofree char *sql = g_strdup_printf(events_format, wanted(connection_id));
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    int64_t n_captures = 0;

    if (!mps_view_check_connection(db, connection_id, error) ||
        !mps_query_single(db, "SELECT count(*) FROM capture", 0, &n_captures, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    if (!mps_query_next(query))
        fputs("No MPTCP connection.\n", out);
    else
        while (print_timeline(query, n_captures > 1, out))
            fputc('\n', out);
    return mps_query_finish(query, error);
}

bool mps_view_events_json(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autofree char *events = g_strdup_printf(events_format, wanted(connection_id));
    g_autofree char *sql =
        g_strdup_printf("SELECT ts_ns, capture_id, packet, connection_id, subflow_id, ordinal,"
                        " kind, sent_by, detail, words FROM (%s)",
                        events);

    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    fputc('[', out);
    if (!mps_json_rows(db, sql, connection_id, ",", out, error))
        return false;
    fputs("\n]\n", out);
    return true;
}
