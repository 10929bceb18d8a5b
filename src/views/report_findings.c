/* report_findings.c - the findings of a page, and how its connections follow the RFC. */
#include "views/report.h"

#include <inttypes.h>
#include <string.h>

#include "views/page.h"
#include "views/parts.h"

/* Up to so many connections, all is told of each; of more, a few examples of each kind. */
#define FEW_CONNECTIONS 3
#define EXAMPLES        3
#define OF_A_KIND       40

static void append_link(GString *out, MpsQuery *query)
{
    if (mps_query_known(query, "connection_id"))
        g_string_append_printf(
            out, " <a class=\"a\" href=\"#c%" PRId64 "\">connection %" PRId64 "</a>",
            mps_query_int(query, "connection_id"), mps_query_int(query, "connection_id"));
}

/* The word is the second sign beside the colour. */
void mps_report_rank(GString *out, int64_t rank)
{
    g_string_append_printf(out, "<span class=\"rank%s\">%s</span> ", rank == 1 ? " bad" : "",
                           rank == 1   ? "problem"
                           : rank == 2 ? "note"
                                       : "course");
}

static void append_rest(GString *out, MpsQuery *query, int64_t told)
{
    const int64_t n = mps_query_int(query, "times") - told;

    if (n > 0)
        g_string_append_printf(
            out,
            " <span class=\"note\">… and %" PRId64
            " more of this kind; this kind concerns %s</span>",
            n, mps_format_count(mps_query_int(query, "connections"), "connection").text);
}

bool mps_report_verdicts(sqlite3 *db, int64_t n_connections, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY kind"
            "  ORDER BY coalesce(ts_ns, 0), connection_id, subflow_id) AS nth FROM told"
            "  WHERE rank <= ?2) JOIN (SELECT kind, count(*) AS times,"
            "  count(DISTINCT connection_id) AS connections FROM told GROUP BY kind) USING (kind)"
            " WHERE nth <= ?1 ORDER BY rank, connections DESC, kind, nth");
    const bool few = n_connections <= FEW_CONNECTIONS;
    const int64_t limit = few ? OF_A_KIND : EXAMPLES;
    int64_t problems = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM told WHERE rank = 1", 0, &problems, error))
        return false;
    g_string_append(out, "<section id=\"verdicts\">\n<h2>What happened</h2>\n");
    if (problems == 0 && n_connections > 0)
        g_string_append(out, "<p>Nothing is known to have failed: no failed join, no fallback, no "
                             "stall and no broken rule was found.</p>\n");
    g_string_append(out, "<ul class=\"findings\">\n");
    mps_query_bind_int(query, 1, limit);
    mps_query_bind_int(query, 2, few ? 3 : 2);
    while (mps_query_next(query)) {
        g_autofree char *words = mps_view_finding(query);

        g_string_append(out, "<li>");
        mps_report_rank(out, mps_query_int(query, "rank"));
        mps_page_text(out, words);
        if (n_connections > 1)
            append_link(out, query);
        if (mps_query_int(query, "nth") == limit)
            append_rest(out, query, limit);
        g_string_append(out, "</li>\n");
    }
    g_string_append(out, "</ul>\n</section>\n");
    return mps_query_finish(query, error);
}

static void append_verdict(GString *out, const char *verdict)
{
    g_string_append_printf(out, "<td class=\"a%s\">", strcmp(verdict, "violation") ? "" : " bad");
    mps_page_text(out, verdict);
    g_string_append(out, "</td>");
}

