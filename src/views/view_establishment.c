/* view_establishment.c - the connection establishment, checked as the published study does by eye:
 * one table per handshake, one line per check, one column per packet. */
#include <inttypes.h>
#include <string.h>

#include "views/check.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/text_table.h"

/* The steps of a handshake that have a column, in order. */
enum { SYN, SYNACK, ACK, DATA, N_STEPS };

static const char *const steps[N_STEPS] = {"syn", "synack", "ack", "data"};
static const char *const step_names[N_STEPS] = {"SYN", "SYN/ACK", "ACK", "data"};

/* How a line gets its cell from the row of a packet. */
typedef enum { NUMBER, SUBTYPE, TEXT, HEX32, FLAG, HMAC } Cell;

typedef struct {
    const char *label;
    const char *column;
    Cell cell;
    int flag;          /* FLAG: mask */
    const char *rules; /* whose verdict the line shows, as an SQL list */
} Line;

static const Line capable_lines[] = {
    {"option kind", "kind", NUMBER, 0, "'OPT-01'"},
    {"subtype", "subtype", SUBTYPE, 0, "'OPT-02', 'OPT-05'"},
    {"length", "length", NUMBER, 0, "'MPC-01', 'MPC-02', 'MPC-03', 'MPC-04'"},
    {"version", "version", NUMBER, 0, "'MPC-01', 'MPC-06'"},
    {"A  checksum required", "flags", FLAG, 0x80, "'MPC-11', 'DSS-03'"},
    {"B  extensibility", "flags", FLAG, 0x40, "'MPC-07', 'MPC-20'"},
    {"C  no subflows to this address", "flags", FLAG, 0x20, "'MPC-19'"},
    {"D  unassigned", "flags", FLAG, 0x10, "'MPC-09'"},
    {"E  unassigned", "flags", FLAG, 0x08, "'MPC-09'"},
    {"F  unassigned", "flags", FLAG, 0x04, "'MPC-09'"},
    {"G  unassigned", "flags", FLAG, 0x02, "'MPC-09'"},
    {"H  HMAC algorithm", "flags", FLAG, 0x01, "'MPC-08', 'MPC-09', 'MPC-10'"},
    {"key of the sender", "sender_key", TEXT, 0, "'MPC-02', 'MPC-13'"},
    {"key of the receiver", "receiver_key", TEXT, 0, "'MPC-12'"},
    {"data-level length", "data_bytes", NUMBER, 0, "'MPC-04', 'MPC-17'"},
    {0},
};

static const Line join_lines[] = {
    {"option kind", "kind", NUMBER, 0, "'OPT-01'"},
    {"subtype", "subtype", SUBTYPE, 0, "'OPT-02', 'OPT-05'"},
    {"length", "length", NUMBER, 0, "'JOIN-01', 'JOIN-02', 'JOIN-03'"},
    {"B  backup", "backup", NUMBER, 0, "'JOIN-19'"},
    {"address id", "address_id", NUMBER, 0, "'JOIN-12', 'JOIN-13'"},
    {"token of the receiver", "token", HEX32, 0, "'SEC-01'"},
    {"nonce", "nonce", HEX32, 0, "'SEC-07', 'JOIN-19'"},
    {"HMAC", "hmac", HMAC, 0, "'SEC-03', 'SEC-04'"},
    {0},
};

/* SQL has its own lines. */
/* clang-format off */

/* The first packet of each step of subflow ?1. */
static const char packets_sql[] =
    "SELECT * FROM (SELECT e.*, row_number() OVER (PARTITION BY step ORDER BY ts_ns, packet) AS nth"
    "  FROM establishment e WHERE e.subflow_id = ?1) WHERE nth = 1";

static const char subflows_sql[] =
    "SELECT s.*, c.client_key, c.server_key, c.client_token, c.server_token, c.client_idsn,"
    " c.server_idsn, c.version, c.fallback, c.handshake,"
    " (SELECT a.packet FROM address a WHERE a.connection_id = s.connection_id AND a.kind = 'add'"
    "   AND a.sent_by <> s.opened_by AND a.ts_ns <= s.syn_ns AND a.address ="
    "   iif(s.opened_by = 'client', s.server_addr, s.client_addr) LIMIT 1) AS announced"
    " FROM subflow s LEFT JOIN connection c USING (connection_id)"
    " WHERE (?1 < 0 OR s.connection_id = ?1)"
    " ORDER BY s.connection_id IS NULL, s.connection_id, s.ordinal, s.subflow_id";

