/* show_rows.c - see show_rows.h. */
#include "views/show_rows.h"

#include <inttypes.h>

#include "views/query.h"
#include "views/text_table.h"

/* Rows shown before pointing to `export`. */
#define REINJECTIONS_SHOWN 20
#define EVENTS_SHOWN       200
#define ADDRESSES_SHOWN    50
#define STALLS_SHOWN       20
#define OPTIONS_SHOWN      50

#define SUBFLOWS_WAITED_FOR_SHOWN 40

/* "ordinal", or "-" if it is not known. */
static MpsShort ordinal(MpsQuery *query, const char *column)
{
    MpsShort out = {"-"};

    if (mps_query_known(query, column))
        g_snprintf(out.text, sizeof out.text, "%" PRId64, mps_query_int(query, column));
    return out;
}

/* A packet number means something in its capture only; one capture needs no name. */
static MpsShort packet(MpsQuery *query, bool several_captures)
{
    MpsShort out;

    if (several_captures)
        g_snprintf(out.text, sizeof out.text, "%" PRId64 ":%" PRId64,
                   mps_query_int(query, "capture_id"), mps_query_int(query, "packet"));
    else
        g_snprintf(out.text, sizeof out.text, "%" PRId64, mps_query_int(query, "packet"));
    return out;
}

static bool several_captures(sqlite3 *db, bool *several, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM capture", 0, &n, error))
        return false;
    *several = n > 1;
    return true;
}

static bool print_matrix(sqlite3 *db, int64_t connection_id, bool *any, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"dir", false},       {"first on", true}, {"again on", true},
        {"bytes", true},      {"times", true},    {"useless", true},
        {"delay mean", true}, {"max", true},      {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT r.direction, x.ordinal AS first_on, y.ordinal AS again_on,"
            " sum(r.bytes) AS bytes, count(*) AS times,"
            " sum(CASE WHEN r.acked THEN r.bytes ELSE 0 END) AS useless_bytes,"
            " CAST(avg(r.delay_ns) AS INTEGER) AS mean_ns, max(r.delay_ns) AS max_ns"
            " FROM reinjection r LEFT JOIN subflow x ON x.subflow_id = r.from_subflow_id"
            " LEFT JOIN subflow y ON y.subflow_id = r.subflow_id"
            " WHERE r.connection_id = ?1 GROUP BY r.direction, x.ordinal, y.ordinal"
            " ORDER BY r.direction, x.ordinal, y.ordinal");

    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query))
        mps_text_table_add(
            table, (const char *[]){
                       mps_query_text(query, "direction"), ordinal(query, "first_on").text,
                       ordinal(query, "again_on").text, mps_query_bytes(query, "bytes").text,
                       mps_query_text(query, "times"), mps_query_bytes(query, "useless_bytes").text,
                       mps_query_duration(query, "mean_ns").text,
                       mps_query_duration(query, "max_ns").text});
    *any = !mps_text_table_is_empty(table);
    if (*any) {
        fputs("\nReinjections (useless: acknowledged before they were sent)\n", out);
        mps_text_table_print(table, out);
    }
    return mps_query_finish(query, error);
}

/* "... and N more" under a table that was cut. */
static bool print_rest(sqlite3 *db, const char *count_sql, int64_t connection_id, int64_t shown,
                       const char *table, FILE *out, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, count_sql, connection_id, &n, error))
        return false;
    if (n > shown)
        fprintf(out, "  ... and %" PRId64 " more: `mptcpscope export --table %s`\n", n - shown,
                table);
    return true;
}

