/* view_report.c - one page about a database: what happened, every connection, figures, compliance,
 * definitions, how it was made.  The same database and command line give the same page. */
#include "views/report.h"

#include <inttypes.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "views/page.h"

/* Rows of the list; of more connections the most interesting ones. */
#define LISTED_MAX 2000
/* A page stays below 5 MB: so much for the pages of the connections, so much for their figures. */
#define PAGES_BYTES   (3000 * 1000)
#define FIGURES_BYTES (1200 * 1000)
/* A direction with less than this part of a connection's data is not drawn. */
#define DRAWN_SHARE "0.1"
/* Connections with all kinds of figures. */
#define DRAWN_FULLY 2
#define MORE_OPEN   "<details class=\"drawn\">\n<summary>More figures</summary>\n<div>"
#define MORE_CLOSE  "</div>\n</details>\n"

/* A connection, in the order of interest at first. */
typedef struct {
    int64_t connection_id;
    char *figures; /* HTML, or "" */
    char *page;    /* HTML; NULL: has none */
} Entry;

typedef struct {
    sqlite3 *db;
    const MpsReportRequest *request;
    GPtrArray *entries; /* Entry */
    int64_t n_connections, n_drawn, n_figures_left_out, n_pages;
    char *no_figures; /* why there are none, or NULL */
} Report;

static void entry_free(void *data)
{
    Entry *self = data;

    g_free(self->figures);
    g_free(self->page);
    g_free(self);
}

/* SQL has its own lines. */
/* clang-format off */
static const char prepare_sql[] =
    "CREATE TEMP TABLE told AS"
    " SELECT *, (SELECT count(*) FROM main.capture) AS captures FROM v_diagnosis;"
    "CREATE INDEX told_index ON told (connection_id);"
    "CREATE INDEX told_kind ON told (kind);"
    "CREATE TEMP TABLE interest AS"
    " WITH problem AS (SELECT connection_id, count(*) AS n FROM told WHERE rank = 1 GROUP BY 1),"
    "  carried AS (SELECT connection_id, sum(data_bytes) AS n FROM connection_direction GROUP BY 1)"
    " SELECT c.connection_id, ifnull(p.n, 0) AS problems, ifnull(d.n, 0) AS data_bytes,"
    "  row_number() OVER (ORDER BY p.n > 0 DESC, d.n DESC, c.connection_id) AS place"
    " FROM connection c LEFT JOIN problem p USING (connection_id)"
    " LEFT JOIN carried d USING (connection_id);"
    "CREATE INDEX interest_index ON interest (connection_id);"
    "CREATE TEMP TABLE explained (\"table\", table_number, table_help, number, column, help)";

static const char explain_sql[] =
    "INSERT INTO explained SELECT t.value ->> 'name', t.key, t.value ->> 'help', c.key,"
    " c.value ->> 'name', c.value ->> 'help'"
    " FROM json_each(?1, '$.tables') t, json_each(t.value, '$.columns') c";
/* clang-format on */

static bool prepare(sqlite3 *db, const char *schema, GError **error)
{
    if (sqlite3_exec(db, prepare_sql, NULL, NULL, NULL) != SQLITE_OK)
        return mps_throw(error, MPS_ERROR_STORE, "database: %s", sqlite3_errmsg(db));

    g_autoptr(MpsQuery) explain = mps_query_new(db, explain_sql);

    mps_query_bind_text(explain, 1, schema);
    (void)mps_query_next(explain);
    return mps_query_finish(explain, error);
}

static bool choose(Report *self, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(self->db, "SELECT connection_id FROM interest ORDER BY place LIMIT ?1");

    mps_query_bind_int(query, 1, LISTED_MAX);
    while (mps_query_next(query)) {
        Entry *entry = g_new0(Entry, 1);

        entry->connection_id = mps_query_int(query, "connection_id");
        entry->figures = g_strdup("");
        g_ptr_array_add(self->entries, entry);
    }
    return mps_query_finish(query, error);
}

/* The figures of a page, in this order; those with @more are for the most interesting connections
 * only. */
static const struct {
    const char *kind, *words;
    bool more;
} kinds[] = {
    {"sequence", "Data sequence over time", false},
    {"throughput", "Throughput per subflow over time", false},
    {"rtt", "RTT per subflow over time", false},
    {"usage", "Share of the subflows over time", true},
    {"flight", "Flight and window over time", true},
    {"repeats", "What was sent again, by class", true},
    {"reordering", "Data held out of order", true},
    {"boxes", "RTTs as boxes", true},
    {"responses", "Response delays", true},
};

