/* report_made.c - the end of a page: what its numbers mean, and what it was made from. */
#include "views/report.h"

#include <inttypes.h>
#include <string.h>

#include "util/version.h"
#include "views/page.h"

static bool append_table_help(sqlite3 *db, const char *table, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT * FROM explained WHERE \"table\" = ?1 ORDER BY number");

    mps_query_bind_text(query, 1, table);
    g_string_append(out, "<dl class=\"defs\">\n");
    while (mps_query_next(query)) {
        const char *column = mps_query_text(query, "column");

        g_string_append_printf(out, "<dt id=\"d-%s-%s\"><code>%s</code></dt>", table, column,
                               column);
        mps_page_element(out, "dd", mps_query_text(query, "help"));
        g_string_append_c(out, '\n');
    }
    g_string_append(out, "</dl>\n");
    return mps_query_finish(query, error);
}

/* What each metric stands on: rows of meta. */
static bool append_metrics(sqlite3 *db, GString *out, GError **error)
{
    static const char prefix[] = "definition.";
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM meta WHERE key LIKE 'definition.%' AND value <> '' ORDER BY rowid");

    g_string_append(out, "<details>\n<summary>How each metric is defined</summary>\n<div>"
                         "<dl class=\"defs\">\n");
    while (mps_query_next(query)) {
        mps_page_element(out, "dt", mps_query_text(query, "key") + strlen(prefix));
        mps_page_element(out, "dd", mps_query_text(query, "value"));
        g_string_append_c(out, '\n');
    }
    g_string_append(out, "</dl></div>\n</details>\n");
    return mps_query_finish(query, error);
}

bool mps_report_definitions(sqlite3 *db, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT DISTINCT \"table\", table_help FROM explained ORDER BY table_number");

    g_string_append(
        out,
        "<section id=\"definitions\">\n<h2>What the numbers mean</h2>\n"
        "<p>c2s is what the client sends, s2c what the server sends; the client is the host that "
        "sent the first SYN.  Bytes are payload unless said otherwise, 1 kB is 1000 B, times are "
        "UTC, RTT and loss are those at the place of the capture.  A dash means: not visible in "
        "this capture.  Problems are findings that something failed, was lost or broke a rule.  "
        "Every number is a column of the database, by the name given here.</p>\n");
    if (!append_metrics(db, out, error))
        return false;
    while (mps_query_next(query)) {
        const char *table = mps_query_text(query, "table");

        g_string_append(out, "<details>\n<summary>Table <code>");
        mps_page_text(out, table);
        g_string_append(out, "</code>: ");
        mps_page_text(out, mps_query_text(query, "table_help"));
        g_string_append(out, "</summary>\n<div>");
        if (!append_table_help(db, table, out, error))
            return false;
        g_string_append(out, "</div>\n</details>\n");
    }
    g_string_append(out, "</section>\n");
    return mps_query_finish(query, error);
}

static void append_faults(GString *out, MpsQuery *query)
{
    static const struct {
        const char *column, *words;
    } faults[] = {{"truncated_packets", "with headers or options cut"},
                  {"malformed_packets", "malformed"},
                  {"duplicate_packets", "captured twice and ignored"},
                  {"dropped", "dropped while capturing"}};
    const char *before = "";

    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        const int64_t n = mps_query_int(query, faults[i].column);

        if (n > 0) {
            g_string_append_printf(out, "%s%" PRId64 " %s", before, n, faults[i].words);
            before = ", ";
        }
    }
    if (strcmp(mps_query_text(query, "status"), "ok") != 0) {
        g_string_append(out, before);
        mps_page_text(out, mps_query_text(query, "status"));
        g_string_append(out, ": ");
        mps_page_text(out, mps_query_text(query, "error"));
    }
}

static bool append_captures(sqlite3 *db, GHashTable *hashes, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, "SELECT * FROM capture ORDER BY capture_id");

    g_string_append_printf(
        out,
        "<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">capture</th><th>file</th>"
        "<th>format</th><th class=\"n\">packets</th><th class=\"n\">MPTCP</th>"
        "<th>first packet</th><th class=\"n\">lasts</th><th>to note</th>%s</tr></thead>\n<tbody>\n",
        hashes ? "<th>SHA-256</th>" : "");
    while (mps_query_next(query)) {
        const char *path = mps_query_raw(query, "path");
        const char *hash = hashes ? g_hash_table_lookup(hashes, path) : NULL;
        const bool any = mps_query_known(query, "first_ns");
        const int64_t first_ns = mps_query_int(query, "first_ns");

        g_string_append_printf(out, "<tr><td class=\"n\">%" PRId64 "</td>",
                               mps_query_int(query, "capture_id"));
        mps_page_element(out, "td class=\"w\"", path);
        g_string_append(out, "<td class=\"a\">");
        mps_page_text(out, mps_query_text(query, "format"));
        g_string_append(out, " ");
        mps_page_text(out, mps_query_text(query, "link_type"));
        g_string_append_printf(
            out,
            "</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">%" PRId64
            "</td><td>%s</td><td class=\"n\">%s</td><td>",
            mps_query_int(query, "packets"), mps_query_int(query, "mptcp_packets"),
            any ? mps_format_time(first_ns).text : "-",
            any ? mps_format_duration(mps_query_int(query, "last_ns") - first_ns).text : "-");
        append_faults(out, query);
        g_string_append(out, "</td>");
        if (hashes)
            mps_page_element(out, "td class=\"w\"", hash ? hash : "-");
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</tbody></table></div>\n");
    return mps_query_finish(query, error);
}

static bool append_meta(sqlite3 *db, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT * FROM meta WHERE key NOT LIKE 'definition.%' ORDER BY rowid");

    while (mps_query_next(query)) {
        g_string_append(out, "<dt>database: ");
        mps_page_text(out, mps_query_text(query, "key"));
        g_string_append(out, "</dt>");
        mps_page_element(out, "dd class=\"mark\"", mps_query_text(query, "value"));
        g_string_append_c(out, '\n');
    }
    return mps_query_finish(query, error);
}

bool mps_report_made(sqlite3 *db, const MpsReportRequest *request, GString *out, GError **error)
{
    g_string_append(out, "<section id=\"made\">\n<h2>How this page was made</h2>\n");
    if (!append_captures(db, request->hashes, out, error))
        return false;
    g_string_append(out, "<dl class=\"defs\">\n<dt>page by</dt><dd>mptcpscope " MPS_VERSION
                         "</dd>\n<dt>page: command_line</dt>");
    mps_page_element(out, "dd class=\"mark\"", request->command_line);
    g_string_append_c(out, '\n');
    if (!append_meta(db, out, error))
        return false;
    g_string_append(out, "</dl>\n</section>\n");
    return true;
}
