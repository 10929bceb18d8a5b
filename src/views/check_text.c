/* check_text.c - findings for people: by connection, violations first, each with its evidence. */
#include <inttypes.h>
#include <string.h>

#include "views/check_reports.h"
#include "views/query.h"

static void print_fault(MpsQuery *query, FILE *out)
{
    const int64_t count = mps_query_int(query, "count");
    g_autofree char *evidence = mps_format_printable(mps_query_text(query, "evidence"));
    g_autofree char *place = mps_query_known(query, "place")
                                 ? mps_format_printable(mps_query_text(query, "place"))
                                 : NULL;

    fprintf(out, "  %-9s  %-7s  %s\n",
            strcmp(mps_query_text(query, "judged"), "violation") == 0 ? "VIOLATION"
            : strcmp(mps_query_text(query, "judged"), "warning") == 0 ? "warning"
                                                                      : "unsure",
            mps_query_text(query, "rule_id"), mps_query_text(query, "title"));
    fputs("             ", out);
    if (place)
        fputs(place, out);
    if (mps_query_known(query, "ordinal"))
        fprintf(out, "%ssubflow %" PRId64, place ? ", " : "", mps_query_int(query, "ordinal"));
    fprintf(out, "%s%s\n", place || mps_query_known(query, "ordinal") ? ": " : "", evidence);
    fprintf(out, "             %s (%s); suspect: %s", mps_query_text(query, "section"),
            mps_query_text(query, "level"),
            mps_query_known(query, "host") ? mps_query_text(query, "host") : "the path");
    if (count > 1)
        fprintf(out, "; %" PRId64 " times", count);
    if (strcmp(mps_query_text(query, "verdict"), mps_query_text(query, "strict_verdict")) != 0)
        fputs("; deployed stacks do so: a violation in the strict profile only", out);
    fputc('\n', out);
}

static void print_other(MpsQuery *query, FILE *out)
{
    if (strcmp(mps_query_text(query, "judged"), "pass") == 0)
        fprintf(out, "  pass       %-7s  %s: %s\n", mps_query_text(query, "rule_id"),
                mps_query_text(query, "title"),
                mps_format_count(mps_query_int(query, "count"), "time").text);
    else
        fprintf(out, "  unchecked  %-7s  %s: not in this capture: %s\n",
                mps_query_text(query, "rule_id"), mps_query_text(query, "title"),
                mps_query_text(query, "missing"));
}

static bool print_findings(sqlite3 *db, const MpsCheckRequest *request, FILE *out, GError **error)
{
    g_autofree char *sql = g_strconcat(
        "SELECT k.*, s.name FROM checked k JOIN subject s ON s.connection_id IS k.connection_id",
        request->verbose ? "" : " WHERE k.judged IN ('violation', 'warning')",
        " ORDER BY k.connection_id IS NULL, k.connection_id, CASE judged WHEN 'violation' THEN 1"
        " WHEN 'warning' THEN 2 WHEN 'not_checkable' THEN 3 ELSE 4 END, number, packet",
        NULL);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    g_autofree char *name = NULL;

    while (mps_query_next(query)) {
        if (g_strcmp0(name, mps_query_text(query, "name")) != 0) {
            fprintf(out, "%s%c%s\n", name ? "\n" : "",
                    g_ascii_toupper(*mps_query_text(query, "name")),
                    mps_query_text(query, "name") + 1);
            g_free(name);
            name = g_strdup(mps_query_text(query, "name"));
        }
        if (mps_query_known(query, "field"))
            print_fault(query, out);
        else
            print_other(query, out);
    }
    if (name)
        fputc('\n', out);
    return mps_query_finish(query, error);
}

static const char *plural(int64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static bool print_sum(sqlite3 *db, const MpsCheckRequest *request, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT (SELECT count(*) FROM subject WHERE connection_id IS NOT NULL) AS connections,"
            " count(*) FILTER (WHERE judged = 'violation') AS violations,"
            " count(*) FILTER (WHERE judged = 'warning') AS warnings,"
            " count(DISTINCT rule_id) FILTER (WHERE judged <> 'not_checkable') AS applied,"
            " count(DISTINCT rule_id) FILTER (WHERE judged = 'not_checkable') AS unchecked,"
            " (SELECT value FROM meta WHERE key = 'dss_checksums') AS checksums FROM checked");

    if (mps_query_next(query)) {
        const int64_t connections = mps_query_int(query, "connections");
        const int64_t violations = mps_query_int(query, "violations");
        const int64_t warnings = mps_query_int(query, "warnings");
        const int64_t unchecked = mps_query_int(query, "unchecked");

        fprintf(out,
                "%" PRId64 " %s, profile %s: %" PRId64 " %s, %" PRId64 " %s; %" PRId64
                " of the rules applied",
                connections, plural(connections, "connection", "connections"),
                request->strict ? "strict" : "default", violations,
                plural(violations, "violation", "violations"), warnings,
                plural(warnings, "warning", "warnings"), mps_query_int(query, "applied"));
        if (unchecked > 0)
            fprintf(out, ", %" PRId64 " could not be checked somewhere%s", unchecked,
                    request->verbose ? "" : " (--verbose says why)");
        fputs(".\n", out);
        if (strcmp(mps_query_text(query, "checksums"), "on") != 0)
            fputs("DSS checksums were not verified (--dss-checksums).\n", out);
    }
    return mps_query_finish(query, error);
}

bool mps_check_text(sqlite3 *db, const MpsCheckRequest *request, FILE *out, GError **error)
{
    return print_findings(db, request, out, error) && print_sum(db, request, out, error);
}
