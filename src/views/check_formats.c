/* check_formats.c - findings for programs: JSON, TAP 14, JUnit XML, SARIF 2.1.0.  JSON is made by
 * SQLite's functions. */
#include <inttypes.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "util/version.h"
#include "views/check_reports.h"
#include "views/json.h"
#include "views/query.h"

/* SQL has its own lines. */
/* clang-format off */

#define IN_ORDER " ORDER BY k.connection_id IS NULL, k.connection_id, k.number, k.packet"

#define FINDING_JSON \
    "json_object('rule', k.rule_id, 'title', k.title, 'section', k.section, 'level', k.level," \
    " 'connection_id', k.connection_id, 'subflow_id', k.subflow_id, 'verdict', k.judged," \
    " 'count', k.count, 'file', k.file, 'packet', k.packet, 'ts_ns', k.ts_ns," \
    " 'suspect', k.suspect, 'host', k.host, 'field', k.field, 'expected', k.expected," \
    " 'seen', k.seen, 'earlier_file', k.earlier_file, 'earlier_packet', k.earlier_packet," \
    " 'missing', k.missing," \
    " 'fails', json(iif(k.fails, 'true', 'false')))"

static const char json_sql[] = "SELECT " FINDING_JSON " FROM checked k" IN_ORDER;

/* One test for each connection and rule, by its worst finding: pass, fail, or skipped. */
static const char tests_sql[] =
    "SELECT s.name, k.connection_id, k.number, k.rule_id, k.family, k.title, k.section, max(k.fails) AS fails,"
    " min(k.judged = 'not_checkable') AS skipped,"
    " group_concat(iif(k.judged = 'not_checkable', k.missing, NULL), ', ') AS missing,"
    " group_concat(iif(k.judged IN ('violation', 'warning'), k.judged"
    "  || coalesce(', ' || k.place, '') || ': ' || k.evidence"
    "  || '; suspect: ' || coalesce(k.host, 'the path'), NULL), char(10)) AS faults"
    " FROM checked k JOIN subject s ON s.connection_id IS k.connection_id"
    " GROUP BY k.connection_id, k.number ORDER BY k.connection_id IS NULL, k.connection_id, k.number";

static const char sarif_rules_sql[] =
    "SELECT json_object('id', rule_id, 'name', title,"
    " 'shortDescription', json_object('text', title),"
    " 'help', json_object('text', coalesce('RFC 8684 section ' || section_v1, '')"
    "  || iif(section_v1 IS NOT NULL AND section_v0 IS NOT NULL, ', ', '')"
    "  || coalesce('RFC 6824 section ' || section_v0, '')),"
    " 'properties', json_object('level', level, 'decided', decided, 'evidence', evidence))"
    " FROM rule ORDER BY number";

static const char sarif_results_sql[] =
    "SELECT json_object('ruleId', k.rule_id, 'ruleIndex', k.number - 1,"
    " 'level', CASE k.judged WHEN 'violation' THEN 'error' WHEN 'warning' THEN 'warning'"
    "  ELSE 'note' END,"
    " 'kind', CASE k.judged WHEN 'not_checkable' THEN 'open' ELSE 'fail' END,"
    " 'message', json_object('text', coalesce(k.place || ': ', '') || k.evidence),"
    " 'locations', json_array(json_object("
    "  'physicalLocation', json_object('artifactLocation', json_object('uri',"
    "   mps_uri(coalesce(k.file, (SELECT path FROM capture ORDER BY capture_id LIMIT 1))))),"
    "  'logicalLocations', json_array(json_object('kind', 'connection',"
    "   'fullyQualifiedName', s.name || coalesce(', subflow ' || k.ordinal, ''))))),"
    " 'occurrenceCount', coalesce(k.count, 1),"
    " 'properties', json_object('packet', k.packet, 'connection_id', k.connection_id,"
    "  'subflow_id', k.subflow_id, 'suspect', k.suspect, 'host', k.host, 'field', k.field,"
    "  'expected', k.expected, 'seen', k.seen, 'earlier_packet', k.earlier_packet,"
    "  'section', k.section))"
    " FROM checked k JOIN subject s ON s.connection_id IS k.connection_id"
    " WHERE k.judged IN ('violation', 'warning') OR (k.judged = 'not_checkable'"
    "  AND k.field IS NOT NULL)" IN_ORDER;

/* clang-format on */

/* SQL function mps_uri(): a path as a URI reference (RFC 3986), relative if the path is. */
static void uri_function(sqlite3_context *context, int n_values G_GNUC_UNUSED,
                         sqlite3_value **values)
{
    const char *path = (const char *)sqlite3_value_text(values[0]);

    if (path)
        sqlite3_result_text(context, g_uri_escape_string(path, "/", FALSE), -1, g_free);
}

/* The JSON texts of @sql as members of an array. */
static bool print_array(sqlite3 *db, const char *sql, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    const char *separator = "";

    fputc('[', out);
    while (mps_query_next(query)) {
        fprintf(out, "%s\n", separator);
        mps_json_put((const char *)sqlite3_column_text(query->statement, 0), out);
        separator = ",";
    }
    fputs("\n]", out);
    return mps_query_finish(query, error);
}