bool mps_show_reinjections(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                           GError **error)
{
    static const MpsTextColumn columns[] = {
        {"time", true},     {"packet", true},
        {"dir", false},     {"first on", true},
        {"again on", true}, {"data offset", true},
        {"bytes", true},    {"delay", true},
        {"", false},        {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT r.*, x.ordinal AS first_on, y.ordinal AS again_on"
            " FROM reinjection r LEFT JOIN subflow x ON x.subflow_id = r.from_subflow_id"
            " LEFT JOIN subflow y ON y.subflow_id = r.subflow_id"
            " WHERE r.connection_id = ?1 ORDER BY r.ts_ns, r.packet, r.data_offset LIMIT ?2");
    bool any = false, several = false;

    if (!print_matrix(db, connection_id, &any, out, error) ||
        !several_captures(db, &several, error))
        return false;
    if (!any)
        return true;
    fputc('\n', out);
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, REINJECTIONS_SHOWN);
    while (mps_query_next(query))
        mps_text_table_add(
            table,
            (const char *[]){mps_format_offset(mps_query_int(query, "ts_ns") - start_ns).text,
                             packet(query, several).text, mps_query_text(query, "direction"),
                             ordinal(query, "first_on").text, ordinal(query, "again_on").text,
                             mps_query_text(query, "data_offset"), mps_query_text(query, "bytes"),
                             mps_query_duration(query, "delay_ns").text,
                             mps_query_int(query, "acked") ? "useless" : ""});
    if (!mps_query_finish(query, error))
        return false;
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM reinjection WHERE connection_id = ?1",
                      connection_id, REINJECTIONS_SHOWN, "reinjection", out, error);
}

bool mps_show_addresses(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                        GError **error)
{
    static const MpsTextColumn columns[] = {
        {"time", true},
        {"packet", true},
        {"by", false},
        {"what", false},
        {"id", true},
        {"address", false},
        {"HMAC", false},
        {"times", true},
        {"echo after", true},
        {"outcome", false},
        {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT *, address || coalesce(' port ' || port, '') AS place,"
            " echoed_ns - ts_ns AS echo_delay_ns FROM address"
            " WHERE connection_id = ?1 ORDER BY ts_ns, capture_id, packet, address_id LIMIT ?2");
    bool several = false;

    if (!several_captures(db, &several, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, ADDRESSES_SHOWN);
    while (mps_query_next(query))
        mps_text_table_add(
            table,
            (const char *[]){mps_format_offset(mps_query_int(query, "ts_ns") - start_ns).text,
                             packet(query, several).text, mps_query_text(query, "sent_by"),
                             mps_query_text(query, "kind"), mps_query_text(query, "address_id"),
                             mps_query_text(query, "place"), mps_query_text(query, "hmac"),
                             mps_query_text(query, "announcements"),
                             mps_query_duration(query, "echo_delay_ns").text,
                             mps_query_text(query, "outcome")});
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table))
        return true;
    fputs("\nAddresses\n", out);
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM address WHERE connection_id = ?1", connection_id,
                      ADDRESSES_SHOWN, "address", out, error);
}

bool mps_show_stalls(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                     GError **error)
{
    static const MpsTextColumn columns[] = {
        {"time", true},   {"packet", true},    {"dir", false},
        {"what", false},  {"length", true},    {"outstanding", true},
        {"cause", false}, {"ended by", false}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT t.*, coalesce(t.cause, 'not visible') AS why,"
                          " coalesce(t.ended_by, 'nothing') AS ended, CASE t.kind"
                          " WHEN 'no_data_ack' THEN 'stall' WHEN 'stale' THEN 'stale ' || s.ordinal"
                          " WHEN 'closed_window' THEN 'closed window' ELSE t.kind END AS what FROM "
                          "stall t LEFT JOIN subflow s USING (subflow_id)"
                          " WHERE t.connection_id = ?1 ORDER BY t.start_ns, t.direction LIMIT ?2");
    bool several = false;

    if (!several_captures(db, &several, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, STALLS_SHOWN);
    while (mps_query_next(query))
        mps_text_table_add(
            table, (const char *[]){
                       mps_format_offset(mps_query_int(query, "start_ns") - start_ns).text,
                       packet(query, several).text, mps_query_text(query, "direction"),
                       mps_query_text(query, "what"), mps_query_duration(query, "length_ns").text,
                       mps_query_bytes(query, "outstanding_bytes").text,
                       mps_query_text(query, "why"), mps_query_text(query, "ended")});
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table))
        return true;
    fputs("\nStalls (no new DATA_ACK), closed windows, idle hosts, stale subflows\n", out);
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM stall WHERE connection_id = ?1", connection_id,
                      STALLS_SHOWN, "stall", out, error);
}