/* Appends one figure; nothing if there is too little data for it. */
static bool draw_figure(Report *self, int64_t connection_id, size_t kind, const char *direction,
                        GString *out, GError **error)
{
    const MpsPlotRequest request = {
        .database = self->request->database,
        .kind = kinds[kind].kind,
        .scratch = self->request->scratch,
        .connection_id = connection_id,
    };
    g_autofree char *svg = NULL;
    g_autofree char *prefix =
        g_strdup_printf("f%" PRId64 "%s%s-", connection_id, kinds[kind].kind, direction);
    g_autofree char *label =
        g_strdup_printf("%s, connection %" PRId64 ", %s", kinds[kind].words, connection_id,
                        strcmp(direction, "c2s") == 0 ? "client to server" : "server to client");

    if (!mps_view_plot_svg(self->db, &request, direction, &svg, error))
        return false;
    if (!svg)
        return true;
    g_string_append(out, "<figure>\n");
    if (!mps_page_figure(out, svg, prefix, label, error))
        return false;
    g_string_append(out, "</figure>\n");
    return true;
}

/* The first figures of one connection, or those with @more. */
static bool draw_connection(Report *self, int64_t connection_id, bool more, GString *out,
                            GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        self->db, "SELECT d.direction FROM connection_direction d JOIN interest i"
                  " USING (connection_id) WHERE d.connection_id = ?1 AND d.data_bytes > 0"
                  " AND d.data_bytes >= " DRAWN_SHARE " * i.data_bytes ORDER BY d.direction");

    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query))
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
            if (kinds[i].more == more &&
                !draw_figure(self, connection_id, i, mps_query_text(query, "direction"), out,
                             error))
                return false;
    return mps_query_finish(query, error);
}

/* Both, the second ones folded in, as far as there is room: @limit bytes. */
static bool draw_all(Report *self, int64_t connection_id, gsize limit, GString *out, GError **error)
{
    g_autoptr(GString) more = g_string_new(NULL);

    if (!draw_connection(self, connection_id, false, out, error))
        return false;
    if (self->n_drawn >= DRAWN_FULLY || out->len == 0 || out->len > limit)
        return true;
    if (!draw_connection(self, connection_id, true, more, error))
        return false;
    if (more->len > 0 && out->len + more->len + sizeof MORE_OPEN MORE_CLOSE <= limit)
        g_string_append_printf(out, MORE_OPEN "%s" MORE_CLOSE, more->str);
    return true;
}

/* Without the programs that draw, the page says so and has none. */
static bool draw(Report *self, GError **error)
{
    gsize n_bytes = 0;

    for (unsigned i = 0; i < self->entries->len && self->n_drawn < self->request->figures; i++) {
        Entry *entry = self->entries->pdata[i];
        g_autoptr(GString) html = g_string_new(NULL);
        g_autoptr(GError) reason = NULL;

        if (!draw_all(self, entry->connection_id, FIGURES_BYTES - n_bytes, html, &reason)) {
            if (!g_error_matches(reason, MPS_ERROR, MPS_ERROR_TOOL)) {
                g_propagate_error(error, g_steal_pointer(&reason));
                return false;
            }
            if (!self->request->quiet)
                g_printerr("mptcpscope: no figures: %s\n", reason->message);
            self->no_figures = g_strdup(reason->message);
            return true;
        }
        if (n_bytes + html->len > FIGURES_BYTES) {
            self->n_figures_left_out++;
            if (self->n_figures_left_out >= self->request->figures)
                return true;
        } else if (html->len > 0) {
            n_bytes += html->len;
            g_free(entry->figures);
            entry->figures = g_strdup(html->str);
            self->n_drawn++;
        }
    }
    return true;
}

