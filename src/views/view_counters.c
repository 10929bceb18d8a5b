/* view_counters.c - the kernel's MPTcpExt counters, recomputed per host from what it sent and
 * received.  The list and how each is counted are in counters.def. */
#include "views/views.h"

#include <inttypes.h>

#include "views/query.h"
#include "views/text_table.h"

typedef enum { EXACT, APPROXIMATE, NOT_VISIBLE } Accuracy;

static const char *const accuracy_names[] = {"exact", "approximate", "not visible"};

/* Connections with their handshakes.  The kernel counts a repeated SYN once. */
static const char connections_sql[] =
    "SELECT 0"
#define CONNECTIONS(name, accuracy, host, condition)                                               \
    ", sum('" host "' IN (?1, 'any') AND (" condition ")) AS " #name
#include "views/counters.def"
    " FROM (SELECT connection_id, fallback,"
    " sum(k.kind = 'mp_capable_syn') AS syn, sum(k.kind = 'plain_syn') AS plain_syn,"
    " sum(k.kind = 'mp_capable_synack') AS synack, sum(k.kind = 'mp_capable_ack') AS ack,"
    " sum(k.kind IN ('data_ack', 'add_addr') AND k.sent_by = 'server') AS answered,"
    " sum(k.kind = 'infinite_mapping' AND k.sent_by = ?1) AS infinite_sent,"
    " sum(k.kind = 'infinite_mapping' AND k.sent_by = ?2) AS infinite_received"
    " FROM connection JOIN signal_count k USING (connection_id) GROUP BY connection_id)";

/* Joins as the host takes part in them; other_port: the acceptor's port is not the connection's;
 * heard: some socket listened, since a RST of MPTCP has a reason. */
static const char joins_sql[] =
    "SELECT 0"
#define JOINS(name, accuracy, condition) ", sum(" condition ") AS " #name
#include "views/counters.def"
    " FROM (SELECT s.result, s.hmac, s.opened_by = ?1 AS is_opener,"
    " iif(s.opened_by = 'server', s.client_port <> c.client_port, s.server_port <> c.server_port)"
    "  AS other_port,"
    " NOT (s.result = 'refused' AND s.reset_reason IS NULL AND sum(k.kind = 'mp_join_synack') = 0)"
    "  AS heard,"
    " sum(k.kind = 'mp_join_syn') AS syn, sum(k.kind = 'mp_join_syn_backup') AS syn_backup,"
    " sum(k.kind = 'mp_join_synack') AS synack,"
    " sum(k.kind = 'mp_join_synack_backup') AS synack_backup, sum(k.kind = 'mp_join_ack') AS ack"
    " FROM subflow s JOIN connection c USING (connection_id)"
    " JOIN signal_count k USING (connection_id, subflow_id)"
    " WHERE s.kind = 'join' GROUP BY subflow_id"
    /* What names an unknown token is counted by the host that was asked, the server here. */
    " UNION ALL SELECT result, hmac, 0, 0, 1, 1, 0, 0, 0, 0 FROM subflow"
    " WHERE connection_id IS NULL AND result = 'unknown_token' AND reset_reason IS NOT NULL"
    " AND ?1 = 'server')";

static const char signals_sql[] = "SELECT 0"
#define SENT(name, accuracy, signal)                                                               \
    ", sum(iif(sent_by = ?1 AND kind = '" signal "', count, 0)) AS " #name
#define RECEIVED(name, accuracy, signal)                                                           \
    ", sum(iif(sent_by = ?2 AND kind = '" signal "', count, 0)) AS " #name
#include "views/counters.def"
                                  " FROM signal_count";

/* Stretches of data that were sent again on another subflow: the kernel counts its own fragments of
 * data, which the wire does not show. */
#define RETRANSMITTED_RUNS                                                                         \
    "SELECT count(*) FROM (SELECT data_offset, subflow_id, from_subflow_id,"                       \
    " lag(data_offset + bytes) OVER w AS end, lag(subflow_id) OVER w AS before,"                   \
    " lag(from_subflow_id) OVER w AS from_before FROM reinjection"                                 \
    " WHERE direction = iif(?1 = 'client', 'c2s', 's2c')"                                          \
    " WINDOW w AS (PARTITION BY connection_id ORDER BY ts_ns, packet, data_offset))"               \
    " WHERE (data_offset, subflow_id, from_subflow_id) IS NOT (end, before, from_before)"

/* Announcements that the host believes: @port, those with a port. */
#define ANNOUNCED(kind, port)                                                                      \
    "SELECT (SELECT ifnull(sum(count), 0) FROM signal_count WHERE sent_by = ?2 AND kind = '" kind  \
    "') - (SELECT ifnull(sum(announcements), 0) FROM address WHERE sent_by = ?2 AND kind = 'add'"  \
    " AND hmac = 'invalid'" port ")"

/* Which host was asked is not known; the accepting one is called server there. */
#define UNKNOWN_TOKENS                                                                             \
    "SELECT count(*) FROM subflow WHERE connection_id IS NULL AND result = 'unknown_token'"        \
    " AND ?1 = 'server'"