bool mps_show_head_of_line(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"dir", false},       {"subflow", true}, {"early", true},
        {"late", true},       {"again", true},   {"waited", true},
        {"altogether", true}, {"B s", true},     {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT h.*, s.ordinal, printf('%.1f', waited_for_byte_s) AS byte_s FROM head_of_line h"
            " LEFT JOIN subflow s USING (subflow_id) WHERE h.connection_id = ?1"
            " ORDER BY h.direction, s.ordinal LIMIT ?2");

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, SUBFLOWS_WAITED_FOR_SHOWN);
    while (mps_query_next(query))
        mps_text_table_add(
            table,
            (const char *[]){
                mps_query_text(query, "direction"), ordinal(query, "ordinal").text,
                mps_query_text(query, "reordered_packets"), mps_query_text(query, "late_packets"),
                mps_query_text(query, "duplicate_packets"), mps_query_text(query, "waits"),
                mps_query_duration(query, "waited_for_ns").text, mps_query_text(query, "byte_s")});
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table))
        return true;
    fputs("\nOut of order: packets that came early, late, or again; how often and long data waited "
          "for the subflow\n",
          out);
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM head_of_line WHERE connection_id = ?1",
                      connection_id, SUBFLOWS_WAITED_FOR_SHOWN, "head_of_line", out, error);
}

bool mps_show_options(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                      GError **error)
{
    static const MpsTextColumn columns[] = {
        {"time", true},  {"packet", true},    {"subflow", true},  {"by", false}, {"option", false},
        {"times", true}, {"at first", false}, {"at last", false}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT o.*, o.first_capture_id AS capture_id, o.first_packet AS packet, s.ordinal"
            " FROM v_option o LEFT JOIN subflow s USING (subflow_id) WHERE o.connection_id = ?1"
            " ORDER BY o.first_ns, o.first_capture_id, o.first_packet, o.words LIMIT ?2");
    bool several = false;

    if (!several_captures(db, &several, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, OPTIONS_SHOWN);
    while (mps_query_next(query)) {
        g_autofree char *words = mps_format_printable(mps_query_text(query, "words"));
        g_autofree char *first = mps_format_printable(mps_query_text(query, "first_value"));
        g_autofree char *last = mps_format_printable(mps_query_text(query, "last_value"));

        mps_text_table_add(
            table,
            (const char *[]){mps_format_offset(mps_query_int(query, "first_ns") - start_ns).text,
                             packet(query, several).text, ordinal(query, "ordinal").text,
                             mps_query_text(query, "sent_by"), words,
                             mps_query_text(query, "count"), first, last});
    }
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table))
        return true;
    fputs("\nOptions that are not decoded, or named by the user\n", out);
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM option_count WHERE connection_id = ?1",
                      connection_id, OPTIONS_SHOWN, "option_count", out, error);
}

bool mps_show_events(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                     GError **error)
{
    static const MpsTextColumn columns[] = {
        {"time", true}, {"packet", true}, {"subflow", true}, {"by", false}, {"event", false}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    /* The members of the JSON object become "key value, key value"; the ordinal has a column. */
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT e.*, s.ordinal, CASE WHEN json_valid(e.detail)"
            " THEN (SELECT group_concat(key || ' ' || value, ', ') FROM json_each(e.detail)"
            "       WHERE key <> 'ordinal')"
            " ELSE e.detail END AS words"
            " FROM event e LEFT JOIN subflow s USING (subflow_id)"
            " WHERE e.connection_id = ?1 ORDER BY e.ts_ns, e.capture_id, e.packet LIMIT ?2");
    bool several = false;

    if (!several_captures(db, &several, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, EVENTS_SHOWN);
    while (mps_query_next(query)) {
        g_autofree char *words = mps_format_printable(mps_query_text(query, "words"));
        g_autofree char *what =
            g_strconcat(mps_query_text(query, "kind"), *words ? ": " : "", words, NULL);

        mps_text_table_add(
            table,
            (const char *[]){mps_format_offset(mps_query_int(query, "ts_ns") - start_ns).text,
                             packet(query, several).text, ordinal(query, "ordinal").text,
                             mps_query_text(query, "sent_by"), what});
    }
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table))
        return true;
    fputs("\nEvents\n", out);
    mps_text_table_print(table, out);
    return print_rest(db, "SELECT count(*) FROM event WHERE connection_id = ?1", connection_id,
                      EVENTS_SHOWN, "event", out, error);
}
