/* report_connection.c - a connection in the list of a page, and its own page, folded in. */
#include "views/report.h"

#include <inttypes.h>
#include <string.h>

#include "views/page.h"
#include "views/parts.h"

/* Up to so many connections, their pages are open from the beginning. */
#define OPEN_MAX 2

static const char *protocol_words(MpsQuery *query)
{
    if (strcmp(mps_query_text(query, "protocol"), "mptcp") != 0)
        return mps_query_known(query, "fallback") ? "TCP, MPTCP offered" : "TCP";
    if (mps_query_known(query, "fallback"))
        return "MPTCP, fell back";
    if (!mps_query_known(query, "version"))
        return "MPTCP";
    return mps_query_int(query, "version") == 0 ? "MPTCP v0" : "MPTCP v1";
}

static const char *end_words(MpsQuery *query)
{
    const char *close = mps_query_text(query, "close");

    return *close ? close : "-";
}

void mps_report_list_open(GString *out)
{
    g_string_append(out,
                    "<div class=\"wide\"><table id=\"list\">\n<thead><tr><th class=\"n\">no</th>"
                    "<th class=\"less\">start [UTC]</th><th>client</th><th>server</th>"
                    "<th class=\"less\">protocol</th><th class=\"n\">subflows</th>"
                    "<th class=\"n\">lasted</th><th class=\"n\">c2s</th><th class=\"n\">s2c</th>"
                    "<th class=\"n less\">reinjected</th><th class=\"n\">problems</th><th>end</th>"
                    "</tr></thead>\n<tbody>\n");
}

static const char row_sql[] =
    "SELECT c.*, up.data_bytes AS c2s_bytes, down.data_bytes AS s2c_bytes,"
    " up.reinjected_bytes + down.reinjected_bytes AS again_bytes, i.problems,"
    " (SELECT group_concat(DISTINCT t.kind) FROM told t WHERE t.connection_id = c.connection_id)"
    " AS kinds FROM connection c JOIN interest i USING (connection_id)"
    " LEFT JOIN connection_direction up ON up.connection_id = ?1 AND up.direction = 'c2s'"
    " LEFT JOIN connection_direction down ON down.connection_id = ?1 AND down.direction = 's2c'"
    " WHERE c.connection_id = ?1";

static void append_row(MpsQuery *query, int64_t id, bool has_page, GString *out)
{
    const int64_t problems = mps_query_int(query, "problems");
    const MpsShort start = mps_format_time(mps_query_int(query, "start_ns"));

    g_string_append_printf(out, "<tr data-c=\"%" PRId64 "\" data-f=\"", id);
    /* What the search finds besides the cells. */
    mps_page_text(out, mps_query_text(query, "kinds"));
    g_string_append_printf(out, "\"><td class=\"n\" data-v=\"%" PRId64 "\">", id);
    if (has_page)
        g_string_append_printf(out, "<a href=\"#c%" PRId64 "\">%" PRId64 "</a></td>", id, id);
    else
        g_string_append_printf(out, "%" PRId64 "</td>", id);
    g_string_append_printf(out, "<td class=\"a less\">%.19s</td>", start.text);
    mps_page_element(out, "td class=\"a\"", mps_query_endpoint(query, "client").text);
    mps_page_element(out, "td class=\"a\"", mps_query_endpoint(query, "server").text);
    mps_page_element(out, "td class=\"less\"", protocol_words(query));
    g_string_append_printf(out, "<td class=\"n\" data-v=\"%" PRId64 "\">%" PRId64 "</td>",
                           mps_query_int(query, "subflows"), mps_query_int(query, "subflows"));
    mps_page_number(out, query, "duration_ns", mps_query_duration(query, "duration_ns"));
    mps_page_number(out, query, "c2s_bytes", mps_query_bytes(query, "c2s_bytes"));
    mps_page_number(out, query, "s2c_bytes", mps_query_bytes(query, "s2c_bytes"));
    g_string_append_printf(out, "<td class=\"n less\" data-v=\"%s\">%s</td>",
                           mps_query_text(query, "again_bytes"),
                           mps_query_bytes(query, "again_bytes").text);
    g_string_append_printf(out, "<td class=\"n%s\" data-v=\"%" PRId64 "\">%" PRId64 "</td>",
                           problems ? " bad" : "", problems, problems);
    mps_page_element(out, "td class=\"a\"", end_words(query));
    g_string_append(out, "</tr>\n");
}

bool mps_report_row(sqlite3 *db, int64_t connection_id, bool has_page, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, row_sql);

    mps_query_bind_int(query, 1, connection_id);
    if (mps_query_next(query))
        append_row(query, connection_id, has_page, out);
    return mps_query_finish(query, error);
}