/* %s: rules.  The worst verdict on subflow ?2 of connection ?1, or on no single subflow of it, and
 * the rules that have one; faults of other packets are not the handshake's. */
static const char verdict_format[] =
    "SELECT replace(group_concat(DISTINCT rule_id), ',', ', ') AS rules, CASE min(CASE verdict WHEN 'violation' THEN 1 WHEN 'warning' THEN 2 WHEN 'pass' THEN 3"
    "  WHEN 'not_checkable' THEN 4 END) WHEN 1 THEN 'VIOLATION' WHEN 2 THEN 'warning'"
    "  WHEN 3 THEN 'pass' WHEN 4 THEN 'unchecked' END AS verdict FROM"
    " (SELECT * FROM finding ORDER BY rule_id) f"
    " WHERE connection_id IS nullif(?1, 0) AND (subflow_id IS NULL OR subflow_id = ?2)"
    " AND rule_id IN (%s) AND (packet IS NULL OR EXISTS (SELECT 1 FROM establishment e"
    "  WHERE e.subflow_id = ?2 AND e.capture_id = f.capture_id AND e.packet = f.packet))";

/* clang-format on */

static char *cell(MpsQuery *packet, const Line *line)
{
    const int64_t number = mps_query_int(packet, line->column);

    if (!mps_query_known(packet, line->column))
        return g_strdup("-");
    switch (line->cell) {
    case SUBTYPE:
        return g_strdup_printf("0x%" PRIx64 " %s", number, number ? "MP_JOIN" : "MP_CAPABLE");
    case HEX32:
        return g_strdup(mps_format_token(number).text);
    case FLAG:
        return g_strdup(number & line->flag ? "1" : "0");
    case HMAC: {
        const char *hmac = mps_query_text(packet, "hmac");

        return g_strdup_printf("%.16s%s %s", hmac, strlen(hmac) > 16 ? "..." : "",
                               mps_query_text(packet, "hmac_state"));
    }
    case NUMBER:
    case TEXT:
        break;
    }
    return g_strdup(mps_query_text(packet, line->column));
}

/* Cells of all lines, by step; each newly allocated or NULL. */
typedef struct {
    char *heading[N_STEPS];
    GPtrArray *cells[N_STEPS]; /* NULL: no such packet */
} Columns;

static bool read_packets(sqlite3 *db, int64_t subflow_id, const Line *lines, Columns *out,
                         GError **error)
{
    g_autoptr(MpsQuery) packet = mps_query_new(db, packets_sql);

    mps_query_bind_int(packet, 1, subflow_id);
    while (mps_query_next(packet)) {
        int step = 0;

        while (step < N_STEPS - 1 && strcmp(mps_query_text(packet, "step"), steps[step]) != 0)
            step++;
        out->heading[step] =
            g_strdup_printf("%s (%" PRId64 ")", step_names[step], mps_query_int(packet, "packet"));
        out->cells[step] = g_ptr_array_new_with_free_func(g_free);
        for (const Line *line = lines; line->label; line++)
            g_ptr_array_add(out->cells[step], cell(packet, line));
    }
    return mps_query_finish(packet, error);
}

/* Whether some packet has a value on line @i: without one there is nothing to judge. */
static bool has_value(const Columns *columns, guint i)
{
    for (int step = 0; step < N_STEPS; step++)
        if (columns->cells[step] && strcmp(g_ptr_array_index(columns->cells[step], i), "-") != 0)
            return true;
    return false;
}