static bool append_broken(sqlite3 *db, GString *out, bool *any, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT f.*, r.title FROM rule r JOIN"
            " (SELECT rule_id, section, verdict, connection_id, packet, evidence,"
            "  sum(count) OVER all_of_it AS times,"
            "  (SELECT count(DISTINCT o.connection_id) FROM finding o"
            "   WHERE o.rule_id = finding.rule_id AND o.verdict = finding.verdict) AS connections,"
            "  row_number() OVER (PARTITION BY rule_id, verdict"
            "   ORDER BY connection_id IS NULL, connection_id, ts_ns, packet) AS nth"
            "  FROM finding WHERE verdict IN ('violation', 'warning')"
            "  WINDOW all_of_it AS (PARTITION BY rule_id, verdict)) f USING (rule_id)"
            " WHERE f.nth = 1 ORDER BY f.verdict, r.number");

    while (mps_query_next(query)) {
        if (!*any)
            g_string_append(out,
                            "<div class=\"wide\"><table>\n<thead><tr><th>verdict</th><th>rule</th>"
                            "<th>asks</th><th>first evidence</th><th class=\"n\">times</th>"
                            "<th class=\"n\">connections</th></tr></thead>\n<tbody>\n");
        *any = true;
        g_string_append(out, "<tr>");
        append_verdict(out, mps_query_text(query, "verdict"));
        mps_page_element(out, "td class=\"a\"", mps_query_text(query, "rule_id"));
        g_string_append(out, "<td>");
        mps_page_text(out, mps_query_text(query, "title"));
        g_string_append(out, " <span class=\"note\">");
        mps_page_text(out, mps_query_text(query, "section"));
        g_string_append(out, "</span></td><td class=\"w\">");
        mps_page_text(out, mps_query_text(query, "evidence"));
        if (mps_query_known(query, "packet"))
            g_string_append_printf(out, " (packet %" PRId64 ")", mps_query_int(query, "packet"));
        append_link(out, query);
        g_string_append_printf(
            out, "</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">%" PRId64 "</td></tr>\n",
            mps_query_int(query, "times"), mps_query_int(query, "connections"));
    }
    if (*any)
        g_string_append(out, "</tbody></table></div>\n");
    return mps_query_finish(query, error);
}

static bool append_others(sqlite3 *db, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT r.rule_id, r.title,"
                          " count(*) FILTER (WHERE f.verdict = 'pass') AS passed,"
                          " count(*) FILTER (WHERE f.verdict = 'not_checkable') AS unchecked,"
                          " max(f.missing) FILTER (WHERE f.verdict = 'not_checkable') AS missing"
                          " FROM finding f JOIN rule r USING (rule_id)"
                          " WHERE f.verdict IN ('pass', 'not_checkable')"
                          " GROUP BY r.rule_id ORDER BY r.number");

    g_string_append(out,
                    "<details>\n<summary>What held, and what could not be checked</summary>\n<div>"
                    "<div class=\"wide\"><table>\n<thead><tr><th>rule</th><th>asks</th>"
                    "<th class=\"n\">held in</th><th class=\"n\">not checkable in</th>"
                    "<th>not in the capture, for example</th></tr></thead>\n<tbody>\n");
    while (mps_query_next(query)) {
        g_string_append(out, "<tr>");
        mps_page_element(out, "td class=\"a\"", mps_query_text(query, "rule_id"));
        mps_page_element(out, "td", mps_query_text(query, "title"));
        g_string_append_printf(out,
                               "<td class=\"n\">%" PRId64 "</td><td class=\"n\">%" PRId64 "</td>",
                               mps_query_int(query, "passed"), mps_query_int(query, "unchecked"));
        mps_page_element(out, "td", mps_query_text(query, "missing"));
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</tbody></table></div></div>\n</details>\n");
    return mps_query_finish(query, error);
}

bool mps_report_compliance(sqlite3 *db, GString *out, GError **error)
{
    int64_t off = 0, checked = 0;
    bool any = false;

    g_string_append(out, "<section id=\"compliance\">\n<h2>Compliance</h2>\n");
    if (!mps_query_single(db, "SELECT count(*) FROM meta WHERE key = 'rules' AND value = 'off'", 0,
                          &off, error) ||
        !mps_query_single(db, "SELECT count(*) FROM finding", 0, &checked, error))
        return false;
    if (off || checked == 0) {
        g_string_append_printf(out, "<p>%s</p>\n</section>\n",
                               off ? "The database was made with --no-rules: nothing was checked."
                                   : "There was nothing to check.");
        return true;
    }
    g_string_append(
        out, "<p>Connections are held against RFC 8684, or RFC 6824 where they speak version 0.  A "
             "violation breaks a requirement; a warning breaks a recommendation, or a requirement "
             "of which some evidence is missing or which widely deployed stacks break on purpose."
             "</p>\n");
    if (!append_broken(db, out, &any, error))
        return false;
    if (!any)
        g_string_append(out, "<p>No rule was found to be broken.</p>\n");
    if (!append_others(db, out, error))
        return false;
    g_string_append(out, "</section>\n");
    return true;
}
