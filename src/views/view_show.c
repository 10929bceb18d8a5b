/* view_show.c - everything about one connection.  Columns keep their names of the database, so that
 * what is read here can be asked for there; a column that no group names is shown all the same. */
#include "views/views.h"

#include <inttypes.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "views/charts.h"
#include "views/connection_json.h"
#include "views/left_out.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/show_findings.h"
#include "views/show_rows.h"
#include "views/text_table.h"

typedef struct {
    const char *heading;
    const char *const *columns; /* NULL-terminated; NULL: all columns that no group has */
} Group;

/* Columns that the head line has shown already. */
static const char *const in_head[] = {"connection_id", "subflow_id",  "direction",
                                      "ordinal",       "client_addr", "client_port",
                                      "server_addr",   "server_port", NULL};

static const Group connection_groups[] = {
    {"Protocol",
     (const char *const[]){"protocol", "version", "handshake", "checksum", "fallback", NULL}},
    {"Hosts", (const char *const[]){"client_key", "server_key", "client_token", "server_token",
                                    "client_idsn", "server_idsn", NULL}},
    {"Time", (const char *const[]){"start_ns", "established_ns", "end_ns", "duration_ns", "close",
                                   "closed_by", "vantage", NULL}},
    {"Inferred, with confidence and evidence",
     (const char *const[]){"path_manager", "path_manager_confidence", "path_manager_evidence",
                           "scheduler", "scheduler_confidence", "scheduler_evidence", NULL}},
    {"Counts and more", NULL},
    {0},
};

static const Group subflow_groups[] = {{NULL, NULL}, {0}};

/* Times on the clock, shown relative to the start of the connection. */
static const char *const clock_columns[] = {"established_ns",   "end_ns",          "syn_ns",
                                            "first_payload_ns", "last_payload_ns", NULL};

static char *value(MpsQuery *query, int column, int64_t start_ns)
{
    const char *name = sqlite3_column_name(query->statement, column);
    const char *text = (const char *)sqlite3_column_text(query->statement, column);
    const int64_t number = sqlite3_column_int64(query->statement, column);
    const double real = sqlite3_column_double(query->statement, column);

    if (!text)
        return NULL;
    if (strcmp(name, "start_ns") == 0)
        return g_strdup(mps_format_time(number).text);
    if (g_strv_contains(clock_columns, name))
        return g_strdup(mps_format_offset(number - start_ns).text);
    if (g_str_has_suffix(name, "_ns"))
        return g_strdup(mps_format_duration(number).text);
    if (g_str_has_suffix(name, "_bytes") && number >= 1000)
        return g_strdup_printf("%" PRId64 " (%s)", number, mps_format_bytes(number).text);
    if (g_str_has_suffix(name, "_bps"))
        return g_strdup(mps_format_rate(real).text);
    if (g_str_has_suffix(name, "_token"))
        return g_strdup(mps_format_token(number).text);
    if (strcmp(name, "share") == 0 || g_str_has_prefix(name, "limited_"))
        return g_strdup(mps_format_percent(real).text);
    if (sqlite3_column_type(query->statement, column) == SQLITE_FLOAT)
        return g_strdup_printf("%.6g", real);
    return mps_format_printable(text);
}

static bool named_in(const Group *groups, const char *column)
{
    for (; groups->columns || groups->heading; groups++)
        if (groups->columns && g_strv_contains(groups->columns, column))
            return true;
    return false;
}

/* Known values of the row at hand that belong to @group. */
static void print_group(MpsQuery *query, const Group *groups, const Group *group, int64_t start_ns,
                        FILE *out)
{
    const char *heading = group->heading;

    for (int i = 0; i < sqlite3_column_count(query->statement); i++) {
        const char *name = sqlite3_column_name(query->statement, i);
        g_autofree char *text = value(query, i, start_ns);

        if (!text || g_strv_contains(in_head, name) ||
            !(group->columns ? g_strv_contains(group->columns, name) : !named_in(groups, name)))
            continue;
        if (heading)
            fprintf(out, "\n%s\n", heading);
        heading = NULL;
        fprintf(out, "  %-22s %s\n", name, text);
    }
}