bool mps_check_json(sqlite3 *db, FILE *out, GError **error)
{
    if (!print_array(db, json_sql, out, error))
        return false;
    fputc('\n', out);
    return true;
}

bool mps_check_tap(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, tests_sql);
    int64_t n = 0;

    fputs("TAP version 14\n", out);
    while (mps_query_next(query)) {
        g_auto(GStrv) lines = g_strsplit(mps_query_text(query, "faults"), "\n", -1);

        fprintf(out, "%s %" PRId64 " - %s: %s %s", mps_query_int(query, "fails") ? "not ok" : "ok",
                ++n, mps_query_text(query, "name"), mps_query_text(query, "rule_id"),
                mps_query_text(query, "title"));
        if (mps_query_int(query, "skipped"))
            fprintf(out, " # SKIP not in this capture: %s", mps_query_text(query, "missing"));
        fputc('\n', out);
        for (char **line = lines; *line && **line; line++) {
            g_autofree char *printable = mps_format_printable(*line);

            fprintf(out, "# %s\n", printable);
        }
    }
    fprintf(out, "1..%" PRId64 "%s\n", n, n ? "" : " # SKIP no connection that the rules apply to");
    return mps_query_finish(query, error);
}

static void print_testcase(MpsQuery *query, FILE *out)
{
    g_autofree char *title = g_markup_escape_text(mps_query_text(query, "title"), -1);
    g_autofree char *section = g_markup_escape_text(mps_query_text(query, "section"), -1);
    g_autofree char *faults = g_markup_escape_text(mps_query_text(query, "faults"), -1);
    g_autofree char *missing = g_markup_escape_text(mps_query_text(query, "missing"), -1);

    fprintf(out, "    <testcase classname=\"%s\" name=\"%s %s\"", mps_query_text(query, "family"),
            mps_query_text(query, "rule_id"), title);
    if (mps_query_int(query, "fails"))
        fprintf(out, ">\n      <failure message=\"%s\">%s</failure>\n    </testcase>\n", section,
                faults);
    else if (mps_query_int(query, "skipped"))
        fprintf(out, ">\n      <skipped message=\"not in this capture: %s\"/>\n    </testcase>\n",
                missing);
    else if (*faults)
        fprintf(out, ">\n      <system-out>%s</system-out>\n    </testcase>\n", faults);
    else
        fputs("/>\n", out);
}

static void print_counts(MpsQuery *query, const char *prefix, FILE *out)
{
    static const char *const names[] = {"tests", "failures", "skipped"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *column = g_strconcat(prefix, names[i], NULL);

        fprintf(out, "%s=\"%" PRId64 "\" ", names[i], mps_query_int(query, column));
    }
    fputs("errors=\"0\"", out);
}

static bool print_totals(sqlite3 *db, FILE *out, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) AS tests, coalesce(sum(fails), 0) AS failures,"
                        " coalesce(sum(skipped), 0) AS skipped FROM (%s)",
                        tests_sql);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    fputs("<testsuites name=\"mptcpscope check\" ", out);
    if (mps_query_next(query))
        print_counts(query, "", out);
    fputs(">\n", out);
    return mps_query_finish(query, error);
}

bool mps_check_junit(sqlite3 *db, FILE *out, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT *, count(*) OVER suite AS suite_tests, sum(fails) OVER suite AS suite_failures,"
        " sum(skipped) OVER suite AS suite_skipped FROM (%s)"
        " WINDOW suite AS (PARTITION BY connection_id)"
        " ORDER BY connection_id IS NULL, connection_id, number",
        tests_sql);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    g_autofree char *suite = NULL;

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    if (!print_totals(db, out, error))
        return false;
    while (mps_query_next(query)) {
        if (g_strcmp0(suite, mps_query_text(query, "name")) != 0) {
            g_autofree char *name = g_markup_escape_text(mps_query_text(query, "name"), -1);

            fprintf(out, "%s  <testsuite name=\"%s\" ", suite ? "  </testsuite>\n" : "", name);
            print_counts(query, "suite_", out);
            fputs(">\n", out);
            g_free(suite);
            suite = g_strdup(mps_query_text(query, "name"));
        }
        print_testcase(query, out);
    }
    fprintf(out, "%s</testsuites>\n", suite ? "  </testsuite>\n" : "");
    return mps_query_finish(query, error);
}

bool mps_check_sarif(sqlite3 *db, FILE *out, GError **error)
{
    fputs("{\"version\":\"2.1.0\",\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
          "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"mptcpscope\",\"version\":\"" MPS_VERSION
          "\",\"rules\":",
          out);
    if (!print_array(db, sarif_rules_sql, out, error))
        return false;
    fputs("}},\"results\":", out);
    if (sqlite3_create_function(db, "mps_uri", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                uri_function, NULL, NULL) != SQLITE_OK)
        return mps_throw(error, MPS_ERROR_STORE, "%s", sqlite3_errmsg(db));
    if (!print_array(db, sarif_results_sql, out, error))
        return false;
    fputs("}]}\n", out);
    return true;
}
