/* view_study.c - figures of many connections: each from one view of plots/study.sql, with its
 * numbers as CSV and its script beside it. */
#include "views/views.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#include <mptcpscope/error.h>

#include "util/geo.h"
#include "views/figures.h"
#include "views/query.h"

typedef struct {
    const char *name, *title;
    bool is_distribution;
} Study;

static const Study studies[] = {
#define STUDY(name, title, is_distribution) {#name, title, is_distribution},
#include "views/studies.def"
#undef STUDY
};

/* The cumulative distribution of samples, from the smallest on: of each 0.2 % of a line, where it
 * begins and where it ends. */
#define DISTRIBUTION                                                                               \
    "WITH counted AS (SELECT line, name, value, count(*) AS here FROM study_%s"                    \
    " WHERE value IS NOT NULL GROUP BY line, value),"                                              \
    " step AS MATERIALIZED (SELECT line, name, sum(here) OVER (PARTITION BY line) AS n, value,"    \
    " 100.0 * sum(here) OVER (PARTITION BY line ORDER BY value)"                                   \
    " / sum(here) OVER (PARTITION BY line) AS percent FROM counted)"                               \
    " SELECT line, name, n, min(value) AS value, 0.0 AS percent FROM step GROUP BY line UNION ALL" \
    " SELECT line, name, n, value, min(percent) FROM step"                                         \
    " GROUP BY line, CAST(percent * 5 AS INTEGER) UNION"                                           \
    " SELECT line, name, n, value, max(percent) FROM step"                                         \
    " GROUP BY line, CAST(percent * 5 AS INTEGER) ORDER BY 1, 5"

/* ---- which connections ---- */

static void in_prefix(sqlite3_context *context, int n G_GNUC_UNUSED, sqlite3_value **arguments)
{
    const char *const text = (const char *)sqlite3_value_text(arguments[0]);
    g_autoptr(GInetAddress) address = text ? g_inet_address_new_from_string(text) : NULL;

    sqlite3_result_int(context,
                       address && g_inet_address_mask_matches(sqlite3_user_data(context), address));
}

static bool execute(sqlite3 *db, const char *sql, GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           mps_throw(error, MPS_ERROR_STORE, "study: %s", sqlite3_errmsg(db));
}

/* PREFIX or !PREFIX; NULL if it is neither. */
static GInetAddressMask *read_prefix(const char *text)
{
    return g_inet_address_mask_new_from_string(text + (*text == '!'), NULL);
}

/* Takes out of table studied what is not as @text, PREFIX or !PREFIX, wants it. */
static bool keep_address(sqlite3 *db, const char *text, GError **error)
{
    static const char some[] =
        " EXISTS (SELECT 1 FROM subflow s WHERE s.connection_id = studied.connection_id"
        " AND (in_prefix(s.client_addr) OR in_prefix(s.server_addr)))";
    g_autoptr(GInetAddressMask) mask = read_prefix(text);
    g_autofree char *sql =
        g_strconcat("DELETE FROM studied WHERE", *text == '!' ? "" : " NOT", some, NULL);

    sqlite3_create_function(db, "in_prefix", 1, SQLITE_UTF8, mask, in_prefix, NULL, NULL);
    return execute(db, sql, error);
}

/* Fills table studied. */
static bool choose(sqlite3 *db, const MpsStudyRequest *request, GError **error)
{
    static const char table[] =
        "DROP TABLE IF EXISTS temp.studied;"
        "CREATE TEMP TABLE studied (connection_id INTEGER PRIMARY KEY, client_addr, server_addr,"
        " server_port, protocol, fallback, start_ns, end_ns, duration_ns, close, subflows,"
        " path_manager, scheduler, data_bytes)";
    static const char fill[] =
        "INSERT INTO studied SELECT * FROM (SELECT c.connection_id, c.client_addr, c.server_addr,"
        " c.server_port, c.protocol, c.fallback, c.start_ns, c.end_ns, c.duration_ns, c.close,"
        " c.subflows, c.path_manager, c.scheduler, (SELECT ifnull(sum(d.data_bytes), 0)"
        " FROM connection_direction d WHERE d.connection_id = c.connection_id) AS data_bytes"
        " FROM connection c) c WHERE (?1 = 0 OR c.server_port = ?1)"
        " AND c.start_ns >= ?2 AND c.start_ns < ?3 AND c.data_bytes BETWEEN ?4 AND ?5";
    g_autoptr(MpsQuery) query = NULL;

    if (!execute(db, table, error))
        return false;
    query = mps_query_new(db, fill);
    mps_query_bind_int(query, 1, request->port);
    mps_query_bind_int(query, 2, request->from_ns);
    mps_query_bind_int(query, 3, request->to_ns);
    mps_query_bind_int(query, 4, request->min_bytes);
    mps_query_bind_int(query, 5, request->max_bytes);
    (void)mps_query_next(query);
    if (!mps_query_finish(query, error))
        return false;
    for (char *const *each = request->addresses; each && *each; each++)
        if (!keep_address(db, *each, error))
            return false;
    return true;
}