static bool append_findings(sqlite3 *db, int64_t connection_id, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM told WHERE connection_id = ?1 ORDER BY rank, ts_ns, subflow_id");

    mps_query_bind_int(query, 1, connection_id);
    g_string_append(out, "<ul class=\"findings\">\n");
    while (mps_query_next(query)) {
        g_autofree char *words = mps_view_finding(query);

        g_string_append(out, "<li>");
        mps_report_rank(out, mps_query_int(query, "rank"));
        mps_page_text(out, words);
        g_string_append(out, "</li>\n");
    }
    g_string_append(out, "</ul>\n");
    return mps_query_finish(query, error);
}

static void append_subflow(MpsQuery *query, GString *out)
{
    const int64_t ordinal = mps_query_int(query, "ordinal");
    const bool known = mps_query_known(query, "direction");
    g_autofree char *remarks = mps_view_remarks(query);
    g_autofree char *result = g_strconcat(mps_query_text(query, "result"), remarks, NULL);

    g_string_append_printf(out,
                           "<tr><th scope=\"row\" class=\"a\"><span class=\"lane s%d\">%" PRId64
                           "</span></th><td>",
                           ordinal < 6 ? (int)ordinal : 6, ordinal);
    mps_page_text(out, mps_query_endpoint(query, "client").text);
    g_string_append(out, " → ");
    mps_page_text(out, mps_query_endpoint(query, "server").text);
    g_string_append_printf(out, "</td><td class=\"n\">%s</td>",
                           mps_query_duration(query, "join_delay_ns").text);
    mps_page_element(out, "td", *result ? result : "-");
    g_string_append_printf(
        out,
        "<td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
        "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
        known ? mps_query_text(query, "direction") : "-", mps_query_bytes(query, "data_bytes").text,
        mps_query_percent(query, "share").text, mps_query_duration(query, "rtt_p50_ns").text,
        mps_query_bytes(query, "retransmitted_bytes").text,
        mps_query_bytes(query, "reinjected_bytes").text);
}

/* A row for each direction with payload, or one without numbers. */
static bool append_subflows(sqlite3 *db, int64_t connection_id, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT s.*, d.direction, d.data_bytes, d.share, d.rtt_p50_ns,"
                          " d.retransmitted_bytes, d.reinjected_bytes FROM subflow s"
                          " LEFT JOIN subflow_direction d ON d.subflow_id = s.subflow_id"
                          " AND d.payload_bytes > 0 WHERE " MPS_SUBFLOW_IS_TOLD MPS_SUBFLOW_ORDER
                          ", d.direction");
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM subflow WHERE connection_id = ?1",
                          connection_id, &n, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_int(query, 2, MPS_SUBFLOWS_TOLD);
    g_string_append(out, "<h4>Subflows</h4>\n<div class=\"wide\"><table>\n<thead><tr>"
                         "<th>no</th><th>path</th><th class=\"n\">joined after</th><th>result</th>"
                         "<th>sent</th><th class=\"n\">data</th><th class=\"n\">share</th>"
                         "<th class=\"n\">RTT median</th><th class=\"n\">retransmitted</th>"
                         "<th class=\"n\">reinjected</th></tr></thead>\n<tbody>\n");
    while (mps_query_next(query))
        append_subflow(query, out);
    g_string_append(out, "</tbody></table></div>\n");
    if (n > MPS_SUBFLOWS_TOLD)
        g_string_append_printf(
            out, "<p class=\"note\">The %d subflows with the most data, of %" PRId64 ".</p>\n",
            (int)MPS_SUBFLOWS_TOLD, n);
    return mps_query_finish(query, error);
}

typedef MpsShort Formatter(MpsQuery *query, const char *column);

/* The lines about directions; left out where neither direction has anything. */
static const struct {
    const char *label, *column;
    Formatter *format;
} direction_lines[] = {
    {"data", "data_bytes", mps_query_bytes},
    {"goodput", "goodput_bps", mps_query_rate},
    {"payload on the wire", "payload_bytes", mps_query_bytes},
    {"retransmitted", "retransmitted_bytes", mps_query_bytes},
    {"hole-filled", "hole_filled_bytes", mps_query_bytes},
    {"reinjected", "reinjected_bytes", mps_query_bytes},
    {"reinjected, copy was first", "reinjected_useful_bytes", mps_query_bytes},
    {"remapped", "remapped_bytes", mps_query_bytes},
    {"missing", "missing_bytes", mps_query_bytes},
    {"unmapped", "unmapped_bytes", mps_query_bytes},
    {"data RTT median", "data_rtt_p50_ns", mps_query_duration},
    {"data RTT 95 %", "data_rtt_p95_ns", mps_query_duration},
    {"RTT spread", "rtt_spread_ns", mps_query_duration},
    {"longest stall", "longest_stall_ns", mps_query_duration},
    {"held out of order, most", "ofo_max_bytes", mps_query_bytes},
    {"head-of-line wait 95 %", "hol_p95_ns", mps_query_duration},
};

