/* show_findings.c - the first screen of `show`: a verdict in one paragraph, then what a person
 * would want to know first, each with its packet. */
#include "views/show_findings.h"

#include <inttypes.h>
#include <string.h>

#include "views/parts.h"
#include "views/query.h"

enum { WIDTH = 78 };

/* Prints @text with @first before it, broken at spaces, further lines indented as far. */
static void print_wrapped(FILE *out, const char *first, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    const int indent = (int)strlen(first);
    int column = indent;

    fputs(first, out);
    for (char **word = words; *word; word++) {
        const int length = (int)g_utf8_strlen(*word, -1);

        if (word > words && column + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (word > words) {
            fputc(' ', out);
            column++;
        }
        fputs(*word, out);
        column += length;
    }
    fputc('\n', out);
}

static void add_count(GString *text, int64_t n, const char *words)
{
    if (n > 0)
        g_string_append_printf(text, "%s%" PRId64 " %s", text->len ? ", " : "", n, words);
}

/* "2 subflows used, 1 unused, 1 join failed". */
static char *subflows_in_words(MpsQuery *query)
{
    GString *text = g_string_new(NULL);

    add_count(text, mps_query_int(query, "used"),
              mps_query_int(query, "used") == 1 ? "subflow used" : "subflows used");
    add_count(text, mps_query_int(query, "under_used"), "under-used");
    add_count(text, mps_query_int(query, "unused"), "unused");
    if (text->len == 0) /* nothing to use one for */
        add_count(text, mps_query_int(query, "subflows"),
                  mps_query_int(query, "subflows") == 1 ? "subflow established"
                                                        : "subflows established");
    add_count(text, mps_query_int(query, "failed"),
              mps_query_int(query, "failed") == 1 ? "join failed" : "joins failed");
    add_count(text, mps_query_int(query, "unfinished"), "not seen to finish");
    return g_string_free(text, FALSE);
}

char *mps_view_verdict(sqlite3 *db, int64_t connection_id, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db,
        "SELECT c.*,"
        " (SELECT count(*) FROM subflow s WHERE s.connection_id = ?1 AND s.use = 'used') AS used,"
        " (SELECT count(*) FROM subflow s WHERE s.connection_id = ?1 AND s.use = 'under_used')"
        "  AS under_used,"
        " (SELECT count(*) FROM subflow s WHERE s.connection_id = ?1 AND s.use = 'unused')"
        "  AS unused,"
        " (SELECT count(*) FROM subflow s WHERE s.connection_id = ?1 AND s.kind = 'join'"
        "  AND s.result <> 'established') AS failed,"
        " (SELECT count(*) FROM subflow s WHERE s.connection_id = ?1 AND s.kind = 'join'"
        "  AND s.result IS NULL) AS unfinished,"
        " u.data_bytes AS up_bytes, d.data_bytes AS down_bytes,"
        " u.reinjected_bytes + d.reinjected_bytes AS again_bytes,"
        " max(coalesce(u.longest_stall_ns, 0), coalesce(d.longest_stall_ns, 0)) AS stall_ns,"
        " (SELECT max(t.length_ns) FROM stall t WHERE t.connection_id = ?1"
        "  AND t.kind = 'closed_window') AS closed_ns,"
        " EXISTS (SELECT 1 FROM event e WHERE e.connection_id = ?1 AND e.kind = 'translated')"
        "  AS translated"
        " FROM connection c"
        " JOIN connection_direction u ON u.connection_id = ?1 AND u.direction = 'c2s'"
        " JOIN connection_direction d ON d.connection_id = ?1 AND d.direction = 's2c'"
        " WHERE c.connection_id = ?1");
    g_autoptr(GString) text = g_string_new(NULL);

    mps_query_bind_int(query, 1, connection_id);
    if (!mps_query_next(query))
        return mps_query_finish(query, error) ? g_strdup("") : NULL;
    if (strcmp(mps_query_text(query, "protocol"), "mptcp") != 0)
        g_string_append(text, "TCP");
    else if (mps_query_known(query, "version"))
        g_string_append_printf(text, "MPTCP v%" PRId64, mps_query_int(query, "version"));
    else
        g_string_append(text, "MPTCP");
    if (mps_query_known(query, "fallback"))
        g_string_append_printf(text, ", fell back (%s)", mps_query_text(query, "fallback"));

    if (mps_query_int(query, "translated"))
        g_string_append(text, "; captured on both sides of a NAT, numbers count twice");

    g_autofree char *subflows = subflows_in_words(query);

    if (*subflows)
        g_string_append_printf(text, "; %s", subflows);
    g_string_append_printf(text, "; %s up, %s down", mps_query_bytes(query, "up_bytes").text,
                           mps_query_bytes(query, "down_bytes").text);
    if (mps_query_int(query, "again_bytes") > 0)
        g_string_append_printf(text, ", %s of it sent again on another subflow",
                               mps_query_bytes(query, "again_bytes").text);
    if (mps_query_int(query, "stall_ns") > 0)
        g_string_append_printf(text, "; longest stall %s",
                               mps_query_duration(query, "stall_ns").text);
    if (mps_query_known(query, "closed_ns"))
        g_string_append_printf(text, "; receive window closed for up to %s",
                               mps_query_duration(query, "closed_ns").text);
    g_string_append_printf(text, "; end: %s", mps_query_text(query, "close"));
    if (mps_query_known(query, "closed_by"))
        g_string_append_printf(text, " by %s", mps_query_text(query, "closed_by"));
    return mps_query_finish(query, error) ? g_strdup(text->str) : NULL;
}