/* ---- where the clients are ---- */

static bool add_place(sqlite3 *db, const char *client, const MpsPlace *place, GError **error)
{
    g_autoptr(MpsQuery) insert =
        mps_query_new(db, "INSERT INTO place VALUES (?1, nullif(?2, ''), nullif(?3, 0), ?4)");

    mps_query_bind_text(insert, 1, client);
    mps_query_bind_text(insert, 2, place->country);
    mps_query_bind_int(insert, 3, place->system);
    mps_query_bind_text(insert, 4, place->name);
    (void)mps_query_next(insert);
    return mps_query_finish(insert, error);
}

/* Fills table place; without @geo nothing is known of any client. */
static bool locate(sqlite3 *db, const MpsGeo *geo, GError **error)
{
    static const char table[] =
        "DROP TABLE IF EXISTS temp.place;"
        "CREATE TEMP TABLE place (client_addr TEXT PRIMARY KEY, country, system, system_name)";
    g_autoptr(MpsQuery) clients = NULL;

    if (!execute(db, table, error))
        return false;
    clients = mps_query_new(db, "SELECT DISTINCT client_addr FROM studied");
    while (mps_query_next(clients)) {
        const char *const client = mps_query_text(clients, "client_addr");
        MpsPlace place = {0};
        const bool done = (!geo || mps_geo_find(geo, client, &place, error)) &&
                          add_place(db, client, &place, error);

        g_free(place.name);
        if (!done)
            return false;
    }
    return mps_query_finish(clients, error);
}

/* ---- words ---- */

static void add_time(GString *words, const char *word, int64_t ts_ns)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ts_ns / 1000000000);
    g_autofree char *text = time ? g_date_time_format(time, "%F %T UTC") : NULL;

    if (text)
        g_string_append_printf(words, " · %s %s", word, text);
}

/* What the study is about, in words: safe within single quotes. */
static char *subject(sqlite3 *db, const MpsStudyRequest *request, GError **error)
{
    g_autoptr(GString) words = g_string_new(NULL);
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM studied", 0, &n, error))
        return NULL;
    g_string_append_printf(words, "%" PRId64 " connection%s", n, n == 1 ? "" : "s");
    if (request->port)
        g_string_append_printf(words, " · port %d", request->port);
    for (char *const *each = request->addresses; each && *each; each++)
        g_string_append_printf(words, " · %s%s", **each == '!' ? "not " : "",
                               *each + (**each == '!'));
    if (request->from_ns > INT64_MIN)
        add_time(words, "from", request->from_ns);
    if (request->to_ns < INT64_MAX)
        add_time(words, "before", request->to_ns);
    if (request->min_bytes > 0)
        g_string_append_printf(words, " · at least %" PRId64 " bytes", request->min_bytes);
    if (request->max_bytes < INT64_MAX)
        g_string_append_printf(words, " · at most %" PRId64 " bytes", request->max_bytes);
    return g_string_free(g_steal_pointer(&words), FALSE);
}

/* ---- files ---- */