static bool write_pages(Report *self, GError **error)
{
    gsize n_bytes = 0;

    for (unsigned i = 0; i < self->entries->len && n_bytes < PAGES_BYTES; i++) {
        Entry *entry = self->entries->pdata[i];
        g_autoptr(GString) page = g_string_new(NULL);

        if (!mps_report_connection(self->db, entry->connection_id, entry->figures,
                                   self->n_connections, page, error))
            return false;
        n_bytes += page->len - strlen(entry->figures);
        entry->page = g_strdup(page->str);
        self->n_pages++;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    const Entry *const *left = a, *const *right = b;

    return ((*left)->connection_id > (*right)->connection_id) -
           ((*left)->connection_id < (*right)->connection_id);
}

/* "client.pcap", or how many captures. */
static char *title(sqlite3 *db, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT path, count(*) AS captures FROM capture ORDER BY capture_id LIMIT 1");
    char *text = NULL;

    if (mps_query_next(query) && mps_query_int(query, "captures") == 1) {
        g_autofree char *name = g_path_get_basename(mps_query_text(query, "path"));

        text = g_strdup(strcmp(name, "-") == 0 ? "Standard input" : name);
    } else {
        text = g_strdup(mps_format_count(mps_query_int(query, "captures"), "capture").text);
    }
    if (mps_query_finish(query, error))
        return text;
    g_free(text);
    return NULL;
}

static void append_key(GString *out, const char *value, const char *words, bool bad)
{
    g_string_append_printf(out, "<li><b%s>%s</b> %s</li>\n", bad ? " class=\"bad\"" : "", value,
                           words);
}

static bool append_keys(sqlite3 *db, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT count(*) AS connections, coalesce(sum(c.subflows), 0) AS subflows,"
            " count(*) FILTER (WHERE c.protocol = 'tcp' OR c.fallback IS NOT NULL) AS fell_back,"
            " max(c.end_ns) - min(c.start_ns) AS lasted_ns,"
            " (SELECT sum(data_bytes) FROM connection_direction) AS data_bytes,"
            " (SELECT sum(reinjected_bytes) FROM connection_direction) AS again_bytes,"
            " (SELECT count(DISTINCT rule_id) FROM fault WHERE verdict = 'violation') AS broken"
            " FROM connection c");

    if (mps_query_next(query)) {
        const double data = mps_query_real(query, "data_bytes");
        g_autofree char *again = g_strdup_printf(
            "reinjected (%s)",
            mps_format_percent(data > 0 ? mps_query_real(query, "again_bytes") / data : 0).text);
        const int64_t broken = mps_query_int(query, "broken");

        g_string_append(out, "<ul class=\"key\">\n");
        append_key(out, mps_query_text(query, "connections"),
                   mps_query_int(query, "connections") == 1 ? "connection" : "connections", false);
        append_key(out, mps_query_text(query, "subflows"), "subflows established", false);
        if (mps_query_int(query, "fell_back") > 0)
            append_key(out, mps_query_text(query, "fell_back"), "without MPTCP in the end", false);
        append_key(out, mps_query_duration(query, "lasted_ns").text, "first to last packet", false);
        append_key(out, mps_query_bytes(query, "data_bytes").text, "data, both directions", false);
        append_key(out, mps_query_bytes(query, "again_bytes").text, again, false);
        append_key(out, mps_query_text(query, "broken"),
                   broken == 1 ? "rule of the RFC broken" : "rules of the RFC broken", broken > 0);
        g_string_append(out, "</ul>\n");
    }
    return mps_query_finish(query, error);
}

static bool append_head(Report *self, const char *name, GString *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(self->db, "SELECT min(first_ns) AS first_ns, max(last_ns) AS last_ns,"
                                " sum(packets) AS packets FROM capture");

    g_string_append(out, "<header>\n");
    mps_page_element(out, "h1", name);
    if (mps_query_next(query)) {
        g_string_append_printf(out, "<p class=\"note\">Multipath TCP, %s",
                               mps_format_count(mps_query_int(query, "packets"), "packet").text);
        if (mps_query_known(query, "first_ns"))
            g_string_append_printf(out, " from %s",
                                   mps_format_time(mps_query_int(query, "first_ns")).text);
        g_string_append(out, "</p>\n");
    }
    g_string_append(out, "<nav aria-label=\"Parts of the page\"><a href=\"#verdicts\">What "
                         "happened</a> <a href=\"#connections\">Connections</a>"
                         " <a href=\"#compliance\">Compliance</a>"
                         " <a href=\"#definitions\">What the numbers mean</a>"
                         " <a href=\"#made\">How it was made</a></nav>\n");
    return mps_query_finish(query, error) && append_keys(self->db, out, error) &&
           (g_string_append(out, "</header>\n<main>\n"), true);
}

/* Links to the connections with figures. */
static void append_drawn(const Report *self, GString *out)
{
    for (unsigned i = 0; i < self->entries->len; i++) {
        const Entry *entry = self->entries->pdata[i];

        if (*entry->figures && entry->page)
            g_string_append_printf(out, " <a href=\"#c%" PRId64 "\">%" PRId64 "</a>",
                                   entry->connection_id, entry->connection_id);
    }
}

