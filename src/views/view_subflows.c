/* view_subflows.c - the subflows of one connection as two tables: who and what became of it; how
 * much, how fast. */
#include "views/parts.h"

#include <inttypes.h>
#include <string.h>

#include "views/text_table.h"

/* A pair of addresses longer than this has a line of its own. */
#define PATH_WIDTH 40
/* Remarks longer than this have, too. */
#define REMARKS_WIDTH 8

/* ?1 is a connection, or 0 for subflows without one. */
#define OF_CONNECTION "WHERE s.connection_id IS nullif(?1, 0) ORDER BY s.ordinal, s.subflow_id"

char *mps_view_path(MpsQuery *query)
{
    return g_strdup_printf("%s -> %s", mps_query_endpoint(query, "client").text,
                           mps_query_endpoint(query, "server").text);
}

/* What is unusual about the subflow: ", backup, unused". */
static char *remarks(MpsQuery *query)
{
    GString *text = g_string_new(NULL);

    if (strcmp(mps_query_text(query, "kind"), "join") == 0 &&
        strcmp(mps_query_text(query, "opened_by"), "server") == 0)
        g_string_append(text, ", by server");
    if (mps_query_int(query, "backup"))
        g_string_append(text, ", backup");
    if (strcmp(mps_query_text(query, "use"), "unused") == 0)
        g_string_append(text, ", unused");
    else if (strcmp(mps_query_text(query, "use"), "under_used") == 0)
        g_string_append(text, ", under-used");
    if (strcmp(mps_query_text(query, "close"), "reset") == 0 &&
        strcmp(mps_query_text(query, "result"), "established") == 0) {
        g_string_append(text, ", reset");
        if (mps_query_known(query, "closed_by"))
            g_string_append_printf(text, " by %s", mps_query_text(query, "closed_by"));
    }
    if (mps_query_known(query, "result_detail")) {
        g_autofree char *detail = mps_format_printable(mps_query_text(query, "result_detail"));

        g_string_append_printf(text, ", %s", detail);
    }
    return g_string_free(text, FALSE);
}

static bool print_paths(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"#", true},      {"client -> server", false}, {"SYN at", true},
        {"joined", true}, {"result", false},           {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(db, "SELECT * FROM subflow s " OF_CONNECTION);

    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query)) {
        g_autofree char *ordinal = g_strdup_printf("%" PRId64, mps_query_int(query, "ordinal"));
        g_autofree char *path = mps_view_path(query);
        g_autofree char *remark = remarks(query);
        const bool long_remark = strlen(remark) > REMARKS_WIDTH;
        g_autofree char *result =
            g_strconcat(mps_query_known(query, "result") ? mps_query_text(query, "result") : "-",
                        long_remark ? "" : remark, NULL);
        const bool long_path = strlen(path) > PATH_WIDTH;

        if (long_path)
            mps_text_table_add_line(table, ordinal, 1, path);
        mps_text_table_add(
            table, (const char *[]){long_path ? "" : ordinal, long_path ? "" : path,
                                    mps_query_duration(query, "join_syn_delay_ns").text,
                                    mps_query_duration(query, "join_delay_ns").text, result});
        if (long_remark)
            mps_text_table_add_line(table, NULL, 1, remark + 2);
    }
    if (!mps_text_table_is_empty(table))
        mps_text_table_print(table, out);
    return mps_query_finish(query, error);
}

static bool print_numbers(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"#", true},   {"dir", false}, {"data", true},     {"share", true},     {"RTT mean", true},
        {"min", true}, {"max", true},  {"retrans.", true}, {"reinject.", true}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT s.ordinal, d.* FROM subflow s JOIN subflow_direction d"
                          " USING (subflow_id) " OF_CONNECTION ", d.direction");

    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query)) {
        g_autofree char *ordinal = g_strdup_printf("%" PRId64, mps_query_int(query, "ordinal"));

        if (mps_query_int(query, "payload_bytes") == 0)
            continue;
        mps_text_table_add(table,
                           (const char *[]){ordinal, mps_query_text(query, "direction"),
                                            mps_query_bytes(query, "data_bytes").text,
                                            mps_query_percent(query, "share").text,
                                            mps_query_duration(query, "rtt_mean_ns").text,
                                            mps_query_duration(query, "rtt_min_ns").text,
                                            mps_query_duration(query, "rtt_max_ns").text,
                                            mps_query_bytes(query, "retransmitted_bytes").text,
                                            mps_query_bytes(query, "reinjected_bytes").text});
    }
    if (!mps_text_table_is_empty(table)) {
        fputc('\n', out);
        mps_text_table_print(table, out);
    }
    return mps_query_finish(query, error);
}

bool mps_view_subflows(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    return print_paths(db, connection_id, out, error) &&
           print_numbers(db, connection_id, out, error);
}