static MpsShort direction_cell(MpsQuery *query, size_t line)
{
    const char *column = direction_lines[line].column;

    /* The spread of a few FINs tells nothing about data. */
    if (strcmp(column, "rtt_spread_ns") == 0 && mps_query_int(query, "data_bytes") == 0)
        return (MpsShort){"-"};
    return direction_lines[line].format(query, column);
}

static bool append_directions(sqlite3 *db, int64_t connection_id, GString *out, GError **error)
{
    g_autoptr(MpsQuery) up = mps_view_direction(db, connection_id, "c2s");
    g_autoptr(MpsQuery) down = mps_view_direction(db, connection_id, "s2c");

    g_string_append(out,
                    "<h4>Directions</h4>\n<div class=\"wide slim\"><table>\n<thead><tr><th></th>"
                    "<th class=\"n\">c2s</th><th class=\"n\">s2c</th></tr></thead>\n<tbody>\n");
    if (mps_query_next(up) && mps_query_next(down))
        for (size_t i = 0; i < G_N_ELEMENTS(direction_lines); i++) {
            const char *column = direction_lines[i].column;

            if (i > 0 && mps_query_real(up, column) <= 0 && mps_query_real(down, column) <= 0)
                continue;
            g_string_append_printf(
                out,
                "<tr><th scope=\"row\"><a href=\"#d-connection_direction-%s\">%s</a></th>"
                "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                column, direction_lines[i].label, direction_cell(up, i).text,
                direction_cell(down, i).text);
        }
    g_string_append(out, "</tbody></table></div>\n");
    return mps_query_finish(up, error) && mps_query_finish(down, error);
}

/* Start, tokens, and what could only be inferred. */
static void append_head(MpsQuery *query, GString *out)
{
    g_string_append_printf(out, "<p class=\"note\">%s · lasted %s · tokens: client %s, server %s",
                           mps_format_time(mps_query_int(query, "start_ns")).text,
                           mps_query_duration(query, "duration_ns").text,
                           mps_query_token(query, "client_token").text,
                           mps_query_token(query, "server_token").text);
    if (mps_query_known(query, "vantage"))
        g_string_append_printf(
            out, " · captured %s",
            strcmp(mps_query_text(query, "vantage"), "near_client") == 0   ? "near the client"
            : strcmp(mps_query_text(query, "vantage"), "near_server") == 0 ? "near the server"
                                                                           : "between the hosts");
    for (int i = 0; i < 2; i++) {
        const char *column = i == 0 ? "path_manager" : "scheduler";

        if (mps_query_known(query, column)) {
            g_string_append_printf(out, " · %s, inferred: ", i == 0 ? "path manager" : "scheduler");
            mps_page_text(out, mps_query_text(query, column));
        }
    }
    g_string_append(out, "</p>\n");
}

static void append_summary(MpsQuery *query, int64_t id, GString *out)
{
    g_string_append_printf(out, "<b>%" PRId64 "</b> ", id);
    mps_page_text(out, mps_query_endpoint(query, "client").text);
    g_string_append(out, " → ");
    mps_page_text(out, mps_query_endpoint(query, "server").text);
    g_string_append_printf(out, " · %s · %s up, %s down", protocol_words(query),
                           mps_query_bytes(query, "c2s_bytes").text,
                           mps_query_bytes(query, "s2c_bytes").text);
    if (mps_query_int(query, "problems") > 0)
        g_string_append_printf(out, " · <span class=\"bad\">%s</span>",
                               mps_format_count(mps_query_int(query, "problems"), "problem").text);
}

bool mps_report_connection(sqlite3 *db, int64_t connection_id, const char *figures,
                           int64_t n_connections, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, row_sql);
    g_autofree char *verdict = mps_view_verdict(db, connection_id, error);

    if (!verdict)
        return false;
    mps_query_bind_int(query, 1, connection_id);
    if (!mps_query_next(query))
        return mps_query_finish(query, error);
    g_string_append_printf(out, "<details id=\"p%" PRId64 "\"%s%s>\n<summary>", connection_id,
                           *figures ? " class=\"drawn\"" : "",
                           n_connections <= OPEN_MAX ? " open" : "");
    append_summary(query, connection_id, out);
    g_string_append_printf(out,
                           "</summary>\n<div><h3 id=\"c%" PRId64 "\">Connection %" PRId64 "</h3>\n",
                           connection_id, connection_id);
    append_head(query, out);
    mps_page_element(out, "p", verdict);
    /* Of a single connection the page has told everything already. */
    if ((n_connections > 1 && !append_findings(db, connection_id, out, error)) ||
        !append_subflows(db, connection_id, out, error) ||
        !append_directions(db, connection_id, out, error))
        return false;
    g_string_append(out, figures);
    g_string_append(out, "</div>\n</details>\n");
    return mps_query_finish(query, error);
}