/* What the page leaves out, and why. */
static void append_limits(const Report *self, GString *out)
{
    const int64_t n_listed = self->entries->len;

    if (n_listed < self->n_connections)
        g_string_append_printf(out,
                               "<p class=\"note\">The list has %" PRId64 " of %" PRId64
                               " connections: those with a problem first, then those with the most "
                               "data.  <code>mptcpscope list</code> has all.</p>\n",
                               n_listed, self->n_connections);
    if (self->n_pages < n_listed)
        g_string_append_printf(out,
                               "<p class=\"note\">%" PRId64 " of them, chosen the same way, have a "
                               "page of their own below; for more, this page would get too large."
                               "  <code>mptcpscope show -c N</code> tells of the others.</p>\n",
                               self->n_pages);
    if (self->no_figures) {
        g_string_append(out, "<p class=\"note\">Figures could not be drawn: ");
        mps_page_text(out, self->no_figures);
        g_string_append(out, "</p>\n");
    } else if (self->n_drawn < self->n_connections) {
        g_string_append_printf(
            out,
            "<p class=\"note\">Figures are drawn for %s of %" PRId64 ": those with a problem "
            "first, then those with the most data; of the first %d, all kinds.  "
            "<code>mptcpscope plot -c N</code> draws others.  Drawn:",
            mps_format_count(self->n_drawn, "connection").text, self->n_connections, DRAWN_FULLY);
        append_drawn(self, out);
        g_string_append(out, "</p>\n");
    } else if (self->n_drawn > DRAWN_FULLY) {
        g_string_append_printf(
            out,
            "<p class=\"note\">All kinds of figures are drawn for %d connections: "
            "those with a problem first, then those with the most data.</p>\n",
            DRAWN_FULLY);
    }
    if (self->n_figures_left_out > 0)
        g_string_append_printf(out,
                               "<p class=\"note\">Figures of %s were left out: too large.</p>\n",
                               mps_format_count(self->n_figures_left_out, "connection").text);
}

static bool append_connections(Report *self, GString *out, GError **error)
{
    g_string_append(out, "<section id=\"connections\">\n<h2>Connections</h2>\n");
    if (self->n_connections == 0) {
        g_string_append(out, "<p>No MPTCP connection.</p>\n</section>\n");
        return true;
    }
    append_limits(self, out);
    g_string_append_printf(out,
                           "<p id=\"tools\" hidden><label for=\"find\">Search</label> "
                           "<input id=\"find\" type=\"search\" placeholder=\"address, port, end, "
                           "fallback, stall …\"> <span id=\"found\" class=\"note\" "
                           "aria-live=\"polite\">%u shown</span></p>\n",
                           self->entries->len);
    mps_report_list_open(out);
    for (unsigned i = 0; i < self->entries->len; i++) {
        const Entry *entry = self->entries->pdata[i];

        if (!mps_report_row(self->db, entry->connection_id, entry->page != NULL, out, error))
            return false;
    }
    g_string_append(out, "</tbody></table></div>\n");
    for (unsigned i = 0; i < self->entries->len; i++) {
        const Entry *entry = self->entries->pdata[i];

        if (entry->page)
            g_string_append(out, entry->page);
    }
    g_string_append(out, "</section>\n");
    return true;
}

static bool write_report(Report *self, FILE *out, GError **error)
{
    g_autoptr(GString) html = g_string_new(NULL);
    g_autofree char *name = title(self->db, error);

    if (!name || !prepare(self->db, self->request->schema, error) ||
        !mps_query_single(self->db, "SELECT count(*) FROM connection", 0, &self->n_connections,
                          error) ||
        !choose(self, error) || !draw(self, error) || !write_pages(self, error))
        return false;
    g_ptr_array_sort(self->entries, by_number);
    mps_page_open(html, name);
    if (!append_head(self, name, html, error) ||
        !mps_report_verdicts(self->db, self->n_connections, html, error) ||
        !append_connections(self, html, error) || !mps_report_compliance(self->db, html, error) ||
        !mps_report_definitions(self->db, html, error) ||
        !mps_report_made(self->db, self->request, html, error))
        return false;
    g_string_append(html, "</main>\n");
    mps_page_close(html);
    fputs(html->str, out);
    return true;
}

bool mps_view_report(sqlite3 *db, const MpsReportRequest *request, FILE *out, GError **error)
{
    Report report = {
        .db = db, .request = request, .entries = g_ptr_array_new_with_free_func(entry_free)};
    const bool written = write_report(&report, out, error);

    g_ptr_array_unref(report.entries);
    g_free(report.no_figures);
    return written;
}