static void print_columns(sqlite3 *db, int64_t connection_id, int64_t subflow_id, const Line *lines,
                          const Columns *columns, FILE *out)
{
    MpsTextColumn head[1 + N_STEPS + 2 + 1] = {{"check", false}};
    const char *cells[1 + N_STEPS + 2];
    int n = 1;

    for (int step = 0; step < N_STEPS; step++)
        if (columns->cells[step])
            head[n++] = (MpsTextColumn){columns->heading[step], false};
    head[n++] = (MpsTextColumn){"verdict", false};
    head[n] = (MpsTextColumn){"rules", false};

    g_autoptr(MpsTextTable) table = mps_text_table_new(head, 2);

    for (guint i = 0; lines[i].label; i++) {
        g_autofree char *sql = g_strdup_printf(verdict_format, lines[i].rules);
        g_autoptr(MpsQuery) query = mps_query_new(db, sql);

        mps_query_bind_int(query, 1, connection_id);
        mps_query_bind_int(query, 2, subflow_id);

        const bool judged =
            has_value(columns, i) && mps_query_next(query) && mps_query_known(query, "verdict");

        n = 0;
        cells[n++] = lines[i].label;
        for (int step = 0; step < N_STEPS; step++)
            if (columns->cells[step])
                cells[n++] = g_ptr_array_index(columns->cells[step], i);
        cells[n++] = judged ? mps_query_text(query, "verdict") : "-";
        cells[n] = judged ? mps_query_text(query, "rules") : "-";
        mps_text_table_add(table, cells);
    }
    mps_text_table_print(table, out);
}

/* What the keys give: tokens and initial data sequence numbers. */
static void print_keys(MpsQuery *subflow, FILE *out)
{
    for (int side = 0; side < 2; side++) {
        const char *name = side ? "server" : "client";
        g_autofree char *key = g_strconcat(name, "_key", NULL);
        g_autofree char *token = g_strconcat(name, "_token", NULL);
        g_autofree char *idsn = g_strconcat(name, "_idsn", NULL);

        if (mps_query_known(subflow, key))
            fprintf(out, "  %s: key %s, hence token %s, IDSN %s\n", name,
                    mps_query_text(subflow, key), mps_query_token(subflow, token).text,
                    mps_query_text(subflow, idsn));
    }
}

static void print_join(MpsQuery *subflow, FILE *out)
{
    const char *result = mps_query_text(subflow, "result");

    fprintf(out, "  opened by the %s; %s%s%s%s", mps_query_text(subflow, "opened_by"),
            *result ? result : "not seen to be established",
            mps_query_known(subflow, "result_detail") ? " (" : "",
            mps_query_text(subflow, "result_detail"),
            mps_query_known(subflow, "result_detail") ? ")" : "");
    if (mps_query_known(subflow, "announced"))
        fprintf(out, "; destination announced by ADD_ADDR in packet %" PRId64,
                mps_query_int(subflow, "announced"));
    fputc('\n', out);
}

static bool print_subflow(sqlite3 *db, MpsQuery *subflow, FILE *out, GError **error)
{
    const bool join = strcmp(mps_query_text(subflow, "kind"), "join") == 0;
    const int64_t connection_id = mps_query_int(subflow, "connection_id");
    const int64_t subflow_id = mps_query_int(subflow, "subflow_id");
    const Line *lines = join ? join_lines : capable_lines;
    g_autofree char *path = mps_view_path(subflow);
    Columns columns = {0};

    if (!read_packets(db, subflow_id, lines, &columns, error))
        return false;
    if (connection_id == 0)
        fprintf(out, "Join to a token of no connection in the capture  %s\n", path);
    else if (join)
        fprintf(out, "Connection %" PRId64 ", join %" PRId64 "  %s\n", connection_id,
                mps_query_int(subflow, "ordinal"), path);
    else
        fprintf(out, "Connection %" PRId64 "  %s  handshake captured: %s%s%s\n", connection_id,
                path, mps_query_text(subflow, "handshake"),
                mps_query_known(subflow, "fallback") ? ", fell back: " : "",
                mps_query_text(subflow, "fallback"));
    print_columns(db, connection_id, subflow_id, lines, &columns, out);
    if (join)
        print_join(subflow, out);
    else
        print_keys(subflow, out);
    fputc('\n', out);
    for (int step = 0; step < N_STEPS; step++) {
        g_free(columns.heading[step]);
        g_clear_pointer(&columns.cells[step], g_ptr_array_unref);
    }
    return true;
}

bool mps_view_establishment(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) subflow = mps_query_new(db, subflows_sql);
    bool any = false;

    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    mps_query_bind_int(subflow, 1, connection_id);
    while (mps_query_next(subflow)) {
        any = true;
        if (!print_subflow(db, subflow, out, error))
            return false;
    }
    if (!any)
        fputs("No MPTCP connection.\n", out);
    return mps_query_finish(subflow, error);
}