/* Reads the views, and writes what all scripts load. */
static bool prepare(sqlite3 *db, const MpsStudyRequest *request, const MpsFigures *to,
                    const MpsGeo *geo, GError **error)
{
    static const char *const common[] = {"study.gpi", "study_axis.gpi", "study_cdf.gpi",
                                         "study_bars.gpi", "study.sql"};
    g_autofree char *path = g_build_filename(to->scripts, "study.sql", NULL), *sql = NULL;
    g_autofree char *words = subject(db, request, error);
    g_autofree char *source =
        geo ? mps_geo_source(geo) : g_strdup("no location data given (study --geo FILE)");
    g_autofree char *setting = g_strdup_printf("SUBJECT = '%s'\nLOCATIONS = '%s'; LOCATED = %d\n",
                                               words, source, geo != NULL);
    g_autoptr(GError) reason = NULL;

    if (!words)
        return false;
    if (!g_file_get_contents(path, &sql, NULL, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "%s", reason->message);
    for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
        if (!mps_figures_script(to, common[i], common[i], error))
            return false;
    return execute(db, sql, error) && mps_figures_text(to, "study_subject.gpi", setting, error);
}

/* The numbers of @study; @n_rows of them. */
static bool write_csv(sqlite3 *db, const MpsFigures *to, const Study *study, int *n_rows,
                      GError **error)
{
    g_autofree char *distribution = g_strdup_printf(
        "CREATE TEMP VIEW distribution_%s AS " DISTRIBUTION, study->name, study->name);
    g_autofree char *view =
        g_strconcat(study->is_distribution ? "distribution_" : "study_", study->name, NULL);
    g_autofree char *name = g_strconcat(study->name, ".csv", NULL);
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out;
    bool done;

    if (study->is_distribution && !execute(db, distribution, error))
        return false;
    out = open_memstream(&text, &n_bytes);
    done = mps_view_export_csv(db, view, out, error);
    done = fclose(out) == 0 && done && mps_figures_csv(to, name, text, error);
    *n_rows = -1; /* the heading */
    for (const char *c = text; c && *c; c++)
        *n_rows += *c == '\n';
    free(text);
    return done;
}

static bool work_on(sqlite3 *db, const MpsFigures *to, const Study *study, GString *missing,
                    GError **error)
{
    g_autofree char *from = g_strdup_printf("study_%s.gp", study->name);
    g_autofree char *script = g_strconcat(study->name, ".gp", NULL);
    int n_rows = 0;

    if (!write_csv(db, to, study, &n_rows, error))
        return false;
    if (n_rows == 0) {
        g_string_append_printf(missing, ", %s", study->title);
        return true;
    }
    return mps_figures_script(to, from, script, error) && mps_figures_draw(to, study->name, error);
}

bool mps_view_study_check(const char *name, char *const *addresses, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    bool found = name == NULL;

    for (char *const *each = addresses; each && *each; each++) {
        g_autoptr(GInetAddressMask) mask = read_prefix(*each);

        if (!mask)
            return mps_throw(error, MPS_ERROR_USAGE,
                             "address '%s': not as in 10.0.1.0/24, 10.0.1.1 or !10.0.1.0/24",
                             *each);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(studies); i++) {
        found |= name && strcmp(studies[i].name, name) == 0;
        g_string_append_printf(names, "%s%s", i ? ", " : "", studies[i].name);
    }
    return found ||
           mps_throw(error, MPS_ERROR_USAGE, "no figure '%s'; there are %s", name, names->str);
}

static bool draw_all(sqlite3 *db, const MpsStudyRequest *request, MpsFigures *to, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(MpsGeo) geo = NULL;

    if (request->locations && !(geo = mps_geo_open(request->locations, error)))
        return false;
    if (!mps_figures_open(to, error) || !choose(db, request, error) || !locate(db, geo, error) ||
        !prepare(db, request, to, geo, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(studies); i++)
        if ((!request->name || strcmp(request->name, studies[i].name) == 0) &&
            !work_on(db, to, &studies[i], missing, error))
            return false;
    if (missing->len > 0 && !request->quiet)
        g_printerr("mptcpscope: nothing to draw for %s\n", missing->str + 2);
    return true;
}

bool mps_view_study(sqlite3 *db, const MpsStudyRequest *request, GPtrArray *files, GError **error)
{
    MpsFigures figures = {.directory = request->directory,
                          .format = request->format,
                          .may_write = request->may_write,
                          .user = request->user,
                          .files = files};
    const bool done = draw_all(db, request, &figures, error);

    mps_figures_close(&figures);
    return done;
}
