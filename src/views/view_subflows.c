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

#define OF_CONNECTION "WHERE " MPS_SUBFLOW_IS_TOLD MPS_SUBFLOW_ORDER
/* The name of a subflow's interface, where it tells the subflow from others. */
#define VIA                                                                                        \
    ", iif((SELECT count(DISTINCT t.interface) FROM subflow t"                                     \
    " WHERE t.connection_id = s.connection_id) > 1, s.interface, NULL) AS via "

char *mps_view_path(MpsQuery *query)
{
    return g_strdup_printf("%s -> %s", mps_query_endpoint(query, "client").text,
                           mps_query_endpoint(query, "server").text);
}

char *mps_view_remarks(MpsQuery *query)
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

static bool print_paths(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                        GError **error)
{
    static const MpsTextColumn columns[] = {
        {"#", true},      {"client -> server", false}, {"SYN at", true},
        {"joined", true}, {"result", false},           {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) query = mps_query_new(db, "SELECT *" VIA "FROM subflow s " OF_CONNECTION);

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, limit);
    while (mps_query_next(query)) {
        g_autofree char *ordinal = g_strdup_printf("%" PRId64, mps_query_int(query, "ordinal"));
        g_autofree char *path = mps_view_path(query);
        g_autofree char *remark = mps_view_remarks(query);
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
        if (mps_query_known(query, "via")) {
            g_autofree char *name = mps_format_printable(mps_query_text(query, "via"));
            g_autofree char *via = g_strconcat("on ", name, NULL);

            mps_text_table_add_line(table, NULL, 1, via);
        }
    }
    if (!mps_text_table_is_empty(table))
        mps_text_table_print(table, out);
    return mps_query_finish(query, error);
}

static bool print_numbers(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                          GError **error)
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
    mps_query_bind_int(query, 2, limit);
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

/* A number of subflows with this result, in words. */
static char *result_words(MpsQuery *query)
{
    static const struct {
        const char *result, *words;
    } others[] = {
        {"", "of unknown result"},
        {"no_reply", "without reply"},
        {"bad_hmac", "with bad HMAC"},
        {"unknown_token", "to unknown tokens"},
    };
    const char *words = mps_query_text(query, "result");
    const int64_t n = mps_query_int(query, "n"), unused = mps_query_int(query, "unused");

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (strcmp(words, others[i].result) == 0)
            words = others[i].words;
    return unused ? g_strdup_printf("%" PRId64 " %s (%" PRId64 " unused)", n, words, unused)
                  : g_strdup_printf("%" PRId64 " %s", n, words);
}

/* What became of those that are not told, in lines of 80 columns. */
static bool print_others(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                         GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT s.result, count(*) AS n, sum(s.use IS 'unused') AS unused,"
                          " sum(count(*)) OVER () AS total FROM subflow s"
                          " WHERE s.connection_id IS nullif(?1, 0) AND NOT " MPS_SUBFLOW_IS_TOLD
                          " GROUP BY s.result ORDER BY n DESC, s.result");
    size_t column = 0;

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, limit);
    while (mps_query_next(query)) {
        g_autofree char *words = result_words(query);

        if (column == 0)
            column = (size_t)fprintf(out, "\n  %s:",
                                     mps_format_count(mps_query_int(query, "total"),
                                                      connection_id ? "more subflow" : "more join")
                                         .text);
        else
            column += (size_t)fprintf(out, ",");
        if (column + strlen(words) > 78) /* one column each for a space and a comma */
            column = (size_t)fprintf(out, "\n ") - 1;
        column += (size_t)fprintf(out, " %s", words);
    }
    if (column > 0 && connection_id)
        fprintf(out, ";\n  `mptcpscope show -c %" PRId64 "` lists all\n", connection_id);
    else if (column > 0)
        fputs(";\n  `mptcpscope export --table subflow` has all\n", out);
    return mps_query_finish(query, error);
}

bool mps_view_subflows(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out, GError **error)
{
    return print_paths(db, connection_id, limit, out, error) &&
           print_numbers(db, connection_id, limit, out, error) &&
           (limit == MPS_ALL_SUBFLOWS || print_others(db, connection_id, limit, out, error));
}

bool mps_view_unknown_joins(sqlite3 *db, FILE *out, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM subflow WHERE connection_id IS NULL", 0, &n,
                          error))
        return false;
    if (n == 0)
        return true;
    fputs("\nJoins to tokens that no connection here has\n\n", out);
    return mps_view_subflows(db, 0, MPS_JOINS_TOLD, out, error);
}