bool mps_view_capture_findings(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT f.path, d.kind = 'options_cut' AS cut, d.sentence FROM v_diagnosis d"
            " JOIN capture f USING (capture_id) WHERE d.connection_id IS NULL"
            " AND d.kind IN ('options_cut', 'capture_dropped') ORDER BY capture_id");

    while (mps_query_next(query)) {
        g_autofree char *path = mps_format_printable(mps_query_text(query, "path"));

        g_autofree char *sentence = mps_format_printable(mps_query_text(query, "sentence"));

        fprintf(out, "%s in %s\n", mps_query_int(query, "cut") ? "OPTIONS CUT" : "PACKETS LOST",
                path);
        print_wrapped(out, "  ", sentence);
        fputc('\n', out);
    }
    return mps_query_finish(query, error);
}

/* Whether a finding of @kind is about a time, of which its packet is the first. */
static bool begins(const char *kind)
{
    static const char *const kinds[] = {"stall", "closed_window", "stale", "idle", NULL};

    return g_strv_contains(kinds, kind);
}

char *mps_view_finding(MpsQuery *query)
{
    GString *text = g_string_new(mps_query_text(query, "sentence"));

    if (mps_query_known(query, "packet"))
        g_string_append_printf(text, " (%spacket %" PRId64,
                               begins(mps_query_text(query, "kind")) ? "begins at " : "",
                               mps_query_int(query, "packet"));
    if (mps_query_known(query, "packet") && mps_query_int(query, "captures") > 1)
        g_string_append_printf(text, " of capture %" PRId64, mps_query_int(query, "capture_id"));
    if (mps_query_known(query, "packet"))
        g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

bool mps_show_findings(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT *, (SELECT count(*) FROM capture) AS captures FROM v_diagnosis"
                          " WHERE connection_id = ?1 ORDER BY rank, ts_ns, subflow_id");
    g_autofree char *verdict = mps_view_verdict(db, connection_id, error);

    if (!verdict)
        return false;
    if (*verdict)
        print_wrapped(out, "  ", verdict);
    fputs("\nFindings\n", out);
    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query)) {
        g_autofree char *words = mps_view_finding(query);
        g_autofree char *text = mps_format_printable(words);

        print_wrapped(out, "  - ", text);
    }
    return mps_query_finish(query, error);
}
