/* view_check.c - selects the findings that a check is about, and decides whether it failed. */
#include "views/check.h"

#include <inttypes.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "views/check_reports.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/views.h"

static const char *const formats[] = {"text", "json", "tap", "junit", "sarif", NULL};

/* SQL has its own lines. */
/* clang-format off */

/* %s: the verdict column of the profile, the verdicts that fail, rules, connections. */
static const char views_format[] =
    "CREATE TEMP VIEW checked AS SELECT f.*, f.%s AS judged, f.%s IN (%s) AS fails,"
    "  r.number, r.title, r.level, r.family,"
    "  s.ordinal, CASE WHEN s.subflow_id IS NOT NULL THEN"
    "   iif(instr(s.client_addr, ':'), '[' || s.client_addr || ']', s.client_addr) || ':' || s.client_port"
    "   || ' -> ' || iif(instr(s.server_addr, ':'), '[' || s.server_addr || ']', s.server_addr)"
    "   || ':' || s.server_port END AS path, p.path AS file, e.path AS earlier_file,"
    "  'packet ' || f.packet || iif((SELECT count(*) FROM capture) > 1, ' of ' || p.path, '') AS place"
    " FROM finding f JOIN rule r USING (rule_id)"
    " LEFT JOIN subflow s ON s.subflow_id = f.subflow_id"
    " LEFT JOIN capture p ON p.capture_id = f.capture_id"
    " LEFT JOIN capture e ON e.capture_id = f.earlier_capture_id"
    " WHERE %s AND %s;"
    "CREATE TEMP VIEW subject AS SELECT c.connection_id,"
    "  'connection ' || c.connection_id || ': '"
    "  || iif(instr(c.client_addr, ':'), '[' || c.client_addr || ']', c.client_addr) || ':' || c.client_port"
    "  || ' -> ' || iif(instr(c.server_addr, ':'), '[' || c.server_addr || ']', c.server_addr)"
    "  || ':' || c.server_port"
    "  || iif(c.protocol = 'tcp', ', TCP', coalesce(', MPTCP v' || c.version, ', MPTCP')) AS name"
    " FROM connection c WHERE %s"
    " UNION ALL SELECT NULL, 'joins to tokens that no connection of the capture has'"
    " FROM (SELECT 1 FROM fault WHERE connection_id IS NULL AND %s LIMIT 1)";

/* clang-format on */

static bool has_rule(sqlite3 *db, const char *name)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT 1 FROM rule WHERE rule_id = ?1 OR family = ?1");

    mps_query_bind_text(query, 1, name);
    return mps_query_next(query);
}

bool mps_view_check_request(sqlite3 *db, const MpsCheckRequest *request, GError **error)
{
    g_auto(GStrv) rules = g_strsplit(request->rules ? request->rules : "", ",", -1);

    if (request->rules && !*rules)
        return mps_throw(error, MPS_ERROR_USAGE, "--rules: the list is empty");
    if (!g_strv_contains(formats, request->format)) {
        g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)formats);

        return mps_throw(error, MPS_ERROR_USAGE, "--format: %s, not '%s'", all, request->format);
    }
    for (char **rule = rules; *rule; rule++)
        if (!has_rule(db, g_strstrip(*rule)))
            return mps_throw(error, MPS_ERROR_USAGE,
                             "--rules: no rule or family '%s'; see `mptcpscope rules`", *rule);
    return true;
}

/* SQL condition for the rules of @request, whose names were checked. */
static char *rule_condition(const MpsCheckRequest *request)
{
    g_auto(GStrv) rules = NULL;
    g_autofree char *list = NULL;

    if (!request->rules)
        return g_strdup("true");
    rules = g_strsplit(request->rules, ",", -1);
    for (char **rule = rules; *rule; rule++)
        g_strstrip(*rule);
    list = g_strjoinv("', '", rules);
    return g_strdup_printf("(r.rule_id IN ('%s') OR r.family IN ('%s'))", list, list);
}

static bool select_findings(sqlite3 *db, const MpsCheckRequest *request, GError **error)
{
    const bool all = request->connection_id == MPS_ALL_CONNECTIONS;
    const char *column = request->strict ? "strict_verdict" : "verdict";
    g_autofree char *rules = rule_condition(request);
    g_autofree char *connections =
        all ? g_strdup("true")
            : g_strdup_printf("f.connection_id = %" PRId64, request->connection_id);
    g_autofree char *subjects =
        all ? g_strdup("true")
            : g_strdup_printf("c.connection_id = %" PRId64, request->connection_id);
    g_autofree char *sql =
        g_strdup_printf(views_format, column, column,
                        request->fail_on_warning ? "'violation', 'warning'" : "'violation'", rules,
                        connections, subjects, all ? "true" : "false");

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mps_throw(error, MPS_ERROR_STORE, "%s", sqlite3_errmsg(db));
    return true;
}

static bool rules_were_on(sqlite3 *db, GError **error)
{
    int64_t off = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM meta WHERE key = 'rules' AND value = 'off'", 0,
                          &off, error))
        return false;
    return !off || mps_throw(error, MPS_ERROR_STORE,
                             "the database was written with --no-rules: nothing was checked");
}

static bool report(sqlite3 *db, const MpsCheckRequest *request, FILE *out, GError **error)
{
    if (strcmp(request->format, "json") == 0)
        return mps_check_json(db, out, error);
    if (strcmp(request->format, "tap") == 0)
        return mps_check_tap(db, out, error);
    if (strcmp(request->format, "junit") == 0)
        return mps_check_junit(db, out, error);
    if (strcmp(request->format, "sarif") == 0)
        return mps_check_sarif(db, out, error);
    return mps_check_text(db, request, out, error);
}

bool mps_view_check(sqlite3 *db, const MpsCheckRequest *request, FILE *out, bool *failed,
                    GError **error)
{
    int64_t n_fails = 0;

    if (!mps_view_check_request(db, request, error) || !rules_were_on(db, error) ||
        !mps_view_check_connection(db, request->connection_id, error) ||
        !select_findings(db, request, error) || !report(db, request, out, error) ||
        !mps_query_single(db, "SELECT count(*) FROM (SELECT 1 FROM checked WHERE fails LIMIT 1)", 0,
                          &n_fails, error))
        return false;
    *failed = n_fails > 0;
    return true;
}