/* Both directions of an entity side by side.  @sql takes its id and the direction. */
static bool print_directions(sqlite3 *db, const char *sql, int64_t id, int64_t start_ns, FILE *out,
                             GError **error)
{
    static const MpsTextColumn columns[] = {{"", false}, {"c2s", true}, {"s2c", true}, {0}};
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) up = mps_query_new(db, sql);
    g_autoptr(MpsQuery) down = mps_query_new(db, sql);

    mps_query_bind_int(up, 1, id);
    mps_query_bind_text(up, 2, "c2s");
    mps_query_bind_int(down, 1, id);
    mps_query_bind_text(down, 2, "s2c");

    const bool any_up = mps_query_next(up), any_down = mps_query_next(down);

    for (int i = 0; (any_up || any_down) && i < sqlite3_column_count(up->statement); i++) {
        const char *name = sqlite3_column_name(up->statement, i);
        g_autofree char *c2s = any_up ? value(up, i, start_ns) : NULL;
        g_autofree char *s2c = any_down ? value(down, i, start_ns) : NULL;

        if (!g_strv_contains(in_head, name) && (c2s || s2c))
            mps_text_table_add(table, (const char *[]){name, c2s ? c2s : "-", s2c ? s2c : "-"});
    }
    if (!mps_text_table_is_empty(table))
        mps_text_table_print(table, out);
    return mps_query_finish(up, error) && mps_query_finish(down, error);
}

static bool print_subflows(sqlite3 *db, int64_t connection_id, int64_t limit, int64_t start_ns,
                           FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT * FROM subflow s WHERE " MPS_SUBFLOW_IS_TOLD MPS_SUBFLOW_ORDER);

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, limit);
    while (mps_query_next(query)) {
        g_autofree char *path = mps_view_path(query);

        fprintf(out, "\nSubflow %" PRId64 ": %s\n", mps_query_int(query, "ordinal"), path);
        print_group(query, subflow_groups, subflow_groups, start_ns, out);
        if (!print_directions(
                db, "SELECT * FROM subflow_direction WHERE subflow_id = ?1 AND direction = ?2",
                mps_query_int(query, "subflow_id"), start_ns, out, error))
            return false;
    }
    return mps_query_finish(query, error);
}

static bool print_connection(sqlite3 *db, MpsQuery *query, int64_t limit, bool charts, FILE *out,
                             GError **error)
{
    const int64_t id = mps_query_int(query, "connection_id");
    const int64_t start_ns = mps_query_int(query, "start_ns");
    g_autofree char *path = mps_view_path(query);

    fprintf(out, "Connection %" PRId64 ": %s\n", id, path);
    if (!mps_view_host_names(db, id, out, error))
        return false;
    if (!mps_show_findings(db, id, out, error))
        return false;
    for (const Group *group = connection_groups; group->heading; group++)
        print_group(query, connection_groups, group, start_ns, out);
    fputs("\nDirections\n", out);
    if (!print_directions(
            db, "SELECT * FROM connection_direction WHERE connection_id = ?1 AND direction = ?2",
            id, start_ns, out, error))
        return false;
    fputs("\nSubflows\n", out);
    return mps_view_subflows(db, id, limit, out, error) &&
           (!charts || mps_charts_of_connection(db, id, limit, out, error)) &&
           print_subflows(db, id, limit, start_ns, out, error) &&
           mps_show_reinjections(db, id, start_ns, out, error) &&
           mps_show_addresses(db, id, start_ns, out, error) &&
           mps_show_stalls(db, id, start_ns, out, error) &&
           mps_show_head_of_line(db, id, out, error) &&
           mps_show_options(db, id, start_ns, out, error) &&
           mps_show_events(db, id, start_ns, out, error);
}

bool mps_view_check_connection(sqlite3 *db, int64_t connection_id, GError **error)
{
    int64_t found = 0;

    if (connection_id == MPS_ALL_CONNECTIONS)
        return true;
    if (!mps_query_single(db, "SELECT count(*) FROM connection WHERE connection_id = ?1",
                          connection_id, &found, error))
        return false;
    return found > 0 || mps_throw(error, MPS_ERROR_ABSENT, "no connection %" PRId64, connection_id);
}

bool mps_view_show(sqlite3 *db, int64_t connection_id, bool charts, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM connection WHERE ?1 < 0 OR connection_id = ?1 ORDER BY connection_id");
    const bool all = connection_id == MPS_ALL_CONNECTIONS;
    int64_t n = 0;

    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    if (!mps_view_capture_findings(db, out, error) || !mps_left_out_print(db, out, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    for (; mps_query_next(query); n++) {
        if (n > 0)
            fputs("\n\n", out);
        if (!print_connection(db, query, all ? MPS_SUBFLOWS_TOLD : MPS_ALL_SUBFLOWS, charts, out,
                              error))
            return false;
    }
    if (!mps_query_finish(query, error))
        return false;
    if (!all)
        return true;
    if (n == 0)
        fputs("No MPTCP connection.\n", out);
    return mps_view_unknown_joins(db, out, error);
}

bool mps_view_show_json(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    fputc('[', out);
    if (!mps_connection_json(db, connection_id, true, out, error))
        return false;
    fputs("\n]\n", out);
    return true;
}
