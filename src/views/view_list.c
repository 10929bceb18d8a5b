/* view_list.c - one line per connection. */
#include "views/views.h"

#include <inttypes.h>
#include <string.h>

#include "views/charts.h"
#include "views/json.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/text_table.h"

#define FROM_CONNECTIONS                                                                           \
    "SELECT c.*, up.data_bytes AS c2s_bytes, down.data_bytes AS s2c_bytes FROM connection c "      \
    "LEFT JOIN connection_direction up"                                                            \
    " ON up.connection_id = c.connection_id AND up.direction = 'c2s' "                             \
    "LEFT JOIN connection_direction down"                                                          \
    " ON down.connection_id = c.connection_id AND down.direction = 's2c' "

static bool is_plain_tcp(MpsQuery *query)
{
    return mps_query_known(query, "fallback") ||
           strcmp(mps_query_text(query, "protocol"), "tcp") == 0;
}

/* How it ended; a star marks what is not MPTCP (any more). */
static char *ending(MpsQuery *query)
{
    const char *close = mps_query_text(query, "close");

    return g_strconcat(*close ? close : "-", is_plain_tcp(query) ? "*" : "", NULL);
}

static bool print_table(MpsQuery *query, bool charts, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"#", true},   {"client", false}, {"server", false}, {"sub", true},   {"lasted", true},
        {"c2s", true}, {"s2c", true},     {"close", false},  {"rate", false}, {0},
    };
    static const MpsTextColumn plain[] = {
        {"#", true},   {"client", false}, {"server", false}, {"sub", true}, {"lasted", true},
        {"c2s", true}, {"s2c", true},     {"close", false},  {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(charts ? columns : plain, 0);
    bool any_tcp = false;

    while (mps_query_next(query)) {
        g_autofree char *number =
            g_strdup_printf("%" PRId64, mps_query_int(query, "connection_id"));
        g_autofree char *subflows = g_strdup_printf("%" PRId64, mps_query_int(query, "subflows"));
        g_autofree char *close = ending(query);
        const MpsShort client = mps_query_endpoint(query, "client");
        const MpsShort server = mps_query_endpoint(query, "server");
        g_autofree char *rate =
            charts ? mps_chart_of_rate(query->db, mps_query_int(query, "connection_id"),
                                       mps_query_int(query, "start_ns"),
                                       mps_query_int(query, "end_ns"), error)
                   : g_strdup("");

        if (!rate)
            return false;
        any_tcp |= is_plain_tcp(query);
        mps_text_table_add(table,
                           (const char *[]){number, client.text, server.text, subflows,
                                            mps_query_duration(query, "duration_ns").text,
                                            mps_query_bytes(query, "c2s_bytes").text,
                                            mps_query_bytes(query, "s2c_bytes").text, close, rate});
    }
    if (!mps_query_finish(query, error))
        return false;
    if (mps_text_table_is_empty(table)) {
        fputs("No MPTCP connection.\n", out);
        return true;
    }
    mps_text_table_print(table, out);
    if (any_tcp)
        fputs("* fell back to TCP, or never was MPTCP\n", out);
    return true;
}

bool mps_view_list_unknown_joins(sqlite3 *db, FILE *out, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM subflow WHERE connection_id IS NULL", 0, &n,
                          error))
        return false;
    if (n > 0)
        fprintf(out, "%s to tokens that no connection here has.\n",
                mps_format_count(n, "join").text);
    return true;
}

bool mps_view_list(sqlite3 *db, bool charts, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, FROM_CONNECTIONS "ORDER BY c.connection_id");

    return mps_view_capture_findings(db, out, error) && print_table(query, charts, out, error) &&
           mps_view_list_unknown_joins(db, out, error);
}

bool mps_view_list_largest(sqlite3 *db, int64_t n, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, FROM_CONNECTIONS "ORDER BY ifnull(up.data_bytes, 0) + ifnull(down.data_bytes, 0) DESC,"
                             " c.connection_id LIMIT ?1");

    mps_query_bind_int(query, 1, n);
    return print_table(query, false, out, error);
}

bool mps_view_list_json(sqlite3 *db, FILE *out, GError **error)
{
    fputc('[', out);
    if (!mps_json_rows(db, FROM_CONNECTIONS "ORDER BY c.connection_id", 0, ",", out, error))
        return false;
    fputs("\n]\n", out);
    return true;
}