/* The first report of a wrong checksum on a subflow; the peer's own MP_FAIL only answers it. */
#define CHECKSUM_ERRORS                                                                            \
    "SELECT count(*) FROM (SELECT sent_by, min(first_ns) FROM signal_count"                        \
    " WHERE kind = 'mp_fail' GROUP BY subflow_id) WHERE sent_by = ?1"

/* Once the host has reset a subflow, it does not look at what comes there. */
#define BEFORE_OWN_RESET                                                                           \
    " FROM signal_count k JOIN subflow s USING (subflow_id) WHERE k.sent_by = ?2"                  \
    " AND NOT EXISTS (SELECT 1 FROM signal_count own WHERE own.connection_id = k.connection_id"    \
    "  AND own.subflow_id = k.subflow_id AND own.kind = 'rst' AND own.sent_by = ?1"                \
    "  AND (own.first_ns, own.first_packet) < (k.first_ns, k.first_packet))"

#define FASTCLOSES_RECEIVED                                                                        \
    "SELECT ifnull(sum(k.count), 0)" BEFORE_OWN_RESET " AND k.kind = 'fastclose'"                  \
    " AND (s.kind = 'initial' OR s.result = 'established')"

/* The options of a reset do not count while a join is not confirmed. */
#define RESETS_RECEIVED                                                                            \
    "SELECT count(*)" BEFORE_OWN_RESET " AND k.kind = 'mp_tcprst' AND s.result = 'established'"

typedef struct {
    const char *name;
    Accuracy accuracy;
    const char *sql; /* NULL: not visible */
    bool by_name;    /* a column of @sql; otherwise its only one */
} Counter;

static const Counter counters[] = {
#define CONNECTIONS(name, accuracy, host, condition) {#name, accuracy, connections_sql, true},
#define JOINS(name, accuracy, condition)             {#name, accuracy, joins_sql, true},
#define SENT(name, accuracy, signal)                 {#name, accuracy, signals_sql, true},
#define RECEIVED(name, accuracy, signal)             {#name, accuracy, signals_sql, true},
#define OWN_QUERY(name, accuracy, sql)               {#name, accuracy, sql, false},
#define HIDDEN(name)                                 {#name, NOT_VISIBLE, NULL, false},
#include "views/counters.def"
};

/* What every counter stands at on a host; meaningless where it is not visible. */
typedef struct {
    int64_t of[G_N_ELEMENTS(counters)];
} Values;

/* Takes the counters that @sql yields. */
static bool take(sqlite3 *db, const char *sql, const char *host, const char *other, Values *out,
                 GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    mps_query_bind_text(query, 1, host);
    mps_query_bind_text(query, 2, other);
    if (mps_query_next(query))
        for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
            if (counters[i].sql == sql)
                out->of[i] = counters[i].by_name ? mps_query_int(query, counters[i].name)
                                                 : sqlite3_column_int64(query->statement, 0);
    return mps_query_finish(query, error);
}

static bool take_all(sqlite3 *db, const char *host, const char *other, Values *out, GError **error)
{
    if (!take(db, connections_sql, host, other, out, error) ||
        !take(db, joins_sql, host, other, out, error) ||
        !take(db, signals_sql, host, other, out, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
        if (counters[i].sql && !counters[i].by_name &&
            !take(db, counters[i].sql, host, other, out, error))
            return false;
    return true;
}

static MpsShort shown(const Counter *counter, int64_t value, const char *unknown)
{
    MpsShort out;

    if (counter->sql)
        g_snprintf(out.text, sizeof out.text, "%" PRId64, value);
    else
        g_strlcpy(out.text, unknown, sizeof out.text);
    return out;
}

bool mps_view_counters(sqlite3 *db, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"counter", false}, {"client", true}, {"server", true}, {"accuracy", false}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 0);
    Values client = {0}, server = {0};

    if (!take_all(db, "client", "server", &client, error) ||
        !take_all(db, "server", "client", &server, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        g_autofree char *name = g_strconcat("MPTcpExt", counters[i].name, NULL);

        mps_text_table_add(table,
                           (const char *[]){name, shown(&counters[i], client.of[i], "-").text,
                                            shown(&counters[i], server.of[i], "-").text,
                                            accuracy_names[counters[i].accuracy]});
    }
    mps_text_table_print(table, out);
    return true;
}

bool mps_view_counters_json(sqlite3 *db, FILE *out, GError **error)
{
    Values client = {0}, server = {0};

    if (!take_all(db, "client", "server", &client, error) ||
        !take_all(db, "server", "client", &server, error))
        return false;
    fputc('[', out);
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
        fprintf(out,
                "%s\n{\"counter\":\"MPTcpExt%s\",\"accuracy\":\"%s\",\"client\":%s,\"server\":%s}",
                i ? "," : "", counters[i].name, accuracy_names[counters[i].accuracy],
                shown(&counters[i], client.of[i], "null").text,
                shown(&counters[i], server.of[i], "null").text);
    fputs("\n]\n", out);
    return true;
}
